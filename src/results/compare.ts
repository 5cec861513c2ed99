/** Two sets of samples compared: medians, their ratio, and how sure that ratio is. */

import { median, middleOf } from '../stats/quantiles.ts';
import type { Case, FigureName, Sample } from './samples.ts';
import { FIGURES } from './samples.ts';
import { COMPARE_SCHEMA } from './schemas.ts';

const RESAMPLES = 2000;
/** What lies outside of the interval, at each end. */
const TAIL = RESAMPLES * 0.025;

/** Where a bootstrap draws from: a seeded generator, such as `Prng`. */
export interface Draws {
  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number;
}

/** A ratio, and how sure it is. */
export interface SureRatio {
  /** NEW by BASE; null where BASE is 0 and NEW is not. */
  readonly ratio: number | null;
  /** The 95 % interval of the ratio; null without several samples a side, or where it has no bound. */
  readonly low: number | null;
  readonly high: number | null;
}

/** A figure on both sides. */
export interface MedianRatio extends SureRatio {
  readonly base: number;
  readonly new: number;
}

/** The median of the values that were drawn, by their indices. */
function medianAt(values: readonly number[], indices: Uint32Array): number {
  return middleOf(Float64Array.from(indices, (index) => values[index] ?? 0).sort());
}

function drawInto(indices: Uint32Array, draws: Draws): void {
  for (let i = 0; i < indices.length; i++) indices[i] = draws.below(indices.length);
}

/** Two zeros are equal; what was 0 and is not any more has no ratio that is finite. */
function ratioOf(base: number, next: number): number {
  if (base === 0) return next === 0 ? 1 : Number.POSITIVE_INFINITY;
  return next / base;
}

/** Finer digits than anybody measures are cut off; Infinity, which JSON has no number for, is null. */
function rounded(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(6)) : null;
}

/**
 * The ratio of two medians, with its 95 % interval by bootstrap: percentiles of 2,000 resamples, each side
 * drawn for itself. The same draws give the same interval.
 *
 * @param is_paired samples at the same index belong together, and are drawn together: what moves both of
 *   them alike then widens nothing
 * @example
 * ratioOfMedians([100, 104, 98], [110, 113, 109], new Prng(1)); // { ratio: 1.1, low: …, high: … }
 */
export function ratioOfMedians(
  base: readonly number[],
  next: readonly number[],
  draws: Draws,
  is_paired = false,
): MedianRatio {
  const [base_median, next_median] = [median(base), median(next)];
  const whole = {
    base: Number(base_median.toPrecision(15)),
    new: Number(next_median.toPrecision(15)),
    ratio: rounded(ratioOf(base_median, next_median)),
  };
  if (base.length < 2 || next.length < 2) return { ...whole, low: null, high: null };
  const base_indices = new Uint32Array(base.length);
  const next_indices = is_paired ? base_indices : new Uint32Array(next.length);
  const ratios = new Float64Array(RESAMPLES);
  for (let i = 0; i < RESAMPLES; i++) {
    drawInto(base_indices, draws);
    if (!is_paired) drawInto(next_indices, draws);
    ratios[i] = ratioOf(medianAt(base, base_indices), medianAt(next, next_indices));
  }
  ratios.sort();
  const [low = 0, high = 0] = [ratios[TAIL], ratios[RESAMPLES - 1 - TAIL]];
  return { ...whole, low: rounded(low), high: rounded(high) };
}

export interface ComparedFigure extends MedianRatio {
  readonly better: 'higher' | 'lower';
}

/** What two sides are called. */
export type Side = 'base' | 'new';

/** One case on both sides. */
export interface ComparedCase {
  /** What both sides have in common; where they were paired as the only ones, that need not be all. */
  readonly case: Case;
  /** Present where they do not have all in common: the rest of each. */
  readonly differs?: Readonly<Record<Side, Case>>;
  readonly worlds: Readonly<Record<Side, string>>;
  readonly samples: Readonly<Record<Side, number>>;
  /** Whether each sample has its counterpart: in a model, the one of the same seed. */
  readonly paired: boolean;
  readonly figures: Readonly<Partial<Record<FigureName, ComparedFigure>>>;
}

/** What `compare --json` prints. */
export interface CompareDocument {
  readonly schema: typeof COMPARE_SCHEMA;
  readonly cases: readonly ComparedCase[];
  readonly only_base: readonly Case[];
  readonly only_new: readonly Case[];
  /** By how many per cent the throughput may fall. */
  readonly fail_below: number | null;
  readonly verdict: 'pass' | 'fail' | null;
}

/** All samples of a case. */
interface Group {
  readonly sample: Sample;
  readonly samples: Sample[];
}

/** The same for the same options, in whatever order they stand. */
function keyOf({ kind, case: of }: Sample): string {
  return JSON.stringify([kind, Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

function groupsOf(samples: readonly Sample[]): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const sample of samples) {
    const key = keyOf(sample);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { sample, samples: [sample] });
    else group.samples.push(sample);
  }
  return groups;
}

/** The pairs: by their cases, or the only two that there are. */
function pairsOf(base: Map<string, Group>, next: Map<string, Group>): [string, string][] {
  const [base_key, next_key] = [[...base.keys()], [...next.keys()]];
  const [only_base, only_next] = [base_key[0], next_key[0]];
  if (only_base !== undefined && only_next !== undefined && base.size === 1 && next.size === 1) {
    return base.get(only_base)?.sample.kind === next.get(only_next)?.sample.kind
      ? [[only_base, only_next]]
      : [];
  }
  return base_key.filter((key) => next.has(key)).map((key) => [key, key]);
}

