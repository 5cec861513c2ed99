import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatBuckets, formatHistLog, formatProfile } from '../../src/results/systemtap.ts';
import type { Span } from '../../src/stats/spans.ts';

const excerpt = readFileSync(new URL('../vectors/thread-excerpt.txt', import.meta.url), 'utf8');
const DASHES = '--------------------------------------------------';

const lines = (...rows: readonly string[]): string => rows.map((row) => `${row}\n`).join('');

/** `[lower bound, count]` as buckets. */
const buckets = (...pairs: readonly (readonly [number, number])[]) =>
  pairs.map(([ge, count]) => ({ ge, count }));

test("the thread's own table, to the letter", () => {
  assert.fixture(
    formatBuckets(buckets([2, 1], [4, 74], [8, 19], [16, 3], [256, 2], [1024, 1], [4096, 1])),
    excerpt.slice(excerpt.indexOf('value |')),
  );
});

test('two empty rows stand on each side, never below 0, and a blank line at the end', () => {
  assert.fixture(
    formatBuckets(buckets([16, 2])),
    lines(
      `value |${DASHES} count`,
      '    4 |                                                   0',
      '    8 |                                                   0',
      '   16 |@@                                                 2',
      '   32 |                                                   0',
      '   64 |                                                   0',
      '',
    ),
  );
  assert.fixture(
    formatBuckets(buckets([0, 1], [1, 3])),
    lines(
      `value |${DASHES} count`,
      '    0 |@                                                  1',
      '    1 |@@@                                                3',
      '    2 |                                                   0',
      '    4 |                                                   0',
      '',
    ),
  );
});

/** Lengths of the bars of rows 1, 2 and 4 with these counts. */
function bars(...counts: readonly [number, number, number]): number[] {
  const text = formatBuckets(buckets([1, counts[0]], [2, counts[1]], [4, counts[2]]));
  return ['1', '2', '4'].map(
    (label) => new RegExp(`^ +${label} [|](@*) `, 'm').exec(text)?.[1]?.length ?? -1,
  );
}

test('one @ a span up to a highest count of 50, then as few as need be, cut off', () => {
  assert.equal(bars(1, 49, 50), [1, 49, 50]);
  assert.equal(bars(1, 50, 51), [0, 25, 25]);
  assert.equal(bars(3, 99, 100), [1, 49, 50]);
  assert.equal(bars(2, 3, 101), [0, 1, 33]);
  assert.equal(bars(19_999, 20_000, 1_000_000), [0, 1, 50]);
});

test('rows more than two away from all that hold something are left out, as one ~; a wide label widens all', () => {
  assert.fixture(
    formatBuckets(buckets([1, 1], [256, 1], [32_768, 2])),
    lines(
      ` value |${DASHES} count`,
      '     0 |                                                   0',
      '     1 |@                                                  1',
      '     2 |                                                   0',
      '     4 |                                                   0',
      '       ~',
      '    64 |                                                   0',
      '   128 |                                                   0',
      '   256 |@                                                  1',
      '   512 |                                                   0',
      '  1024 |                                                   0',
      '       ~',
      '  8192 |                                                   0',
      ' 16384 |                                                   0',
      ' 32768 |@@                                                 2',
      ' 65536 |                                                   0',
      '131072 |                                                   0',
      '',
    ),
  );
});

test('four empty rows between are all shown; of five, the middle one is left out', () => {
  const four = formatBuckets(buckets([1, 1], [32, 1]));
  assert.not.match(four, /~/);
  assert.is(four.split('\n').length, 1 + 9 + 2);
  const five = formatBuckets(buckets([1, 1], [64, 1]));
  assert.match(five, /\n {4}4 [|] +0\n {6}~\n {3}16 [|]/);
});

test('counts end in one column: 50 past the edge, a blank, and the digits of the highest', () => {
  assert.fixture(
    formatBuckets(buckets([1, 7], [2, 1_234_550])),
    lines(
      `value |${DASHES} count`,
      '    0 |                                                         0',
      '    1 |                                                         7',
      '    2 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ 1234550',
      '    4 |                                                         0',
      '    8 |                                                         0',
      '',
    ),
  );
});

