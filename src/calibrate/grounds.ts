/** How each cost was measured, in words; and what stands in for what could not be. */

import type { Cost } from '../model/scenario/costs.ts';
import type { CostName } from '../results/costs.ts';

/** The costs that are measured in rounds. */
export type RoundName = Exclude<CostName, 'reset_page_ns' | 'timer_grain_ns' | 'idle_after_ns'>;

const PIPE_SIZES = 'line through the medians of 4 to 64 KiB';

export const HOW: Readonly<Record<RoundName, string>> = {
  zero_page_ns: 'written zero pages, more than the cache holds, through the encoder, less its calls',
  zero_hot_page_ns: 'never-written pages, read a second time, through the encoder, less its calls',
  normal_page_ns: 'written pages, more than the cache holds, by 32 KiB of records a call, less the calls',
  fault_ns: 'never-written pages of a new memory, less the same read again',
  encode_call_ns: 'calls for one hot page less the page, and what the save loop does around each',
  iterate_call_ns:
    'turns of the save loop on a channel that says EAGAIN after each encode, less the encode, after a wait of 300 us',
  resume_call_ns:
    'from a try that finds room to the next write of the save loop, on a channel that writes nothing',
  sync_call_ns: 'dirty sync of a guest of 64 pages',
  sync_page_ns: 'dirty sync of a guest of 1 GiB less that',
  walk_page_ns: 'a loop in JavaScript over a byte for each page of 1 GiB',
  write_call_ns: 'writes of a page that wake nobody, less the copying',
  wake_call_ns: `writes to an empty pipe whose reader, another process, sleeps: ${PIPE_SIZES}, less write_call_ns`,
  write_byte_ns: `as wake_call_ns, its slope`,
  rewrite_call_ns: 'writes of two pages to a pipe with room for one, less writes of one page',
  eagain_call_ns:
    'a whole write to a full pipe, with the error that Node makes of it, once a turn of the event loop',
  read_call_ns: 'reads of the last page of a full pipe after all before it, less the copying',
  read_byte_ns: `reads of what another process wrote, timed where they are made: slope of the ${PIPE_SIZES}`,
  wait_call_ns: 'the call that waits for room in a full pipe, until it returns',
  notify_call_ns: 'from that call until the loop may go on, less the time in poll and the write of a page',
  turn_ns: 'setImmediate with a timer that is far away',
  wake_ns:
    'from a write to behind the read that it wakes, after a wait of 1 to 10 us or nearly, less a write that wakes nobody',
  wake_idle_ns: 'the same after a wait of 300 us and more, or nearly',
  sleep_late_ns: 'Atomics.wait of 300 us',
  timer_late_ns: 'setTimeout of 1 to 5 ms, begun anywhere within a millisecond',
  file_call_ns: `writes to the end of a new file: ${PIPE_SIZES}`,
  file_byte_ns: 'as file_call_ns, its slope',
  direct_call_ns: 'CPU time of writes of 1 MiB by O_DIRECT',
  memmove_byte_ns: 'copyWithin over 16 MiB',
  switch_ns:
    'half a round trip of two threads on one CPU by Atomics, futex calls included, so rather too much',
};

/** Of what no measurement is asked. */
export const GIVEN = {
  reset_page_ns: { value: 0, ground: 'synthetic guests log their own writes: there is nothing to reset' },
  timer_grain_ns: { value: 1e6, ground: "Node's timers count whole milliseconds (lib/internal/timers.js)" },
} satisfies Partial<Record<CostName, Cost>>;

/** For where a measurement is not possible. */
export const ASSUMED: Partial<Record<CostName, Cost>> = {
  wake_ns: { value: 10_000, ground: 'assumed: no reader was found that had waited for some microseconds' },
  wake_idle_ns: { value: 50_000, ground: 'assumed: no reader was found that had waited for long' },
  direct_call_ns: {
    value: 100_000,
    ground: 'assumed, 256 pages pinned and mapped: this file system knows no O_DIRECT',
  },
  switch_ns: {
    value: 2000,
    ground: 'assumed, a context switch of a machine of today: no process can be kept on one CPU here',
  },
};
