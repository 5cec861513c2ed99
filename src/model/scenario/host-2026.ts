/** Costs of a machine of 2026, as calibrate measured them. */
import { COSTS_SCHEMA } from '../../results/schemas.ts';
import type { CostSet } from './costs.ts';

export const HOST_2026: CostSet = {
  schema: COSTS_SCHEMA,
  name: 'host-2026',
  about:
    'two cores of an AMD EPYC as a virtual machine, otherwise idle, Linux 6.18, Node 20.20; made by: ' +
    'pagepipe calibrate -o host-2026.json',
  costs: {
    zero_page_ns: {
      value: 126,
      ground:
        'measured: written zero pages, more than the cache holds, through the encoder, less its calls; median of 31 rounds, 10th to 90th percentile 122 to 135',
    },
    zero_hot_page_ns: {
      value: 41.1,
      ground:
        'measured: never-written pages, read a second time, through the encoder, less its calls; median of 31 rounds, 10th to 90th percentile 40.3 to 41.9',
    },
    normal_page_ns: {
      value: 208,
      ground:
        'measured: written pages, more than the cache holds, by 32 KiB of records a call, less the calls; median of 31 rounds, 10th to 90th percentile 202 to 213',
    },
    fault_ns: {
      value: 616,
      ground:
        'measured: never-written pages of a new memory, less the same read again; median of 31 rounds, 10th to 90th percentile 609 to 633',
    },
    reset_page_ns: { value: 0, ground: 'synthetic guests log their own writes: there is nothing to reset' },
    encode_call_ns: {
      value: 1360,
      ground:
        'measured: calls for one hot page less the page, and what the save loop does around each; median of 31 rounds, 10th to 90th percentile 1300 to 1480',
    },
    iterate_call_ns: {
      value: 3270,
      ground:
        'measured: turns of the save loop on a channel that says EAGAIN after each encode, less the encode, after a wait of 300 us; median of 31 rounds, 10th to 90th percentile 3010 to 3680',
    },
    resume_call_ns: {
      value: 691,
      ground:
        'measured: from a try that finds room to the next write of the save loop, on a channel that writes nothing; median of 31 rounds, 10th to 90th percentile 661 to 811',
    },
    sync_call_ns: {
      value: 271,
      ground:
        'measured: dirty sync of a guest of 64 pages; median of 31 rounds, 10th to 90th percentile 270 to 440',
    },
    sync_page_ns: {
      value: 0.00428,
      ground:
        'measured: dirty sync of a guest of 1 GiB less that; median of 31 rounds, 10th to 90th percentile 0.0042 to 0.00443',
    },
    walk_page_ns: {
      value: 1.07,
      ground:
        'measured: a loop in JavaScript over a byte for each page of 1 GiB; median of 31 rounds, 10th to 90th percentile 1.05 to 1.21',
    },
    write_call_ns: {
      value: 737,
      ground:
        'measured: writes of a page that wake nobody, less the copying; median of 31 rounds, 10th to 90th percentile 675 to 779',
    },
    wake_call_ns: {
      value: 6740,
      ground:
        'measured: writes to an empty pipe whose reader, another process, sleeps: line through the medians of 4 to 64 KiB, less write_call_ns; median of 31 rounds, 10th to 90th percentile 6620 to 8430',
    },
    write_byte_ns: {
      value: 0.108,
      ground:
        'measured: as wake_call_ns, its slope; median of 31 rounds, 10th to 90th percentile 0.103 to 0.116',
    },
    rewrite_call_ns: {
      value: 300,
      ground:
        'measured: writes of two pages to a pipe with room for one, less writes of one page; median of 31 rounds, 10th to 90th percentile 281 to 360',
    },
    eagain_call_ns: {
      value: 2720,
      ground:
        'measured: a whole write to a full pipe, with the error that Node makes of it, once a turn of the event loop; median of 31 rounds, 10th to 90th percentile 2660 to 2780',
    },
    read_call_ns: {
      value: 673,
      ground:
        'measured: reads of the last page of a full pipe after all before it, less the copying; median of 31 rounds, 10th to 90th percentile 641 to 707',
    },
    read_byte_ns: {
      value: 0.11,
      ground:
        'measured: reads of what another process wrote, timed where they are made: slope of the line through the medians of 4 to 64 KiB; median of 31 rounds, 10th to 90th percentile 0.106 to 0.122',
    },
    wait_call_ns: {
      value: 301,
      ground:
        'measured: the call that waits for room in a full pipe, until it returns; median of 31 rounds, 10th to 90th percentile 271 to 571',
    },
    notify_call_ns: {
      value: 5810,
      ground:
        'measured: from that call until the loop may go on, less the time in poll and the write of a page; median of 31 rounds, 10th to 90th percentile 4850 to 8840',
    },
    turn_ns: {
      value: 1110,
      ground:
        'measured: setImmediate with a timer that is far away; median of 31 rounds, 10th to 90th percentile 952 to 1810',
    },
    wake_ns: {
      value: 15000,
      ground:
        'measured: from a write to behind the read that it wakes, after a wait of 1 to 10 us, less a write that wakes nobody; median of 31 rounds, 10th to 90th percentile 13100 to 17200',
    },
    wake_idle_ns: {
      value: 30500,
      ground:
        'measured: the same after a wait of 300 us and more; median of 31 rounds, 10th to 90th percentile 24300 to 42700',
    },
    idle_after_ns: {
      value: 8370,
      ground: 'measured: the wait after which the latency is in the middle between wake_ns and wake_idle_ns',
    },
    sleep_late_ns: {
      value: 77500,
      ground: 'measured: Atomics.wait of 300 us; median of 31 rounds, 10th to 90th percentile 73000 to 78300',
    },
    timer_grain_ns: {
      value: 1000000,
      ground: "Node's timers count whole milliseconds (lib/internal/timers.js)",
    },
    timer_late_ns: {
      value: 94500,
      ground:
        'measured: setTimeout of 1 to 5 ms, begun anywhere within a millisecond; median of 31 rounds, 10th to 90th percentile 88600 to 108000',
    },
    file_call_ns: {
      value: 3310,
      ground:
        'measured: writes to the end of a new file: line through the medians of 4 to 64 KiB; median of 31 rounds, 10th to 90th percentile 3210 to 3420',
    },
    file_byte_ns: {
      value: 0.241,
      ground:
        'measured: as file_call_ns, its slope; median of 31 rounds, 10th to 90th percentile 0.238 to 0.247',
    },
    direct_call_ns: {
      value: 48000,
      ground:
        'measured: CPU time of writes of 1 MiB by O_DIRECT; median of 31 rounds, 10th to 90th percentile 45500 to 53700',
    },
    memmove_byte_ns: {
      value: 0.026,
      ground:
        'measured: copyWithin over 16 MiB; median of 31 rounds, 10th to 90th percentile 0.0245 to 0.0317',
    },
    switch_ns: {
      value: 4480,
      ground:
        'measured: half a round trip of two threads on one CPU by Atomics, futex calls included, so rather too much; median of 31 rounds, 10th to 90th percentile 4320 to 4740',
    },
  },
};
