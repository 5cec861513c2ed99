import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Arena } from '../../src/core/arena.ts';
import { PagepipeError } from '../../src/errors.ts';
import { Guest } from '../../src/guest/guest.ts';
import { type Policy, wrapped } from '../../src/policy/policy.ts';
import { slice } from '../../src/policy/slice.ts';
import { unlimited } from '../../src/policy/unlimited.ts';
import { window } from '../../src/policy/window.ts';
import { drive } from '../../src/save/drive.ts';
import { nextTurn, sleepUntil, systemClock } from '../../src/save/event-loop.ts';
import type { Clock } from '../../src/save/interfaces.ts';
import { readRamStream, recordsOf } from '../ref/ram-reader.ts';
import { TAKE_ALL, type Take, World } from '../support/fake-world.ts';
import { inTime, ticks } from '../support/patience.ts';

const PAGE_BYTES = 4096;
const arena = new Arena();

function makeWorld(pages: number, policy: Policy, takes: readonly Take[] = [TAKE_ALL]): World {
  const guest = new Guest([{ name: 'ram', bytes: pages * PAGE_BYTES }], arena);
  for (let page = 0; page < pages; page++) guest.ram(guest.largestBlock())[page * PAGE_BYTES] = 1;
  // so small that there are many calls
  return new World(guest, { policy, takes, encode_ns: 1_000, staging_bytes: 32 * 1024 });
}

/** Drives a world, and counts how often the event loop had its turn meanwhile. */
async function driveAndCount(
  world: World,
  clock: Clock = world.clock,
  signal?: AbortSignal,
): Promise<number> {
  let loop_turns = 0;
  let is_over = false;
  const count = () => {
    loop_turns++;
    if (!is_over) setImmediate(count);
  };
  setImmediate(count);
  try {
    await drive(world.save, world.channel, clock, signal);
  } finally {
    is_over = true;
  }
  return loop_turns;
}

const isInterrupted = (e: unknown): boolean => e instanceof PagepipeError && e.code === 'interrupted';

/** Fails where the promise is not rejected with what `is_wanted` takes. */
async function rejects(promise: Promise<unknown>, is_wanted: (e: unknown) => boolean): Promise<void> {
  const outcome = await promise.then(
    () => 'resolved',
    (e: unknown) => (is_wanted(e) ? 'wanted' : String(e)),
  );
  assert.is(outcome, 'wanted');
}

/** A channel that takes 1,000 bytes and then says EAGAIN. */
const SLOW: readonly Take[] = [TAKE_ALL, { bytes: 1_000, is_ready_after: false, cost_ns: 0 }];

test('a save is driven to its end', async () => {
  const world = makeWorld(20, unlimited, SLOW);
  await drive(world.save, world.channel, world.clock, undefined);
  assert.is(world.save.phase, 'done');
  assert.is(recordsOf(readRamStream(world.channel.bytes())).length, 20);
});

test('the event loop has its turn after every call, though the channel is always ready', async () => {
  const world = makeWorld(40, slice(unlimited, 1));
  const loop_turns = await driveAndCount(world);
  const calls = world.spans.list.length;
  assert.ok(calls > 5);
  assert.ok(loop_turns >= calls - 1, `${loop_turns} turns for ${calls} calls`);
});

test('a channel whose "ready" comes without a turn of the event loop does not keep it away', async () => {
  const world = makeWorld(200, unlimited, SLOW);
  const loop_turns = await driveAndCount(world);
  const iterates = world.spans.list.length;
  assert.ok(iterates > 20 && loop_turns >= iterates - 1, `${loop_turns} turns for ${iterates} calls`);
});

test('the driver waits for the channel, and the loop is not called meanwhile', async () => {
  const world = makeWorld(5, unlimited, SLOW);
  let release = (): void => undefined;
  let waits = 0;
  world.channel.whenReady = () => {
    waits++;
    return new Promise((resolve) => {
      release = () => {
        world.channel.is_ready = true;
        resolve();
      };
    });
  };
  const driven = drive(world.save, world.channel, world.clock, undefined);
  while (waits === 0) await nextTurn();
  const { length } = world.spans.list;
  for (let i = 0; i < 20; i++) await nextTurn();
  assert.equal([waits, world.spans.list.length], [1, length]);
  while (world.save.phase !== 'done') {
    release();
    await nextTurn();
  }
  await driven;
});

