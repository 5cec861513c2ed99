/** Policies by their names and parameters: what can be written down, and given to another thread. */
import { adaptive } from './adaptive.ts';
import type { Policy } from './policy.ts';
import { slice } from './slice.ts';
import { tokenBucket } from './token-bucket.ts';
import { unlimited } from './unlimited.ts';
import { window } from './window.ts';

/** A policy in plain values. */
export type PolicySpec = {
  /** Without it a turn is as long as the policy lets it be. */
  readonly slice_ns?: number | undefined;
} & (
  | { readonly name: 'unlimited' }
  | { readonly name: 'window' | 'token-bucket'; readonly limit_bytes_per_s: number }
  | {
      readonly name: 'adaptive';
      /** A window's; without it adaptive is unlimited. */
      readonly limit_bytes_per_s?: number | undefined;
      /** The blackout that it stays under. */
      readonly target_ns?: number | undefined;
    }
);

export type PolicyName = PolicySpec['name'];

/**
 * The policy that is described; `use` has it with its own type of state.
 *
 * @throws `usage-limit`, `usage-target`
 * @example
 * const name = withNamedPolicy({ name: 'window', limit_bytes_per_s: 2 ** 25 }, (policy) => policy.name);
 */
export function withNamedPolicy<T>(spec: PolicySpec, use: <State>(policy: Policy<State>) => T): T {
  const { slice_ns } = spec;
  const sliced = <State>(policy: Policy<State>): T =>
    slice_ns === undefined ? use(policy) : use(slice(policy, slice_ns));
  switch (spec.name) {
    case 'unlimited':
      return sliced(unlimited);
    case 'window':
      return sliced(window(spec.limit_bytes_per_s));
    case 'token-bucket':
      return sliced(tokenBucket(spec.limit_bytes_per_s));
    default:
      return spec.limit_bytes_per_s === undefined
        ? sliced(adaptive(unlimited, spec.target_ns))
        : sliced(adaptive(window(spec.limit_bytes_per_s), spec.target_ns));
  }
}
