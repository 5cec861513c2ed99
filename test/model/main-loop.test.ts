import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ModelChannel, PipeChannel } from '../../src/model/channels.ts';
import { Cpus } from '../../src/model/machine/cpus.ts';
import { Kernel } from '../../src/model/machine/kernel.ts';
import { PipeInode } from '../../src/model/machine/pipe-inode.ts';
import { MainLoop, type Restart } from '../../src/model/main-loop.ts';
import { BigLock, MonitorThread, runMigrationThread } from '../../src/model/migration-thread.ts';
import { ModelRam } from '../../src/model/ram.ts';
import { ModelSource } from '../../src/model/source.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { slice } from '../../src/policy/slice.ts';
import { unlimited } from '../../src/policy/unlimited.ts';
import { window } from '../../src/policy/window.ts';
import type { CostName } from '../../src/results/costs.ts';
import { Save } from '../../src/save/save.ts';
import { Blackout } from '../../src/stats/blackout.ts';
import { RamCounters } from '../../src/stats/counters.ts';
import type { Phase } from '../../src/stats/spans.ts';
import { Spans } from '../../src/stats/spans.ts';
import { type LoopSettings, mannerFor } from '../support/fake-world.ts';
import { AWAKE_AT_ONCE, costsOf, MS, SECOND, US } from '../support/model-world.ts';

/** What a request was: when it fell due, and when it was answered. */
class WatchedBlackout extends Blackout {
  readonly answers: [due_ns: number, at_ns: number][] = [];

  override answered(now_ns: number): void {
    for (let due_ns = this.next_due_ns; due_ns <= now_ns; due_ns += 10 * MS)
      this.answers.push([due_ns, now_ns]);
    super.answered(now_ns);
  }
}

/** Counts how often it is taken. */
class WatchedLock extends BigLock {
  taken = 0;
  asked = 0;

  override during<T>(use: () => T): T {
    this.asked++;
    const was_held = this.mutex.is_held;
    return super.during(() => {
      if (!was_held) this.taken++;
      return use();
    });
  }
}

interface RigOptions {
  readonly costs?: Partial<Record<CostName, number>>;
  readonly content_pages?: number;
  readonly zero_pages?: number;
  readonly policy?: Policy;
  readonly restart?: Restart;
  readonly tries_ns?: number;
  readonly piece_bytes?: number;
  readonly loop?: LoopSettings;
  readonly cpus?: number;
  readonly is_blocking?: boolean;
  /** The save loop is not on the main loop's thread. */
  readonly has_thread?: boolean;
}

/** A save of a small guest into a pipe that is read by a script. */
function rig(options: RigOptions = {}) {
  const { content_pages = 40, zero_pages = 0, policy = unlimited, restart = 'at-once' } = options;
  const kernel = new Kernel();
  kernel.at(100 * SECOND, () => assert.unreachable('the save never ends'));
  const costs = costsOf(options.costs);
  const cpus = new Cpus(kernel, { count: options.cpus ?? 2, slice_ns: 4 * MS, switch_ns: 0 });
  const thread = cpus.thread('main', AWAKE_AT_ONCE);
  const inode = new PipeInode(16);
  const lock = new WatchedLock(thread);
  const pages = content_pages + zero_pages;
  const ram = new ModelRam({
    ...{ pages, dirty_bytes_per_s: 0, set_share: 0, growth_bytes_per_s: 0, seed: 1 },
    stretches: [
      { first: 0, count: content_pages, kind: 'content' },
      { first: content_pages, count: zero_pages, kind: 'zero' },
    ],
  });
  const source = new ModelSource({
    ...{ ram, thread, costs, staging_bytes: 32_768, is_running: false, walks: 0, sync_cost: true },
    ...{ zero_records: true, faults: true, dear_touch_ns: undefined, onPaused: () => undefined },
    lock: options.has_thread === true ? lock : undefined,
  });
  const channel: ModelChannel = new PipeChannel({
    ...{
      inode,
      thread,
      costs,
      piece_bytes: options.piece_bytes ?? 0,
      is_blocking: options.is_blocking ?? false,
      rewrites: false,
    },
  });
  const spans = new Spans();
  const save = new Save(
    {
      ...{ clock: kernel, source, output: source, channel, spans, policy: policy(0) },
      counters: new RamCounters(source.ram_bytes, 4096),
      manner: mannerFor(options.loop ?? {}),
    },
    { downtime_limit_ns: 0, max_rounds: Number.POSITIVE_INFINITY, complete: 'turns', ...options.loop },
  );
  const blackout = new WatchedBlackout(0);
  const parts = { kernel, thread, costs, channel, blackout, lock, restart, tries_ns: options.tries_ns ?? 0 };
  /** Empties the pipe in no time. */
  const read = (): void => {
    inode.mutex.take(() => inode.drained(inode.pipe.held_bytes));
  };
  const readAt = (...times_ns: number[]): void => {
    for (const at_ns of times_ns) kernel.at(at_ns, read);
  };
  const begins = (phase: Phase): number[] =>
    spans.list.filter((span) => span.phase === phase).map(({ start_ns }) => start_ns);
  return { kernel, cpus, thread, inode, lock, save, spans, blackout, parts, readAt, begins };
}

