import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rangeLabel, rangeOf, smallHistogram } from '../../src/report/histogram.ts';

const FEW = [
  { ge: 16, count: 1 },
  { ge: 64, count: 128 },
];

test('the range is what all of the histograms need', () => {
  assert.equal(rangeOf([FEW]), { low: 4, high: 6 });
  assert.equal(rangeOf([FEW, [{ ge: 4096, count: 1 }]]), { low: 4, high: 12 });
  assert.equal(rangeOf([FEW, [], [{ ge: 0, count: 3 }]]), { low: 0, high: 6 });
});

test('a column a power of two: empty ones stay so, one span shows, the highest fills it', () => {
  assert.is(smallHistogram(FEW, { low: 4, high: 6 }), '▁ █');
  assert.is(smallHistogram(FEW, { low: 3, high: 8 }), ' ▁ █  ');
});

test('heights go by the logarithm of the count', () => {
  const counts = [1, 2, 4, 8, 16, 32, 64, 128].map((count, i) => ({ ge: 2 ** i, count }));
  assert.is(smallHistogram(counts, { low: 0, high: 7 }), '▁▂▃▄▅▆▇█');
});

test('where every count is one, every bar is low; where nothing was counted, there is none', () => {
  const ones = [1, 4].map((ge) => ({ ge, count: 1 }));
  assert.is(smallHistogram(ones, { low: 0, high: 2 }), '▁ ▁');
  assert.is(smallHistogram([], { low: 0, high: 2 }), '   ');
});

test('zero is in the first column, and that of one too, which keeps the sum of both', () => {
  assert.is(smallHistogram([{ ge: 0, count: 1 }], { low: 0, high: 1 }), '▁ ');
});

test('the label names the first bound and the one behind the last, from microseconds', () => {
  assert.is(rangeLabel({ low: 4, high: 16 }), '16.0 us to 131 ms');
  assert.is(rangeLabel({ low: 0, high: 0 }), '1.00 us to 2.00 us');
});

test.run();
