import { fail } from '../errors.ts';
import type { Policy } from './policy.ts';

/** The blackout that 99 of 100 requests are to stay under, unless told otherwise. */
export const BLACKOUT_TARGET_NS = 10_000_000;
/** One request in 100 may be later; half of that is planned with. */
const LATE_SHARE = 0.005;
/** What has been counted is worth half after so much time: a machine that was busy may be free again. */
const HALF_LIFE_NS = 1_000_000_000;
/** A turn is not cut shorter than this share of the target: below, its own cost would be most of it. */
const SLICE_SHARE_MIN = 1 / 16;
/** A first guess, and the most: what a turn takes beyond its slice has to fit under the target too. */
const SLICE_SHARE_MAX = 0.9;
/** By how much the slice shrinks when too much was late, and grows otherwise, a turn. */
const SHRINK = 0.8;
const GROW = 1.02;

export interface AdaptiveState<Inner> {
  readonly inner: Inner;
  readonly turn_began_ns: number;
  /** When the loop was last heard of in this turn. */
  readonly heard_ns: number;
  readonly slice_ns: number;
  /** The time that requests beyond the target would have had to fall into, */
  readonly late_ns: number;
  /** and all time; both fade. */
  readonly time_ns: number;
  /** The most that a turn took beyond its slice and that a shorter slice makes up for; it fades. */
  readonly overrun_ns: number;
}

/**
 * Any policy, and turns just so long that 99 of 100 requests to the main loop are answered within the target.
 *
 * A request that falls due in a turn of length d waits up to d, and longer than the target T if it falls into its
 * first d - T. So the share of requests that are late is the sum of max(0, d - T) over all turns by the time that
 * has gone by; that is what is counted, and held under half of the one per cent that p99 allows. While it is, the
 * slice grows towards 0.9 T; when it is not, it shrinks. Turns that end by themselves, because the pipe is full,
 * never see the slice.
 *
 * A turn may overrun its slice: the kernel blocks a write, touching a page is dear, another process has the CPU. The
 * slice leaves room for the longest overrun of the last seconds, also where no request was late yet: a busy machine
 * that takes the CPU away for 6 ms needs slices of 4 ms, not of 9. An overrun that no slice makes up for (longer than
 * the target less the shortest slice) is left out, for a shorter slice would cost throughput and help nobody.
 *
 * @param target_ns a positive number of nanoseconds
 * @throws `usage-target` for anything else
 */
export function adaptive<Inner>(
  policy: Policy<Inner>,
  target_ns: number = BLACKOUT_TARGET_NS,
): Policy<AdaptiveState<Inner>> {
  if (!Number.isSafeInteger(target_ns) || target_ns <= 0) throw fail('usage-target', { target_ns });
  const slice_min_ns = target_ns * SLICE_SHARE_MIN;
  const slice_max_ns = target_ns * SLICE_SHARE_MAX;

  /** An overrun that a shorter slice makes up for; else 0. */
  const helpedOverrun = (overrun_ns: number): number =>
    overrun_ns > 0 && overrun_ns <= target_ns - slice_min_ns ? overrun_ns : 0;

  /** The slice after a turn that took so long. */
  const learnt = (state: AdaptiveState<Inner>, now_ns: number): AdaptiveState<Inner> => {
    const turn_ns = state.heard_ns - state.turn_began_ns;
    const elapsed_ns = now_ns - state.turn_began_ns;
    const fade = HALF_LIFE_NS / (HALF_LIFE_NS + elapsed_ns);
    const over_ns = Math.max(0, turn_ns - target_ns);
    const late_ns = state.late_ns * fade + over_ns;
    const time_ns = state.time_ns * fade + elapsed_ns;
    const is_sliced = turn_ns >= state.slice_ns;
    const is_too_late = late_ns > time_ns * LATE_SHARE;
    let { slice_ns } = state;
    if (is_sliced && over_ns > 0 && is_too_late) slice_ns *= SHRINK;
    else if (is_sliced && over_ns === 0 && !is_too_late) slice_ns *= GROW;
    const overrun_ns = Math.max(state.overrun_ns * fade, helpedOverrun(turn_ns - state.slice_ns));
    slice_ns = Math.min(slice_max_ns, target_ns - overrun_ns, slice_ns);
    return { ...state, slice_ns: Math.max(slice_min_ns, slice_ns), late_ns, time_ns, overrun_ns };
  };

  return {
    name: policy.name === 'unlimited' ? 'adaptive' : `adaptive ${policy.name}`,
    start: (now_ns) => ({
      inner: policy.start(now_ns),
      turn_began_ns: now_ns,
      heard_ns: now_ns,
      slice_ns: slice_max_ns,
      late_ns: 0,
      time_ns: 0,
      overrun_ns: 0,
    }),
    turn: (state, now_ns) => ({
      ...learnt(state, now_ns),
      inner: policy.turn(state.inner, now_ns),
      turn_began_ns: now_ns,
      heard_ns: now_ns,
    }),
    allowance: (state, now_ns) => policy.allowance(state.inner, now_ns),
    spend: (state, now_ns, bytes) => ({
      ...state,
      heard_ns: now_ns,
      inner: policy.spend(state.inner, now_ns, bytes),
    }),
    resumeAt: (state, now_ns) => policy.resumeAt(state.inner, now_ns),
    mustReturn: (state, now_ns) =>
      now_ns - state.turn_began_ns >= state.slice_ns || policy.mustReturn(state.inner, now_ns),
  };
}
