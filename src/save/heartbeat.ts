/** Stands for QEMU's monitor: a request every 10 ms that the main loop has to answer. */
import type { Blackout } from '../stats/blackout.ts';
import type { Clock } from './interfaces.ts';

/**
 * Answers the requests of a blackout measurement from the event loop, as a `query-migrate` would be: when
 * its timer gets a turn, all that have fallen due by then are answered, each as late as it is.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #blackout: Blackout;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(clock: Clock, blackout: Blackout) {
    this.#clock = clock;
    this.#blackout = blackout;
    this.#arm();
  }

  /** Answers what is due and stops. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#blackout.answered(this.#clock.now());
  }

  #arm(): void {
    // rounded down: a timer of whole milliseconds that is rounded up would be late by itself
    const wait_ms = Math.max(0, Math.floor((this.#blackout.next_due_ns - this.#clock.now()) / 1e6));
    this.#timer = setTimeout(() => {
      this.#blackout.answered(this.#clock.now());
      this.#arm();
    }, wait_ms);
  }
}
