/** Quantities of a scenario: sizes, durations, rates, shares, counts, and ranges of them. */
import * as v from 'valibot';
import { PagepipeError } from '../errors.ts';
import { parseDuration, parseRate, parseSize } from '../units.ts';
import { Random } from './random.ts';

/** A number that each seed draws between its ends; ends that are equal are just a number. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** A text with a unit, as the command line takes it; of sizes a bare number too. */
function measure(parse: (text: string) => number, example: string) {
  return v.pipe(
    v.union([v.string(), v.number()]),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      try {
        return parse(String(dataset.value));
      } catch (error) {
        if (!(error instanceof PagepipeError)) throw error;
        addIssue({ message: error.message });
        return NEVER;
      }
    }),
    v.metadata({ examples: [example] }),
  );
}

const isAscending = ([low, high]: [number, number]): boolean => low <= high;
const ASCENDING = 'its lower end is above its upper: swap them';

/** A quantity, or its lowest and highest. */
function orRange<Input>(quantity: v.GenericSchema<Input, number>) {
  return v.union([
    v.pipe(
      quantity,
      v.transform((value: number): Range => ({ low: value, high: value })),
    ),
    v.pipe(
      v.strictTuple([quantity, quantity]),
      v.check(isAscending, ASCENDING),
      v.transform(([low, high]: [number, number]): Range => ({ low, high })),
    ),
  ]);
}

const WHOLE = 'no whole number: give one';

export const size = measure(parseSize, '2GiB');
export const duration = measure(parseDuration, '50ms');
export const rate = measure(parseRate, '32MiB/s');
/** A whole number between two, both included. */
export const whole = (low: number, high: number) =>
  v.pipe(v.number(), v.integer(WHOLE), v.minValue(low), v.maxValue(high));

export const count = whole(1, 2 ** 31);
export const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

export const sizes = orRange(size);
export const durations = orRange(duration);
export const rates = orRange(rate);
export const shares = orRange(share);
export const counts = orRange(whole(0, 2 ** 31));

/** A document with a number in the place of every range. */
export type Drawn<T> = T extends Range
  ? number
  : T extends object
    ? { readonly [Key in keyof T]: Drawn<T[Key]> }
    : T;

export function isRange(value: object): value is Range {
  return 'low' in value && 'high' in value;
}

/** A number of a range, by the seed and the path in the document; of whole ends it is whole. */
export function drawRange({ low, high }: Range, seed: number, path: string): number {
  const value = new Random(seed, path).uniform(low, high);
  return Number.isInteger(low) && Number.isInteger(high) ? Math.round(value) : value;
}

/** Draws every range of a document; what stands at other paths never matters. */
export function drawAll<T>(value: T, seed: number, path: string): Drawn<T>;
export function drawAll(value: unknown, seed: number, path: string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((inner, i) => drawAll(inner, seed, `${path}.${i}`));
  if (isRange(value)) return drawRange(value, seed, path);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, drawAll(inner, seed, `${path}.${key}`)]),
  );
}
