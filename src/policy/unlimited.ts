import type { RunningPolicy } from './policy.ts';

const UNLIMITED: RunningPolicy = {
  name: 'unlimited',
  turn() {},
  allowance: () => Number.POSITIVE_INFINITY,
  spend() {},
  resumeAt: (now_ns) => now_ns,
  mustReturn: () => false,
};

/**
 * No limit. libvirt sets it so for "save to file" since 2011: INT64_MAX / 1 MiB megabytes a second. It never ends
 * an iterate.
 *
 * @example unlimited().allowance(0); // Infinity
 */
export const unlimited = (): RunningPolicy => UNLIMITED;
