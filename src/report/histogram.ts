/** Histograms in small: one column a power of two. */
import type { Bucket } from '../stats/histogram.ts';
import { formatMs } from '../units.ts';

const BARS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** A range of powers of two, by the exponents of its first and last column. */
export interface BucketRange {
  readonly low: number;
  readonly high: number;
}

const exponent = (bucket: Bucket): number => (bucket.ge === 0 ? 0 : Math.log2(bucket.ge));

/** The columns that all of these histograms need. */
export function rangeOf(histograms: readonly (readonly Bucket[])[]): BucketRange {
  const exponents = histograms.flat().map(exponent);
  return { low: Math.min(...exponents, 30), high: Math.max(...exponents, 0) };
}

/**
 * One line of bars: column i counts the values from 2^i. Heights go by the logarithm of the count, so that
 * the one long span among thousands of short ones can be seen, which is what it is all about.
 */
export function smallHistogram(buckets: readonly Bucket[], range: BucketRange): string {
  const highest = Math.max(...buckets.map((bucket) => bucket.count), 1);
  const counts = new Map(buckets.map((bucket) => [exponent(bucket), bucket.count]));
  let bars = '';
  for (let column = range.low; column <= range.high; column++) {
    const count = counts.get(column) ?? 0;
    const height = count === 0 ? 0 : 1 + Math.round((7 * Math.log2(count)) / Math.max(1, Math.log2(highest)));
    bars += BARS[Math.min(8, height)] ?? ' ';
  }
  return bars;
}

/** What the first and last column of a small histogram of microseconds stand for. */
export function rangeLabel(range: BucketRange): string {
  return `${formatMs(2 ** range.low / 1000)} to ${formatMs(2 ** (range.high + 1) / 1000)}`;
}
