/** What a bench measured, as `bench --json` prints it; its keys are a contract. */

import { median } from '../stats/quantiles.ts';
import { type Draws, ratioOfMedians, type SureRatio } from './compare.ts';
import type { Plain } from './result.ts';
import type { BENCH_SCHEMA } from './schemas.ts';

/**
 * A ratio that is nearer to 1 is not called a change, however narrow its interval: of two copies of one build in
 * one process, small kernels were up to 3 % apart for all of a run, by where the engine had put their code.
 */
const CHANGE_MIN = 0.03;
/** An interval that is wholly as near to 1 says that there is no change worth speaking of. */
const SAME_WITHIN = 0.05;

const BYTES_PER_GB = 1e9;

/** Rates over the samples of a case. */
export interface GbPerS<Rate = number> {
  readonly median: Rate;
  readonly min: Rate;
  readonly max: Rate;
}

/** What a case is about. */
interface CaseFacts {
  readonly name: string;
  /** Guest RAM that a run goes over. */
  readonly bytes: number;
  /** What a run writes of a stream, or reads; of a case that does either. */
  readonly wire_bytes?: number;
}

/** A case, measured. */
export interface MeasuredCase extends CaseFacts {
  /** Gigabytes (10^9 bytes) of guest RAM a second. */
  readonly gb_per_s: GbPerS;
  /** Seconds a run. */
  readonly samples: readonly number[];
  readonly unmeasured?: never;
}

/** A case that could not be measured. */
export interface UnmeasuredCase extends CaseFacts {
  readonly gb_per_s: GbPerS<null>;
  /** None. */
  readonly samples: readonly number[];
  /** Why. */
  readonly unmeasured: string;
}

export type BenchCaseResult = MeasuredCase | UnmeasuredCase;

export function isMeasured(one: BenchCaseResult): one is MeasuredCase {
  return one.unmeasured === undefined;
}

/** What is known of a build; null where nothing is. */
export interface BuildFacts {
  readonly version: string | null;
  readonly commit: string | null;
}

export type BenchVerdict = 'faster' | 'slower' | 'same' | 'unsure';

/** How fast this build is beside the other: the throughput of this by that of the other. */
export interface BenchRatio extends SureRatio {
  readonly name: string;
  readonly verdict: BenchVerdict;
}

/** The other build of an interleaved run. */
export interface BenchAgainst extends BuildFacts {
  readonly cases: readonly BenchCaseResult[];
  readonly ratios: readonly BenchRatio[];
}

/** What `bench --json` prints. */
export interface BenchDocument extends BuildFacts {
  readonly schema: typeof BENCH_SCHEMA;
  readonly cases: readonly BenchCaseResult[];
  readonly machine: Readonly<Record<string, Plain>>;
  readonly against?: BenchAgainst;
}

/** Finer digits than any clock has are cut off. */
const rounded = (value: number): number => Number(value.toPrecision(6));

/**
 * A case with its rates worked out.
 *
 * @param samples_s seconds a run, at least one
 * @example benchCase({ name: 'zero/16MiB', bytes: 2 ** 24 }, [0.001, 0.0011]).gb_per_s.median
 */
export function benchCase(about: CaseFacts, samples_s: readonly number[]): MeasuredCase {
  const rate = (seconds: number): number => rounded(about.bytes / seconds / BYTES_PER_GB);
  return {
    ...about,
    gb_per_s: {
      median: rate(median(samples_s)),
      min: rate(Math.max(...samples_s)),
      max: rate(Math.min(...samples_s)),
    },
    samples: samples_s.map(rounded),
  };
}

/** A case that could not be measured, and why. */
export function unmeasuredCase(about: CaseFacts, unmeasured: string): UnmeasuredCase {
  return { ...about, gb_per_s: { median: null, min: null, max: null }, samples: [], unmeasured };
}

/** Where the interval lies: beyond 1 on one side, around it and narrow, or neither. */
function verdictOf({ low, high }: SureRatio): BenchVerdict {
  if (low === null || high === null) return 'unsure';
  if (low > 1 + CHANGE_MIN) return 'faster';
  if (high < 1 - CHANGE_MIN) return 'slower';
  return low > 1 - SAME_WITHIN && high < 1 + SAME_WITHIN ? 'same' : 'unsure';
}

/**
 * This build beside the other in one case. Samples at the same index were taken one right after the other, so
 * they are drawn together: a machine that slows down for a while slows both.
 */
export function benchRatio(here: MeasuredCase, there: MeasuredCase, draws: Draws): BenchRatio {
  const rates = ({ bytes, samples }: MeasuredCase): number[] => samples.map((seconds) => bytes / seconds);
  const figure = ratioOfMedians(rates(there), rates(here), draws, true);
  const { ratio, low, high } = figure;
  return { name: here.name, ratio, low, high, verdict: verdictOf(figure) };
}
