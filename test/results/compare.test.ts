/** Medians, ratios and their intervals: exact where they are exact, and sure as often as they say. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Prng } from '../../src/guest/synthetic/prng.ts';
import { type CompareDocument, compareSamples, ratioOfMedians } from '../../src/results/compare.ts';
import type { Case, Sample } from '../../src/results/samples.ts';
import { median } from '../../src/stats/quantiles.ts';

const drawsOf = (): Prng => new Prng(1);
const amounts = fc.array(fc.double({ min: 0.001, max: 1e9, noNaN: true }), { minLength: 2, maxLength: 12 });

test('the median is the value in the middle, or the mean of the two', () => {
  assert.is(median([3, 1, 2]), 2);
  assert.is(median([4, 1, 3, 2]), 2.5);
  assert.is(median([7]), 7);
  assert.is(median([]), 0);
  fc.assert(
    fc.property(amounts, (values) => {
      const middle = median(values);
      assert.ok(values.filter((value) => value <= middle).length >= values.length / 2);
      assert.ok(values.filter((value) => value >= middle).length >= values.length / 2);
    }),
  );
});

test('one sample on a side gives a ratio and no interval', () => {
  assert.equal(ratioOfMedians([2], [3], drawsOf()), { base: 2, new: 3, ratio: 1.5, low: null, high: null });
  assert.equal(ratioOfMedians([2, 4], [3], drawsOf()), { base: 3, new: 3, ratio: 1, low: null, high: null });
});

test('what was 0 has no ratio, unless it still is; no figure is Infinity or NaN', () => {
  assert.equal(ratioOfMedians([0], [3], drawsOf()), { base: 0, new: 3, ratio: null, low: null, high: null });
  assert.is(ratioOfMedians([0], [0], drawsOf()).ratio, 1);
  assert.is(ratioOfMedians([3], [0], drawsOf()).ratio, 0);
  const mixed = ratioOfMedians([0, 1, 2], [1, 2, 3], drawsOf());
  assert.is(mixed.ratio, 2);
  assert.is(mixed.high, null, 'some resamples of the base are all 0');
  for (const figures of [mixed, ratioOfMedians([0, 0], [1, 1], drawsOf())]) {
    for (const value of Object.values(figures)) assert.ok(value === null || Number.isFinite(value));
  }
});

test('samples that are all alike have an interval without a width', () => {
  const { ratio, low, high } = ratioOfMedians([10, 10, 10], [12, 12, 12], drawsOf());
  assert.equal([ratio, low, high], [1.2, 1.2, 1.2]);
});

test('the interval lies between the extremes, the order of samples changes no ratio, and it is the same again', () => {
  fc.assert(
    fc.property(amounts, amounts, (base, next) => {
      const found = ratioOfMedians(base, next, drawsOf());
      assert.equal(ratioOfMedians(base, next, drawsOf()), found);
      assert.is(ratioOfMedians([...base].reverse(), next, drawsOf()).ratio, found.ratio);
      const { low, high } = found;
      assert.ok(low !== null && high !== null && low <= high);
      assert.ok(low >= (Math.min(...next) / Math.max(...base)) * 0.9999);
      assert.ok(high <= (Math.max(...next) / Math.min(...base)) * 1.0001);
    }),
    { numRuns: 50 },
  );
});

test('pairs that move together have a narrow interval, however far apart the samples are', () => {
  const base = [1, 10, 100, 1000, 10_000, 100_000];
  const next = base.map((value) => value * 1.5);
  const paired = ratioOfMedians(base, next, drawsOf(), true);
  assert.equal([paired.ratio, paired.low, paired.high], [1.5, 1.5, 1.5]);
  const free = ratioOfMedians(base, next, drawsOf());
  assert.ok(free.low !== null && free.high !== null && free.low < 0.1 && free.high > 10);
});

test('where nothing has changed, an interval of ten samples says otherwise in about 1 of 20', () => {
  const random = new Prng(7);
  // noise as of a machine: mostly near, now and then far above
  const noise = (): number =>
    100 + 5 * random.uniform() + (random.below(10) === 0 ? 30 * random.uniform() : 0);
  const several = (): number[] => Array.from({ length: 10 }, noise);
  const runs = 200;
  let wrong = 0;
  for (let run = 0; run < runs; run++) {
    const { low, high } = ratioOfMedians(several(), several(), random);
    if (low === null || high === null || low > 1 || high < 1) wrong++;
  }
  assert.ok(wrong <= runs * 0.1, `${wrong} of ${runs}`);
});

test('a change as large as the noise is seen with ten samples', () => {
  const random = new Prng(8);
  const several = (mean: number): number[] =>
    Array.from({ length: 10 }, () => mean * (1 + 0.05 * random.uniform()));
  for (let run = 0; run < 50; run++) {
    const { high } = ratioOfMedians(several(100), several(90), random);
    assert.ok(high !== null && high < 1);
  }
});

function sample(of: Case, guest_bytes_per_s: number, seed: number | null = null): Sample {
  const world = seed === null ? 'real' : 'model';
  return { kind: 'result', case: of, world, seed, machine: {}, figures: { guest_bytes_per_s } };
}

const compare = (base: Sample[], next: Sample[], fail_below?: number): CompareDocument =>
  compareSamples(base, next, drawsOf, fail_below);

test('cases are paired by their options, in any order; the rest is named', () => {
  const base = [sample({ a: 1, b: 'x' }, 10), sample({ a: 2, b: 'x' }, 20), sample({ a: 1, b: 'x' }, 12)];
  const next = [sample({ b: 'y', a: 1 }, 5), sample({ b: 'x', a: 1 }, 22)];
  const { cases, only_base, only_new, verdict } = compare(base, next);
  assert.is(cases.length, 1);
  assert.equal(cases[0]?.case, { a: 1, b: 'x' });
  assert.equal(cases[0]?.samples, { base: 2, new: 1 });
  assert.is(cases[0]?.figures.guest_bytes_per_s?.ratio, 2);
  assert.equal([only_base, only_new, verdict], [[{ a: 2, b: 'x' }], [{ b: 'y', a: 1 }], null]);
});

test('the only case of each is paired whatever it is, and what differs is said', () => {
  const { cases } = compare([sample({ a: 1, b: 'x' }, 10)], [sample({ a: 1, c: true }, 20)]);
  assert.equal(cases[0]?.case, { a: 1 });
  assert.equal(cases[0]?.differs, { base: { b: 'x' }, new: { c: true } });
});

test('results and benches are not paired', () => {
  const bench: Sample = { ...sample({ name: 'zero' }, 1), kind: 'bench', figures: { seconds: 1 } };
  const { cases, only_base, only_new } = compare([sample({ name: 'zero' }, 1)], [bench]);
  assert.equal([cases.length, only_base.length, only_new.length], [0, 1, 1]);
});

test("models of the same seeds are pairs, in whatever order; a real machine's runs are not", () => {
  const seeds = [1, 2, 3, 4, 5];
  const models = (factor: number): Sample[] => seeds.map((seed) => sample({}, 10 ** seed * factor, seed));
  const paired = compare(models(1), models(2).reverse()).cases[0];
  assert.is(paired?.paired, true);
  const { low, high } = paired?.figures.guest_bytes_per_s ?? {};
  assert.equal([low, high], [2, 2]);
  assert.is(compare(models(1), models(2).slice(1)).cases[0]?.paired, false);
  assert.is(compare(models(1), [...models(2).slice(1), sample({}, 1, 2)]).cases[0]?.paired, false);
  const real = seeds.map((seed) => sample({}, seed));
  assert.is(compare(real, real).cases[0]?.paired, false);
});

test('the verdict: the whole interval, or without one the ratio, has to be below', () => {
  const several = (...values: number[]): Sample[] => values.map((value) => sample({}, value));
  const verdict = (base: Sample[], next: Sample[], percent: number) => compare(base, next, percent).verdict;
  assert.is(verdict(several(100), several(94), 5), 'fail');
  assert.is(verdict(several(100), several(95), 5), 'pass', 'as much is not more');
  assert.is(verdict(several(100, 101, 102), several(80, 81, 82), 5), 'fail');
  assert.is(
    verdict(several(100, 101, 102), several(80, 81, 130), 5),
    'pass',
    'its median is below, its interval not',
  );
  assert.is(verdict(several(100, 101, 102), several(80, 81, 82), 25), 'pass');
  const slow_elsewhere = [sample({ a: 1 }, 100), sample({ a: 2 }, 50)];
  assert.is(
    verdict([sample({ a: 1 }, 100), sample({ a: 2 }, 100)], slow_elsewhere, 5),
    'fail',
    'in any case',
  );
});

test.run();
