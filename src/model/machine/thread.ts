/** A thread of the model: bursts of CPU time, one after the other, and waits between them. */
import { fail } from '../../errors.ts';
import type { Kernel, ModelEvent } from './kernel.ts';
import type { Wake, Wakes } from './wakes.ts';

/** A burst of CPU time that is not used up. */
export interface Burst {
  remaining_ns: number;
  readonly whenDone: () => void;
}

/** Who decides which thread is on which CPU. */
export interface Scheduler {
  /** A thread has a burst to run. */
  ready(thread: Thread): void;
  /** Uses the CPU time at once, where nobody else would have it; false where somebody might. */
  spendAlone(thread: Thread, cost_ns: number): boolean;
  /** A thread gives its CPU away. */
  release(thread: Thread): void;
}

/**
 * Two kinds of threads are made of it. One that goes by events calls `run` and goes on in a callback. One
 * that is plain synchronous code, as the save loop is, calls `spend` and `wait`, which let the rest of the
 * world run on before they return; of these there may be only one.
 */
export class Thread {
  readonly name: string;
  /** Its share against others on a busy CPU, 1 for nice 0. */
  readonly weight: number;
  readonly #kernel: Kernel;
  readonly #cpus: Scheduler;
  readonly #wakes: Wakes;
  /** The wake-up that has been made, but not yet slept out. */
  #wake: Wake | undefined;
  /** CPU time that it has had, by its weight: who has had least is next (Linux, CFS). */
  vruntime_ns = 0;
  used_ns = 0;
  burst: Burst | undefined;
  /** The CPU that it is on. */
  cpu: number | undefined;
  /** Its synchronous code has the CPU, without using time. */
  is_holding = false;
  accounted_ns = 0;
  slice_end_ns = 0;
  event: ModelEvent | undefined;
  blocked_since_ns = 0;

  constructor(kernel: Kernel, cpus: Scheduler, name: string, options: { weight: number; wakes: Wakes }) {
    this.#kernel = kernel;
    this.#cpus = cpus;
    this.name = name;
    this.weight = options.weight;
    this.#wakes = options.wakes;
  }

  /** Uses so much CPU time, as soon as it gets it, and goes on in `whenDone`. */
  run(cost_ns: number, whenDone: () => void): void {
    if (this.burst !== undefined) {
      throw fail('internal-model', { what: `thread ${this.name} was to run while it runs` });
    }
    this.#wake = undefined;
    this.burst = { remaining_ns: Math.round(cost_ns), whenDone };
    this.#cpus.ready(this);
  }

  /**
   * What it waits for is there now. Returns the CPU time that this takes of whoever brought it: none where the
   * thread has not gone to sleep yet.
   */
  stir(): number {
    if (this.cpu !== undefined || this.burst !== undefined) return 0;
    this.#wake ??= this.#drawWake();
    return this.#wake.call_ns;
  }

  /** What it waited for is there: it goes on in `whenAwake`, once it is awake and has a CPU. Returns as `stir`. */
  wake(whenAwake: () => void): number {
    const { call_ns, latency_ns } = this.#wake ?? this.#drawWake();
    this.#wake = undefined;
    this.#kernel.after(Math.round(latency_ns), () => this.run(0, whenAwake));
    return call_ns;
  }

  /** Synchronous: uses so much CPU time before it returns; the rest of the world runs on. */
  spend(cost_ns: number): void {
    const cost = Math.round(cost_ns);
    if (this.#cpus.spendAlone(this, cost)) return;
    let is_done = false;
    this.run(cost, () => {
      is_done = true;
      this.is_holding = true;
    });
    this.#stepUntil(() => is_done);
  }

  /** Synchronous: gives the CPU away until `isOver`, then wakes up and gets one again. */
  wait(isOver: () => boolean): void {
    this.#cpus.release(this);
    this.#stepUntil(isOver);
    let is_awake = false;
    this.wake(() => {
      is_awake = true;
      this.is_holding = true;
    });
    this.#stepUntil(() => is_awake);
  }

  /** Synchronous: lets others run until `isOver`, and goes on at once: the wait for a lock held for microseconds. */
  spin(isOver: () => boolean): void {
    this.#cpus.release(this);
    this.#stepUntil(isOver);
    this.spend(0);
  }

  /** Synchronous: gives the CPU away for good. */
  end(): void {
    this.#cpus.release(this);
  }

  #stepUntil(isOver: () => boolean): void {
    while (!isOver()) {
      if (!this.#kernel.step()) {
        throw fail('internal-model', { what: `thread ${this.name} waits and nothing will happen` });
      }
    }
  }

  #drawWake(): Wake {
    return this.#wakes.draw(this.#kernel.now() - this.blocked_since_ns);
  }
}
