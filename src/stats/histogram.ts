/** Histograms by powers of two, as SystemTap's @hist_log draws them. */
import { fail } from '../errors.ts';

/** One bucket that holds something: values from `ge` up to twice as much (0 holds only 0). */
export interface Bucket {
  readonly ge: number;
  readonly count: number;
}

/** The lower bound of a value's bucket: 0, 1, 2, 4, 8 … for whole numbers up to 2^53. */
export function bucketOf(value: number): number {
  if (value < 1) return 0;
  // 32 bits at a time: clz32 sees no more
  if (value < 2 ** 32) return 2 ** (31 - Math.clz32(value));
  return 2 ** (63 - Math.clz32(Math.floor(value / 2 ** 32)));
}

/**
 * Counts whole numbers by powers of two.
 *
 * @example
 * const histogram = new Log2Histogram();
 * for (const ms of [5, 7, 9]) histogram.add(ms);
 * histogram.rows(); // [{ ge: 4, count: 2 }, { ge: 8, count: 1 }]
 */
export class Log2Histogram {
  readonly #counts = new Map<number, number>();
  #count = 0;

  /** How many values were counted. */
  get count(): number {
    return this.#count;
  }

  /**
   * Counts a whole number from 0 up.
   *
   * @throws `internal-histogram` for anything else, which would go to the wrong bucket unseen
   */
  add(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw fail('internal-histogram', { value });
    this.#count++;
    const bucket = bucketOf(value);
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + 1);
  }

  /** The buckets that hold something, lowest first. */
  rows(): Bucket[] {
    return [...this.#counts].map(([ge, count]) => ({ ge, count })).sort((a, b) => a.ge - b.ge);
  }
}
