/** How fast do records become RAM again? */
import { PAGE_BYTES } from '../../guest/guest.ts';
import {
  type BenchCase,
  type Check,
  checkedOneIn,
  checkOf,
  checkPage,
  MIB,
  type Ready,
  type Side,
  sizeName,
  type Workbench,
} from '../case.ts';
import type { Content } from '../content.ts';
import { makeTable, markAll } from '../table.ts';

/** RAM whose records stand in the input, over and over: what a reader has just read is in the cache. */
const INPUT_RAM_BYTES = MIB;
const INPUT_PAGES = INPUT_RAM_BYTES / PAGE_BYTES;
/** More than the records of so many pages take. */
const INPUT_BYTES = INPUT_PAGES * (PAGE_BYTES + 16);
/** What stands in a page that is to be decoded, until it is. */
const JUNK = 0xa5;

/**
 * Records of 1 MiB of RAM, decoded into one MiB after the other of RAM that is written.
 *
 * @param target memory of its own; or the RAM that the records are of, for sizes that do not go twice. What has
 *   zero pages here and there would have them elsewhere then.
 */
export function decodeCase(content: Content, bytes: number, target: 'own' | 'in place'): BenchCase {
  const name = `decode/${content}/${sizeName(bytes)}`;
  return {
    name,
    bytes,
    prepare: (bench, side) => prepareDecode(name, { content, bytes, target }, bench, side),
  };
}

interface DecodeSetting {
  readonly content: Content;
  readonly bytes: number;
  readonly target: 'own' | 'in place';
}

function prepareDecode(
  name: string,
  { content, bytes, target: place }: DecodeSetting,
  bench: Workbench,
  side: Side,
): Ready {
  const { lab } = bench;
  const { core, layout } = side;
  const check = checkOf(name, side);
  const { host } = bench.ram(content);
  const input = lab.alloc(INPUT_BYTES);
  const input_bytes = encodeInput(bench, side, host, input);
  const target = place === 'own' ? bench.shared(`decoded ${content}`, bytes) : host;
  const table = makeTable(bench, side, { host: target, bytes: INPUT_RAM_BYTES });
  const state = lab.alloc(layout.DECODE_STATE_SIZE);
  const decodeAll = (): number => {
    let consumed_bytes = 0;
    for (let to = target; to < target + bytes; to += INPUT_RAM_BYTES) {
      core.setU32(table.address + layout.BLOCK_HOST, to);
      consumed_bytes += core.decode(state, table.address, 1, input, input_bytes);
    }
    return consumed_bytes;
  };
  const wanted = lab.bytes(host, INPUT_RAM_BYTES).slice();
  lab.bytes(target, bytes).fill(JUNK);
  const wire_bytes = decodeAll();
  check('bytes consumed', wire_bytes, (input_bytes * bytes) / INPUT_RAM_BYTES);
  checkPages(lab.bytes(target, bytes), wanted, check);
  return { wire_bytes, run: () => void decodeAll() };
}

/** The records of the first RAM of an area. @returns how many bytes they take */
function encodeInput(bench: Workbench, side: Side, host: number, input: number): number {
  const { core, layout } = side;
  const table = makeTable(bench, side, { host, bytes: INPUT_RAM_BYTES });
  const state = bench.lab.alloc(layout.ENCODE_STATE_SIZE);
  markAll(side, table);
  return core.encode(state, table.address, 1, input, INPUT_BYTES, INPUT_PAGES);
}

function checkPages(found: Uint8Array, wanted: Uint8Array, check: Check): void {
  const pages = found.length / PAGE_BYTES;
  const one_in = checkedOneIn(found.length);
  const pageOf = (ram: Uint8Array, page: number): Uint8Array =>
    ram.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
  for (let page = 0; page < pages; page += one_in) {
    checkPage(check, page, pageOf(found, page), pageOf(wanted, page % INPUT_PAGES));
  }
}
