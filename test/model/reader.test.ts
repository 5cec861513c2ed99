import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Disk, type DiskOptions } from '../../src/model/machine/disk.ts';
import { Helper, PacedReader } from '../../src/model/reader.ts';
import { costsOf, MS, runUntil, US } from '../support/model-world.ts';
import { PipeWorld } from '../support/pipe-world.ts';

const MIB = 2 ** 20;
/** 1 ns a byte, and nothing besides. */
const PLAIN_DISK: DiskOptions = {
  rate_bytes_per_s: 1e9,
  jitter: 0,
  seek_share: 0,
  seek_low_ns: 0,
  seek_high_ns: 0,
  stall_share: 0,
  stall_low_ns: 0,
  stall_high_ns: 0,
  latency_ns: 0,
};

/** A time that a rate gives, in whole numbers of any size: rounded to the nearest nanosecond. */
function dueNs(bytes: number, rate_bytes_per_s: number): number {
  const rate = BigInt(rate_bytes_per_s);
  return Number((2n * BigInt(bytes) * 1_000_000_000n + rate) / (2n * rate));
}

test('a saturated pipe moves at the rate of its reader, to the nanosecond', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1_000, max: 10 ** 9 }),
      fc.integer({ min: 1, max: 1_500_000 }),
      fc.integer({ min: 100, max: 200_000 }),
      fc.constantFrom(4096, 4104, 70_000, MIB),
      (rate, total, block_bytes, piece) => {
        const world = new PipeWorld({ costs: costsOf() });
        const reader = new PacedReader(world.parts, block_bytes, rate);
        const read_ns: [at_ns: number, before: number][] = [];
        world.kernel.check = () => {
          const { read_bytes } = world.inode.pipe;
          if (read_bytes > (read_ns.at(-1)?.[1] ?? 0)) read_ns.push([world.kernel.now(), read_bytes]);
        };
        reader.start();
        const writes = Array.from({ length: Math.floor(total / piece) }, () => piece);
        if (total % piece > 0) writes.push(total % piece);
        world.writeAllNow(world.thread('writer'), writes);
        while (world.kernel.step());
        assert.is(reader.is_done, true);
        // the sleep after the last read ends when that is due
        assert.is(world.kernel.now(), dueNs(total, rate));
        // and each read before it came when all that was read before was due
        const early = read_ns.find(([at_ns], i) => at_ns !== dueNs(read_ns[i - 1]?.[1] ?? 0, rate));
        assert.is(early, undefined, `a read at ${early?.[0]} ns is not when it is due`);
      },
    ),
    { numRuns: 100 },
  );
});

test('a reader of no rate is as fast as its costs', () => {
  const costs = costsOf({ read_call_ns: 500, read_byte_ns: 0.25 });
  const world = new PipeWorld({ costs });
  const reader = new PacedReader(world.parts, MIB, Number.POSITIVE_INFINITY);
  world.writeAllNow(world.thread('writer'), [65_536]);
  reader.start();
  while (world.kernel.step());
  // a call that finds 64 KiB and one that finds the end
  assert.is(world.kernel.now(), 500 + 16_384 + 500);
  assert.is(reader.is_done, true);
});

test('a paced reader is not sooner for having waited: it is late, and then catches up', () => {
  const world = new PipeWorld({ costs: costsOf() });
  const reader = new PacedReader(world.parts, MIB, 1e9);
  reader.start();
  const writer = world.thread('writer');
  runUntil(world.kernel, 30 * US);
  writer.spend(30 * US);
  for (const bytes of [10_000, 10_000, 40_000]) world.writeNow(writer, bytes);
  world.inode.close();
  writer.end();
  while (world.kernel.step());
  // 60,000 bytes are due 60 us after the first came
  assert.is(world.kernel.now(), (30 + 60) * US);
});

test('a paced reader oversleeps by so much, and its lateness does not add up', () => {
  const world = new PipeWorld({ costs: costsOf({ sleep_late_ns: 50 * US }) });
  const reader = new PacedReader(world.parts, 4096, 4_096_000);
  const done_ns: number[] = [];
  reader.start();
  world.kernel.check = () => {
    const { read_bytes } = world.inode.pipe;
    if (read_bytes > done_ns.length * 4096) done_ns.push(world.kernel.now());
  };
  world.writeAllNow(world.thread('writer'), [65_536, 65_536]);
  while (world.kernel.step());
  // a page each millisecond, each read 50 us late
  assert.equal(
    done_ns,
    Array.from({ length: 32 }, (_, page) => (page === 0 ? 0 : page * MS + 50 * US)),
  );
});

test('the helper: reads until its block is full, writes it, and only then reads on', () => {
  const costs = costsOf({ read_call_ns: 100, direct_call_ns: 7_000, wake_ns: 3_000, idle_after_ns: 1e9 });
  const world = new PipeWorld({ costs });
  const disk = new Disk(world.kernel, PLAIN_DISK, 1);
  const helper = new Helper(world.parts, 100_000, disk);
  const held: [at_ns: number, read_bytes: number][] = [];
  world.kernel.check = () => {
    const { read_bytes } = world.inode.pipe;
    if (read_bytes !== held.at(-1)?.[1]) held.push([world.kernel.now(), read_bytes]);
  };
  helper.start();
  world.writeAllNow(world.thread('writer'), [150_000]);
  while (world.kernel.step());
  assert.is(helper.is_done, true);
  assert.is(disk.written_bytes, 150_000);
  assert.equal(disk.times_ns, [100_000, 50_000]);
  const first_ns = held.find(([, read_bytes]) => read_bytes === 100_000)?.[0] ?? 0;
  const next_ns = held.find(([, read_bytes]) => read_bytes > 100_000)?.[0] ?? 0;
  // the call, the write, the wake-up, and a read
  assert.is(next_ns - first_ns, 7_000 + 100_000 + 3_000 + 100);
});

test('what is short of a block at the end is written too, and nothing where nothing is left', () => {
  for (const [total, writes] of [
    [0, []],
    [5, [5]],
    [4096, [4096]],
    [4097, [4096, 1]],
    [8192, [4096, 4096]],
  ] as const) {
    const world = new PipeWorld({ costs: costsOf({ wake_ns: 10 }) });
    const disk = new Disk(world.kernel, PLAIN_DISK, 1);
    const helper = new Helper(world.parts, 4096, disk);
    helper.start();
    world.writeAllNow(world.thread('writer'), total === 0 ? [] : [total]);
    while (world.kernel.step());
    assert.is(helper.is_done, true, `${total} bytes`);
    assert.equal(disk.times_ns, writes, `${total} bytes`);
  }
});

test('a reader that waits is awake by its latency: longer after a long wait', () => {
  for (const [wait_ns, wake_ns] of [
    [100 * US, 4 * US],
    [10 * MS, 90 * US],
  ] as const) {
    const world = new PipeWorld({
      costs: costsOf({ wake_ns: 4 * US, wake_idle_ns: 90 * US, idle_after_ns: MS }),
    });
    const reader = new PacedReader(world.parts, MIB, Number.POSITIVE_INFINITY);
    reader.start();
    const writer = world.thread('writer');
    runUntil(world.kernel, 0);
    writer.spend(wait_ns);
    world.writeNow(writer, 10);
    const written_ns = world.kernel.now();
    writer.end();
    while (world.inode.pipe.held_bytes > 0) world.kernel.step();
    assert.is(world.kernel.now() - written_ns, wake_ns);
    assert.is(reader.is_done, false, 'the writer is still there');
    world.inode.close();
    while (world.kernel.step());
    assert.is(reader.is_done, true);
  }
});

test.run();
