/**
 * A bandwidth policy: how much may go now, and must the loop return now.
 *
 * Pure functions of (state, now, bytes): no timers, no I/O, no clock of their own. Times are integer
 * nanoseconds of the caller's clock, amounts are bytes on the wire, 9 for a zero page. So a limit bounds
 * bytes a second, never the time of an iterate: that is what `slice` is for.
 */
export interface Policy<State> {
  readonly name: string;
  /** The state at the begin of a save. */
  start(now_ns: number): State;
  /** A turn of the loop begins. */
  turn(state: State, now_ns: number): State;
  /** Bytes that may go now; none if not positive. A record that begins within it may end beyond it. */
  allowance(state: State, now_ns: number): number;
  /** `bytes` were given on. */
  spend(state: State, now_ns: number, bytes: number): State;
  /** When the allowance is next positive, if nothing is spent until then. */
  resumeAt(state: State, now_ns: number): number;
  /** Whether the loop has to return to the event loop now, whatever the allowance. */
  mustReturn(state: State, now_ns: number): boolean;
}

/** A policy with its state inside, as the loop uses it. */
export interface RunningPolicy {
  readonly name: string;
  turn(now_ns: number): void;
  allowance(now_ns: number): number;
  spend(now_ns: number, bytes: number): void;
  resumeAt(now_ns: number): number;
  mustReturn(now_ns: number): boolean;
}

/** Starts a policy. */
export function startPolicy<State>(policy: Policy<State>, now_ns: number): RunningPolicy {
  let state = policy.start(now_ns);
  return {
    name: policy.name,
    turn(now) {
      state = policy.turn(state, now);
    },
    allowance: (now) => policy.allowance(state, now),
    spend(now, bytes) {
      state = policy.spend(state, now, bytes);
    },
    resumeAt: (now) => policy.resumeAt(state, now),
    mustReturn: (now) => policy.mustReturn(state, now),
  };
}
