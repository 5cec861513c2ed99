import { msOfNs } from '../units.ts';
/** Turns of the save loop that took longer than a target, and what they did in that time. */

/** What one turn took, in ns. */
export interface TurnTimes {
  readonly turn_ns: number;
  /** Of it inside offers to the channel: writes. */
  readonly write_ns: number;
  /** Of it on a CPU; undefined where the system does not say. */
  readonly cpu_ns?: number | undefined;
  /** Of it ready to run, while other work had the CPU; undefined where the system does not say. */
  readonly queued_ns?: number | undefined;
}

/** Late turns summed up, as the result document has them; the shares overlap: a write takes CPU time too. */
export interface LateTurnsResult {
  readonly over_ms: number;
  readonly count: number;
  readonly sum_ms: number;
  readonly write_ms: number;
  readonly cpu_ms?: number;
  readonly queued_ms?: number;
}

/**
 * Sums up the turns that are over a target.
 *
 * @example
 * const late = new LateTurns(10_000_000);
 * late.turn({ turn_ns: 14_000_000, write_ns: 13_000_000 });
 * late.result().write_ms; // 13
 */
export class LateTurns {
  readonly #over_ns: number;
  #count = 0;
  #sum_ns = 0;
  #write_ns = 0;
  #cpu_ns: number | undefined = 0;
  #queued_ns: number | undefined = 0;

  constructor(over_ns: number) {
    this.#over_ns = over_ns;
  }

  turn({ turn_ns, write_ns, cpu_ns, queued_ns }: TurnTimes): void {
    if (turn_ns <= this.#over_ns) return;
    this.#count++;
    this.#sum_ns += turn_ns;
    this.#write_ns += write_ns;
    this.#cpu_ns = added(this.#cpu_ns, cpu_ns);
    this.#queued_ns = added(this.#queued_ns, queued_ns);
  }

  result(): LateTurnsResult {
    return {
      over_ms: msOfNs(this.#over_ns),
      count: this.#count,
      sum_ms: msOfNs(this.#sum_ns),
      write_ms: msOfNs(this.#write_ns),
      ...(this.#cpu_ns === undefined ? {} : { cpu_ms: msOfNs(this.#cpu_ns) }),
      ...(this.#queued_ns === undefined ? {} : { queued_ms: msOfNs(this.#queued_ns) }),
    };
  }
}

/** A sum that is unknown once a part of it is. */
function added(sum: number | undefined, part: number | undefined): number | undefined {
  return sum === undefined || part === undefined ? undefined : sum + part;
}
