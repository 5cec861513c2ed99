import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ErrorCode, PagepipeError } from '../../../src/errors.ts';
import {
  describeWorkloads,
  parseWorkload,
  type WorkloadSpec,
} from '../../../src/guest/synthetic/workload.ts';

const MIB = 1_048_576;

const IDLE: WorkloadSpec = {
  name: 'idle',
  zero_share: 0.6,
  dirty_bytes_per_s: 0,
  set_bytes: 0,
  change: 'page',
};
const STEADY: WorkloadSpec = {
  name: 'steady',
  zero_share: 0.6,
  dirty_bytes_per_s: 50 * MIB,
  set_bytes: 64 * MIB,
  change: 'page',
};
const HOT: WorkloadSpec = {
  name: 'hot',
  zero_share: 0.6,
  dirty_bytes_per_s: 200 * MIB,
  set_bytes: 4 * MIB,
  change: 'page',
};

test('every name alone is its defaults', () => {
  assert.equal(parseWorkload('idle'), IDLE);
  assert.equal(parseWorkload('steady'), STEADY);
  assert.equal(parseWorkload('hot'), HOT);
});

test('every parameter, alone and together, in any order', () => {
  const cases: Record<string, WorkloadSpec> = {
    'idle,zero=33.3%': { ...IDLE, zero_share: 0.333 },
    'idle,zero=0%': { ...IDLE, zero_share: 0 },
    'steady,zero=100%': { ...STEADY, zero_share: 1 },
    'steady,dirty=7MB/s': { ...STEADY, dirty_bytes_per_s: 7_000_000 },
    'hot,set=8192': { ...HOT, set_bytes: 8_192 },
    'hot,set=4096': { ...HOT, set_bytes: 4_096 },
    'hot,change=word': { ...HOT, change: 'word' },
    'steady,change=page': STEADY,
  };
  for (const [text, spec] of Object.entries(cases)) assert.equal(parseWorkload(text), spec, text);
  const parts = ['zero=10%', 'dirty=1.5MiB/s', 'set=2MiB', 'change=word'];
  const wanted = {
    name: 'steady',
    zero_share: 0.1,
    dirty_bytes_per_s: 1_572_864,
    set_bytes: 2 * MIB,
    change: 'word',
  };
  fc.assert(
    fc.property(fc.shuffledSubarray(parts, { minLength: 4 }), (order) => {
      assert.equal(parseWorkload(`steady,${order.join(',')}`), wanted);
    }),
  );
});

const MALFORMED: readonly (readonly [string, ErrorCode])[] = [
  ['', 'usage-workload'],
  ['Idle', 'usage-workload'],
  ['idle ', 'usage-workload'],
  [',steady', 'usage-workload'],
  ['zero=5%', 'usage-workload'],
  ['toString', 'usage-workload'],
  ['steady,', 'usage-workload-key'],
  ['steady,zero', 'usage-workload-key'],
  ['steady,=5%', 'usage-workload-key'],
  ['steady,Zero=5%', 'usage-workload-key'],
  ['steady, zero=5%', 'usage-workload-key'],
  ['steady,colour=red', 'usage-workload-key'],
  ['steady,constructor=1', 'usage-workload-key'],
  ['steady,__proto__=1', 'usage-workload-key'],
  ['steady,zero=5%,zero=5%', 'usage-workload-key'],
  ['steady,set=1MiB,,', 'usage-workload-key'],
  ['steady,change=all', 'usage-workload-value'],
  ['steady,change=', 'usage-workload-value'],
  ['steady,change=page=word', 'usage-workload-value'],
  ['idle,dirty=1MiB/s', 'usage-workload-value'],
  ['idle,set=1MiB', 'usage-workload-value'],
  ['idle,change=word', 'usage-workload-value'],
  ['hot,set=4095', 'usage-workload-value'],
  ['hot,set=0', 'usage-workload-value'],
  ['steady,zero=', 'usage-share'],
  ['steady,zero=101%', 'usage-share'],
  ['steady,zero=-1%', 'usage-share'],
  ['steady,zero=0.5', 'usage-share'],
  ['steady,dirty=', 'usage-rate'],
  ['steady,dirty=5MiB', 'usage-rate'],
  ['steady,dirty=0MiB/s', 'usage-rate'],
  ['steady,dirty=9999999TiB/s', 'usage-too-large'],
  ['steady,set=', 'usage-size'],
  ['steady,set=4 MiB', 'usage-size'],
  ['steady,set=-4MiB', 'usage-size'],
  ['steady,set=9999999TiB', 'usage-too-large'],
];

test('every malformed one is refused, each by its code', () => {
  for (const [text, code] of MALFORMED) {
    assert.throws(
      () => parseWorkload(text),
      (e: unknown) => e instanceof PagepipeError && e.code === code,
      `"${text}" is no ${code}`,
    );
  }
});

test('any text is a workload, or refused as wrong usage', () => {
  const pieces = fc.constantFrom(
    'idle',
    'steady',
    'hot',
    ',',
    '=',
    'zero',
    'set',
    'dirty',
    '5%',
    '1MiB',
    '/s',
  );
  const texts = fc.oneof(
    fc.string(),
    fc.array(pieces).map((list) => list.join('')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        assert.ok(['idle', 'steady', 'hot'].includes(parseWorkload(text).name));
      } catch (e) {
        assert.ok(e instanceof PagepipeError && e.is_usage, String(e));
      }
    }),
    { numRuns: 1_000 },
  );
});

test('the help text names every workload with what it does', () => {
  assert.equal(describeWorkloads(), [
    'idle    nothing changes (zero=60%)',
    'steady  pages of a working set are rewritten at a rate (zero=60%, dirty=50.0 MiB/s, set=64.0 MiB)',
    'hot     a small set is rewritten all the time (zero=60%, dirty=200 MiB/s, set=4.00 MiB)',
  ]);
});

test.run();
