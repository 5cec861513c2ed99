/** Two threads on one memory: one writes and marks pages while the other merges or encodes. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bitsOf } from '../ref/bitmap.ts';
import { decode, freshState, wholeBlock } from '../ref/decode.ts';
import { SHARED_BUILD } from '../support/core-builds.ts';
import { Guarded, GuardedBlocks, type Range, sameBytes } from '../support/guarded.ts';
import { LAST_RESORT_MS } from '../support/patience.ts';

/** Some milliseconds each where both threads have a CPU; where others use them too, as long as a turn of the scheduler. */
const ROUNDS = 300;

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
function playRounds(control: Int32Array, { turn, endOfRound }: MainPart): void {
  for (let round = 1; round <= ROUNDS; round++) {
    const begin_ms = performance.now();
    Atomics.store(control, 0, round);
    while (Atomics.load(control, 1) < round) {
      turn();
      assert.ok(performance.now() - begin_ms < LAST_RESORT_MS, `round ${round} has ended`);
    }
    turn();
    endOfRound(round);
  }
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
    playRounds(control, part);
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

/** One word of the bitmap, so that both threads always change the same one. */
const PAGES = 64;
const OUT_BYTES = 100_000;
const NAME = Buffer.from('ram');

/** A guest of one block, all zero and clean, and what the worker works on. */
function oneBlock() {
  const guarded = new Guarded(SHARED_BUILD, PAGES * 4096 * 2 + OUT_BYTES + 65_536);
  const blocks = new GuardedBlocks(guarded, [{ name: NAME, pages: PAGES, with_ram: true }]);
  const { bitmap, present, ram } = blocks.blocks[0] ?? {};
  if (bitmap === undefined || present === undefined || ram === undefined) throw new Error('no pages');
  const control = guarded.place(8);
  const log = guarded.place(8);
  const state = guarded.place(40, 4);
  const out = guarded.place(OUT_BYTES);
  for (const range of [log, state, bitmap, present, ram]) guarded.view(range).fill(0);
  const task = { bitmap: bitmap.address, log: log.address, ram: ram.address, pages: PAGES, marks: 200 };
  return { guarded, blocks, present, ram, control, state, out, task };
}

interface PlacedCache {
  head: Range;
  tags: Range;
  data: Range;
}

/** A cache of this many slots, empty. */
function placeCache(guarded: Guarded, slots: number): PlacedCache {
  const head = guarded.place(64);
  const tags = guarded.place(slots * 8);
  const data = guarded.place(slots * 4096);
  for (const range of [head, tags]) guarded.view(range).fill(0);
  for (const [at, value] of [
    [0, slots],
    [12, tags.address],
    [16, data.address],
  ] as const) {
    guarded.setU32(head.address + at, value);
  }
  return { head, tags, data };
}

/** What the cache holds is what the reader has, at every moment between two calls. */
function checkCache(guarded: Guarded, { tags, data }: PlacedCache, copy: Uint8Array): void {
  for (let slot = 0; slot < tags.size_bytes / 8; slot++) {
    const page = guarded.u32(tags.address + slot * 8) - 1;
    if (page < 0) continue;
    const kept = guarded.view(data).subarray(slot * 4096, (slot + 1) * 4096);
    sameBytes(kept, copy.subarray(page * 4096, (page + 1) * 4096), `page ${page} in the cache`);
  }
}

for (const slots of [0, PAGES / 2]) {
  const what = slots === 0 ? 'an encode' : `an encode with a cache of ${slots} pages`;
  test(`shared: a page written during ${what} goes in this pass or the next, with its last bytes`, async () => {
    const { guarded, blocks, ram, control, state, out, task } = oneBlock();
    const cache = slots === 0 ? undefined : placeCache(guarded, slots);
    guarded.setU32(state.address + 32, cache?.head.address ?? 0);
    const target = wholeBlock(NAME, PAGES);
    const copy = target.ram;
    const seen = freshState();
    let generation = 1;
    const encodeOnce = (): void => {
      // two syncs a call: a slot is free for the other page that it may hold, so that both come as misses
      generation += 2;
      if (cache !== undefined) guarded.setU32(cache.head.address + 4, generation);
      const args = [state.address, blocks.table.address, 1, out.address, OUT_BYTES, 50] as const;
      const input = guarded.view(out).slice(0, guarded.core.encode(...args));
      assert.is(decode(seen, [target], input), input.length, 'whole records');
      if (cache !== undefined && input.length > 0) checkCache(guarded, cache, copy);
    };
    const part: MainPart = {
      turn: encodeOnce,
      endOfRound: (round) => {
        // the cursor may stand behind a marked page: the next pass has it
        for (let calls = 0; guarded.core.bitmap_count(task.bitmap, PAGES) > 0; calls++) {
          encodeOnce();
          assert.ok(calls < 10, `round ${round}: nothing is left`);
        }
        sameBytes(copy, guarded.view(ram), `round ${round}: the stream ends in the guest as it is`);
      },
    };
    await besideWorker(WRITE_AND_MARK, guarded, control, task, part);
    const { normal, zero, xbzrle } = target;
    assert.equal(blocks.counters(0), { normal, zero, fill: 0, xbzrle });
    if (slots === 0) assert.is(xbzrle, 0, 'no changes without a cache');
    guarded.check('encode beside a worker');
  });
}

test('shared: a page written during a collect is in the file at last, or zero and not present', async () => {
  const { guarded, blocks, present, ram, control, state, out, task } = oneBlock();
  const runs = guarded.place(PAGES * 12);
  const file = new Uint8Array(PAGES * 4096);
  const collectOnce = (): void => {
    const args = [state.address, blocks.table.address, 1, out.address, OUT_BYTES, 50] as const;
    guarded.core.collect(...args, runs.address, PAGES);
    let at = out.address;
    for (let run = 0; run < guarded.u32(state.address + 36); run++) {
      const [first, count] = [4, 8].map((field) => guarded.u32(runs.address + run * 12 + field));
      const size_bytes = (count ?? 0) * 4096;
      file.set(new Uint8Array(guarded.memory.buffer, at, size_bytes), (first ?? 0) * 4096);
      at += size_bytes;
    }
  };
  const part: MainPart = {
    turn: collectOnce,
    endOfRound: (round) => {
      for (let calls = 0; guarded.core.bitmap_count(task.bitmap, PAGES) > 0; calls++) {
        collectOnce();
        assert.ok(calls < 10, `round ${round}: nothing is left`);
      }
      const held = bitsOf(guarded.view(present));
      // what is not present is a hole, whatever was written there before
      for (let page = 0; page < PAGES; page++) {
        if (!held.has(page)) file.fill(0, page * 4096, (page + 1) * 4096);
      }
      sameBytes(file, guarded.view(ram), `round ${round}: the file is the guest as it is`);
    },
  };
  await besideWorker(WRITE_AND_MARK, guarded, control, task, part);
  guarded.check('collect beside a worker');
});

test.run();
