/** How fast are the pages found that have changed, where nobody marks them? */
import { LAYOUT } from '../../core/core.ts';
import { PAGE_BYTES } from '../../guest/guest.ts';
import { Prng } from '../../guest/synthetic/prng.ts';
import { type BenchCase, checkOf, type Ready, type Side, sizeName, type Workbench } from '../case.ts';

/** Pages that get one other byte for the check: a comparison that does not look everywhere misses it. */
const CHANGED_PAGES = 64;

/** Compares with what is known of the RAM, brings that up to date, and says how many pages differed. */
type Diff = () => number;

/** Normal pages beside a copy of each: as much memory again as the RAM. */
export function shadowCase(bytes: number): BenchCase {
  const name = `diff/shadow/${sizeName(bytes)}`;
  return {
    name,
    bytes,
    isFor: ({ core }) => typeof core.diffShadow === 'function',
    prepare: (bench, side) => {
      const shadow = bench.shared('shadow', bytes);
      const { host } = bench.ram('normal');
      bench.lab.bytes(shadow, bytes).set(bench.lab.bytes(host, bytes));
      const bitmap = bitmapOf(bytes, bench, side);
      const diff: Diff = () => side.core.diffShadow(host, shadow, bytes / PAGE_BYTES, bitmap, true);
      return prepareDiff({ name, bytes, bitmap, diff }, bench, side);
    },
  };
}

/** Normal pages beside a fingerprint of each. */
export function fingerprintCase(bytes: number): BenchCase {
  const name = `diff/fingerprint/${sizeName(bytes)}`;
  return {
    name,
    bytes,
    isFor: ({ core }) => typeof core.diffFingerprint === 'function',
    prepare: (bench, side) => {
      const pages = bytes / PAGE_BYTES;
      // each build has its own: another one's numbers may be others
      const prints = bench.lab.alloc(pages * LAYOUT.FINGERPRINT_SIZE);
      const { host } = bench.ram('normal');
      const bitmap = bitmapOf(bytes, bench, side);
      const diff: Diff = () => side.core.diffFingerprint(host, prints, pages, bitmap, true);
      // no fingerprint was there yet
      checkOf(name, side)('pages first seen', diff(), pages);
      return prepareDiff({ name, bytes, bitmap, diff }, bench, side);
    },
  };
}

interface DiffSetting {
  readonly name: string;
  readonly bytes: number;
  readonly bitmap: number;
  readonly diff: Diff;
}

function bitmapOf(bytes: number, { lab }: Workbench, { core }: Side): number {
  return lab.alloc(core.bitmapSize(bytes / PAGE_BYTES));
}

/** Finds nothing; then pages with one byte changed, once; and the same pages when they are as they were. */
function prepareDiff({ name, bytes, bitmap, diff }: DiffSetting, bench: Workbench, side: Side): Ready {
  const { core } = side;
  const check = checkOf(name, side);
  const pages = bytes / PAGE_BYTES;
  const places = placesIn(pages);
  const ram = bench.lab.bytes(bench.ram('normal').host, bytes);
  check('pages changed at first', diff(), 0);
  for (const is_undone of [false, true]) {
    for (const [page, place] of places) {
      const at = page * PAGE_BYTES + place;
      ram[at] = (ram[at] ?? 0) ^ 1;
    }
    const what = is_undone ? 'pages changed back' : 'pages changed';
    core.bitmapClear(bitmap, 0, pages);
    check(what, diff(), places.size);
    check(`${what}, by their bits`, core.bitmapCount(bitmap, pages), places.size);
    for (const page of places.keys()) check('next bit', core.bitmapNext(bitmap, pages, page), page);
    check(`${what}, once more`, diff(), 0);
  }
  core.bitmapClear(bitmap, 0, pages);
  return { run: () => void diff() };
}

/** A place in each of some pages, the last one among them. */
function placesIn(pages: number): Map<number, number> {
  const random = new Prng(1);
  const places = new Map([[pages - 1, PAGE_BYTES - 1]]);
  while (places.size < CHANGED_PAGES) places.set(random.below(pages), random.below(PAGE_BYTES));
  return places;
}