test('any table: columns, order, counts and bars', () => {
  const counts = fc
    .uniqueArray(fc.tuple(fc.nat(53), fc.integer({ min: 1, max: 100_000 })), {
      minLength: 1,
      selector: ([row]) => row,
    })
    .map((pairs) => pairs.toSorted(([a], [b]) => a - b));
  fc.assert(
    fc.property(counts, (pairs) => {
      const labels = ['0', ...Array.from({ length: 60 }, (_, power) => String(2n ** BigInt(power)))];
      const table = formatBuckets(pairs.map(([row, count]) => ({ ge: Number(labels[row]), count })));
      const [header = '', ...rows] = table.slice(0, -2).split('\n');
      const edge = header.indexOf('|');
      assert.ok(table.endsWith('0\n\n'));
      const shown = rows.filter((row) => !row.endsWith('~'));
      assert.ok(shown.every((row) => row[edge] === '|' && row.length === shown[0]?.length));
      assert.ok(rows.every((row) => !row.endsWith('~') || row === `${' '.repeat(edge)}~`));
      const read = shown.map((row) => ({
        row: labels.indexOf(row.slice(0, edge).trim()),
        bar: row.split('@').length - 1,
        count: Number(row.split(' ').at(-1)),
      }));
      const full = read.filter(({ count }) => count > 0);
      assert.equal(
        full.map(({ row, count }) => [row, count]),
        pairs,
      );
      const longest = Math.max(...read.map(({ bar }) => bar));
      assert.ok(longest >= 1 && longest <= 50);
      // a row is there just when something is within two of it, and each run left out is one mark
      const near = (row: number): boolean => pairs.some(([other]) => Math.abs(other - row) <= 2);
      const expected = labels.map((_, row) => row).filter((row) => near(row) && row <= 60);
      assert.equal(
        read.map(({ row }) => row),
        expected,
      );
      const jumps = expected.filter((row, index) => index > 0 && row - (expected[index - 1] ?? row) > 1);
      assert.is(rows.length - shown.length, jumps.length);
    }),
  );
});

test('formatHistLog counts values into the same table', () => {
  assert.is(formatHistLog([0, 5, 6, 7, 4926]), formatBuckets(buckets([0, 1], [4, 3], [4096, 1])));
});

const START_NS = 7_000_600_000;
const MS = 1_000_000;

/** A span by times in whole milliseconds of the clock. */
const span = (phase: Span['phase'], start_ms: number, end_ms: number): Span => ({
  phase,
  start_ns: start_ms * MS,
  end_ns: end_ms * MS,
});

test('the whole profile, to the letter', () => {
  const spans = [
    span('begin', 12_198, 12_220),
    span('iterate', 12_220, 12_224),
    span('complete', 131_178, 131_589),
  ];
  assert.fixture(
    formatProfile(spans, START_NS),
    lines(
      'Begin',
      '  0.000 Start',
      '  5.198 > Begin',
      '  5.220 < Begin   0.022',
      '  5.220 > Iterate',
      '  5.224 < Iterate   0.004',
      '124.178 > Complete',
      '124.589 < Complete   0.411',
      'avg 145 = sum 437 / count 3; min 4 max 411',
      `value |${DASHES} count`,
      '    1 |                                                   0',
      '    2 |                                                   0',
      '    4 |@                                                  1',
      '    8 |                                                   0',
      '   16 |@                                                  1',
      '   32 |                                                   0',
      '   64 |                                                   0',
      '  128 |                                                   0',
      '  256 |@                                                  1',
      '  512 |                                                   0',
      ' 1024 |                                                   0',
      '',
    ),
  );
});

test('each time is cut to whole milliseconds before the difference is taken', () => {
  // 1.1 ms from 0.9 to 2.0 is 2; 1.9 ms from 2.0 to 3.9 is 1; 0.2 ms over an edge is 1
  const text = formatProfile(
    [
      { phase: 'begin', start_ns: 900_000, end_ns: 2_000_000 },
      { phase: 'iterate', start_ns: 2_000_000, end_ns: 3_900_000 },
      { phase: 'complete', start_ns: 3_900_000, end_ns: 4_100_000 },
    ],
    0,
  );
  assert.match(text, /\n {2}0\.000 > Begin\n {2}0\.002 < Begin {3}0\.002\n/);
  assert.match(text, /\n {2}0\.002 > Iterate\n {2}0\.003 < Iterate {3}0\.001\n/);
  assert.match(text, /\n {2}0\.003 > Complete\n {2}0\.004 < Complete {3}0\.001\n/);
  assert.match(text, /\navg 1 = sum 4 \/ count 3; min 1 max 2\n/);
});

test('the start is cut to whole milliseconds too', () => {
  const text = formatProfile([{ phase: 'begin', start_ns: 7_001_100_000, end_ns: 7_001_200_000 }], START_NS);
  assert.match(
    text,
    /\n {2}0\.001 > Begin\n {2}0\.001 < Begin {3}0\.000\navg 0 = sum 0 \/ count 1; min 0 max 0\n/,
  );
});

test('no span at all', () => {
  assert.is(formatProfile([], 0), 'Begin\n  0.000 Start\navg 0 = sum 0 / count 0; min 0 max 0\n\n');
});

test.run();
