/** The event kernel: virtual time, and what happens in it. */
import TinyQueue from 'tinyqueue';
import { fail } from '../../errors.ts';
import type { Clock } from '../../save/interfaces.ts';

/** Something that will happen, unless it is cancelled. */
export interface ModelEvent {
  readonly at_ns: number;
  /** Of two at the same time the one that was planned first comes first. */
  readonly sequence: number;
  action: (() => void) | undefined;
}

/**
 * Discrete events in integer nanoseconds, in the order of their time, then of their planning: the same run
 * on every machine.
 *
 * @example
 * const kernel = new Kernel();
 * kernel.after(1_000, () => console.log(kernel.now())); // 1000
 * while (kernel.step());
 */
export class Kernel implements Clock {
  readonly #queue = new TinyQueue<ModelEvent>([], (a, b) => a.at_ns - b.at_ns || a.sequence - b.sequence);
  #now_ns = 0;
  #sequence = 0;
  #handled = 0;

  now(): number {
    return this.#now_ns;
  }

  /** Events that have happened. */
  get handled(): number {
    return this.#handled;
  }

  /** When the next event happens; infinity if there is none. */
  get next_ns(): number {
    for (;;) {
      const next = this.#queue.peek();
      if (next === undefined) return Number.POSITIVE_INFINITY;
      if (next.action !== undefined) return next.at_ns;
      this.#queue.pop();
    }
  }

  /** Plans an action for a time, now at the earliest. */
  at(at_ns: number, action: () => void): ModelEvent {
    if (!Number.isSafeInteger(at_ns) || at_ns < this.#now_ns) {
      throw fail('internal-model', { what: `an event at ${at_ns} ns was planned at ${this.#now_ns} ns` });
    }
    const event = { at_ns, sequence: this.#sequence++, action };
    this.#queue.push(event);
    return event;
  }

  /** Plans an action for so much later. */
  after(delay_ns: number, action: () => void): ModelEvent {
    return this.at(this.#now_ns + delay_ns, action);
  }

  /** Lets the next event happen; false if there is none. */
  step(): boolean {
    for (;;) {
      const event = this.#queue.pop();
      if (event === undefined) return false;
      const { action } = event;
      if (action === undefined) continue;
      this.#now_ns = event.at_ns;
      this.#handled++;
      event.action = undefined;
      action();
      return true;
    }
  }

  /**
   * Lets time go by in which nothing happens: the short way of a thread that is alone.
   *
   * @throws `internal-model` if an event falls into it
   */
  skip(to_ns: number): void {
    if (!Number.isSafeInteger(to_ns) || to_ns < this.#now_ns || to_ns >= this.next_ns) {
      throw fail('internal-model', { what: `time was to skip to ${to_ns} ns, over the next event` });
    }
    this.#now_ns = to_ns;
  }

  /** Takes an event back. */
  static cancel(event: ModelEvent | undefined): void {
    if (event !== undefined) event.action = undefined;
  }
}