/** 40 content pages are 164 KB: with a pipe of 64 KiB that is read twice, three iterates. */
const READS = [30 * MS, 70 * MS];

test('at-once: the next iterate begins when there is room, to the nanosecond', () => {
  const { parts, save, readAt, begins } = rig();
  readAt(...READS);
  new MainLoop(parts).run(save);
  assert.equal(begins('iterate'), [0, ...READS]);
  assert.is(save.wall_ns, 70 * MS);
});

test('a full pipe is tried again, a turn between two tries, before it is waited for', () => {
  const costs = { turn_ns: 2 * US, write_call_ns: US, eagain_call_ns: 4 * US, wait_call_ns: 50 * US };
  const run = (room_at_ns: number): { begins: number[]; wall_ns: number } => {
    const made = rig({ costs, tries_ns: 30 * US, piece_bytes: 4096, content_pages: 27 });
    made.readAt(room_at_ns);
    new MainLoop(made.parts).run(made.save);
    return { begins: made.begins('iterate'), wall_ns: made.save.wall_ns };
  };
  // the first iterate fills the pipe within 20 us; tries are 6 us apart, of which the write is the first
  const soon = run(35 * US);
  const late = run(200 * US);
  assert.is(soon.begins.length, 2);
  const waited_ns = (soon.begins[1] ?? 0) - 35 * US;
  assert.ok(waited_ns >= 0 && waited_ns <= 6 * US, `${waited_ns} ns after there was room`);
  assert.is(late.begins.length, 2);
  assert.ok((late.begins[1] ?? 0) >= 200 * US, 'and where there is none for long, it sleeps');
  assert.ok(late.wall_ns > soon.wall_ns);
});

test('after a try that found room the loop goes on at once, after a sleep as at any other time', () => {
  const costs = { turn_ns: 2 * US, eagain_call_ns: 4 * US, iterate_call_ns: 30 * US, resume_call_ns: 3 * US };
  const made = rig({ costs, tries_ns: 100 * US, piece_bytes: 4096, content_pages: 42 });
  // begin and the first iterate take their call each, and then tries are 6 us apart
  made.readAt(80 * US, 400 * US);
  new MainLoop(made.parts).run(made.save);
  const [, tried_ns = 0, slept_ns = 0] = made.begins('iterate');
  assert.ok(tried_ns >= (80 + 3) * US && tried_ns < (80 + 3 + 6) * US, `${tried_ns}`);
  assert.ok(slept_ns >= (400 + 30) * US, `${slept_ns}`);
});

test('at-once: what is not waited for begins at the next turn of the main loop', () => {
  const costs = { normal_page_ns: 100 * US, turn_ns: 7 * US, iterate_call_ns: 3 * US };
  const { parts, save, begins } = rig({
    costs,
    content_pages: 12,
    policy: slice(unlimited, 1),
    loop: { encode_pages: 4 },
  });
  new MainLoop(parts).run(save);
  assert.equal(begins('begin'), [3 * US]);
  assert.equal(begins('iterate'), [13 * US, 423 * US, 833 * US]);
});

test('what a wait takes is on the way: its call, the wake-up, the notification, the turn', () => {
  const costs = {
    ...{ wait_call_ns: 11 * US, notify_call_ns: 13 * US, turn_ns: 7 * US, iterate_call_ns: 3 * US },
    ...{ eagain_call_ns: 17 * US },
  };
  const { parts, save, readAt, begins } = rig({ costs });
  readAt(35 * MS, 75 * MS);
  new MainLoop(parts).run(save);
  // a turn answers once the wait is over, and then the room is made known
  const after_us = 7 + 13 + 3;
  assert.equal(begins('iterate').slice(1), [35 * MS + after_us * US, 75 * MS + after_us * US]);
});

