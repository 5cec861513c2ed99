/**
 * The other process of `calibrate`: reads pipes the way the helper does, blocking, and times what only a
 * reader can. See calibrate/peer-protocol for what it is told and what it answers.
 */
import { readSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { now_ns, shared_ns, sleep, time_ns } from './numbers.ts';
import {
  ANSWER_FD,
  DATA_FD,
  DRAIN,
  DRAIN_LATE,
  DRAIN_SIZES,
  END_BYTE,
  ORDER_FD,
  ORDER_NUMBERS,
  PAGE_BYTES,
  PIPE_SIZES,
  READ,
  READ_LAST_PAGE,
  READ_TIMES,
  SWITCH,
} from './peer-protocol.ts';

/** The helper's unit of reading; it is filled from its begin to its end, so what is read stands in no cache. */
const buffer = new Uint8Array(2 ** 20);
const LATE_NS = 200_000;
/** Against a thread that never starts; a busy machine takes its time. */
const THREAD_PATIENCE_MS = 60_000;

function answer(value: number): void {
  writeSync(ANSWER_FD, new Uint8Array(Float64Array.of(value).buffer));
}

/** The measurement is gone, and there is nobody to tell. */
function gone(): never {
  process.exit(0);
}

function readData(bytes: number): void {
  for (let fill = 0; fill < bytes; ) {
    const some_bytes = readSync(DATA_FD, buffer, fill, bytes - fill, null);
    if (some_bytes === 0) gone();
    fill += some_bytes;
  }
}

function drain(bytes: number): void {
  readData(bytes);
  answer(0);
}

function drainSizes(times: number): void {
  for (let i = 0; i < times; i++) for (const bytes of PIPE_SIZES) drain(bytes);
}

let read_at = 0;

/** One call, as the helper makes it: it asks for what is left of its block. */
function read(bytes: number): void {
  if (read_at + bytes > buffer.length) read_at = 0;
  let taken = 0;
  const elapsed_ns = time_ns(() => {
    taken = readSync(DATA_FD, buffer, read_at, buffer.length - read_at, null);
  });
  read_at += bytes;
  if (taken < bytes) readData(bytes - taken);
  answer(taken === bytes ? elapsed_ns : Number.NaN);
}

/** The last page of what stands in the pipe is read by itself, after all before it: what a reader does that catches up. */
function readLastPage(bytes: number): void {
  readData(bytes - PAGE_BYTES);
  const before_ns = now_ns();
  readData(PAGE_BYTES);
  answer(now_ns() - before_ns);
}

/** Two numbers a read, by the clock that all processes of a machine share (CLOCK_MONOTONIC). */
function readTimes(bytes: number, times: number): void {
  const at_ns = new Float64Array(2 * times);
  for (let i = 0; i < times; i++) {
    at_ns[2 * i] = shared_ns();
    const some_bytes = readSync(DATA_FD, buffer, 0, bytes, null);
    at_ns[2 * i + 1] = shared_ns();
    if (some_bytes === 0) gone();
  }
  for (const value of at_ns) answer(value);
}

/** Sleeps so long that whoever fills the pipe waits for room, and its CPU is idle. */
function drainLate(): void {
  for (;;) {
    sleep(LATE_NS);
    const bytes = readSync(DATA_FD, buffer, 0, buffer.length, null);
    if (bytes === 0) gone();
    if (buffer[bytes - 1] === END_BYTE) break;
  }
  answer(0);
}

/** Whose turn it is: 0 before the other thread runs, 1 the other's, 2 this one's. */
const turn = new Int32Array(new SharedArrayBuffer(4));

const OTHER_THREAD = `
  const turn = require('node:worker_threads').workerData;
  for (;;) {
    Atomics.store(turn, 0, 2);
    Atomics.notify(turn, 0);
    Atomics.wait(turn, 0, 2);
  }
`;

/** Half a round trip between two threads, less what waking and waiting take where nobody is there. */
function switchThreads(times: number): void {
  if (Atomics.load(turn, 0) === 0) {
    new Worker(OTHER_THREAD, { eval: true, workerData: turn }).unref();
    Atomics.wait(turn, 0, 0, THREAD_PATIENCE_MS);
  }
  if (Atomics.load(turn, 0) !== 2) {
    answer(Number.NaN);
    return;
  }
  const before_ns = now_ns();
  for (let i = 0; i < times; i++) {
    Atomics.store(turn, 0, 1);
    Atomics.notify(turn, 0);
    Atomics.wait(turn, 0, 1);
  }
  const half_ns = (now_ns() - before_ns) / times / 2;
  const calls_ns = time_ns(() => {
    for (let i = 0; i < times; i++) {
      Atomics.notify(turn, 0, 0);
      Atomics.wait(turn, 0, 1);
    }
  });
  answer(Math.max(0, half_ns - calls_ns / times));
}

const order = new Float64Array(ORDER_NUMBERS);

// Ctrl-C goes to the whole group of processes; the measurement decides what becomes of this one
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);

try {
  while (readSync(ORDER_FD, order, 0, order.byteLength, null) === order.byteLength) {
    const [what, bytes = 0, times = 0] = order;
    if (what === DRAIN) drain(bytes);
    if (what === DRAIN_SIZES) drainSizes(times);
    if (what === READ) read(bytes);
    if (what === READ_LAST_PAGE) readLastPage(bytes);
    if (what === READ_TIMES) readTimes(bytes, times);
    if (what === DRAIN_LATE) drainLate();
    if (what === SWITCH) switchThreads(times);
  }
} catch {
  // the measurement is gone in the middle of an order
}
gone();
