/** Where a synthetic guest's zero pages stand: in runs. */
import { Prng } from './prng.ts';

/** A run of pages that are all zero, or all not. */
export interface Run {
  readonly first: number;
  readonly count: number;
  readonly is_zero: boolean;
}

/** One run of each kind for so many pages on average; a guest of 1 GiB has some 130 of each. */
const PAGES_A_RUN_PAIR = 2048;
/**
 * Divides `total` into `parts`, none empty (fewer parts if there is not enough). Sizes go as
 * uniform^-1.5, so a few are huge and most are small, as free and used memory is after a boot; the largest of
 * 128 has a third of all, more or less.
 */
function divide(total: number, parts: number, random: Prng): number[] {
  const count = Math.min(parts, total);
  const weights = Array.from({ length: count }, () => {
    const uniform = 1 - random.uniform();
    // not uniform ** -1.5: engines differ in the last digit of a power, and of a square root they may not
    return 1 / (uniform * Math.sqrt(uniform));
  });
  const sum = weights.reduce((a, b) => a + b, 0);
  const spare = total - count;
  let given = 0;
  let upto = 0;
  return weights.map((weight) => {
    upto += weight;
    const share = Math.round((spare * upto) / sum) - given;
    given += share;
    return 1 + share;
  });
}

/** Alternating runs over `pages`; exactly round(zero_share * pages) of them are zero. */
export function layoutRuns(pages: number, zero_share: number, random: Prng): Run[] {
  const zero_pages = Math.round(zero_share * pages);
  const parts = Math.max(1, Math.round(pages / PAGES_A_RUN_PAIR));
  const content = divide(pages - zero_pages, parts, random);
  const zero = divide(zero_pages, parts, random);
  const runs: Run[] = [];
  let first = 0;
  const add = (count: number | undefined, is_zero: boolean): void => {
    if (count === undefined) return;
    runs.push({ first, count, is_zero });
    first += count;
  };
  for (let i = 0; i < Math.max(content.length, zero.length); i++) {
    add(content[i], false);
    add(zero[i], true);
  }
  return runs;
}

/** Where the runs of a guest of a seed stand. */
export function runsOf(pages: number, zero_share: number, seed: number): Run[] {
  return layoutRuns(pages, zero_share, new Prng(seed));
}