test('notify: where nothing is in the way the timer of 100 ms begins the next turn', () => {
  const { parts, save, begins } = rig({ restart: 'notify', content_pages: 4 });
  new MainLoop(parts).run(save);
  assert.equal([begins('iterate'), begins('complete')], [[100 * MS], [200 * MS]]);
});

test('notify: from a full pipe on by room alone', () => {
  const { parts, save, readAt, begins } = rig({ restart: 'notify', loop: { begin: 'pages' } });
  readAt(...READS);
  new MainLoop(parts).run(save);
  assert.equal(begins('iterate'), READS);
  // what ended with nothing left is completed by the timer
  assert.equal(begins('complete'), [100 * MS]);
});

test('tick: by the timer alone, and only when what was in the way is gone', () => {
  const { parts, save, readAt, begins } = rig({ restart: 'tick', loop: { begin: 'pages' } });
  readAt(30 * MS, 250 * MS);
  new MainLoop(parts).run(save);
  // full at 0, room since 30 ms, the timer at 100 ms; full again, room at 250 ms, of which the timer knows at 200
  assert.equal(begins('iterate'), [100 * MS, 250 * MS]);
});

test('the ticks stand on a grid from the begin, however late they come', () => {
  const costs = { timer_late_ns: 3 * MS, normal_page_ns: 9 * MS };
  const { parts, save, begins } = rig({
    ...{ costs, content_pages: 12, restart: 'tick', policy: slice(unlimited, 1) },
    loop: { encode_pages: 4 },
  });
  new MainLoop(parts).run(save);
  assert.equal(begins('iterate'), [103 * MS, 203 * MS, 303 * MS]);
});

test('timers count in steps, are late by what they are late, and never early', () => {
  for (const [timer_grain_ns, timer_late_ns, wanted_ns] of [
    [1, 0, 100 * MS],
    [0, 0, 100 * MS],
    [1, 250 * US, 100 * MS + 250 * US],
    [3 * MS, 0, 102 * MS],
    [100 * MS, 0, 100 * MS],
    [100 * MS + 1, 1, 100 * MS + 2],
  ] as const) {
    // one page, and the limit is used up for its window
    const { parts, save, begins } = rig({
      ...{ costs: { timer_grain_ns, timer_late_ns }, content_pages: 2 },
      policy: window(10_000),
      loop: { encode_pages: 1 },
    });
    new MainLoop(parts).run(save);
    const after_first = begins('iterate')[1] ?? 0;
    assert.is(after_first, wanted_ns, `grain ${timer_grain_ns}, late ${timer_late_ns}`);
  }
});

test('no window begins early: every iterate that waited for the limit begins when it may go on, or later', () => {
  const { parts, save, begins } = rig({
    costs: { timer_grain_ns: MS, timer_late_ns: 100 },
    policy: window(20_000),
    content_pages: 8,
  });
  new MainLoop(parts).run(save);
  const starts = begins('iterate').slice(1);
  assert.ok(starts.length > 6);
  for (const start_ns of starts) assert.ok(start_ns % (100 * MS) < 2 * MS, `${start_ns}`);
});

test('while the main loop waits it answers every request as it falls due', () => {
  const { parts, save, readAt, blackout } = rig({ costs: { turn_ns: 20 * US } });
  readAt(45 * MS, 95 * MS);
  new MainLoop(parts).run(save);
  assert.equal(
    blackout.answers,
    Array.from({ length: 9 }, (_, i) => [(i + 1) * 10 * MS, (i + 1) * 10 * MS + 20 * US]),
  );
});

test('while it sleeps for the limit, or for the timer, it answers too', () => {
  for (const some of [{ policy: window(10_000) }, { restart: 'tick' as const }]) {
    const { parts, save, blackout } = rig({ ...some, content_pages: 3 });
    new MainLoop(parts).run(save);
    assert.ok(blackout.answers.length >= 9);
    for (const [due_ns, at_ns] of blackout.answers) assert.is(at_ns, due_ns);
  }
});

test('an iterate answers nobody: who falls due in it waits for its end and for the turn', () => {
  const costs = { normal_page_ns: 8 * MS, turn_ns: 20 * US };
  const { parts, save, blackout } = rig({ costs, content_pages: 4 });
  new MainLoop(parts).run(save);
  const end_ns = 20 * US + 32 * MS + 20 * US;
  assert.equal(
    blackout.answers,
    [10, 20, 30].map((due) => [due * MS, end_ns]),
  );
});

