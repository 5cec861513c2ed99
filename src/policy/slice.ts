import type { Policy } from './policy.ts';

interface SliceState<Inner> {
  readonly inner: Inner;
  readonly turn_began_ns: number;
}

/** How long QEMU lets one iterate take since 1.2 (migration/ram.c, MAX_WAIT). */
export const QEMU_SLICE_NS = 50_000_000;

/**
 * Any policy, and the loop returns once a turn has taken `slice_ns`: QEMU's cure of 2012 for iterates that
 * did not end. It is asked after each encode, so a turn takes the slice and at most one encode and one
 * write more; a write that the kernel blocks it cannot cut short.
 */
export function slice<Inner>(policy: Policy<Inner>, slice_ns: number): Policy<SliceState<Inner>> {
  return {
    name: policy.name,
    start: (now_ns) => ({ inner: policy.start(now_ns), turn_began_ns: now_ns }),
    turn: (state, now_ns) => ({ inner: policy.turn(state.inner, now_ns), turn_began_ns: now_ns }),
    allowance: (state, now_ns) => policy.allowance(state.inner, now_ns),
    spend: (state, now_ns, bytes) => ({ ...state, inner: policy.spend(state.inner, now_ns, bytes) }),
    resumeAt: (state, now_ns) => policy.resumeAt(state.inner, now_ns),
    mustReturn: (state, now_ns) =>
      now_ns - state.turn_began_ns >= slice_ns || policy.mustReturn(state.inner, now_ns),
  };
}
