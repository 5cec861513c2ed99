/** What it takes to wake a blocked thread: of the one that wakes it, and until it runs again. */
import type { DrawnCosts, WakeTable } from '../scenario/costs.ts';
import type { Random } from '../scenario/random.ts';

/** One wake-up. */
export interface Wake {
  /** CPU time of the thread that makes it, besides the call that it makes it in. */
  readonly call_ns: number;
  /** From there until the woken thread runs. */
  readonly latency_ns: number;
}

/** Wake-ups of a thread, by how long it had been blocked. */
export interface Wakes {
  draw(waited_ns: number): Wake;
}

type WakeCost = 'wake_call_ns' | 'wake_ns' | 'wake_idle_ns' | 'idle_after_ns';

/** Two kinds: after a short wait, and after a long one, when the CPU has gone to a deeper idle state. */
export class TwoWakes implements Wakes {
  readonly #short: Wake;
  readonly #long: Wake;
  readonly #idle_after_ns: number;

  /** @param deep_idle whether there is the second kind */
  constructor(costs: Pick<DrawnCosts, WakeCost>, deep_idle = true) {
    const { wake_call_ns: call_ns, wake_ns, wake_idle_ns } = costs;
    this.#short = { call_ns, latency_ns: wake_ns };
    this.#long = { call_ns, latency_ns: deep_idle ? wake_idle_ns : wake_ns };
    this.#idle_after_ns = costs.idle_after_ns;
  }

  draw(waited_ns: number): Wake {
    return waited_ns >= this.#idle_after_ns ? this.#long : this.#short;
  }
}

/**
 * As they were measured, by wait. Between two waits of the table either one's wake-ups are drawn, by how near
 * it is: what lies between a CPU that is on its way to sleep and one that sleeps is now this, now that.
 */
export class MeasuredWakes implements Wakes {
  readonly #table: WakeTable;
  readonly #random: Random;

  /** @param table at least one wait, each with at least one wake-up */
  constructor(table: WakeTable, random: Random) {
    this.#table = table;
    this.#random = random;
  }

  draw(waited_ns: number): Wake {
    const { waits } = this.#table;
    let upper = 0;
    while (upper < waits.length - 1 && (waits[upper]?.wait_ns ?? 0) < waited_ns) upper++;
    const above = waits[upper];
    const below = waits[Math.max(0, upper - 1)];
    if (above === undefined || below === undefined) return { call_ns: 0, latency_ns: 0 };
    const span_ns = above.wait_ns - below.wait_ns;
    const share = span_ns === 0 ? 1 : (waited_ns - below.wait_ns) / span_ns;
    const { calls_ns, latencies_ns } = this.#random.chance(share) ? above : below;
    const index = this.#random.below(latencies_ns.length);
    return { call_ns: calls_ns[index] ?? 0, latency_ns: latencies_ns[index] ?? 0 };
  }
}
