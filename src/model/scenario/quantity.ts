/** Quantities of a scenario: sizes, durations, rates, shares, counts, and ranges of them. */
import * as v from 'valibot';
import { PagepipeError } from '../../errors.ts';
import { parseDuration, parseRate, parseSize } from '../../units.ts';
import { holds } from './holds.ts';
import { Random } from './random.ts';

/** A number that each seed draws between its ends; ends that are equal are just a number. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

const LARGE_UNITS = '(KiB|MiB|GiB|TiB|kB|MB|GB|TB)';
const FRACTION = '\\d+(\\.\\d+)?';

/** The forms of a quantity for the published JSON Schema: what its parser takes, as a pattern. */
const SIZE_FORMS = [
  { type: 'string', pattern: `^(\\d+B?|${FRACTION}${LARGE_UNITS})$` },
  { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
];
const DURATION_FORMS = [{ type: 'string', pattern: `^(\\d+ns|${FRACTION}(us|ms|s|min))$` }];
const RATE_FORMS = [{ type: 'string', pattern: `^(\\d+B|${FRACTION}${LARGE_UNITS})/s$` }];

/** A text with a unit, as the command line takes it; of sizes a bare number too. */
function measure(parse: (text: string) => number, example: string, anyOf: readonly object[]) {
  return v.pipe(
    v.union([v.string(), v.number()]),
    // before what transforms: a schema of the input ends there
    v.metadata({ examples: [example], anyOf }),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      try {
        return parse(shortened(String(dataset.value)));
      } catch (error) {
        if (!(error instanceof PagepipeError)) throw error;
        addIssue({ message: error.what, ...(error.hint !== undefined && { expected: error.hint }) });
        return NEVER;
      }
    }),
  );
}

/** No quantity is longer; what is, is to make no longer an error of it. */
const QUANTITY_CHARS = 40;

function shortened(text: string): string {
  return text.length <= QUANTITY_CHARS ? text : `${text.slice(0, QUANTITY_CHARS)}…`;
}

const ascending = holds(
  ([low, high]: [number, number]) => low <= high,
  'its lower end is above its upper',
  'swap them',
);

/** A quantity, or its lowest and highest. */
function orRange<Input>(quantity: v.GenericSchema<Input, number>) {
  return v.union([
    v.pipe(
      quantity,
      v.transform((value: number): Range => ({ low: value, high: value })),
    ),
    v.pipe(
      v.strictTuple([quantity, quantity]),
      ascending,
      v.transform(([low, high]: [number, number]): Range => ({ low, high })),
    ),
  ]);
}

export const size = measure(parseSize, '2GiB', SIZE_FORMS);
export const duration = measure(parseDuration, '50ms', DURATION_FORMS);
export const rate = measure(parseRate, '32MiB/s', RATE_FORMS);
/** A whole number between two, both included. */
export const whole = (low: number, high: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(low), v.maxValue(high));

export const count = whole(1, 2 ** 31);
export const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

/** The shortest and the longest of what is drawn again each time. */
export const between = v.pipe(v.strictTuple([duration, duration]), ascending);

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
