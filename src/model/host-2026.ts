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
      value: 221,
      ground:
        'measured: written zero pages, more than the cache holds, through the encoder, less its calls; median of 31 rounds, 10th to 90th percentile 219 to 223',
    },
    zero_hot_page_ns: {
      value: 44.4,
      ground:
        'measured: never-written pages, read a second time, through the encoder, less its calls; median of 31 rounds, 10th to 90th percentile 43.7 to 45.4',
    },
    normal_page_ns: {
      value: 166,
      ground:
        'measured: written pages, more than the cache holds, by 32 KiB of records a call, less the calls; median of 31 rounds, 10th to 90th percentile 159 to 173',
    },
    fault_ns: {
      value: 623,
      ground:
        'measured: never-written pages of a new memory, less the same read again; median of 31 rounds, 10th to 90th percentile 611 to 658',
    },
    reset_page_ns: { value: 0, ground: 'synthetic guests log their own writes: there is nothing to reset' },
    encode_call_ns: {
      value: 1120,
      ground:
        'measured: calls for one hot page less the page, and what the save loop does around each; median of 31 rounds, 10th to 90th percentile 1070 to 1170',
    },
    iterate_call_ns: {
      value: 2710,
      ground:
        'measured: turns of the save loop on a channel that says EAGAIN after each encode, less the encode, after a wait of 300 us; median of 31 rounds, 10th to 90th percentile 2510 to 2950',
    },
    sync_call_ns: {
      value: 261,
      ground:
        'measured: dirty sync of a guest of 64 pages; median of 31 rounds, 10th to 90th percentile 251 to 420',
    },
    sync_page_ns: {
      value: 0.00424,
      ground:
        'measured: dirty sync of a guest of 1 GiB less that; median of 31 rounds, 10th to 90th percentile 0.00417 to 0.00439',
    },
    walk_page_ns: {
      value: 1.04,
      ground:
        'measured: a loop in JavaScript over a byte for each page of 1 GiB; median of 31 rounds, 10th to 90th percentile 1.02 to 1.12',
    },
    write_call_ns: {
      value: 189,
      ground:
        'measured: writes of a page that wake nobody, less the copying; median of 31 rounds, 10th to 90th percentile 152 to 218',
    },
    wake_call_ns: {
      value: 5320,
      ground:
        'measured: writes to an empty pipe whose reader, another process, sleeps: line through the medians of 4 to 64 KiB, less write_call_ns; median of 31 rounds, 10th to 90th percentile 5200 to 5440',
    },
    write_byte_ns: {
      value: 0.162,
      ground:
        'measured: as wake_call_ns, its slope; median of 31 rounds, 10th to 90th percentile 0.159 to 0.171',
    },
    eagain_call_ns: {
      value: 9270,
      ground:
        'measured: a whole write to a full pipe, with the error that Node makes of it, after a wait of 300 us; median of 31 rounds, 10th to 90th percentile 8540 to 9800',
    },
    read_call_ns: {
      value: 248,
      ground:
        'measured: reads of what another process wrote, timed where they are made: line through the medians of 4 to 64 KiB; median of 31 rounds, 10th to 90th percentile 220 to 336',
    },
    read_byte_ns: {
      value: 0.0923,
      ground:
        'measured: as read_call_ns, its slope; median of 31 rounds, 10th to 90th percentile 0.09 to 0.0968',
    },
    wait_call_ns: {
      value: 4300,
      ground:
        'measured: the call that waits for room in a full pipe, until it returns; median of 31 rounds, 10th to 90th percentile 3170 to 4720',
    },
    notify_call_ns: {
      value: 3240,
      ground:
        'measured: from that call until the loop may go on, less the time in poll and the write of a page; median of 31 rounds, 10th to 90th percentile 2940 to 3500',
    },
    turn_ns: {
      value: 1500,
      ground:
        'measured: setImmediate with a timer that is far away; median of 31 rounds, 10th to 90th percentile 1080 to 1760',
    },
    wake_ns: {
      value: 2500,
      ground:
        'measured: from a write to behind the read that it wakes, after a wait of 3 us, less a write that wakes nobody; median of 31 rounds, 10th to 90th percentile 2400 to 15900',
    },
    wake_idle_ns: {
      value: 26800,
      ground:
        'measured: the same after a wait of 2 ms; median of 31 rounds, 10th to 90th percentile 24200 to 36800',
    },
    idle_after_ns: {
      value: 1430000,
      ground: 'measured: the wait after which the latency is in the middle between wake_ns and wake_idle_ns',
    },
    sleep_late_ns: {
      value: 77400,
      ground: 'measured: Atomics.wait of 300 us; median of 31 rounds, 10th to 90th percentile 74200 to 78900',
    },
    timer_grain_ns: {
      value: 1000000,
      ground: "Node's timers count whole milliseconds (lib/internal/timers.js)",
    },
    timer_late_ns: {
      value: 118000,
      ground:
        'measured: setTimeout of 1 to 5 ms, begun anywhere within a millisecond; median of 31 rounds, 10th to 90th percentile 87800 to 146000',
    },
    file_call_ns: {
      value: 2990,
      ground:
        'measured: writes to the end of a new file: line through the medians of 4 to 64 KiB; median of 31 rounds, 10th to 90th percentile 2910 to 3040',
    },
    file_byte_ns: {
      value: 0.23,
      ground:
        'measured: as file_call_ns, its slope; median of 31 rounds, 10th to 90th percentile 0.226 to 0.235',
    },
    direct_call_ns: {
      value: 52500,
      ground:
        'measured: CPU time of writes of 1 MiB by O_DIRECT; median of 31 rounds, 10th to 90th percentile 50700 to 57400',
    },
    memmove_byte_ns: {
      value: 0.0314,
      ground:
        'measured: copyWithin over 16 MiB; median of 31 rounds, 10th to 90th percentile 0.0264 to 0.0368',
    },
    switch_ns: {
      value: 4350,
      ground:
        'measured: half a round trip of two threads on one CPU by Atomics, futex calls included, so rather too much; median of 31 rounds, 10th to 90th percentile 4230 to 4590',
    },
  },
};
