/** How fast are changes within pages found, and applied? */
import { PAGE_BYTES } from '../../guest/guest.ts';
import { Prng } from '../../guest/synthetic/prng.ts';
import {
  type BenchCase,
  checkOf,
  checkPage,
  MIB,
  type Ready,
  type Side,
  sameUpTo,
  type Workbench,
} from '../case.ts';

/** Pages of each kind, 1 MiB: they are in the cache, as a page that was just sent and written again. */
const PAGES = MIB / PAGE_BYTES;
/** A payload that is longer than a page is no gain: the page goes whole. */
const OUT_BYTES = PAGE_BYTES;

/** A kind of change: so many runs of so many bytes in each page, at random places. */
export interface Change {
  readonly name: string;
  readonly runs: number;
  readonly run_bytes: number;
}

/** Also what bench/ times beside native code. */
export const CHANGES: readonly Change[] = [
  { name: 'identical', runs: 0, run_bytes: 0 },
  { name: '1x8B', runs: 1, run_bytes: 8 },
  { name: '8x8B', runs: 8, run_bytes: 8 },
  { name: '64x8B', runs: 64, run_bytes: 8 },
  { name: '1x512B', runs: 1, run_bytes: 512 },
  { name: '256x1B', runs: 256, run_bytes: 1 },
  { name: 'all', runs: 1, run_bytes: PAGE_BYTES },
];

/** Changes whose payload is not shorter than a page go as whole pages, and none at all goes as nothing. */
const hasPayload = ({ runs, run_bytes }: Change): boolean => runs > 0 && run_bytes < PAGE_BYTES;

/** The encoder on each kind of change, and the decoder on those that have a payload. */
export function xbzrleCases(): BenchCase[] {
  const bytes = PAGES * PAGE_BYTES;
  const encodes = CHANGES.map((change): BenchCase => {
    const name = `xbzrle-encode/${change.name}`;
    return { name, bytes, prepare: (bench, side) => prepareEncode(name, change, bench, side) };
  });
  const decodes = CHANGES.filter(hasPayload).map((change): BenchCase => {
    const name = `xbzrle-decode/${change.name}`;
    return { name, bytes, prepare: (bench, side) => prepareDecode(name, change, bench, side) };
  });
  return [...encodes, ...decodes];
}

/** Where the pages as they were and as they are stand. */
interface Pair {
  readonly before: number;
  readonly after: number;
}

function pairOf(change: Change, bench: Workbench): Pair {
  const bytes = PAGES * PAGE_BYTES;
  const before = bench.ram('normal').host;
  const after = bench.shared(`changed ${change.name}`, bytes);
  const [old_ram, ram] = [bench.lab.bytes(before, bytes), bench.lab.bytes(after, bytes)];
  ram.set(old_ram);
  const random = new Prng(1);
  for (let page = 0; page < PAGES; page++) {
    for (const place of placesOf(change, random)) {
      const from = page * PAGE_BYTES + place;
      // every byte of the run is another one than before
      for (let i = from; i < from + change.run_bytes; i++)
        ram[i] = (old_ram[i] ?? 0) ^ (1 + random.below(255));
    }
  }
  return { before, after };
}

/** Starts of runs that do not overlap, at multiples of their length; not in order. */
function placesOf({ runs, run_bytes }: Change, random: Prng): Set<number> {
  const places = new Set<number>();
  while (places.size < runs) places.add(random.below(PAGE_BYTES / run_bytes) * run_bytes);
  return places;
}

function prepareEncode(name: string, change: Change, bench: Workbench, side: Side): Ready {
  const { core } = side;
  const out = bench.lab.alloc(OUT_BYTES);
  const { before, after } = pairOf(change, bench);
  const encodeAll = (onPayload?: (page: number, bytes: number) => void): number => {
    let wire_bytes = 0;
    for (let at = 0; at < PAGES * PAGE_BYTES; at += PAGE_BYTES) {
      const bytes = core.xbzrleEncode(before + at, after + at, out, OUT_BYTES);
      if (bytes !== undefined) onPayload?.(at, bytes);
      // what does not fit goes as a whole page
      wire_bytes += bytes ?? PAGE_BYTES;
    }
    return wire_bytes;
  };
  const check = checkOf(name, side);
  let with_payload = 0;
  const wire_bytes = encodeAll((at, bytes) => {
    with_payload++;
    const page = bench.lab.bytes(before + at, PAGE_BYTES).slice();
    applyPayload(page, bench.lab.bytes(out, bytes));
    checkPage(check, at / PAGE_BYTES, page, bench.lab.bytes(after + at, PAGE_BYTES));
  });
  check('payloads', with_payload, change.run_bytes === PAGE_BYTES ? 0 : PAGES);
  return { wire_bytes, run: () => void encodeAll() };
}

function prepareDecode(name: string, change: Change, bench: Workbench, side: Side): Ready {
  const { core } = side;
  const { before, after } = pairOf(change, bench);
  const bytes = PAGES * PAGE_BYTES;
  const target = bench.shared('decoded changes', bytes);
  const payloads = bench.lab.alloc(bytes);
  const sizes = new Uint32Array(PAGES);
  for (let page = 0; page < PAGES; page++) {
    const at = page * PAGE_BYTES;
    sizes[page] = core.xbzrleEncode(before + at, after + at, payloads + at, PAGE_BYTES) ?? 0;
  }
  const decodeAll = (): number => {
    let faults = 0;
    for (let page = 0; page < PAGES; page++) {
      const at = page * PAGE_BYTES;
      if (core.xbzrleDecode(target + at, payloads + at, sizes[page] ?? 0) !== undefined) faults++;
    }
    return faults;
  };
  const check = checkOf(name, side);
  const found = bench.lab.bytes(target, bytes);
  found.set(bench.lab.bytes(before, bytes));
  check('faults', decodeAll(), 0);
  check('right bytes', sameUpTo(found, bench.lab.bytes(after, bytes)), bytes);
  return { wire_bytes: sizes.reduce((sum, size) => sum + size, 0), run: () => void decodeAll() };
}

/** Applies a payload as QEMU's reader does: runs of equal and of changed bytes in turn (migration/xbzrle.c). */
function applyPayload(page: Uint8Array, payload: Uint8Array): void {
  let [read, at, is_changed] = [0, 0, false];
  while (read < payload.length) {
    const low = payload[read++] ?? 0;
    const length = low < 0x80 ? low : (low & 0x7f) | ((payload[read++] ?? 0) << 7);
    if (is_changed) {
      page.set(payload.subarray(read, read + length), at);
      read += length;
    }
    at += length;
    is_changed = !is_changed;
  }
}
