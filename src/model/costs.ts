/** What things cost, in CPU time and in waiting: a set of numbers, each with its ground. */

import * as v from 'valibot';
import { fail } from '../errors.ts';
import { COSTS_SCHEMA } from '../stats/schemas.ts';
import { checkDocument } from './document.ts';
import { holds } from './holds.ts';
import { Random } from './random.ts';

/** Every cost of the model, and what it is. All are nanoseconds, and those that end in `_byte_ns` a byte. */
export const COST_MEANINGS = {
  zero_page_ns: 'finding a page of zeros in memory to be one, and its record',
  zero_hot_page_ns: 'the same for a page in the cache: a never-touched one, which reads as one shared page',
  normal_page_ns: 'finding a page to be none of zeros, and copying it to the staging buffer',
  fault_ns: 'the first read of a never-touched page, besides',
  reset_page_ns: 'making the next write to a page be noticed again (dirty log, TLB)',
  encode_call_ns: 'a call of the encoder, whatever it finds',
  iterate_call_ns: 'a call of the save loop, whatever it does',
  resume_call_ns: 'the same right after a try that found room, up to its first write',
  sync_call_ns: 'a dirty sync',
  sync_page_ns: 'a dirty sync, for each page of the guest',
  walk_page_ns: 'a walk over a byte for each page of the guest, a page',
  write_call_ns: 'a write to a pipe that wakes nobody, whatever it takes',
  wake_call_ns: 'what a read or a write of a pipe takes longer because it wakes the other end',
  write_byte_ns: 'copying into a pipe',
  rewrite_call_ns: 'the system call again, which Node makes within a write of which less was taken',
  eagain_call_ns: 'a write to a full pipe, the whole call',
  read_call_ns: 'a read from a pipe',
  read_byte_ns: 'copying out of a pipe',
  wait_call_ns: 'having the main loop wait for room in a pipe',
  notify_call_ns: 'what the main loop does when there is room, before the save loop is called',
  turn_ns: 'a turn of the main loop in which nothing else is due',
  wake_ns: 'from an event to the blocked thread that runs again, after a short wait',
  wake_idle_ns: 'the same after a long wait: the CPU has gone to a deeper idle state',
  idle_after_ns: 'a long wait is one of so much',
  sleep_late_ns: 'how much later than asked a sleeping thread runs again',
  timer_grain_ns: 'timers of the main loop count in such steps',
  timer_late_ns: 'how much later than asked a timer of the main loop fires',
  file_call_ns: 'a write to a file through the page cache',
  file_byte_ns: 'copying into the page cache',
  direct_call_ns: 'a write by O_DIRECT, besides what the disk takes',
  memmove_byte_ns: 'moving a backlog in memory',
  switch_ns: 'putting another thread on a CPU',
} as const;

export type CostName = keyof typeof COST_MEANINGS;

const COST_NAMES: readonly CostName[] = keysOf(COST_MEANINGS);

function keysOf<Key extends string>(object: Readonly<Record<Key, string>>): Key[] {
  const keys: Key[] = [];
  for (const key in object) keys.push(key);
  return keys;
}

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

/** A value for every cost. */
export function mapCosts<Value>(costOf: (name: CostName) => Value): Record<CostName, Value> {
  const entries = COST_NAMES.map((name) => [name, costOf(name)] as const);
  const all: Partial<Record<CostName, Value>> = Object.fromEntries(entries);
  if (!isWhole(all)) throw fail('internal-model', { what: 'a cost has no value' });
  return all;
}

function isWhole<Value>(all: Partial<Record<CostName, Value>>): all is Record<CostName, Value> {
  return COST_NAMES.every((name) => name in all);
}
