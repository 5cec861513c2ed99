import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PagepipeError } from '../../src/errors.ts';
import type { RunningPolicy } from '../../src/policy/policy.ts';
import { WINDOW_NS, window } from '../../src/policy/window.ts';

const START_NS = 777;

/** The oracle: what ten windows a second come to, in exact whole numbers. */
function budgetOf(limit: number, index: number): number {
  const upto = (i: number): bigint => (BigInt(limit) * BigInt(i)) / 10n;
  return Number(upto(index + 1) - upto(index));
}

/** The first nanosecond of a window. */
function beginOf(index: number): number {
  return START_NS + index * 100_000_000;
}

function start(limit: number): RunningPolicy {
  return window(limit)(START_NS);
}

test('a window is 100 ms', () => assert.is(WINDOW_NS, 100_000_000));

test('the first window has its whole budget from the start on, to its last nanosecond', () => {
  const policy = start(1_000);
  assert.is(policy.allowance(beginOf(0)), 100);
  assert.is(policy.allowance(beginOf(1) - 1), 100);
  policy.spend(beginOf(0) + 5, 60);
  assert.is(policy.allowance(beginOf(1) - 1), 40);
  policy.spend(beginOf(0) + 6, 40);
  assert.is(policy.allowance(beginOf(1) - 1), 0);
  assert.is(policy.resumeAt(beginOf(0) + 6), beginOf(1));
  assert.is(policy.allowance(beginOf(1)), 100);
});

test('what a window does not use is lost with it, and so is what it went over', () => {
  const policy = start(1_000);
  assert.is(policy.allowance(beginOf(3)), 100);
  policy.spend(beginOf(3), 4_360);
  assert.is(policy.allowance(beginOf(3)), 100 - 4_360);
  assert.is(policy.resumeAt(beginOf(3)), beginOf(4));
  assert.is(policy.allowance(beginOf(4)), 100);
});

test('while anything is left, it is allowed now', () => {
  const policy = start(1_000);
  policy.spend(beginOf(0), 99);
  assert.is(policy.resumeAt(beginOf(0) + 1), beginOf(0) + 1);
  policy.spend(beginOf(0), 1);
  assert.is(policy.resumeAt(beginOf(0) + 1), beginOf(1));
});

test('ten windows are the limit to the byte, whichever ten', () => {
  const limits = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(limits, fc.nat(10_000), (limit, first) => {
      const policy = start(limit);
      let sum = 0n;
      for (let index = first; index < first + 10; index++) {
        const allowed = policy.allowance(beginOf(index));
        assert.is(allowed, budgetOf(limit, index), `window ${index}`);
        sum += BigInt(allowed);
      }
      assert.is(sum, BigInt(limit));
    }),
  );
});

test('under 10 bytes a second some windows are empty, and are not waited for', () => {
  for (let limit = 1; limit < 10; limit++) {
    const policy = start(limit);
    const full = Array.from({ length: 30 }, (_, index) => index).filter(
      (index) => budgetOf(limit, index) > 0,
    );
    assert.is(full.length, 3 * limit);
    for (let index = 0; index < 20; index++) {
      const next = full.find((candidate) => candidate >= index) ?? 0;
      const at_ns = beginOf(index) + 1;
      assert.is(policy.resumeAt(at_ns), next === index ? at_ns : beginOf(next), `${limit}, window ${index}`);
    }
  }
});

test('whatever is spent when: never over the budget of its window; resumeAt is the first time to go on', () => {
  const limits = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 10 ** 10 }));
  const steps = fc.array(fc.tuple(fc.nat(130_000_000), fc.double({ min: 0, max: 1.2, noNaN: true })));
  fc.assert(
    fc.property(limits, steps, (limit, list) => {
      const policy = start(limit);
      const spent = new Map<number, number>();
      let now_ns = START_NS;
      for (const [after_ns, share] of list) {
        now_ns += after_ns;
        const index = Math.floor((now_ns - START_NS) / 100_000_000);
        const left = budgetOf(limit, index) - (spent.get(index) ?? 0);
        assert.is(policy.allowance(now_ns), left);
        const resume_ns = policy.resumeAt(now_ns);
        assert.ok(policy.allowance(resume_ns) > 0);
        assert.ok(resume_ns === now_ns || (left <= 0 && policy.allowance(resume_ns - 1) <= 0));
        const bytes = Math.floor(Math.max(0, left) * share);
        policy.turn(now_ns);
        policy.spend(now_ns, bytes);
        spent.set(index, (spent.get(index) ?? 0) + bytes);
        assert.is(policy.mustReturn(now_ns), false);
      }
    }),
  );
});

test('asking changes nothing', () => {
  const policy = start(1_000);
  policy.spend(START_NS, 30);
  policy.allowance(beginOf(5));
  policy.resumeAt(beginOf(6));
  assert.is(policy.allowance(START_NS), 70);
});

test('what is no positive whole number is refused', () => {
  for (const limit of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    assert.throws(
      () => window(limit),
      (e: unknown) => e instanceof PagepipeError && e.code === 'usage-limit',
    );
  }
});

test.run();
