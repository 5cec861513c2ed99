import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Disk, type DiskOptions } from '../../../src/model/machine/disk.ts';
import { Kernel } from '../../../src/model/machine/kernel.ts';
import { Random } from '../../../src/model/scenario/random.ts';
import { MS } from '../../support/model-world.ts';

const BLOCK_BYTES = 2 ** 20;
const RATE = 100 * 2 ** 20;
/** What a block takes at the rate. */
const BLOCK_NS = 10 * MS;

const OPTIONS: DiskOptions = {
  rate_bytes_per_s: RATE,
  jitter: 0.3,
  seek_share: 0.2,
  seek_low_ns: 2 * MS,
  seek_high_ns: 12 * MS,
  stall_share: 0.05,
  stall_low_ns: 100 * MS,
  stall_high_ns: 500 * MS,
  latency_ns: 40_000,
};
const PLAIN = { jitter: 0, seek_share: 0, stall_share: 0, latency_ns: 0 };

/** How long each of so many writes takes. */
function timesOf(some: Partial<DiskOptions>, writes = 20_000, seed = 1): number[] {
  const kernel = new Kernel();
  const disk = new Disk(kernel, { ...OPTIONS, ...some }, seed);
  for (let i = 0; i < writes; i++) disk.write(BLOCK_BYTES, () => undefined);
  return disk.times_ns;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function assertShare(actual: number, wanted: number, what: string): void {
  assert.ok(Math.abs(actual / wanted - 1) < 0.01, `${what}: ${actual} and not ${wanted}`);
}

test('without anything that varies each write takes what the rate says, and the latency', () => {
  assert.equal(new Set(timesOf(PLAIN, 100)), new Set([BLOCK_NS]));
  assert.equal(new Set(timesOf({ ...PLAIN, latency_ns: 40_000 }, 100)), new Set([BLOCK_NS + 40_000]));
});

test('one write at a time, in order, each in its own time; what is written counts when it is done', () => {
  const kernel = new Kernel();
  const disk = new Disk(kernel, OPTIONS, 3);
  const done: { i: number; at_ns: number; written_bytes: number }[] = [];
  for (let i = 0; i < 50; i++) {
    disk.write(1_000 + i, () => {
      done.push({ i, at_ns: kernel.now(), written_bytes: disk.written_bytes });
    });
  }
  assert.is(disk.written_bytes, 0);
  while (kernel.step());
  let at_ns = 0;
  let written_bytes = 0;
  const wanted = disk.times_ns.map((time_ns, i) => {
    at_ns += time_ns;
    written_bytes += 1_000 + i;
    return { i, at_ns, written_bytes };
  });
  assert.equal(done, wanted);
});

test('jitter: the rate of a write is anywhere within its share, both ways', () => {
  const rates = timesOf({ ...PLAIN, jitter: 0.3 }).map((time_ns) => BLOCK_NS / time_ns);
  assertShare(Math.min(...rates), 0.7, 'lowest');
  assertShare(Math.max(...rates), 1.3, 'highest');
  assertShare(meanOf(rates), 1, 'mean of the rates');
  // what the rate is over a long time is less, for slow writes take longer: the mean of 1/x over [0.7, 1.3]
  assertShare(meanOf(rates.map((rate) => 1 / rate)), Math.log(1.3 / 0.7) / 0.6, 'mean of the times');
});

test('the mean time of a write is the sum of its parts by their shares', () => {
  const times = timesOf({}, 200_000);
  const transfer_ns = (BLOCK_NS * Math.log(1.3 / 0.7)) / 0.6;
  assertShare(meanOf(times), 40_000 + transfer_ns + 0.2 * 7 * MS + 0.05 * 300 * MS, 'mean');
});

test('seeks and stalls come as often as their shares say, between their ends', () => {
  for (const share of [0, 0.01, 0.3, 1]) {
    const seeks = timesOf({ ...PLAIN, seek_share: share }).filter((time_ns) => time_ns > BLOCK_NS);
    const stalls = timesOf({ ...PLAIN, stall_share: share }).filter((time_ns) => time_ns > BLOCK_NS);
    for (const [longer, low_ns, high_ns] of [
      [seeks, 2 * MS, 12 * MS],
      [stalls, 100 * MS, 500 * MS],
    ] as const) {
      // four deviations of a binomial count
      const deviation = Math.sqrt(20_000 * share * (1 - share));
      assert.ok(Math.abs(longer.length - 20_000 * share) <= 4 * deviation, `${longer.length} of ${share}`);
      assert.ok(longer.every((time_ns) => time_ns >= BLOCK_NS + low_ns && time_ns <= BLOCK_NS + high_ns));
      if (share > 0.1) assertShare(meanOf(longer) - BLOCK_NS, (low_ns + high_ns) / 2, 'mean');
    }
  }
});

test('four draws a write: switching one thing off leaves the others what they are', () => {
  const jitter = timesOf({ ...PLAIN, jitter: 0.3 });
  const seeks = timesOf({ ...PLAIN, seek_share: 0.2 }).map((time_ns) => time_ns - BLOCK_NS);
  const stalls = timesOf({ ...PLAIN, stall_share: 0.05 }).map((time_ns) => time_ns - BLOCK_NS);
  const within1 = (actual: readonly number[], wanted: (i: number) => number): void => {
    // each was rounded by itself
    actual.forEach((value, i) => {
      assert.ok(Math.abs(value - wanted(i)) <= 1.5, `write ${i}: ${value} and not ${wanted(i)}`);
    });
  };
  const at = (values: readonly number[], i: number): number => values[i] ?? 0;
  within1(timesOf({ ...PLAIN, jitter: 0.3, seek_share: 0.2 }), (i) => at(jitter, i) + at(seeks, i));
  within1(timesOf({ ...PLAIN, jitter: 0.3, stall_share: 0.05 }), (i) => at(jitter, i) + at(stalls, i));
  within1(timesOf({ latency_ns: 0 }), (i) => at(jitter, i) + at(seeks, i) + at(stalls, i));
  assert.ok(
    stalls.every((stall_ns, i) => stall_ns === 0 || at(seeks, i) === 0),
    'a write that stalls does not seek as well',
  );
});

test('where the shares overlap a write that stalls does not seek as well', () => {
  const stalls = timesOf({ ...PLAIN, stall_share: 0.3 });
  const both = timesOf({ ...PLAIN, stall_share: 0.3, seek_share: 1 });
  stalls.forEach((time_ns, i) => {
    if (time_ns > BLOCK_NS) assert.is(both[i], time_ns);
    else assert.ok((both[i] ?? 0) > BLOCK_NS, `write ${i} does neither`);
  });
});

test('just four draws: the stream of the disk goes by writes', () => {
  const random = new Random(9, 'disk');
  const wanted = Array.from({ length: 500 }, () => {
    const draws = [0, 0, 0, 0].map(() => random.uniform(0, 1));
    return Math.round(BLOCK_NS / (0.7 + 0.6 * (draws[0] ?? 0)));
  });
  for (const switched of [{}, { seek_share: 0 }, { stall_share: 0 }, { seek_share: 0, stall_share: 0 }]) {
    const times = timesOf({ ...switched, latency_ns: 0 }, 500, 9);
    const clean = times.filter((time_ns, i) => Math.abs(time_ns - (wanted[i] ?? 0)) <= 1);
    assert.ok(clean.length > 330, `${clean.length} writes of 500 take what the rate alone says`);
    assert.ok(times.every((time_ns, i) => time_ns >= (wanted[i] ?? 0) - 1));
  }
});

test('a disk goes by its seed', () => {
  assert.equal(timesOf({}, 100, 4), timesOf({}, 100, 4));
  assert.not.equal(timesOf({}, 100, 4), timesOf({}, 100, 5));
});

test.run();
