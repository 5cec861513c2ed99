/** How fast do dirty pages become records? */
import {
  type BenchCase,
  CALL_PAGES_MAX,
  type Check,
  checkedOneIn,
  checkOf,
  type Ready,
  RING_BYTES,
  type Side,
  sizeName,
  type Workbench,
} from '../case.ts';
import type { Content } from '../content.ts';
import { RecordChecker } from '../records.ts';
import { type BlockTable, makeTable, markAll } from '../table.ts';

/** What a case of the encoder goes over. */
export interface EncodeSetting {
  readonly name: string;
  readonly content: Content;
  readonly bytes: number;
  readonly block_count: number;
  /** The most pages of one call. */
  readonly call_pages_max: number;
}

/** Marking all of a guest and encoding it into a ring of 1 MiB, in calls of up to 1,024 pages as the save loop has. */
export function encodeCases(content: Content, bytes: number): BenchCase[] {
  return [1, 3].map((block_count) => {
    const blocks = block_count === 1 ? '' : `/${block_count}-blocks`;
    const name = `encode/${content}/${sizeName(bytes)}${blocks}`;
    return encodeCase({ name, content, bytes, block_count, call_pages_max: CALL_PAGES_MAX });
  });
}

export function encodeCase(setting: EncodeSetting): BenchCase {
  return {
    name: setting.name,
    bytes: setting.bytes,
    prepare: (bench, side) => prepareEncode(setting, bench, side),
  };
}

function prepareEncode(setting: EncodeSetting, bench: Workbench, side: Side): Ready {
  const { content, bytes, block_count, call_pages_max } = setting;
  const { core, layout } = side;
  const table = makeTable(bench, side, { host: bench.ram(content).host, bytes }, block_count);
  const state = bench.lab.alloc(layout.ENCODE_STATE_SIZE);
  const { ring } = bench;
  const encodeAll = (onRecords?: (from: number, bytes: number) => void): number => {
    markAll(side, table);
    // each run names the first block anew, so that all runs give the same bytes
    core.setU32(state + layout.ENCODE_LAST_BLOCK, 0);
    let wire_bytes = 0;
    do {
      const written = core.encode(state, table.address, block_count, ring, RING_BYTES, call_pages_max);
      onRecords?.(ring, written);
      wire_bytes += written;
    } while (core.encodeStop(state) !== 'end');
    return wire_bytes;
  };
  const checker = checkerOf(setting, bench, table, checkOf(setting.name, side));
  const wire_bytes = encodeAll((from, written) => checker.read(bench.lab.bytes(from, written)));
  checker.end();
  return { wire_bytes, run: () => void encodeAll() };
}

function checkerOf(
  { content, bytes }: EncodeSetting,
  bench: Workbench,
  { blocks }: BlockTable,
  check: Check,
): RecordChecker {
  const { host, zero_flags } = bench.ram(content);
  return new RecordChecker(
    {
      blocks: blocks.map(({ pages }, index) => ({ name: `ram${index}`, pages })),
      ram: () => bench.lab.bytes(host, bytes),
      zero_flags: zero_flags.subarray(
        0,
        blocks.reduce((sum, { pages }) => sum + pages, 0),
      ),
      checked_one_in: checkedOneIn(bytes),
    },
    check,
  );
}
