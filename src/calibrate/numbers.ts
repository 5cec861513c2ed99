/** What the measurements share: lines through points, and time that is burnt away. */

import { median } from '../stats/quantiles.ts';

/** The median; NaN of none, so that a question without an answer is seen as such. */
export function medianOrNaN(samples: readonly number[]): number {
  return samples.length === 0 ? Number.NaN : median(samples);
}

/** Cuts a list into groups of the same size, more or less, none of them empty. */
export function evenly<Value>(list: readonly Value[], count: number): Value[][] {
  const edge = (i: number): number => Math.floor((i * list.length) / count);
  return Array.from({ length: count }, (_, i) => list.slice(edge(i), edge(i + 1))).filter(
    (group) => group.length > 0,
  );
}

export interface Line {
  /** At 0; never negative, for no call gives time back. */
  readonly base: number;
  readonly slope: number;
}

/** The line nearest to the points (x, y), by least squares. */
export function lineThrough(points: readonly (readonly [x: number, y: number])[]): Line {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const x_mean = mean(points.map(([x]) => x));
  const y_mean = mean(points.map(([, y]) => y));
  const xy = points.reduce((sum, [x, y]) => sum + (x - x_mean) * (y - y_mean), 0);
  const xx = points.reduce((sum, [x]) => sum + (x - x_mean) ** 2, 0);
  const slope = Math.max(0, xy / xx);
  return { base: Math.max(0, y_mean - slope * x_mean), slope };
}

/** Samples of a call at several sizes, and the line through their medians. */
export class Sizes {
  readonly #samples_ns: ReadonlyMap<number, number[]>;

  constructor(sizes: readonly number[]) {
    this.#samples_ns = new Map(sizes.map((bytes) => [bytes, []]));
  }

  add(bytes: number, ns: number): void {
    this.#samples_ns.get(bytes)?.push(ns);
  }

  line(): Line {
    return lineThrough(Array.from(this.#samples_ns, ([bytes, ns]) => [bytes, median(ns)] as const));
  }
}

/** Nanoseconds since this process began, with their fractions: calls of a few of them are timed. */
export function now_ns(): number {
  return performance.now() * 1e6;
}

let origin_ns: number | undefined;

/** The two clocks are read one after the other: of many tries the one with the least between them. */
function findOrigin_ns(): number {
  return Math.max(...Array.from({ length: 100 }, () => Number(process.hrtime.bigint()) - now_ns()));
}

/** Nanoseconds on the clock that all processes share, as fast to read as that of this process alone. */
export function shared_ns(): number {
  origin_ns ??= findOrigin_ns();
  return origin_ns + now_ns();
}

/** What `run` takes. */
export function time_ns(run: () => void): number {
  const before_ns = now_ns();
  run();
  return now_ns() - before_ns;
}

/** Keeps the CPU busy: one that sleeps would be slower to come back. */
export function spin(ns: number): void {
  const end_ns = now_ns() + ns;
  while (now_ns() < end_ns);
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Gives the CPU away for so long. */
export function sleep(ns: number): void {
  Atomics.wait(sleeper, 0, 0, ns / 1e6);
}
