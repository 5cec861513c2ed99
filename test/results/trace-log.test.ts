import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PagepipeError } from '../../src/errors.ts';
import { formatProfile } from '../../src/results/systemtap.ts';
import { parseTraceLog } from '../../src/results/trace-log.ts';
import type { Phase, Span } from '../../src/stats/spans.ts';
import { LAST_RESORT_MS } from '../support/patience.ts';

const excerpt = readFileSync(new URL('../vectors/thread-excerpt.txt', import.meta.url), 'utf8');
const MS = 1_000_000;

/** Phase, begin and end in milliseconds, which are easier to read than nanoseconds. */
const inMs = (spans: readonly Span[]) =>
  spans.map(({ phase, start_ns, end_ns }) => [phase, start_ns / MS, end_ns / MS]);

const THREAD_SPANS = [
  ['begin', 5198, 5220],
  ['iterate', 5220, 5224],
  ['iterate', 6299, 6314],
  ['iterate', 6314, 6319],
  ['iterate', 6409, 8139],
  ['iterate', 8152, 13_078],
  ['iterate', 13_963, 14_248],
  ['iterate', 14_441, 14_448],
  ['iterate', 24_171, 24_178],
  ['complete', 24_178, 24_588],
];
const THREAD_MISSING = ['lines at 2 places marked as cut out', '91 of the 101 spans that its sum counts'];

test("the thread's log: ten whole spans, 7411 ms, the longest 4926 ms", () => {
  const { spans, missing } = parseTraceLog(excerpt);
  assert.equal(inMs(spans), THREAD_SPANS);
  assert.equal(missing, THREAD_MISSING);
  const times_ms = spans.map(({ start_ns, end_ns }) => (end_ns - start_ns) / MS);
  assert.is(
    times_ms.reduce((sum, ms) => sum + ms),
    7411,
  );
  assert.is(Math.max(...times_ms), 4926);
});

test('line breaks and columns may be lost', () => {
  assert.equal(parseTraceLog(excerpt.replaceAll(/\s+/g, ' ')), parseTraceLog(excerpt));
  assert.equal(parseTraceLog(excerpt.replaceAll('\n', '\r\n')), parseTraceLog(excerpt));
});

test('prose, quoting and the source of the script around it do no harm', () => {
  const prose =
    'On Fri, Nov 11, 2011 at 01:03:20PM +0000 wrote: > Most calls complete in 10.020 > ms > Begin < Iterate 0.100 ' +
    'libvirt 0.9.7 is > Iterate; 10.0.0.123 > Begin ';
  const source =
    ' printf("%3d.%03d %s\\n", (delta / 1000)); print_ts("> Begin"); print_ts(sprintf("< Begin %3d.%03d", (delta))); ' +
    'printf ("avg %d = sum %d / count %d; min %d max %d\\n", @avg(deltas));';
  const { spans, missing } = parseTraceLog(prose + excerpt + source);
  assert.equal(inMs(spans), THREAD_SPANS);
  assert.equal(missing, THREAD_MISSING);
  assert.equal(inMs(parseTraceLog(excerpt.replaceAll(/^/gm, '> ')).spans), THREAD_SPANS);
});

test('what is printed is read back, cut to whole milliseconds', () => {
  const span = fc.tuple(fc.constantFrom<Phase>('begin', 'iterate', 'complete'), fc.nat(2e9), fc.nat(2e10));
  fc.assert(
    fc.property(fc.array(span, { minLength: 1 }), fc.nat(1e9), (steps, start_ns) => {
      let now_ns = start_ns;
      const spans = steps.map(([phase, gap_ns, time_ns]): Span => {
        const from_ns = now_ns + gap_ns;
        now_ns = from_ns + time_ns;
        return { phase, start_ns: from_ns, end_ns: now_ns };
      });
      const cut = (ns: number): number => Math.trunc(ns / MS) - Math.trunc(start_ns / MS);
      const read = parseTraceLog(formatProfile(spans, start_ns));
      assert.equal(
        inMs(read.spans),
        spans.map((one) => [one.phase, cut(one.start_ns), cut(one.end_ns)]),
      );
      assert.ok(read.missing.every((what) => what.startsWith('any span of ')));
    }),
  );
});

/** A log of one begin and one complete, with other lines between. */
const between = (...lines: readonly string[]): string =>
  ['0.001 > Begin', '0.002 < Begin 0.001', ...lines, '9.000 > Complete', '9.500 < Complete 0.500'].join('\n');

/** What is read between the begin and the complete, and what is said to be missing. */
function readBetween(...lines: readonly string[]) {
  const { spans, missing } = parseTraceLog(between(...lines));
  return { spans: inMs(spans.slice(1, -1)), missing };
}

test('a whole log misses nothing', () => {
  assert.equal(readBetween('1.000 > Iterate', '1.010 < Iterate 0.010'), {
    spans: [['iterate', 1000, 1010]],
    missing: [],
  });
});

