/** The one median and the one quantile of the project. */

/** The mean of the two in the middle, which are one where the number of values is odd; 0 for none. */
export function middleOf(sorted: ArrayLike<number>): number {
  const half = sorted.length >> 1;
  return ((sorted[half] ?? 0) + (sorted[sorted.length - 1 - half] ?? 0)) / 2;
}

/**
 * The median; of an even number of values, the mean of the two in the middle. 0 for none.
 *
 * @example median([3, 1, 2, 4]); // 2.5
 */
export function median(values: readonly number[]): number {
  return middleOf(Float64Array.from(values).sort());
}

/**
 * The percentile by nearest rank: the smallest value that at least `percent` per cent of all do not exceed.
 *
 * @param sorted ascending; 0 for none
 * @example percentile([10, 20, 30, 40], 50); // 20
 */
export function percentile(sorted: ArrayLike<number>, percent: number): number {
  const rank = Math.max(1, Math.ceil((percent * sorted.length) / 100));
  return sorted[rank - 1] ?? 0;
}

/**
 * The same of values in any order, by a share from 0 to 1.
 *
 * @example quantile([40, 10, 30, 20], 0.5); // 20
 */
export function quantile(values: readonly number[], share: number): number {
  return percentile(Float64Array.from(values).sort(), share * 100);
}
