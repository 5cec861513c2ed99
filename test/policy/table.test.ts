import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  POLICIES,
  POLICY_NAMES,
  type PolicySpec,
  policyNameOf,
  policyOf,
  startPolicy,
  targetOf,
} from '../../src/policy/table.ts';
import { unlimited } from '../../src/policy/unlimited.ts';
import { failure } from '../support/folder.ts';

const MS = 1_000_000;

test('the names are those of the table', () => {
  assert.equal([...POLICY_NAMES], Object.keys(POLICIES));
});

test('each name starts its policy', () => {
  const limit = { limit_bytes_per_s: 1_000 };
  const started = (spec: PolicySpec) => policyOf(spec)(0).name;
  assert.is(started({ name: 'unlimited' }), 'unlimited');
  assert.is(started({ name: 'window', ...limit }), 'window');
  assert.is(started({ name: 'token-bucket', ...limit }), 'token-bucket');
  assert.is(started({ name: 'adaptive' }), 'adaptive');
  assert.is(started({ name: 'adaptive', ...limit }), 'adaptive window');
  assert.is(policyOf({ name: 'window', ...limit })(0).allowance(0), 100);
});

test("without a name it is QEMU's: a window where there is a limit", () => {
  assert.is(policyNameOf({}), 'unlimited');
  assert.is(policyNameOf({ limit_bytes_per_s: 1 }), 'window');
  assert.is(policyNameOf({ name: 'token-bucket', limit_bytes_per_s: 1 }), 'token-bucket');
  assert.is(policyOf({ slice_ns: 5 })(0).name, 'unlimited');
});

test('a slice is of any policy', () => {
  for (const name of POLICY_NAMES) {
    const limit = POLICIES[name].limit === 'needed' ? { limit_bytes_per_s: 1_000 } : {};
    const running = policyOf({ name, slice_ns: MS, ...limit })(0);
    assert.equal([running.mustReturn(MS - 1), running.mustReturn(MS)], [false, true], name);
  }
});

test('only a policy that has a target holds one', () => {
  assert.is(targetOf({}), undefined);
  assert.is(targetOf({ name: 'adaptive' }), 10 * MS);
  assert.is(targetOf({ name: 'adaptive', target_ns: 3 }), 3);
  const running = policyOf({ name: 'adaptive', target_ns: 10 * MS })(0);
  assert.equal([running.mustReturn(9 * MS - 1), running.mustReturn(9 * MS)], [false, true]);
});

test('parameters that contradict the name are refused', async () => {
  const refused: readonly PolicySpec[] = [
    { name: 'window' },
    { name: 'token-bucket' },
    { name: 'unlimited', limit_bytes_per_s: 1 },
    { name: 'window', limit_bytes_per_s: 1, target_ns: 1 },
    { target_ns: 1 },
  ];
  for (const spec of refused) await failure('usage-policy', () => policyOf(spec));
  await failure('usage-limit', () => policyOf({ limit_bytes_per_s: 0 }));
  await failure('usage-target', () => policyOf({ name: 'adaptive', target_ns: 0.5 }));
});

test('a policy is given as itself, or in plain values', () => {
  assert.is(startPolicy(unlimited, 0).name, 'unlimited');
  assert.is(startPolicy({ limit_bytes_per_s: 10 }, 0).name, 'window');
});

test.run();
