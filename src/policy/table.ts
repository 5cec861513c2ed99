/** The policies in one table: names, parameters and how each begins, for whoever names one in plain values. */
import { fail } from '../errors.ts';
import { adaptive, BLACKOUT_TARGET_NS } from './adaptive.ts';
import type { Policy } from './policy.ts';
import { slice } from './slice.ts';
import { tokenBucket } from './token-bucket.ts';
import { unlimited } from './unlimited.ts';
import { window } from './window.ts';

export type PolicyName = 'unlimited' | 'window' | 'token-bucket' | 'adaptive';

/** A policy in plain values: what can be written down, and given to another thread. */
export interface PolicySpec {
  /** Default: `window` where there is a limit, else `unlimited`. */
  readonly name?: PolicyName | undefined;
  /** Bytes on the wire a second. */
  readonly limit_bytes_per_s?: number | undefined;
  /** The longest turn; without it a turn is as long as the policy lets it be. */
  readonly slice_ns?: number | undefined;
  /** The blackout that `adaptive` stays under; default 10 ms. */
  readonly target_ns?: number | undefined;
}

interface PolicyEntry {
  /** What it is, for help texts. */
  readonly about: string;
  readonly limit: 'none' | 'needed' | 'possible';
  readonly has_target: boolean;
  readonly start: (spec: PolicySpec) => Policy;
}

const limitOf = ({ limit_bytes_per_s = Number.NaN }: PolicySpec): number => limit_bytes_per_s;

export const POLICIES: Readonly<Record<PolicyName, PolicyEntry>> = {
  unlimited: {
    about: 'no limit, as libvirt sets it for "save to file"',
    limit: 'none',
    has_target: false,
    start: () => unlimited,
  },
  window: {
    about: "QEMU's limit: a budget of bytes for each 100 ms",
    limit: 'needed',
    has_target: false,
    start: (spec) => window(limitOf(spec)),
  },
  'token-bucket': {
    about: 'a rate without windows: a pause is followed by a bounded burst',
    limit: 'needed',
    has_target: false,
    start: (spec) => tokenBucket(limitOf(spec)),
  },
  adaptive: {
    about: 'turns so short that 99 of 100 requests are answered within a target',
    limit: 'possible',
    has_target: true,
    start: (spec) =>
      adaptive(spec.limit_bytes_per_s === undefined ? unlimited : window(limitOf(spec)), spec.target_ns),
  },
};

export const POLICY_NAMES: readonly PolicyName[] = ['unlimited', 'window', 'token-bucket', 'adaptive'];

/** The name of the policy that is meant: QEMU's where there is nothing but a limit. */
export function policyNameOf({ name, limit_bytes_per_s }: PolicySpec): PolicyName {
  return name ?? (limit_bytes_per_s === undefined ? 'unlimited' : 'window');
}

/** The blackout that a policy is to hold; undefined for one that has no such target. */
export function targetOf(spec: PolicySpec): number | undefined {
  return POLICIES[policyNameOf(spec)].has_target ? (spec.target_ns ?? BLACKOUT_TARGET_NS) : undefined;
}

/**
 * The policy that is described.
 *
 * @throws `usage-policy` where its parameters contradict its name; `usage-limit`, `usage-target`
 * @example
 * const policy = policyOf({ limit_bytes_per_s: 32 * 2 ** 20, slice_ns: 50_000_000 });
 */
export function policyOf(spec: PolicySpec): Policy {
  const name = policyNameOf(spec);
  const entry = POLICIES[name];
  const has_limit = spec.limit_bytes_per_s !== undefined;
  if (entry.limit === 'needed' && !has_limit)
    throw fail('usage-policy', { policy: name, fault: 'needs a limit' });
  if (entry.limit === 'none' && has_limit)
    throw fail('usage-policy', { policy: name, fault: 'takes no limit' });
  if (!entry.has_target && spec.target_ns !== undefined) {
    throw fail('usage-policy', { policy: name, fault: 'takes no target' });
  }
  const policy = entry.start(spec);
  return spec.slice_ns === undefined ? policy : slice(policy, spec.slice_ns);
}

/** A policy as it comes from outside: itself, or described in plain values. */
export function startPolicy(policy: Policy | PolicySpec, now_ns: number): ReturnType<Policy> {
  return (typeof policy === 'function' ? policy : policyOf(policy))(now_ns);
}
