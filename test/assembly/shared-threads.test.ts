/** Two threads on one memory: one writes and marks pages while the other merges or encodes. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decode, freshState, wholeBlock } from '../ref/decode.ts';
import { SHARED_BUILD } from '../support/core-builds.ts';
import { Guarded, GuardedBlocks, type Range, sameBytes } from '../support/guarded.ts';

/** No round starts after this, however slow the machine; one that hangs fails a second later. */
const ROUNDS_MS = 800;
const HANG_MS = 1000;

/** Addresses of what the worker works on; page and mark counts. */
interface Task {
  bitmap: number;
  log: number;
  ram: number;
  pages: number;
  marks: number;
}

/**
 * The worker: does one round of `body` whenever `go` is raised, and ends when it is negative. Most lost
 * marks are made good by later ones of the same page; so there are many short rounds, each one checked.
 * It spins for the next: one that sleeps is woken on its waker's core, and then nothing runs side by side.
 */
function workerSource(body: string): string {
  return `
    const { module, memory, control, task } = require('node:worker_threads').workerData;
    const core = new WebAssembly.Instance(module, { env: { memory } }).exports;
    const i32 = new Int32Array(memory.buffer);
    const go = control / 4;
    const done = go + 1;
    for (let round = 1; ; round++) {
      while (Atomics.load(i32, go) === round - 1);
      if (Atomics.load(i32, go) < 0) break;
      ${body}
      Atomics.store(i32, done, round);
    }`;
}

/** Marks every page once in the log, neighbours apart in time. */
const MARK_EACH_ONCE = workerSource(`
  for (let i = 0; i < task.pages; i++) core.bitmap_set(task.log, (i * 67) % task.pages, 1);
`);

/** Writes a page, to zero now and then, and marks it: in the bitmap itself or in a log that it merges. */
const WRITE_AND_MARK = workerSource(`
  for (let i = 1; i <= task.marks; i++) {
    const page = (i * 7) % task.pages;
    const by_log = i % 5 === 0;
    Atomics.store(i32, (task.ram + page * 4096) / 4 + 511, (i + round) % 3 === 0 ? 0 : i + round);
    core.bitmap_set(by_log ? task.log : task.bitmap, page, 1);
    if (by_log) core.bitmap_merge(task.bitmap, task.log, task.pages);
  }
`);

/** What the main thread does: a turn again and again beside the worker, and a check between rounds. */
interface MainPart {
  turn(): void;
  endOfRound(round: number): void;
}

/** Runs rounds on both threads; the main thread never waits, so the worker always has company. */
function playRounds(control: Int32Array, rounds: number, { turn, endOfRound }: MainPart): number {
  const deadline = Date.now() + ROUNDS_MS;
  let round = 0;
  while (round < rounds && Date.now() < deadline) {
    round++;
    Atomics.store(control, 0, round);
    while (Atomics.load(control, 1) < round) {
      turn();
      assert.ok(Date.now() < deadline + HANG_MS, `round ${round} has ended`);
    }
    turn();
    endOfRound(round);
  }
  return round;
}

async function besideWorker(
  source: string,
  guarded: Guarded,
  control_range: Range,
  task: Task,
  part: MainPart,
): Promise<void> {
  const { memory } = guarded;
  const control = new Int32Array(memory.buffer, control_range.address, 2).fill(0);
  const workerData = { module: SHARED_BUILD.module, memory, control: control_range.address, task };
  const worker = new Worker(source, { eval: true, workerData });
  try {
    await once(worker, 'online');
    assert.ok(playRounds(control, 1000, part) > 0);
    const exited = once(worker, 'exit');
    Atomics.store(control, 0, -1);
    assert.equal(await exited, [0], 'the worker ends by itself');
  } finally {
    await worker.terminate();
  }
}

test('shared: a bit set in the log during a merge lands in this merge or the next, and once', async () => {
  const pages = 4096;
  const guarded = new Guarded(SHARED_BUILD, 65_536);
  const control = guarded.place(8);
  const dirty = guarded.place(pages / 8);
  const log = guarded.place(pages / 8);
  guarded.view(dirty).fill(0);
  guarded.view(log).fill(0);
  let added = 0;
  const part: MainPart = {
    turn: () => {
      added += guarded.core.bitmap_merge(dirty.address, log.address, pages);
    },
    endOfRound: (round) => {
      assert.is(added, pages, `round ${round}: the merges report every page once`);
      assert.is(guarded.core.bitmap_count(dirty.address, pages), pages, `round ${round}: no bit is lost`);
      assert.is(guarded.core.bitmap_count(log.address, pages), 0, `round ${round}: the log is empty`);
      guarded.view(dirty).fill(0);
      added = 0;
    },
  };
  const task = { bitmap: dirty.address, log: log.address, ram: 0, pages, marks: pages };
  await besideWorker(MARK_EACH_ONCE, guarded, control, task, part);
  guarded.check('merge beside a worker');
});

test('shared: a page written during an encode goes in this pass or the next, with its last bytes', async () => {
  // one word of the bitmap, so that both threads always change the same one
  const pages = 64;
  const out_bytes = 100_000;
  const guarded = new Guarded(SHARED_BUILD, pages * 4096 + out_bytes + 65_536);
  const name = Buffer.from('ram');
  const blocks = new GuardedBlocks(guarded, [{ name, pages, with_ram: true }]);
  const { bitmap, ram } = blocks.blocks[0] ?? {};
  if (bitmap === undefined || ram === undefined) throw new Error('the block has no pages');
  const control = guarded.place(8);
  const log = guarded.place(8);
  const state = guarded.place(24, 4);
  const out = guarded.place(out_bytes);
  for (const range of [log, state, bitmap, ram]) guarded.view(range).fill(0);

  const target = wholeBlock(name, pages);
  const copy = target.ram;
  const seen = freshState();
  const stream: Uint8Array[] = [];
  const encodeOnce = (): number => {
    const args = [state.address, blocks.table.address, 1, out.address, out_bytes, 50] as const;
    const written = guarded.core.encode(...args);
    if (written > 0) stream.push(guarded.view(out).slice(0, written));
    return written;
  };
  const part: MainPart = {
    turn: encodeOnce,
    endOfRound: (round) => {
      // the cursor may stand behind a marked page: the next pass has it
      for (let empty = 0; empty < 2; ) empty = encodeOnce() === 0 ? empty + 1 : 0;
      const input = new Uint8Array(Buffer.concat(stream.splice(0)));
      assert.is(decode(seen, [target], input), input.length, `round ${round}: whole records`);
      sameBytes(copy, guarded.view(ram), `round ${round}: the stream ends in the guest as it is`);
      assert.is(guarded.core.bitmap_count(bitmap.address, pages), 0, `round ${round}: nothing is left`);
    },
  };
  const task = { bitmap: bitmap.address, log: log.address, ram: ram.address, pages, marks: 200 };
  await besideWorker(WRITE_AND_MARK, guarded, control, task, part);
  assert.equal(blocks.counters(0), { normal: target.normal, zero: target.zero, fill: 0 });
  guarded.check('encode beside a worker');
});

test.run();
