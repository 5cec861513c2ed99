import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PagepipeError } from '../../src/errors.ts';
import { tokenBucket } from '../../src/policy/token-bucket.ts';

const NS_PER_S = 1_000_000_000;
const START_NS = 31;

const rates = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 2 ** 40 }));
const bursts = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 2 ** 31 }));
/** Times that go by, and how much of what is allowed is spent, and over it. */
const steps = fc.array(
  fc.tuple(fc.oneof(fc.nat(50), fc.nat(10 ** 10)), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(4_360)),
);

/** The oracle: tokens in billionths of a byte, exact; the bucket runs over at `burst`. */
class ExactBucket {
  #nano_tokens: bigint;
  #at_ns = START_NS;
  readonly #rate: bigint;
  readonly #nano_burst: bigint;

  constructor(rate: number, burst: number) {
    this.#rate = BigInt(rate);
    this.#nano_burst = BigInt(burst) * BigInt(NS_PER_S);
    this.#nano_tokens = this.#nano_burst;
  }

  /** Whole tokens at a time. */
  tokens(now_ns: number): number {
    this.#nano_tokens += this.#rate * BigInt(now_ns - this.#at_ns);
    this.#at_ns = now_ns;
    if (this.#nano_tokens > this.#nano_burst) this.#nano_tokens = this.#nano_burst;
    const whole = this.#nano_tokens / BigInt(NS_PER_S);
    // BigInt division goes to zero, a debt is rounded down
    return Number(this.#nano_tokens % BigInt(NS_PER_S) < 0n ? whole - 1n : whole);
  }

  spend(bytes: number): void {
    this.#nano_tokens -= BigInt(bytes) * BigInt(NS_PER_S);
  }
}

test('the tokens are exact, however often it is asked', () => {
  fc.assert(
    fc.property(rates, bursts, steps, (rate, burst, list) => {
      const policy = tokenBucket(rate, burst)(START_NS);
      const oracle = new ExactBucket(rate, burst);
      let now_ns = START_NS;
      for (const [after_ns, share, over_bytes] of list) {
        now_ns += after_ns;
        policy.turn(now_ns);
        const allowed = policy.allowance(now_ns);
        assert.is(allowed, oracle.tokens(now_ns));
        assert.is(policy.allowance(now_ns), allowed, 'asking changes nothing');
        assert.is(policy.mustReturn(now_ns), false);
        if (allowed <= 0) continue;
        const bytes = Math.floor(allowed * share) + over_bytes;
        policy.spend(now_ns, bytes);
        oracle.spend(bytes);
      }
    }),
  );
});

test('resumeAt is the first nanosecond at which something may go', () => {
  fc.assert(
    fc.property(rates, bursts, fc.nat(4_360), fc.nat(10 ** 9), (rate, burst, over_bytes, after_ns) => {
      const policy = tokenBucket(rate, burst)(START_NS);
      policy.spend(START_NS, burst + over_bytes);
      const now_ns = START_NS + after_ns;
      const resume_ns = policy.resumeAt(now_ns);
      assert.ok(policy.allowance(resume_ns) > 0);
      assert.ok(resume_ns === now_ns || policy.allowance(resume_ns - 1) <= 0);
    }),
  );
});

test('the long-run rate is exact: a byte at a time, as soon as it may go', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3_000 }), (rate) => {
      const policy = tokenBucket(rate, 1)(START_NS);
      let now_ns = START_NS;
      // the burst, and then three seconds' bytes
      for (let i = 0; i < 3 * rate + 1; i++) {
        now_ns = policy.resumeAt(now_ns);
        policy.spend(now_ns, 1);
      }
      // each wait is rounded up to a whole nanosecond, and nothing of it is lost but what ran over
      const late_ns = now_ns - START_NS - 3 * NS_PER_S;
      assert.ok(late_ns >= 0 && late_ns <= 3 * rate, `${late_ns} ns late`);
    }),
    { numRuns: 20 },
  );
});

test('a debt is paid before the next goes, so records whole do not raise the rate', () => {
  const policy = tokenBucket(1_000_000, 1)(START_NS);
  let now_ns = START_NS;
  for (let i = 0; i < 1_000; i++) {
    policy.spend(now_ns, 4_104);
    now_ns = policy.resumeAt(now_ns);
  }
  assert.is(now_ns - START_NS, 4_104 * 1_000 * 1_000);
});

test('the burst is bounded: full at the start, and never fuller', () => {
  const policy = tokenBucket(1_000, 70)(START_NS);
  assert.is(policy.allowance(START_NS), 70);
  assert.is(policy.allowance(START_NS + 1_000 * NS_PER_S), 70);
  policy.spend(START_NS, 70);
  assert.is(policy.allowance(START_NS + 70_000_000 - 1), 69);
  assert.is(policy.allowance(START_NS + 70_000_000), 70);
  assert.is(policy.allowance(START_NS + 80_000_000), 70);
});

test('the burst is a tenth of a second, at least a byte, unless given', () => {
  for (const [rate, burst] of [
    [1, 1],
    [19, 1],
    [20, 2],
    [33_554_432, 3_355_443],
  ] as const) {
    assert.is(tokenBucket(rate)(START_NS).allowance(START_NS), burst);
  }
});

test('what is no positive whole number is refused, as rate and as burst', () => {
  for (const bad of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    for (const make of [() => tokenBucket(bad, 1), () => tokenBucket(1, bad)]) {
      assert.throws(make, (e: unknown) => e instanceof PagepipeError && e.code === 'usage-limit');
    }
  }
});

test.run();