/** The entries of a case for which something holds. */
function partOf(of: Case, holds: (key: string) => boolean): Case {
  return Object.fromEntries(Object.entries(of).filter(([key]) => holds(key)));
}

function worldsOf(samples: readonly Sample[]): string {
  return [...new Set(samples.map(({ world }) => world))].join(' and ');
}

/** The samples by their seeds, where each is a model's and no two have the same; else undefined. */
function bySeed(samples: readonly Sample[]): Sample[] | undefined {
  const seeds = new Set(samples.map(({ seed }) => seed));
  if (seeds.size < samples.length || seeds.has(null)) return undefined;
  if (samples.some(({ world }) => world !== 'model')) return undefined;
  return [...samples].sort((a, b) => (a.seed ?? 0) - (b.seed ?? 0));
}

/**
 * Both sides in the same order of seeds: a seed draws the same machine whatever is done on it, so that two
 * models of one seed are a pair. A real machine's two runs are none. Undefined where they do not pair.
 */
function pairedBySeed(base: Group, next: Group): Record<Side, readonly Sample[]> | undefined {
  const [base_sorted, next_sorted] = [bySeed(base.samples), bySeed(next.samples)];
  if (base_sorted === undefined || base_sorted.length !== next_sorted?.length) return undefined;
  if (base_sorted.some(({ seed }, i) => seed !== next_sorted[i]?.seed)) return undefined;
  return { base: base_sorted, new: next_sorted };
}

function compareGroups(base: Group, next: Group, drawsOf: () => Draws): ComparedCase {
  const [base_case, next_case] = [base.sample.case, next.sample.case];
  const isShared = (key: string): boolean =>
    key in base_case && key in next_case && base_case[key] === next_case[key];
  const differs = {
    base: partOf(base_case, (key) => !isShared(key)),
    new: partOf(next_case, (key) => !isShared(key)),
  };
  const has_differences = Object.keys({ ...differs.base, ...differs.new }).length > 0;
  const pairs = pairedBySeed(base, next);
  const samples = pairs ?? { base: base.samples, new: next.samples };
  const figures: Partial<Record<FigureName, ComparedFigure>> = {};
  for (const { name, better } of FIGURES) {
    const valuesOf = (side: Side): number[] => samples[side].flatMap(({ figures }) => figures[name] ?? []);
    const [base_values, next_values] = [valuesOf('base'), valuesOf('new')];
    if (base_values.length === 0 || next_values.length === 0) continue;
    figures[name] = {
      ...ratioOfMedians(base_values, next_values, drawsOf(), pairs !== undefined),
      better,
    };
  }
  return {
    case: partOf(base_case, isShared),
    ...(has_differences ? { differs } : {}),
    worlds: { base: worldsOf(base.samples), new: worldsOf(next.samples) },
    samples: { base: base.samples.length, new: next.samples.length },
    paired: pairs !== undefined,
    figures,
  };
}

/** The throughput of a case, by whichever name it has. */
export function throughputOf({ figures }: ComparedCase): ComparedFigure | undefined {
  return figures.guest_bytes_per_s ?? figures.bytes_per_s;
}

/** Whether a throughput has fallen: the whole interval has, or, where there is none, the ratio. */
export function hasFallen(figure: SureRatio | undefined, fail_below: number): boolean {
  if (figure === undefined) return false;
  const least = 1 - fail_below / 100;
  const decides = hasInterval(figure) ? figure.high : figure.ratio;
  return decides !== null && decides < least;
}

/** Whether a figure says how sure it is. */
export function hasInterval({ low }: SureRatio): boolean {
  return low !== null;
}

/**
 * Compares two sets of samples, case by case.
 *
 * @param drawsOf a generator from its beginning, for each figure: so no figure shifts the interval of another
 * @param fail_below by how many per cent the throughput may fall; undefined gives no verdict
 */
export function compareSamples(
  base: readonly Sample[],
  next: readonly Sample[],
  drawsOf: () => Draws,
  fail_below: number | undefined,
): CompareDocument {
  const [base_groups, next_groups] = [groupsOf(base), groupsOf(next)];
  const pairs = pairsOf(base_groups, next_groups);
  const cases = pairs.flatMap(([base_key, next_key]) => {
    const [base_group, next_group] = [base_groups.get(base_key), next_groups.get(next_key)];
    if (base_group === undefined || next_group === undefined) return [];
    return [compareGroups(base_group, next_group, drawsOf)];
  });
  const restOf = (groups: Map<string, Group>, paired: readonly string[]): Case[] =>
    [...groups].filter(([key]) => !paired.includes(key)).map(([, { sample }]) => sample.case);
  return {
    schema: COMPARE_SCHEMA,
    cases,
    only_base: restOf(
      base_groups,
      pairs.map(([key]) => key),
    ),
    only_new: restOf(
      next_groups,
      pairs.map(([, key]) => key),
    ),
    fail_below: fail_below ?? null,
    verdict:
      fail_below === undefined
        ? null
        : cases.some((one) => hasFallen(throughputOf(one), fail_below))
          ? 'fail'
          : 'pass',
  };
}
