/** The costs of a machine, as `calibrate` writes them and the model takes them: their names, and what each is. */

import { fail } from '../errors.ts';

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

/** A cost: a number, or the lowest and the highest, and why it is so much. */
export interface CostEntry {
  readonly value: number | readonly [low: number, high: number];
  readonly ground: string;
}

/** A set of costs, as far as a report needs it; the model's schema has the whole. */
export interface CostTable {
  readonly name: string;
  readonly costs: Readonly<Record<CostName, CostEntry>>;
}
