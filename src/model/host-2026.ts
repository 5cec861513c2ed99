/** Costs of a virtual machine of 2026, each measured. */
import { COSTS_SCHEMA, type CostSet } from './costs.ts';

/** What `pagepipe calibrate` found, to three digits, on a machine that was busy with other work. */
export const HOST_2026: CostSet = {
  schema: COSTS_SCHEMA,
  name: 'host-2026',
  about:
    'two cores of an AMD EPYC as a virtual machine, Linux 6.18, Node 20.20; made by: pagepipe calibrate -o host-2026.json, with other programs on both cores (0 % idle): wake_ns, wake_idle_ns, write_call_ns and idle_after_ns differ by the load, measure again on a quiet machine',
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
      value: 229,
      ground:
        'measured: written zero pages, more than the cache holds, through the encoder, less its calls; median of 31 rounds, 10th to 90th percentile 223 to 252',
    },
    zero_hot_page_ns: {
      value: 44.9,
      ground:
        'measured: never-written pages, read a second time, through the encoder, less its calls; median of 31 rounds, 10th to 90th percentile 44.1 to 45.7',
    },
    normal_page_ns: {
      value: 199,
      ground:
        'measured: written pages, more than the cache holds, by 32 KiB of records a call, less the calls; median of 31 rounds, 10th to 90th percentile 193 to 224',
    },
    fault_ns: {
      value: 637,
      ground:
        'measured: never-written pages of a new memory, less the same read again; median of 31 rounds, 10th to 90th percentile 627 to 652',
    },
    reset_page_ns: { value: 0, ground: 'synthetic guests log their own writes: there is nothing to reset' },
    encode_call_ns: {
      value: 320,
      ground:
        'measured: calls for one hot page less the page, and what the save loop does around each; median of 31 rounds, 10th to 90th percentile 290 to 335',
    },
    iterate_call_ns: {
      value: 1050,
      ground:
        'measured: turns of the save loop on a channel that says EAGAIN after each encode, less the encode; median of 31 rounds, 10th to 90th percentile 1000 to 1340',
    },
    sync_call_ns: {
      value: 280,
      ground:
        'measured: dirty sync of a guest of 64 pages; median of 31 rounds, 10th to 90th percentile 271 to 321',
    },
    sync_page_ns: {
      value: 0.00428,
      ground:
        'measured: dirty sync of a guest of 1 GiB less that; median of 31 rounds, 10th to 90th percentile 0.0042 to 0.00439',
    },
    walk_page_ns: {
      value: 1.07,
      ground:
        'measured: a loop in JavaScript over a byte for each page of 1 GiB; median of 31 rounds, 10th to 90th percentile 1.04 to 1.17',
    },
    write_call_ns: {
      value: 6060,
      ground:
        'measured: writes to an empty pipe whose reader, another process, sleeps in its read: line through the medians of 4 to 64 KiB; median of 31 rounds, 10th to 90th percentile 5900 to 7610; a write of a page takes 901 in all where nobody is to be woken',
    },
    write_byte_ns: {
      value: 0.164,
      ground:
        'measured: as write_call_ns, its slope; median of 31 rounds, 10th to 90th percentile 0.101 to 0.169',
    },
    eagain_call_ns: {
      value: 8440,
      ground:
        'measured: a whole write to a full pipe, with the error that Node makes of it; median of 31 rounds, 10th to 90th percentile 7950 to 8750',
    },
    read_call_ns: {
      value: 249,
      ground:
        'measured: reads of what another process wrote, timed where they are made: line through the medians of 4 to 64 KiB; median of 31 rounds, 10th to 90th percentile 206 to 354',
    },
    read_byte_ns: {
      value: 0.104,
      ground:
        'measured: as read_call_ns, its slope; median of 31 rounds, 10th to 90th percentile 0.0964 to 0.148',
    },
    wait_call_ns: {
      value: 5510,
      ground:
        'measured: the call that waits for room in a full pipe, until it returns; median of 31 rounds, 10th to 90th percentile 3990 to 8930',
    },
    notify_call_ns: {
      value: 6070,
      ground:
        'measured: from that call until the loop may go on, less the time in poll and the write of a page; median of 31 rounds, 10th to 90th percentile 3150 to 9860',
    },
    turn_ns: {
      value: 1530,
      ground:
        'measured: setImmediate with a timer that is far away; median of 31 rounds, 10th to 90th percentile 1150 to 1820',
    },
    wake_ns: {
      value: 2940,
      ground:
        'measured: half a round trip between two processes by two pipes, less a write that wakes nobody; median of 31 rounds, 10th to 90th percentile 2780 to 12500',
    },
    wake_idle_ns: {
      value: 8860,
      ground:
        'measured: the way there after a wait of 2 ms, less a write that wakes nobody; median of 31 rounds, 10th to 90th percentile 6540 to 1930000',
    },
    idle_after_ns: {
      value: 1330000,
      ground: 'measured: the wait after which the latency is in the middle between wake_ns and wake_idle_ns',
    },
    sleep_late_ns: {
      value: 78400,
      ground: 'measured: Atomics.wait of 300 us; median of 31 rounds, 10th to 90th percentile 66800 to 86000',
    },
    timer_grain_ns: {
      value: 1000000,
      ground: "Node's timers count whole milliseconds (lib/internal/timers.js)",
    },
    timer_late_ns: {
      value: 172000,
      ground:
        'measured: setTimeout of 1 to 5 ms, begun anywhere within a millisecond; median of 31 rounds, 10th to 90th percentile 100000 to 211000',
    },
    file_call_ns: {
      value: 3010,
      ground:
        'measured: writes to the end of a new file: line through the medians of 4 to 64 KiB; median of 31 rounds, 10th to 90th percentile 2890 to 3110',
    },
    file_byte_ns: {
      value: 0.242,
      ground:
        'measured: as file_call_ns, its slope; median of 31 rounds, 10th to 90th percentile 0.235 to 0.251',
    },
    direct_call_ns: {
      value: 76700,
      ground:
        'measured: CPU time of writes of 1 MiB by O_DIRECT; median of 31 rounds, 10th to 90th percentile 58200 to 87400',
    },
    memmove_byte_ns: {
      value: 0.0384,
      ground:
        'measured: copyWithin over 16 MiB; median of 31 rounds, 10th to 90th percentile 0.0337 to 0.049',
    },
    switch_ns: {
      value: 4530,
      ground:
        'measured: half a round trip of two threads on one CPU by Atomics, futex calls included, so rather too much; median of 31 rounds, 10th to 90th percentile 4360 to 5690',
    },
  },
};
