import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bucketOf, Log2Histogram } from '../../src/stats/histogram.ts';

/** The oracle: walk the bounds 0, 1, 2, 4, 8 ... until the next is above the value. */
function bucketByWalking(value: number): number {
  let bound = 0n;
  for (let next = 1n; next <= BigInt(value); next *= 2n) bound = next;
  return Number(bound);
}

test('the bounds are 0, 1, 2, 4, 8 and on', () => {
  assert.equal([0, 1, 2, 3, 4, 7, 8, 15, 16].map(bucketOf), [0, 1, 2, 2, 4, 4, 8, 8, 16]);
});

test('both sides of every bound, up to the largest whole number', () => {
  for (let power = 1; power <= 52; power++) {
    const bound = 2 ** power;
    assert.is(bucketOf(bound - 1), bound / 2, `2^${power} - 1`);
    assert.is(bucketOf(bound), bound, `2^${power}`);
    assert.is(bucketOf(bound + 1), bound, `2^${power} + 1`);
  }
  assert.is(bucketOf(Number.MAX_SAFE_INTEGER), 2 ** 52);
});

test('any value is in the bucket that walking finds', () => {
  const values = fc.oneof(fc.maxSafeNat(), fc.nat(10_000), fc.integer({ min: 2 ** 30, max: 2 ** 34 }));
  fc.assert(fc.property(values, (value) => assert.is(bucketOf(value), bucketByWalking(value))));
});

test('rows are the buckets that hold something, lowest first', () => {
  const histogram = new Log2Histogram();
  assert.equal(histogram.rows(), []);
  // a span of 71 minutes is over 2^32 us
  for (const value of [4_926_000, 2 ** 32 + 7, 0, 5, 9, 6]) histogram.add(value);
  assert.equal(histogram.rows(), [
    { ge: 0, count: 1 },
    { ge: 4, count: 2 },
    { ge: 8, count: 1 },
    { ge: 2 ** 22, count: 1 },
    { ge: 2 ** 32, count: 1 },
  ]);
  assert.is(histogram.count, 6);
});

test('every value is counted once, whatever the order', () => {
  fc.assert(
    fc.property(fc.array(fc.maxSafeNat()), (values) => {
      const histogram = new Log2Histogram();
      for (const value of values) histogram.add(value);
      const rows = histogram.rows();
      assert.is(histogram.count, values.length);
      assert.is(
        rows.reduce((sum, row) => sum + row.count, 0),
        values.length,
      );
      for (const { ge, count } of rows) {
        assert.is(count, values.filter((value) => bucketByWalking(value) === ge).length);
      }
      const bounds = rows.map((row) => row.ge);
      assert.equal(
        bounds,
        [...new Set(bounds)].sort((a, b) => a - b),
      );
    }),
  );
});

test('what is no whole number from 0 up is refused and not counted', () => {
  const histogram = new Log2Histogram();
  for (const value of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    assert.throws(() => histogram.add(value), /histogram/);
  }
  assert.is(histogram.count, 0);
  assert.equal(histogram.rows(), []);
});

test.run();
