import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Policy } from '../../src/policy/policy.ts';
import { QEMU_SLICE_NS, slice } from '../../src/policy/slice.ts';
import { tokenBucket } from '../../src/policy/token-bucket.ts';
import { unlimited } from '../../src/policy/unlimited.ts';
import { window } from '../../src/policy/window.ts';

test("QEMU's slice is 50 ms", () => assert.is(QEMU_SLICE_NS, 50_000_000));

test('a turn is over when the slice is, at == too, and the next turn has a whole one', () => {
  const policy = slice(unlimited, 1_000)(50);
  assert.is(policy.mustReturn(50 + 999), false);
  assert.is(policy.mustReturn(50 + 1_000), true);
  policy.turn(5_000);
  assert.is(policy.mustReturn(5_999), false);
  assert.is(policy.mustReturn(6_000), true);
  assert.is(policy.mustReturn(6_001), true);
});

test('spending does not begin a new slice', () => {
  const policy = slice(window(1_000), 1_000)(0);
  policy.turn(100);
  policy.spend(1_099, 5);
  assert.is(policy.mustReturn(1_099), false);
  assert.is(policy.mustReturn(1_100), true);
});

const inners: readonly Policy[] = [unlimited, window(100_003), tokenBucket(70_001, 900)];

test('all other answers are those of the policy inside', () => {
  const steps = fc.array(fc.tuple(fc.nat(70_000_000), fc.nat(20_000), fc.boolean()));
  fc.assert(
    fc.property(fc.constantFrom(...inners), steps, fc.nat(10 ** 8), (inner, list, slice_ns) => {
      const [plain, sliced] = [inner(3), slice(inner, slice_ns)(3)];
      assert.is(sliced.name, plain.name);
      let now_ns = 3;
      let turn_ns = 3;
      for (const [after_ns, bytes, is_turn] of list) {
        now_ns += after_ns;
        if (is_turn) {
          turn_ns = now_ns;
          for (const policy of [plain, sliced]) policy.turn(now_ns);
        }
        for (const policy of [plain, sliced]) policy.spend(now_ns, bytes);
        assert.is(sliced.allowance(now_ns), plain.allowance(now_ns));
        assert.is(sliced.resumeAt(now_ns), plain.resumeAt(now_ns));
        assert.is(sliced.mustReturn(now_ns), now_ns - turn_ns >= slice_ns);
      }
    }),
  );
});

/** A policy that writes down what it is asked, and returns when it is told to. */
function makeStubborn() {
  const state = { must_return: false, said: '' };
  const policy: Policy = (start_ns) => {
    state.said = `start ${start_ns}`;
    return {
      name: 'stubborn',
      turn: (now_ns) => {
        state.said += `, turn ${now_ns}`;
      },
      allowance: () => state.said.length,
      spend: (now_ns, bytes) => {
        state.said += `, spend ${now_ns} ${bytes}`;
      },
      resumeAt: (now_ns) => now_ns + 1,
      mustReturn: () => state.must_return,
    };
  };
  return { policy, state };
}

test('the policy inside may end a turn before the slice does', () => {
  const { policy, state } = makeStubborn();
  const sliced = slice(policy, 1_000)(0);
  assert.is(sliced.mustReturn(1), false);
  state.must_return = true;
  assert.is(sliced.mustReturn(1), true);
});

test('the policy inside is told of start, turns and bytes', () => {
  const { policy, state } = makeStubborn();
  const sliced = slice(policy, 1_000)(1);
  sliced.turn(2);
  sliced.spend(3, 4);
  assert.is(state.said, 'start 1, turn 2, spend 3 4');
  assert.is(sliced.allowance(5), state.said.length);
  assert.is(sliced.resumeAt(5), 6);
});

test('a slice of a slice ends by the shorter', () => {
  for (const policy of [slice(slice(unlimited, 10), 99), slice(slice(unlimited, 99), 10)]) {
    const running = policy(0);
    running.turn(100);
    assert.equal([running.mustReturn(109), running.mustReturn(110)], [false, true]);
  }
});

test.run();
