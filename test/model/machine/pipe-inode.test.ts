import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Disk } from '../../../src/model/machine/disk.ts';
import { PipeInode } from '../../../src/model/machine/pipe-inode.ts';
import { Helper } from '../../../src/model/reader.ts';
import { costsOf, MS } from '../../support/model-world.ts';
import { type Copy, PipeWorld } from '../../support/pipe-world.ts';

const FAST_DISK = {
  rate_bytes_per_s: 1e9,
  jitter: 0.2,
  seek_share: 0.1,
  seek_low_ns: MS,
  seek_high_ns: 3 * MS,
  stall_share: 0.05,
  stall_low_ns: 5 * MS,
  stall_high_ns: 40 * MS,
  latency_ns: 20_000,
};

/** A write or a read under the lock, as it goes without costs. */
function under(inode: PipeInode, act: () => number): number {
  inode.mutex.take(() => undefined);
  return act();
}

test('who waits for bytes is called by the first write, once', () => {
  const inode = new PipeInode(16);
  let calls = 0;
  inode.whenReadable(() => calls++);
  assert.is(calls, 0);
  under(inode, () => inode.written(1));
  assert.is(calls, 1);
  under(inode, () => inode.written(1));
  assert.is(calls, 1);
  assert.is(inode.mutex.is_held, false);
});

test('who waits for bytes that are there is called at once; so is who waits for room that is there', () => {
  const inode = new PipeInode(16);
  let calls = 0;
  inode.whenWritable(() => calls++);
  under(inode, () => inode.written(10));
  inode.whenReadable(() => calls++);
  inode.whenWritable(() => calls++);
  assert.is(calls, 3);
});

test('who waits for room is called once a slot is free, and not before', () => {
  const inode = new PipeInode(2);
  under(inode, () => inode.written(8192));
  let calls = 0;
  inode.whenWritable(() => calls++);
  under(inode, () => inode.drained(4095));
  assert.is(calls, 0, 'a slot is free when all of it is read');
  under(inode, () => inode.drained(1));
  assert.is(calls, 1);
});

test('the end of the writer wakes who waits for bytes, then and later', () => {
  const inode = new PipeInode(16);
  let calls = 0;
  inode.whenReadable(() => calls++);
  inode.close();
  assert.is(inode.is_closed, true);
  assert.is(calls, 1);
  inode.whenReadable(() => calls++);
  assert.is(calls, 2);
});

test('the lock is free before those who waited are called: they may take it', () => {
  const inode = new PipeInode(16);
  const held: boolean[] = [];
  inode.whenReadable(() => held.push(inode.mutex.is_held));
  under(inode, () => inode.written(8192 * 8));
  inode.whenWritable(() => held.push(inode.mutex.is_held));
  under(inode, () => inode.drained(4096));
  assert.equal(held, [false, false]);
});

/** Every copy has the lock for all of its time: so no two of them overlap. */
function assertNoOverlap(copies: readonly Copy[], costOf: (copy: Copy) => number): void {
  let free_since_ns = 0;
  for (const copy of copies) {
    const begin_ns = copy.end_ns - costOf(copy);
    assert.ok(
      begin_ns >= free_since_ns,
      `${copy.who} copied from ${begin_ns} to ${copy.end_ns} ns, over another`,
    );
    free_since_ns = copy.end_ns;
  }
}

for (const manner of ['synchronous code', 'events'] as const) {
  test(`reader and writer never copy at once: a writer of ${manner}`, () => {
    // two CPUs, nothing but copies: without a lock the two would copy all the time, beside each other
    const costs = costsOf({ write_byte_ns: 1, read_byte_ns: 2 });
    const world = new PipeWorld({ costs });
    const helper = new Helper(world.parts, 100_000, new Disk(world.kernel, FAST_DISK, 1));
    const writes = Array.from({ length: 200 }, (_, i) => 1 + ((i * 7_919) % 40_000));
    helper.start();
    const writer = world.thread('writer');
    if (manner === 'events') world.writeAll(writer, writes);
    else world.writeAllNow(writer, writes);
    while (world.kernel.step());
    assert.is(helper.is_done, true);
    const { copies } = world.inode;
    for (const who of ['writer', 'reader']) assert.ok(copies.filter((copy) => copy.who === who).length > 100);
    assertNoOverlap(copies, ({ who, bytes }) => bytes * (who === 'writer' ? 1 : 2));
  });
}

interface RandomRun {
  readonly seed: number;
  readonly writes: readonly number[];
  readonly costs: readonly number[];
  readonly block_bytes: number;
  readonly count: number;
  readonly slots: number;
  readonly by_events: boolean;
}

/** Costs of up to some tens of microseconds, as a seed draws them: hardly ever whole. */
const runs: fc.Arbitrary<RandomRun> = fc.record({
  seed: fc.nat(1e6),
  writes: fc.array(fc.oneof(fc.integer({ min: 1, max: 100_000 }), fc.constantFrom(1, 8, 4096, 4104)), {
    maxLength: 40,
  }),
  costs: fc.array(fc.double({ min: 0, max: 40_000, noNaN: true }), { minLength: 9, maxLength: 9 }),
  block_bytes: fc.integer({ min: 1_000, max: 200_000 }),
  count: fc.integer({ min: 1, max: 3 }),
  slots: fc.constantFrom(2, 4, 16),
  by_events: fc.boolean(),
});

function costsBy([
  call = 0,
  byte = 0,
  read = 0,
  read_byte = 0,
  wake = 0,
  idle = 0,
  after = 0,
  direct = 0,
  sw = 0,
]: readonly number[]) {
  return costsOf({
    write_call_ns: call,
    write_byte_ns: byte / 40_000,
    read_call_ns: read,
    read_byte_ns: read_byte / 40_000,
    wake_ns: wake,
    wake_idle_ns: idle * 3,
    idle_after_ns: after,
    direct_call_ns: direct,
    switch_ns: sw / 20,
  });
}

test('no byte is lost, after any event, and no wake-up: a helper, a disk that stalls, any costs', () => {
  fc.assert(
    fc.property(runs, ({ seed, writes, costs, block_bytes, count, slots, by_events }) => {
      const world = new PipeWorld({ costs: costsBy(costs), cpus: { count }, slots });
      const disk = new Disk(world.kernel, FAST_DISK, seed);
      const helper = new Helper(world.parts, block_bytes, disk);
      const { pipe, mutex } = world.inode;
      world.kernel.check = () => {
        assert.is(pipe.written_bytes, pipe.read_bytes + pipe.held_bytes);
        assert.ok(disk.written_bytes <= pipe.read_bytes);
        // what is read and not on the disk: a block at most, in the helper or under way
        assert.ok(pipe.read_bytes - disk.written_bytes <= block_bytes);
      };
      helper.start();
      const writer = world.thread('writer');
      if (by_events) world.writeAll(writer, writes);
      else world.writeAllNow(writer, writes);
      while (world.kernel.step());
      const total = writes.reduce((sum, bytes) => sum + bytes, 0);
      assert.is(helper.is_done, true, 'the reader still waits and nothing will happen');
      assert.is(pipe.written_bytes, total);
      assert.is(pipe.read_bytes, total);
      assert.is(disk.written_bytes, total);
      assert.is(disk.times_ns.length, Math.ceil(total / block_bytes));
      assert.is(mutex.is_held, false);
    }),
    { numRuns: 300 },
  );
});

test.run();
