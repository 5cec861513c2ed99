/** What a synthetic guest's RAM holds: zero pages in runs, and pages like text, pointers and noise. */
import { type Block, type Guest, PAGE_BYTES } from '../guest.ts';
import { Prng } from './prng.ts';
import { layoutRuns } from './runs.ts';
import type { WorkloadSpec } from './workload.ts';

const PAGE_WORDS = PAGE_BYTES / 4;

const WORDS =
  'page block dirty round begin iterate complete pipe helper reader writer limit window slice bitmap zero'.split(
    ' ',
  );

/** Text to copy pages of text from: words and line ends, 64 KiB. */
function textPool(random: Prng): Uint8Array {
  const pool = new Uint8Array(65_536);
  let at = 0;
  while (at < pool.length) {
    const word = WORDS[random.below(WORDS.length)] ?? '';
    for (const char of word) pool[at++] = char.charCodeAt(0);
    pool[at++] = random.below(8) === 0 ? 0x0a : 0x20;
  }
  return pool;
}

type FillPage = (page: Uint32Array, random: Prng) => void;

/** Noise: what compressed or encrypted data looks like. */
export const fillRandom: FillPage = (page, random) => {
  for (let i = 0; i < page.length; i++) page[i] = random.nextU32();
};

/** Like a heap: kernel pointers into one region, small counts, zeros. */
const fillPointers: FillPage = (page, random) => {
  for (let i = 0; i < page.length; i += 2) {
    const draw = random.nextU32();
    const is_pointer = (draw & 3) === 0;
    page[i] = is_pointer ? draw & 0x0ffffff8 : (draw & 3) === 1 ? draw >>> 24 : 0;
    page[i + 1] = is_pointer ? 0xffff8880 : 0;
  }
  page[0] = random.nextU32() | 1;
};

function makeFillText(random_for_pool: Prng): FillPage {
  const pool = textPool(random_for_pool);
  return (page, random) => {
    const from = random.below(pool.length - PAGE_BYTES);
    new Uint8Array(page.buffer, page.byteOffset, PAGE_BYTES).set(pool.subarray(from, from + PAGE_BYTES));
    // a number of its own at the head, or pages from the same place would be the same
    page[0] = 0x30303030 + (random.nextU32() & 0x07070707);
  };
}

/** So many pages are filled before the next turn of whoever waits: some 10 ms. */
const PAGES_A_STEP = 2048;

/** Fills page after page; yields every few milliseconds. */
function* fillPages(
  pages: number,
  pageAt: (page: number) => Uint32Array,
  spec: WorkloadSpec,
  seed: number,
): Generator<undefined, void, undefined> {
  const random = new Prng(seed ^ 0x5eed);
  const kinds: readonly FillPage[] = [makeFillText(random), fillPointers, fillRandom];
  let filled = 0;
  for (const run of layoutRuns(pages, spec.zero_share, new Prng(seed))) {
    const fillPage = run.is_zero ? undefined : (kinds[random.below(kinds.length)] ?? fillRandom);
    for (let page = run.first; page < run.first + run.count; page++) {
      if (fillPage === undefined) pageAt(page).fill(0);
      else fillPage(pageAt(page), random);
      if (++filled % PAGES_A_STEP === 0) yield;
    }
  }
}

/**
 * Writes every page of a guest's RAM, the zero ones too: a page that was never written is the kernel's one
 * shared zero page, and reads three times as fast as any real one.
 *
 * @param ram whole pages, at a multiple of 4 bytes
 */
export function fillContent(ram: Uint8Array, spec: WorkloadSpec, seed: number): void {
  const words = new Uint32Array(ram.buffer, ram.byteOffset, ram.length / 4);
  const pageAt = (page: number) => words.subarray(page * PAGE_WORDS, (page + 1) * PAGE_WORDS);
  for (const _ of fillPages(ram.length / PAGE_BYTES, pageAt, spec, seed));
}

/**
 * The same for a block of any size, in steps of a few milliseconds.
 *
 * @param betweenSteps awaited after each step: the place to let other work run, or to throw
 */
export async function fillBlock(
  guest: Guest,
  block: Block,
  spec: WorkloadSpec,
  seed: number,
  betweenSteps: () => Promise<void>,
): Promise<void> {
  const pageAt = (page: number) => {
    const bytes = guest.pages(block, page, 1);
    return new Uint32Array(bytes.buffer, bytes.byteOffset, PAGE_WORDS);
  };
  for (const _ of fillPages(block.pages, pageAt, spec, seed)) await betweenSteps();
}
