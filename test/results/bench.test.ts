/** Bench documents: rates out of samples, and the verdict on two builds. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Prng } from '../../src/guest/synthetic/prng.ts';
import { benchCase, benchRatio, type MeasuredCase, unmeasuredCase } from '../../src/results/bench.ts';

const GB = 1e9;

test('rates are in GB/s of guest RAM: the slowest sample is the smallest', () => {
  const found = benchCase({ name: 'a', bytes: 2 * GB, wire_bytes: 7 }, [1, 0.5, 2]);
  assert.equal(found, {
    name: 'a',
    bytes: 2 * GB,
    wire_bytes: 7,
    gb_per_s: { median: 2, min: 1, max: 4 },
    samples: [1, 0.5, 2],
  });
  assert.ok(!('wire_bytes' in benchCase({ name: 'a', bytes: GB }, [1])));
});

test('digits that no clock has are cut off', () => {
  assert.equal(benchCase({ name: 'a', bytes: GB }, [1 / 3]).samples, [0.333333]);
});

test('what could not be measured has no figures, and says why', () => {
  assert.equal(unmeasuredCase({ name: 'a', bytes: GB, wire_bytes: 7 }, 'the clock stands still'), {
    name: 'a',
    bytes: GB,
    wire_bytes: 7,
    gb_per_s: { median: null, min: null, max: null },
    samples: [],
    unmeasured: 'the clock stands still',
  });
});

/** 21 samples around a time, from 1 % below it to 1 % above; the machine slows down meanwhile by a half. */
function samples(seconds: number, spread = 0.01): MeasuredCase {
  const times = Array.from({ length: 21 }, (_, i) => {
    const noise = (((i * 8) % 21) - 10) / 10;
    return seconds * (1 + noise * spread) * (1 + i / 40);
  });
  return benchCase({ name: 'a', bytes: GB }, times);
}

const ratioOf = (here: MeasuredCase, there: MeasuredCase) => benchRatio(here, there, new Prng(1));

test('the ratio is the throughput of this build by that of the other, with its interval', () => {
  const { name, ratio, low, high } = ratioOf(samples(1), samples(2));
  assert.is(name, 'a');
  assert.ok(ratio !== null && Math.abs(ratio - 2) < 0.05, `${ratio}`);
  assert.ok(low !== null && high !== null && low <= ratio && ratio <= high);
});

test('a machine that drifts moves both, and widens nothing: the samples are pairs', () => {
  const { low, high } = ratioOf(samples(1), samples(1));
  assert.equal([low, high], [1, 1]);
});

test('verdicts', () => {
  assert.is(ratioOf(samples(0.9), samples(1)).verdict, 'faster');
  assert.is(ratioOf(samples(1.1), samples(1)).verdict, 'slower');
  assert.is(ratioOf(samples(1), samples(1)).verdict, 'same');
  assert.is(ratioOf(samples(1.02), samples(1)).verdict, 'same', 'less than 3 % is no change');
  assert.is(ratioOf(samples(1.04), samples(1)).verdict, 'slower');
  const noisy = benchCase({ name: 'a', bytes: GB }, [...samples(1, 0.4).samples].reverse());
  assert.is(ratioOf(noisy, samples(1, 0.4)).verdict, 'unsure');
  const one = benchCase({ name: 'a', bytes: GB }, [1]);
  assert.is(ratioOf(one, one).verdict, 'unsure', 'one sample has no interval');
});

test.run();
