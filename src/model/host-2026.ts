/** Costs of a virtual machine of 2026, each measured. */
import { COSTS_SCHEMA, type CostSet } from './costs.ts';

/** What `pagepipe calibrate` found, to three digits. */
export const HOST_2026: CostSet = {
  schema: COSTS_SCHEMA,
  name: 'host-2026',
  about:
    'two cores of an AMD EPYC as a virtual machine, Linux 6.18, Node 20.20; made by: pagepipe calibrate -o host-2026.json, while a CPU was free for the reader',
  machine: {
    node: '20.20.2',
    platform: 'linux',
    release: '6.18.44-fc-v657',
    arch: 'x64',
    cpus: 2,
    cpu: 'AMD EPYC',
    memory_bytes: 25276510208,
  },
  costs: {
    zero_page_ns: {
      value: 226,
      ground:
        'measured: written zero pages, more than the cache holds, through the encoder, less its calls; median of 31 rounds, 10th to 90th percentile 222 to 229',
    },
    zero_hot_page_ns: {
      value: 45.7,
      ground:
        'measured: never-written pages, read a second time, through the encoder, less its calls; median of 31 rounds, 10th to 90th percentile 45 to 47.7',
    },
    normal_page_ns: {
      value: 212,
      ground:
        'measured: written pages, more than the cache holds, by 32 KiB of records a call, less the calls; median of 31 rounds, 10th to 90th percentile 188 to 221',
    },
    fault_ns: {
      value: 645,
      ground:
        'measured: never-written pages of a new memory, less the same read again; median of 31 rounds, 10th to 90th percentile 626 to 666',
    },
    reset_page_ns: { value: 0, ground: 'synthetic guests log their own writes: there is nothing to reset' },
    encode_call_ns: {
      value: 313,
      ground:
        'measured: calls for one hot page less the page, and what the save loop does around each; median of 31 rounds, 10th to 90th percentile 256 to 361',
    },
    iterate_call_ns: {
      value: 1070,
      ground:
        'measured: turns of the save loop on a channel that says EAGAIN after each encode, less the encode; median of 31 rounds, 10th to 90th percentile 1000 to 1530',
    },
    sync_call_ns: {
      value: 291,
      ground:
        'measured: dirty sync of a guest of 64 pages; median of 31 rounds, 10th to 90th percentile 290 to 350',
    },
    sync_page_ns: {
      value: 0.00436,
      ground:
        'measured: dirty sync of a guest of 1 GiB less that; median of 31 rounds, 10th to 90th percentile 0.00428 to 0.00447',
    },
    walk_page_ns: {
      value: 1.08,
      ground:
        'measured: a loop in JavaScript over a byte for each page of 1 GiB; median of 31 rounds, 10th to 90th percentile 1.06 to 1.18',
    },
    write_call_ns: {
      value: 7790,
      ground:
        'measured: writes to an empty pipe whose reader, another process, sleeps in its read: line through the medians of 4 to 64 KiB; median of 31 rounds, 10th to 90th percentile 7260 to 8010; a write of a page takes 1040 in all where nobody is to be woken',
    },
    write_byte_ns: {
      value: 0.102,
      ground:
        'measured: as write_call_ns, its slope; median of 31 rounds, 10th to 90th percentile 0.0947 to 0.124',
    },
    eagain_call_ns: {
      value: 8570,
      ground:
        'measured: a whole write to a full pipe, with the error that Node makes of it; median of 31 rounds, 10th to 90th percentile 8010 to 8770',
    },
    read_call_ns: {
      value: 435,
      ground:
        'measured: reads of what another process wrote, timed where they are made: line through the medians of 4 to 64 KiB; median of 31 rounds, 10th to 90th percentile 366 to 467',
    },
    read_byte_ns: {
      value: 0.107,
      ground:
        'measured: as read_call_ns, its slope; median of 31 rounds, 10th to 90th percentile 0.1 to 0.126',
    },
    wait_call_ns: {
      value: 3710,
      ground:
        'measured: the call that waits for room in a full pipe, until it returns; median of 31 rounds, 10th to 90th percentile 2460 to 4390',
    },
    notify_call_ns: {
      value: 2560,
      ground:
        'measured: from that call until the loop may go on, less the time in poll and the write of a page; median of 31 rounds, 10th to 90th percentile 2240 to 3450',
    },
    turn_ns: {
      value: 1470,
      ground:
        'measured: setImmediate with a timer that is far away; median of 31 rounds, 10th to 90th percentile 982 to 1860',
    },
    wake_ns: {
      value: 23900,
      ground:
        'measured: half a round trip between two processes by two pipes, less a write that wakes nobody; median of 31 rounds, 10th to 90th percentile 2860 to 26500',
    },
    wake_idle_ns: {
      value: 31700,
      ground:
        'measured: the way there after a wait of 2 ms, less a write that wakes nobody; median of 31 rounds, 10th to 90th percentile 26200 to 49800',
    },
    idle_after_ns: {
      value: 619000,
      ground: 'measured: the wait after which the latency is in the middle between wake_ns and wake_idle_ns',
    },
    sleep_late_ns: {
      value: 78300,
      ground: 'measured: Atomics.wait of 300 us; median of 31 rounds, 10th to 90th percentile 74300 to 79400',
    },
    timer_grain_ns: {
      value: 1000000,
      ground: "Node's timers count whole milliseconds (lib/internal/timers.js)",
    },
    timer_late_ns: {
      value: 93000,
      ground:
        'measured: setTimeout of 1 to 5 ms, begun anywhere within a millisecond; median of 31 rounds, 10th to 90th percentile 85900 to 151000',
    },
    file_call_ns: {
      value: 3200,
      ground:
        'measured: writes to the end of a new file: line through the medians of 4 to 64 KiB; median of 31 rounds, 10th to 90th percentile 3120 to 3280',
    },
    file_byte_ns: {
      value: 0.24,
      ground:
        'measured: as file_call_ns, its slope; median of 31 rounds, 10th to 90th percentile 0.237 to 0.246',
    },
    direct_call_ns: {
      value: 55200,
      ground:
        'measured: CPU time of writes of 1 MiB by O_DIRECT; median of 31 rounds, 10th to 90th percentile 53600 to 57100',
    },
    memmove_byte_ns: {
      value: 0.0317,
      ground:
        'measured: copyWithin over 16 MiB; median of 31 rounds, 10th to 90th percentile 0.0281 to 0.0384',
    },
    switch_ns: {
      value: 4440,
      ground:
        'measured: half a round trip of two threads on one CPU by Atomics, futex calls included, so rather too much; median of 31 rounds, 10th to 90th percentile 4290 to 5200',
    },
  },
};
