import { fail } from '../errors.ts';
import { type Policy, wrapped } from './policy.ts';

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

/**
 * How long a turn may take so that 99 of 100 requests are answered within a target, learnt from the turns so far.
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
 */
export class AdaptiveSlice {
  readonly #target_ns: number;
  readonly #min_ns: number;
  readonly #max_ns: number;
  #turn_began_ns: number;
  /** When the loop was last heard of in this turn. */
  #heard_ns: number;
  slice_ns: number;
  /** The time that requests beyond the target would have had to fall into, */
  late_ns = 0;
  /** and all time; both fade. */
  time_ns = 0;
  /** The most that a turn took beyond its slice and that a shorter slice makes up for; it fades. */
  overrun_ns = 0;

  /** @throws `usage-target` unless the target is a positive whole number of nanoseconds */
  constructor(target_ns: number, start_ns: number) {
    checkTarget(target_ns);
    this.#target_ns = target_ns;
    this.#min_ns = target_ns * SLICE_SHARE_MIN;
    this.#max_ns = target_ns * SLICE_SHARE_MAX;
    this.#turn_began_ns = start_ns;
    this.#heard_ns = start_ns;
    this.slice_ns = this.#max_ns;
  }

  /** A turn begins: what the last one took is known. */
  turn(now_ns: number): void {
    this.#learn(now_ns);
    this.#turn_began_ns = now_ns;
    this.#heard_ns = now_ns;
  }

  /** The turn goes on. */
  heard(now_ns: number): void {
    this.#heard_ns = now_ns;
  }

  isOver(now_ns: number): boolean {
    return now_ns - this.#turn_began_ns >= this.slice_ns;
  }

  #learn(now_ns: number): void {
    const turn_ns = this.#heard_ns - this.#turn_began_ns;
    const elapsed_ns = now_ns - this.#turn_began_ns;
    const fade = HALF_LIFE_NS / (HALF_LIFE_NS + elapsed_ns);
    const over_ns = Math.max(0, turn_ns - this.#target_ns);
    this.late_ns = this.late_ns * fade + over_ns;
    this.time_ns = this.time_ns * fade + elapsed_ns;
    this.overrun_ns = Math.max(this.overrun_ns * fade, this.#helpedOverrun(turn_ns - this.slice_ns));
    const is_sliced = turn_ns >= this.slice_ns;
    const is_too_late = this.late_ns > this.time_ns * LATE_SHARE;
    let { slice_ns } = this;
    if (is_sliced && over_ns > 0 && is_too_late) slice_ns *= SHRINK;
    else if (is_sliced && over_ns === 0 && !is_too_late) slice_ns *= GROW;
    slice_ns = Math.min(this.#max_ns, this.#target_ns - this.overrun_ns, slice_ns);
    this.slice_ns = Math.max(this.#min_ns, slice_ns);
  }

  /** An overrun that a shorter slice makes up for; else 0. */
  #helpedOverrun(overrun_ns: number): number {
    return overrun_ns > 0 && overrun_ns <= this.#target_ns - this.#min_ns ? overrun_ns : 0;
  }
}

function checkTarget(target_ns: number): void {
  if (!Number.isSafeInteger(target_ns) || target_ns <= 0) throw fail('usage-target', { target_ns });
}

/**
 * Any policy, and turns just so long that 99 of 100 requests to the main loop are answered within the target.
 *
 * @param target_ns a positive whole number of nanoseconds
 * @throws `usage-target` for anything else
 * @example const policy = adaptive(unlimited, 10_000_000);
 */
export function adaptive(policy: Policy, target_ns: number = BLACKOUT_TARGET_NS): Policy {
  checkTarget(target_ns);
  return (start_ns) => {
    const inner = policy(start_ns);
    const learnt = new AdaptiveSlice(target_ns, start_ns);
    return wrapped(inner, {
      name: inner.name === 'unlimited' ? 'adaptive' : `adaptive ${inner.name}`,
      turn(now_ns) {
        learnt.turn(now_ns);
        inner.turn(now_ns);
      },
      spend(now_ns, bytes) {
        learnt.heard(now_ns);
        inner.spend(now_ns, bytes);
      },
      mustReturn: (now_ns) => learnt.isOver(now_ns) || inner.mustReturn(now_ns),
    });
  };
}
