import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { unlimited } from '../../src/policy/unlimited.ts';

test('unlimited never stops, whatever was sent and however long it took', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.maxSafeNat(), fc.maxSafeNat())), (spends) => {
      const policy = unlimited();
      for (const [now_ns, bytes] of spends) {
        policy.turn(now_ns);
        policy.spend(now_ns, bytes);
        assert.is(policy.allowance(now_ns), Number.POSITIVE_INFINITY);
        assert.is(policy.mustReturn(now_ns), false);
        assert.is(policy.resumeAt(now_ns), now_ns);
      }
    }),
  );
});

test('its name', () => assert.is(unlimited().name, 'unlimited'));

test.run();
