import type { Policy } from './policy.ts';

/**
 * No limit: libvirt's setting for "save to file" since 2011, INT64_MAX / 1 MiB megabytes a second. Nothing
 * of it ever ends an iterate.
 */
export const unlimited: Policy<null> = {
  name: 'unlimited',
  start: () => null,
  turn: (state) => state,
  allowance: () => Number.POSITIVE_INFINITY,
  spend: (state) => state,
  resumeAt: (_state, now_ns) => now_ns,
  mustReturn: () => false,
};
