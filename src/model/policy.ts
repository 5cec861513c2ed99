/** The policy that a scenario names. */
import { adaptive } from '../policy/adaptive.ts';
import { type Policy, type RunningPolicy, startPolicy } from '../policy/policy.ts';
import { slice } from '../policy/slice.ts';
import { tokenBucket } from '../policy/token-bucket.ts';
import { unlimited } from '../policy/unlimited.ts';
import { window } from '../policy/window.ts';
import type { DrawnScenario } from './scenario.ts';

/** Starts it at time 0. */
export function startScenarioPolicy({
  name,
  limit,
  slice: slice_ns,
  target,
}: DrawnScenario['policy']): RunningPolicy {
  const sliced = <State>(policy: Policy<State>): RunningPolicy =>
    slice_ns === 'off' ? startPolicy(policy, 0) : startPolicy(slice(policy, slice_ns), 0);
  const chosen = <State>(policy: Policy<State>): RunningPolicy =>
    name === 'adaptive' ? sliced(adaptive(policy, target)) : sliced(policy);
  if (limit === 'unlimited') return chosen(unlimited);
  return name === 'token-bucket' ? chosen(tokenBucket(limit)) : chosen(window(limit));
}
