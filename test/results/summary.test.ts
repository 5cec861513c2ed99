import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { summarisePhases } from '../../src/results/summary.ts';
import { percentile } from '../../src/stats/quantiles.ts';
import type { Phase, Span } from '../../src/stats/spans.ts';
import { msOfNs, roundMs } from '../../src/units.ts';

const MS = 1_000_000;

function spansOf(phase: Phase, ...times_ns: readonly number[]): Span[] {
  return times_ns.map((time_ns) => ({ phase, start_ns: 1000, end_ns: 1000 + time_ns }));
}

test('a phase without spans is all zeros', () => {
  const none = { count: 0, sum_ms: 0, avg_ms: 0, min_ms: 0, max_ms: 0, p50_ms: 0, p99_ms: 0 };
  assert.equal(summarisePhases([]), {
    begin: none,
    iterate: none,
    complete: none,
    all: { ...none, log2_ms: [], log2_us: [] },
  });
});

test('each phase is summed up by itself, and all together', () => {
  const phases = summarisePhases([
    ...spansOf('begin', 22 * MS),
    ...spansOf('iterate', 15 * MS, 5 * MS, 4926 * MS, 4_500_499),
    ...spansOf('complete', 410 * MS),
  ]);
  const begin = { count: 1, sum_ms: 22, avg_ms: 22, min_ms: 22, max_ms: 22, p50_ms: 22, p99_ms: 22 };
  assert.equal(phases.begin, begin);
  assert.equal(phases.iterate, {
    count: 4,
    sum_ms: 4950.5,
    avg_ms: 1237.625,
    min_ms: 4.5,
    max_ms: 4926,
    p50_ms: 5,
    p99_ms: 4926,
  });
  assert.is(phases.complete.max_ms, 410);
  assert.equal(phases.all, {
    count: 6,
    sum_ms: 5382.5,
    avg_ms: 897.083,
    min_ms: 4.5,
    max_ms: 4926,
    p50_ms: 15,
    p99_ms: 4926,
    log2_ms: [
      { ge: 4, count: 2 },
      { ge: 8, count: 1 },
      { ge: 16, count: 1 },
      { ge: 256, count: 1 },
      { ge: 4096, count: 1 },
    ],
    log2_us: [
      { ge: 4096, count: 2 },
      { ge: 8192, count: 1 },
      { ge: 16_384, count: 1 },
      { ge: 262_144, count: 1 },
      { ge: 4_194_304, count: 1 },
    ],
  });
});

test('the buckets cut each span off to its unit', () => {
  const { all } = summarisePhases(spansOf('iterate', 999, 1999, 999_999, 7_999_999, 8 * MS));
  assert.equal(all.log2_ms, [
    { ge: 0, count: 3 },
    { ge: 4, count: 1 },
    { ge: 8, count: 1 },
  ]);
  assert.equal(all.log2_us, [
    { ge: 0, count: 1 },
    { ge: 1, count: 1 },
    { ge: 512, count: 1 },
    { ge: 4096, count: 2 },
  ]);
});

test('percentiles are by nearest rank', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  assert.is(percentile(hundred, 50), 50);
  assert.is(percentile(hundred, 99), 99);
  assert.is(percentile(hundred, 100), 100);
  // 0.07 * 100 is 7.000000000000001
  assert.is(percentile(hundred, 7), 7);
  assert.is(percentile([...Array(1000).keys()], 50), 499);
  assert.is(percentile([7], 50), 7);
  assert.is(percentile([7], 99), 7);
  assert.is(percentile([1, 2], 50), 1);
  assert.is(percentile([1, 2], 51), 2);
  assert.is(percentile([1, 2, 3], 50), 2);
  assert.is(percentile([], 99), 0);
});

test('a percentile is the smallest value that enough of all do not exceed', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(50), { minLength: 1 }),
      fc.integer({ min: 1, max: 100 }),
      (values, percent) => {
        const sorted = values.toSorted((a, b) => a - b);
        const enough = (value: number): boolean =>
          values.filter((other) => other <= value).length * 100 >= percent * values.length;
        assert.is(percentile(sorted, percent), sorted.find(enough));
      },
    ),
  );
});

test('figures are milliseconds to the microsecond, rounded once', () => {
  assert.is(roundMs(1.23449), 1.234);
  assert.is(msOfNs(1_234_499), 1.234);
  assert.is(msOfNs(1_234_500), 1.235);
  // by way of 0.5005 ms it would come to 0.5
  assert.is(msOfNs(500_500), 0.501);
  assert.is(msOfNs(499), 0);
});

test('order does not matter, and sums agree', () => {
  const phase = fc.constantFrom<Phase>('begin', 'iterate', 'complete');
  const span = fc
    .tuple(phase, fc.nat(1e9), fc.nat(1e10))
    .map(([phase, start_ns, time_ns]): Span => ({ phase, start_ns, end_ns: start_ns + time_ns }));
  fc.assert(
    fc.property(fc.array(span), (spans) => {
      const phases = summarisePhases(spans);
      assert.equal(summarisePhases(spans.toReversed()), phases);
      const { begin, iterate, complete, all } = phases;
      const total_ns = spans.reduce((sum, { start_ns, end_ns }) => sum + BigInt(end_ns - start_ns), 0n);
      assert.is(all.sum_ms, Number((total_ns + 500n) / 1000n) / 1000);
      assert.is(begin.count + iterate.count + complete.count, spans.length);
      assert.is(Math.max(begin.max_ms, iterate.max_ms, complete.max_ms), all.max_ms);
      for (const { ge, count } of all.log2_us) {
        const inside = spans.filter(({ start_ns, end_ns }) => {
          const us = Math.trunc((end_ns - start_ns) / 1000);
          return ge === 0 ? us === 0 : us >= ge && us < 2 * ge;
        });
        assert.is(inside.length, count, `bucket ${ge}`);
      }
    }),
  );
});

test.run();
