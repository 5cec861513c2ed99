/** The policy that a scenario names. */
import type { PolicySpec } from '../policy/table.ts';
import type { DrawnScenario } from './scenario/scenario.ts';

/**
 * A scenario has every setting of a policy at all times, so that each can be varied by itself: `unlimited` with a
 * limit is QEMU's window, and a target is of `adaptive` alone.
 */
export function specOf({ name, limit, slice, target }: DrawnScenario['policy']): PolicySpec {
  return {
    name: name === 'unlimited' ? undefined : name,
    limit_bytes_per_s: limit === 'unlimited' ? undefined : limit,
    slice_ns: slice === 'off' ? undefined : slice,
    target_ns: name === 'adaptive' ? target : undefined,
  };
}
