/** Blackout: how long the main loop could not answer. */

import { msOfNs } from '../units.ts';
import { Column } from './column.ts';
import { percentile } from './quantiles.ts';

/** How often a request falls due, as a monitor client that asks query-migrate might. */
export const REQUEST_PERIOD_NS = 10_000_000;

/** What is reported of it. */
export interface BlackoutSummary {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * A request falls due every 10 ms by the clock, whether or not anyone can answer, and none is skipped. A
 * sample is how late one was answered; a stall of a second is a hundred samples, so that percentiles weigh
 * time and not luck.
 *
 * Samples are kept one by one, 8 bytes each: 2.9 MB for an hour, and every percentile exact.
 *
 * @example
 * const blackout = new Blackout(0);
 * blackout.answered(1_000_000_000); // the loop was away for a second: 100 samples
 * blackout.summary_ms(); // { p50: 490, p99: 980, max: 990 }
 */
export class Blackout {
  readonly #samples_ns = new Column();
  #next_due_ns: number;

  constructor(start_ns: number) {
    this.#next_due_ns = start_ns + REQUEST_PERIOD_NS;
  }

  /** When the next request falls due. */
  get next_due_ns(): number {
    return this.#next_due_ns;
  }

  /** How many requests were answered. */
  get count(): number {
    return this.#samples_ns.length;
  }

  /** The main loop answers now: all requests that have fallen due. */
  answered(now_ns: number): void {
    for (; this.#next_due_ns <= now_ns; this.#next_due_ns += REQUEST_PERIOD_NS) {
      this.#samples_ns.push(now_ns - this.#next_due_ns);
    }
  }

  /** In milliseconds; percentiles by nearest rank; 0 where no request fell due. */
  summary_ms(): BlackoutSummary {
    const sorted = this.#samples_ns.values().sort();
    return {
      p50: msOfNs(percentile(sorted, 50)),
      p99: msOfNs(percentile(sorted, 99)),
      max: msOfNs(sorted[sorted.length - 1] ?? 0),
    };
  }
}
