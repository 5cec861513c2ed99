/** A whole bench by clocks that measure nothing. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { THIS_BUILD } from '../../src/bench/build.ts';
import { runBench } from '../../src/bench/index.ts';

test('by a clock that shows no work nothing is measured, and each case says so', async () => {
  let now_ns = 0;
  const by_reading = {
    now: () => {
      now_ns += 100_000;
      return now_ns;
    },
  };
  for (const [clock, reason] of [
    [by_reading, 'the clock shows no more time for more work'],
    [{ now: () => 5 }, 'the clock stands still'],
  ] as const) {
    const only = /^(zero|facade|save)/;
    const against = { version: null, commit: null, build: THIS_BUILD };
    const { cases, against: other } = await runBench({
      size_bytes: 2 ** 20,
      budget_ns: 0,
      only,
      clock,
      against,
    });
    assert.is(cases.length, 4);
    for (const { name, gb_per_s, samples, unmeasured } of [...cases, ...(other?.cases ?? [])]) {
      assert.equal(gb_per_s, { median: null, min: null, max: null }, name);
      assert.equal(samples, [], name);
      assert.is(unmeasured, reason, name);
    }
    assert.equal(other?.ratios, []);
  }
});

test.run();