test('what the channel fails with is what the drive fails with', async () => {
  const world = makeWorld(5, unlimited, SLOW);
  const broken = new Error('broken pipe');
  world.channel.whenReady = () => Promise.reject(broken);
  await rejects(drive(world.save, world.channel, world.clock, undefined), (e) => e === broken);
  const with_signal = makeWorld(5, unlimited, SLOW);
  with_signal.channel.whenReady = () => Promise.reject(broken);
  const { signal } = new AbortController();
  await rejects(drive(with_signal.save, with_signal.channel, with_signal.clock, signal), (e) => e === broken);
});

test('the driver sleeps until the time that the policy names', async () => {
  // windows of 100 ms, on a clock that goes 20 times as fast as the wall's
  const began_ns = systemClock.now();
  const world = makeWorld(6, window(2 * 10 * (PAGE_BYTES + 8)));
  const fast: Clock = {
    now: () => {
      world.clock.advanceTo(1_000_000 + (systemClock.now() - began_ns) * 20);
      return world.clock.now();
    },
  };
  await drive(world.save, world.channel, fast, undefined);
  const windows = world.output.encodes.map((call) => Math.floor((call.began_ns - 1_000_000) / 100_000_000));
  assert.ok(new Set(windows).size >= 3, windows.join(' '));
});

test('an aborted signal ends the save: before it begins', async () => {
  const world = makeWorld(5, unlimited);
  await rejects(drive(world.save, world.channel, world.clock, AbortSignal.abort()), isInterrupted);
  assert.is(world.channel.offers.length, 0);
});

test('... between two calls', async () => {
  const world = makeWorld(40, slice(unlimited, 1));
  const controller = new AbortController();
  setImmediate(() => controller.abort());
  await rejects(drive(world.save, world.channel, world.clock, controller.signal), isInterrupted);
  assert.is.not(world.save.phase, 'done');
});

test('... in the turn of the event loop before it waits for a channel that never comes', async () => {
  const world = makeWorld(5, unlimited, SLOW);
  const controller = new AbortController();
  world.channel.whenReady = () => new Promise(() => undefined);
  const turn = world.save.turn.bind(world.save);
  world.save.turn = () => {
    const wait = turn();
    if (wait.kind === 'writable') setImmediate(() => controller.abort());
    return wait;
  };
  const driven = drive(world.save, world.channel, world.clock, controller.signal);
  await inTime('an abort', rejects(driven, isInterrupted));
});

test('... while it waits for a channel that never comes', async () => {
  const world = makeWorld(5, unlimited, SLOW);
  const controller = new AbortController();
  world.channel.whenReady = () => new Promise(() => setImmediate(() => controller.abort()));
  await rejects(drive(world.save, world.channel, world.clock, controller.signal), isInterrupted);
});

test('... while it sleeps, and does not wait for the time', async () => {
  const days_ns = 10 * 86_400e9;
  const world = makeWorld(5, (start_ns) =>
    wrapped(window(1)(start_ns), { resumeAt: (now_ns) => now_ns + days_ns }),
  );
  const controller = new AbortController();
  void ticks().then(() => controller.abort());
  const driven = drive(world.save, world.channel, world.clock, controller.signal);
  await inTime('an abort', rejects(driven, isInterrupted));
});

test('no listener is left on the signal', async () => {
  const controller = new AbortController();
  let listeners = 0;
  const { signal } = controller;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--;
    remove(...args);
  };
  const world = makeWorld(20, unlimited, SLOW);
  await drive(world.save, world.channel, world.clock, signal);
  assert.is(listeners, 0);
});

test('sleeping until a time that has been is no sleep', async () => {
  let is_timer_due = false;
  const timer = setTimeout(() => {
    is_timer_due = true;
  }, 0);
  await sleepUntil({ now: () => 100 }, 100, undefined);
  await sleepUntil({ now: () => 100 }, 7, undefined);
  assert.is(is_timer_due, false);
  clearTimeout(timer);
});

test('the system clock gives whole nanoseconds that do not go back', () => {
  const times = Array.from({ length: 100 }, () => systemClock.now());
  assert.ok(times.every((at, i) => Number.isSafeInteger(at) && at >= (times[i - 1] ?? 0)));
});

test.run();