test('waitUntil answers until it is over, and takes no time where it is over already', () => {
  const { parts, kernel, blackout } = rig();
  const main_loop = new MainLoop(parts);
  main_loop.waitUntil(() => true);
  assert.is(kernel.now(), 0);
  kernel.at(33 * MS, () => undefined);
  main_loop.waitUntil(() => kernel.now() >= 33 * MS);
  assert.is(kernel.now(), 33 * MS);
  assert.equal(
    blackout.answers.map(([due_ns]) => due_ns),
    [10 * MS, 20 * MS, 30 * MS],
  );
  assert.is(kernel.next_ns, 100 * SECOND, 'no request is planned any more');
});

/** A save on a thread of its own, and the main loop beside it. */
function threaded(options: RigOptions) {
  const world = rig({ is_blocking: true, has_thread: true, loop: { complete: 'blocking' }, ...options });
  const monitor = new MonitorThread(world.parts, world.cpus.thread('monitor', AWAKE_AT_ONCE), world.blackout);
  monitor.start();
  runMigrationThread(world.parts, world.save);
  monitor.stop();
  return world;
}

test('migration thread: an iterate of seconds makes nobody wait', () => {
  const { blackout, spans } = threaded({
    costs: { normal_page_ns: 50 * MS, turn_ns: 20 * US },
    content_pages: 12,
  });
  assert.ok(spans.list.some(({ start_ns, end_ns }) => end_ns - start_ns === 600 * MS));
  assert.ok(blackout.answers.length >= 59);
  for (const [due_ns, at_ns] of blackout.answers) assert.is(at_ns, due_ns + 20 * US);
});

test('migration thread: who falls due while it has the lock waits for it', () => {
  // a sync in begin, one when nothing is left, one in complete: each under the lock
  const { blackout } = threaded({ costs: { sync_call_ns: 25 * MS }, content_pages: 4 });
  // begin to 25 ms; then an iterate that syncs, to 50 ms; then complete
  const early = blackout.answers.filter(([due_ns]) => due_ns < 50 * MS);
  assert.equal(
    early.map(([due_ns, at_ns]) => [due_ns / MS, at_ns / MS]),
    [
      [10, 25],
      [20, 25],
      [30, 50],
      [40, 50],
    ],
  );
});

test('migration thread: on one CPU a request waits for no more than the scheduler has it wait', () => {
  const { blackout } = threaded({ costs: { normal_page_ns: 50 * MS }, content_pages: 12, cpus: 1 });
  assert.ok(blackout.answers.length >= 59);
  for (const [due_ns, at_ns] of blackout.answers) assert.ok(at_ns - due_ns <= 4 * MS, `${due_ns}, ${at_ns}`);
});

test('migration thread: once the monitor is stopped it answers no more', () => {
  const { kernel, blackout } = threaded({ content_pages: 4 });
  const before = blackout.answers.length;
  while (kernel.next_ns < SECOND) kernel.step();
  assert.is(blackout.answers.length, before);
});

test('the lock is taken once, over begin and over complete, however often it is asked for within', () => {
  const { lock } = threaded({ content_pages: 4 });
  // begin, the sync that ends the iterate, complete; the syncs of begin and complete are within theirs
  assert.equal([lock.taken, lock.asked, lock.mutex.is_held], [3, 5, false]);
});

test('a lock that is asked for within itself is not let go of before the outer use ends', () => {
  const { lock } = rig();
  const seen: boolean[] = [];
  const given = lock.during(() => {
    lock.during(() => seen.push(lock.mutex.is_held));
    seen.push(lock.mutex.is_held);
    return 7;
  });
  assert.equal([given, ...seen, lock.mutex.is_held], [7, true, true, false]);
});

test('migration thread: sleeps for a limit, to the nanosecond', () => {
  const { begins, blackout } = threaded({
    ...{ content_pages: 4, policy: window(10_000), loop: { encode_pages: 1, complete: 'blocking' } },
  });
  const starts = begins('iterate').slice(1);
  assert.ok(starts.length >= 3);
  for (const start_ns of starts) assert.is(start_ns % (100 * MS), 0);
  for (const [due_ns, at_ns] of blackout.answers) assert.is(at_ns, due_ns);
});

test('migration thread: its writes wait for the reader, and it goes on when there is room', () => {
  const world = rig({ is_blocking: true, has_thread: true, loop: { complete: 'blocking' } });
  world.readAt(SECOND, 2 * SECOND);
  runMigrationThread(world.parts, world.save);
  assert.equal(world.begins('iterate'), [0]);
  assert.is(world.save.wall_ns, 2 * SECOND);
});

test.run();
