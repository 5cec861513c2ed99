import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Disk } from '../../../src/model/machine/disk.ts';
import { Kernel } from '../../../src/model/machine/kernel.ts';
import { PageCache } from '../../../src/model/machine/page-cache.ts';
import { runUntil } from '../../support/model-world.ts';

const MIB = 2 ** 20;

/** A disk that takes a nanosecond for a byte, and a cache over it. */
function rig(limit_bytes: number) {
  const kernel = new Kernel();
  const disk = new Disk(
    kernel,
    {
      ...{ rate_bytes_per_s: 1e9, jitter: 0, latency_ns: 0 },
      ...{ seek_share: 0, seek_low_ns: 0, seek_high_ns: 0 },
      ...{ stall_share: 0, stall_low_ns: 0, stall_high_ns: 0 },
    },
    1,
  );
  return { kernel, disk, cache: new PageCache(disk, limit_bytes) };
}

test('write-back begins above half of what may wait, by megabytes, and ends at half', () => {
  const { kernel, disk, cache } = rig(8 * MIB);
  cache.add(4 * MIB);
  assert.is(kernel.step(), false, 'half is not more than half');
  cache.add(1);
  cache.add(2 * MIB);
  const left: number[] = [];
  while (kernel.step()) left.push(cache.dirty_bytes);
  assert.equal(left, [5 * MIB + 1, 4 * MIB + 1, 3 * MIB + 1]);
  assert.equal(disk.times_ns, [MIB, MIB, MIB]);
  assert.is(kernel.now(), 3 * MIB, 'one at a time');
});

test('it is full above the limit, and not at it', () => {
  const { kernel, cache } = rig(3 * MIB);
  cache.add(3 * MIB);
  assert.is(cache.is_full, false);
  cache.add(1);
  assert.is(cache.is_full, true);
  runUntil(kernel, MIB - 1);
  assert.is(cache.is_full, true, 'bytes on the way to the disk count');
  runUntil(kernel, MIB);
  assert.is(cache.is_full, false);
});

test('a sync writes all, a short rest last', () => {
  const { kernel, disk, cache } = rig(100 * MIB);
  cache.add(2 * MIB + 5);
  assert.is(kernel.step(), false);
  cache.sync();
  while (kernel.step());
  assert.is(cache.dirty_bytes, 0);
  assert.equal(disk.times_ns, [MIB, MIB, 5]);
  assert.is(disk.written_bytes, 2 * MIB + 5);
});

test('a sync in the midst of write-back goes on from there', () => {
  const { kernel, disk, cache } = rig(2 * MIB);
  cache.add(2 * MIB + 7);
  runUntil(kernel, 10);
  cache.sync();
  while (kernel.step());
  assert.equal(disk.times_ns, [MIB, MIB, 7]);
  assert.is(cache.dirty_bytes, 0);
});

test('to sync nothing writes nothing', () => {
  const { kernel, disk, cache } = rig(MIB);
  cache.sync();
  assert.is(kernel.step(), false);
  assert.equal(disk.times_ns, []);
});

test.run();
