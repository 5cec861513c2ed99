/** Costs of a machine of 2026, as calibrate measured them. */
import { COSTS_SCHEMA, type CostSet } from './costs.ts';

export const HOST_2026: CostSet = {
  schema: COSTS_SCHEMA,
  name: 'host-2026',
  about:
    'two cores of an AMD EPYC as a virtual machine, otherwise idle, Linux 6.18, Node 20.20; made by: ' +
    'pagepipe calibrate -o host-2026.json',
  costs: {
    zero_page_ns: {
      value: 224,
      ground:
        'measured: written zero pages, more than the cache holds, through the encoder, less its calls; median of 31 rounds, 10th to 90th percentile 219 to 240',
    },
    zero_hot_page_ns: {
      value: 44.8,
      ground:
        'measured: never-written pages, read a second time, through the encoder, less its calls; median of 31 rounds, 10th to 90th percentile 43.5 to 46.4',
    },
    normal_page_ns: {
      value: 200,
      ground:
        'measured: written pages, more than the cache holds, by 32 KiB of records a call, less the calls; median of 31 rounds, 10th to 90th percentile 168 to 222',
    },
    fault_ns: {
      value: 618,
      ground:
        'measured: never-written pages of a new memory, less the same read again; median of 31 rounds, 10th to 90th percentile 610 to 624',
    },
    reset_page_ns: { value: 0, ground: 'synthetic guests log their own writes: there is nothing to reset' },
    encode_call_ns: {
      value: 421,
      ground:
        'measured: calls for one hot page less the page, and what the save loop does around each; median of 31 rounds, 10th to 90th percentile 361 to 456',
    },
    iterate_call_ns: {
      value: 751,
      ground:
        'measured: turns of the save loop on a channel that says EAGAIN after each encode, less the encode; median of 31 rounds, 10th to 90th percentile 702 to 1250',
    },
    sync_call_ns: {
      value: 270,
      ground:
        'measured: dirty sync of a guest of 64 pages; median of 31 rounds, 10th to 90th percentile 260 to 331',
    },
    sync_page_ns: {
      value: 0.00424,
      ground:
        'measured: dirty sync of a guest of 1 GiB less that; median of 31 rounds, 10th to 90th percentile 0.00417 to 0.00474',
    },
    walk_page_ns: {
      value: 1.06,
      ground:
        'measured: a loop in JavaScript over a byte for each page of 1 GiB; median of 31 rounds, 10th to 90th percentile 1.03 to 1.18',
    },
    write_call_ns: {
      value: 546,
      ground:
        'measured: writes of a page that wake nobody, less the copying; median of 31 rounds, 10th to 90th percentile 478 to 579',
    },
    wake_call_ns: {
      value: 6800,
      ground:
        'measured: writes to an empty pipe whose reader, another process, sleeps: line through the medians of 4 to 64 KiB, less write_call_ns; median of 31 rounds, 10th to 90th percentile 6580 to 7050',
    },
    write_byte_ns: {
      value: 0.111,
      ground:
        'measured: as wake_call_ns, its slope; median of 31 rounds, 10th to 90th percentile 0.105 to 0.122',
    },
    eagain_call_ns: {
      value: 8500,
      ground:
        'measured: a whole write to a full pipe, with the error that Node makes of it; median of 31 rounds, 10th to 90th percentile 7830 to 8660',
    },
    read_call_ns: {
      value: 419,
      ground:
        'measured: reads of what another process wrote, timed where they are made: line through the medians of 4 to 64 KiB; median of 31 rounds, 10th to 90th percentile 340 to 538',
    },
    read_byte_ns: {
      value: 0.115,
      ground:
        'measured: as read_call_ns, its slope; median of 31 rounds, 10th to 90th percentile 0.106 to 0.138',
    },
    wait_call_ns: {
      value: 3740,
      ground:
        'measured: the call that waits for room in a full pipe, until it returns; median of 31 rounds, 10th to 90th percentile 2460 to 4300',
    },
    notify_call_ns: {
      value: 2350,
      ground:
        'measured: from that call until the loop may go on, less the time in poll and the write of a page; median of 31 rounds, 10th to 90th percentile 2120 to 2700',
    },
    turn_ns: {
      value: 1200,
      ground:
        'measured: setImmediate with a timer that is far away; median of 31 rounds, 10th to 90th percentile 892 to 1810',
    },
    wake_ns: {
      value: 23700,
      ground:
        'measured: half a round trip between two processes by two pipes, less a write that wakes nobody; median of 31 rounds, 10th to 90th percentile 11400 to 25400',
    },
    wake_idle_ns: {
      value: 31300,
      ground:
        'measured: the way there after a wait of 2 ms, less a write that wakes nobody; median of 31 rounds, 10th to 90th percentile 29900 to 45700',
    },
    idle_after_ns: {
      value: 793000,
      ground: 'measured: the wait after which the latency is in the middle between wake_ns and wake_idle_ns',
    },
    sleep_late_ns: {
      value: 76700,
      ground: 'measured: Atomics.wait of 300 us; median of 31 rounds, 10th to 90th percentile 72800 to 79500',
    },
    timer_grain_ns: {
      value: 1000000,
      ground: "Node's timers count whole milliseconds (lib/internal/timers.js)",
    },
    timer_late_ns: {
      value: 104000,
      ground:
        'measured: setTimeout of 1 to 5 ms, begun anywhere within a millisecond; median of 31 rounds, 10th to 90th percentile 91300 to 127000',
    },
    file_call_ns: {
      value: 2990,
      ground:
        'measured: writes to the end of a new file: line through the medians of 4 to 64 KiB; median of 31 rounds, 10th to 90th percentile 2910 to 3060',
    },
    file_byte_ns: {
      value: 0.231,
      ground:
        'measured: as file_call_ns, its slope; median of 31 rounds, 10th to 90th percentile 0.225 to 0.242',
    },
    direct_call_ns: {
      value: 50700,
      ground:
        'measured: CPU time of writes of 1 MiB by O_DIRECT; median of 31 rounds, 10th to 90th percentile 49600 to 52800',
    },
    memmove_byte_ns: {
      value: 0.0289,
      ground:
        'measured: copyWithin over 16 MiB; median of 31 rounds, 10th to 90th percentile 0.025 to 0.0405',
    },
    switch_ns: {
      value: 4280,
      ground:
        'measured: half a round trip of two threads on one CPU by Atomics, futex calls included, so rather too much; median of 31 rounds, 10th to 90th percentile 4080 to 4500',
    },
  },
};
