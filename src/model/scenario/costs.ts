/** What things cost, in CPU time and in waiting: a set of numbers, each with its ground. */

import * as v from 'valibot';
import { COST_MEANINGS, type CostName, mapCosts } from '../../results/costs.ts';
import { COSTS_SCHEMA } from '../../results/schemas.ts';
import { checkDocument } from './document.ts';
import { holds } from './holds.ts';
import { Random } from './random.ts';

const nanoseconds = v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(1e12));

const about = <T>(text: string) => v.description<T, string>(text);

const costSchema = v.strictObject({
  value: v.pipe(
    v.union([
      nanoseconds,
      v.pipe(
        v.strictTuple([nanoseconds, nanoseconds]),
        holds(([low, high]) => low <= high, 'its lower end is above its upper', 'swap them'),
      ),
    ]),
    about('a number, or the lowest and the highest: then each seed draws one'),
  ),
  ground: v.pipe(v.string(), v.nonEmpty(), about('why it is so much')),
});

export type Cost = v.InferOutput<typeof costSchema>;

const wakeWait = v.strictObject({
  wait_ns: v.pipe(nanoseconds, about('how long the thread had waited')),
  calls_ns: v.pipe(v.array(nanoseconds), v.minLength(1), about('what each took of the call that made it')),
  latencies_ns: v.pipe(
    v.array(nanoseconds),
    v.minLength(1),
    about('from there until the thread ran, in the same order'),
  ),
});

const wakeTableSchema = v.strictObject({
  ground: v.pipe(v.string(), v.nonEmpty(), about('how they were measured')),
  waits: v.pipe(
    v.array(
      v.pipe(
        wakeWait,
        holds(
          ({ calls_ns, latencies_ns }) => calls_ns.length === latencies_ns.length,
          'it has more calls than latencies, or fewer',
          'give each wake-up both',
        ),
      ),
    ),
    v.minLength(1),
    holds(
      (waits) => waits.every(({ wait_ns }, i) => i === 0 || wait_ns > (waits[i - 1]?.wait_ns ?? 0)),
      'its waits do not rise',
      'sort them, each once',
    ),
    about('equally likely wake-ups of each wait; between two of them either is drawn, by how near it is'),
  ),
});

/** Wake-ups by how long the woken thread had waited, equally likely ones of each wait. */
export type WakeTable = v.InferOutput<typeof wakeTableSchema>;

/** The schema, also for the published JSON Schema. */
export const costSetSchema = v.strictObject({
  $schema: v.optional(v.string()),
  schema: v.literal(COSTS_SCHEMA),
  name: v.pipe(v.string(), v.nonEmpty(), about('the name of the set')),
  about: v.pipe(v.string(), about('what was measured, or assumed, in a sentence')),
  machine: v.pipe(
    v.optional(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]))),
    about('what they were measured on'),
  ),
  costs: v.strictObject(mapCosts((name) => v.pipe(costSchema, about(COST_MEANINGS[name])))),
  wakes: v.pipe(
    v.optional(wakeTableSchema),
    about('wake-ups as they were measured; without them wake_ns, wake_idle_ns and wake_call_ns count'),
  ),
});

/** A set of costs, as `calibrate` writes it. */
export type CostSet = v.InferOutput<typeof costSetSchema>;

/** One number for each cost, and the wake-ups where they were measured. */
export type DrawnCosts = Readonly<Record<CostName, number>> & { readonly wakes?: WakeTable | undefined };

/**
 * Checks a document that was read from a file.
 *
 * @param file what errors call it
 * @throws `usage-document`, with the path in it
 */
export function parseCosts(document: unknown, file: string): CostSet {
  return checkDocument(costSetSchema, document, file);
}

/** The numbers for a seed; each range has a stream of its own, so that one never shifts another. */
export function drawCosts(set: CostSet, seed: number): DrawnCosts {
  const numbers = mapCosts((name) => {
    const { value } = set.costs[name];
    if (typeof value === 'number') return value;
    return new Random(seed, `costs.${name}`).uniform(value[0], value[1]);
  });
  return { ...numbers, wakes: set.wakes };
}
