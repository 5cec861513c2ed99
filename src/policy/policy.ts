/**
 * A bandwidth policy says how much may go now, and whether the loop must return now. It has no timer, no I/O and no
 * clock of its own: the caller says what time it is.
 *
 * Times are integer nanoseconds of the caller's clock. Amounts are bytes on the wire: 9 for a zero page. So a limit
 * bounds bytes a second, never the time of an iterate; that is what `slice` is for.
 */

/** A policy at work in one save. */
export interface RunningPolicy {
  readonly name: string;
  /** A turn of the loop begins. */
  turn(now_ns: number): void;
  /** Bytes that may go now; none if not positive. A record that begins within it may end beyond it. */
  allowance(now_ns: number): number;
  /** `bytes` were given on. */
  spend(now_ns: number, bytes: number): void;
  /** When the allowance is next positive, if nothing is spent until then. */
  resumeAt(now_ns: number): number;
  /** Whether the loop has to return to the event loop now, whatever the allowance. */
  mustReturn(now_ns: number): boolean;
}

/**
 * Starts at the begin of a save; each save has a running policy of its own.
 *
 * @example
 * const running = window(32 * 2 ** 20)(clock.now());
 * running.allowance(clock.now()); // 3355443: a tenth of a second's bytes
 */
export type Policy = (now_ns: number) => RunningPolicy;

/** A running policy with some of its answers replaced; all others are those of the one inside. */
export function wrapped(inner: RunningPolicy, replaced: Partial<RunningPolicy>): RunningPolicy {
  return {
    name: inner.name,
    turn: (now_ns) => inner.turn(now_ns),
    allowance: (now_ns) => inner.allowance(now_ns),
    spend: (now_ns, bytes) => inner.spend(now_ns, bytes),
    resumeAt: (now_ns) => inner.resumeAt(now_ns),
    mustReturn: (now_ns) => inner.mustReturn(now_ns),
    ...replaced,
  };
}