test('a begin without its end is no span', () => {
  assert.equal(readBetween('1.000 > Iterate', '2.000 > Iterate', '2.010 < Iterate 0.010'), {
    spans: [['iterate', 2000, 2010]],
    missing: ['the end of Iterate at 1.000 s'],
  });
  assert.equal(readBetween('1.000 > Iterate').missing, [
    'the end of Iterate at 1.000 s',
    'any span of Iterate',
  ]);
  assert.equal(parseTraceLog(`${between()} 10.000 > Iterate`).missing[0], 'the end of Iterate at 10.000 s');
});

test('an end without its begin is a span by its own time', () => {
  assert.equal(readBetween('1.010 < Iterate 0.010'), {
    spans: [['iterate', 1000, 1010]],
    missing: ['the begin of Iterate that ends at 1.010 s'],
  });
});

test('the end of another span than the one that began is seen by its own time', () => {
  assert.equal(readBetween('1.000 > Iterate', '3.010 < Iterate 0.010'), {
    spans: [['iterate', 3000, 3010]],
    missing: ['the end of Iterate at 1.000 s', 'the begin of Iterate that ends at 3.010 s'],
  });
  assert.equal(readBetween('1.000 > Iterate', '9.000 < Complete 0.010').missing, [
    'the end of Iterate at 1.000 s',
    'the begin of Complete that ends at 9.000 s',
    'any span of Iterate',
  ]);
  assert.equal(readBetween('1.000 > Iterate', '1.010 < Complete 0.010').missing, [
    'the end of Iterate at 1.000 s',
    'the begin of Complete that ends at 1.010 s',
    'any span of Iterate',
  ]);
});

test("the script's own time counts where it and the times of the lines are a millisecond apart", () => {
  for (const own of ['0.009', '0.011']) {
    const { spans, missing } = readBetween('1.000 > Iterate', `1.010 < Iterate ${own}`);
    assert.equal(spans, [['iterate', 1010 - Number(own.slice(-3)), 1010]]);
    assert.equal(missing, []);
  }
  assert.is(readBetween('1.000 > Iterate', '1.010 < Iterate 0.008').missing.length, 2);
});

test('a lost own time is not taken from the next line', () => {
  const missing = ['the own time of Iterate that ends at 1.010 s'];
  assert.equal(
    readBetween('1.000 > Iterate', '1.010 < Iterate', '1.020 > Iterate', '1.030 < Iterate 0.010'),
    {
      spans: [
        ['iterate', 1000, 1010],
        ['iterate', 1020, 1030],
      ],
      missing,
    },
  );
  assert.equal(readBetween('1.010 < Iterate').missing, [
    'the begin of Iterate that ends at 1.010 s',
    ...missing,
    'any span of Iterate',
  ]);
});

test('a number that is no own time is not taken for one', () => {
  for (const other of ['0.0105', '0.010.5', '0.01', '10', '.010']) {
    assert.equal(readBetween('1.000 > Iterate', `1.010 < Iterate ${other}`).missing, [
      'the own time of Iterate that ends at 1.010 s',
    ]);
  }
});

test('an own time longer than the time itself is no span', () => {
  assert.equal(readBetween('1.010 < Iterate 1.011').spans, []);
});

test('marks of what was cut out are counted', () => {
  assert.equal(readBetween('1.000 > Iterate', '1.010 < Iterate 0.010 ...snip..').missing, [
    'lines at 1 place marked as cut out',
  ]);
});

test('phases that are not there at all are named', () => {
  assert.equal(parseTraceLog('0.001 > Begin 0.002 < Begin 0.001').missing, [
    'any span of Iterate',
    'any span of Complete',
  ]);
});

test('the prefix of a log never gives a span that the whole has not', () => {
  const whole = inMs(parseTraceLog(excerpt).spans).map(String);
  for (let length = excerpt.indexOf('< Begin   0.022') + 15; length < excerpt.length; length++) {
    const part = inMs(parseTraceLog(excerpt.slice(0, length)).spans).map(String);
    assert.equal(part, whole.slice(0, part.length), `${length} characters`);
  }
});

test('a log without a span is an error that says what to give', () => {
  const isEmpty = (error: unknown): boolean => error instanceof PagepipeError && error.code === 'trace-empty';
  for (const text of [
    '',
    ' \n',
    'Begin\n  0.000 Start\n',
    '5.198 > Begin',
    'print_ts("> Begin")',
    '0.1 < Begin 0.1',
  ]) {
    assert.throws(() => parseTraceLog(text), isEmpty, text);
  }
});

test('long junk is read in time that grows with its length', () => {
  // in time that grows with the square of it, a piece would take ten minutes
  const junk = [' ', '1', '1.', '0.000', '0.000 ', '.', '0.000 < Begin ', '> '].map((piece) =>
    piece.repeat(1_000_000),
  );
  for (const text of junk) {
    const began_ms = performance.now();
    try {
      parseTraceLog(text);
    } catch (error) {
      assert.instance(error, PagepipeError);
    }
    assert.ok(performance.now() - began_ms < LAST_RESORT_MS, text.slice(0, 20));
  }
});

test.run();
