/** What else wants a CPU: other programs, and the guest's own threads. */
import type { Kernel } from './machine/kernel.ts';
import type { Thread } from './machine/thread.ts';
import { Random } from './scenario/random.ts';

export interface LoadOptions {
  /** Mean CPU time of a burst, and mean pause between two. */
  readonly busy_ns: number;
  readonly free_ns: number;
}

/** A thread that computes and pauses in turn, each for an exponential time. */
export class Load {
  readonly #kernel: Kernel;
  readonly #thread: Thread;
  readonly #options: LoadOptions;
  readonly #random: Random;
  #is_stopped = false;

  constructor(kernel: Kernel, thread: Thread, options: LoadOptions, seed: number) {
    this.#kernel = kernel;
    this.#thread = thread;
    this.#options = options;
    this.#random = new Random(seed, thread.name);
  }

  start(): void {
    this.#pause();
  }

  /** Ends when the current burst does. */
  stop(): void {
    this.#is_stopped = true;
  }

  readonly #pause = (): void => {
    if (this.#is_stopped) return;
    const pause_ns = Math.round(this.#random.exponential(this.#options.free_ns));
    this.#kernel.after(pause_ns, () => {
      const burst_ns = this.#random.exponential(this.#options.busy_ns);
      if (!this.#is_stopped) this.#thread.run(burst_ns, this.#pause);
    });
  };
}
