/** Parts of the model for its tests: costs of one's choice, threads that never end, a kernel that is watched. */

import { type CpuOptions, Cpus } from '../../src/model/machine/cpus.ts';
import { Kernel } from '../../src/model/machine/kernel.ts';
import { Mutex } from '../../src/model/machine/mutex.ts';
import type { Thread } from '../../src/model/machine/thread.ts';
import { TwoWakes } from '../../src/model/machine/wakes.ts';
import type { DrawnCosts } from '../../src/model/scenario/costs.ts';
import { Random } from '../../src/model/scenario/random.ts';
import { type CostName, mapCosts } from '../../src/results/costs.ts';

export const US = 1_000;
export const MS = 1_000_000;
export const SECOND = 1_000_000_000;

export const AWAKE_AT_ONCE = new TwoWakes({ wake_call_ns: 0, wake_ns: 0, wake_idle_ns: 0, idle_after_ns: 0 });

/** What is not said costs nothing. */
export function costsOf(some: Partial<Record<CostName, number>> = {}): DrawnCosts {
  return mapCosts((name) => some[name] ?? 0);
}

/** Calls `check` after every event, and lets nobody step past it. */
export class WatchedKernel extends Kernel {
  check: () => void = () => undefined;

  override step(): boolean {
    const has_stepped = super.step();
    if (has_stepped) this.check();
    return has_stepped;
  }
}

/** All events up to a time, that time included. */
export function runUntil(kernel: Kernel, until_ns: number): void {
  while (kernel.next_ns <= until_ns) kernel.step();
}

/** Has a thread compute for ever, in bursts of this length. */
export function startHog(thread: Thread, burst_ns: number): void {
  const goOn = (): void => thread.run(burst_ns, goOn);
  goOn();
}

export interface RandomWorldOptions {
  readonly seed: number;
  readonly cpus: CpuOptions;
  readonly actors: number;
  /** Puts an event before each burst of the synchronous thread, so that it never goes the short way. */
  readonly has_dummies?: boolean;
}

/**
 * Threads that compute, sleep and hold a lock, for times that they draw; one of them synchronous code. Each
 * draws from a stream of its own, so that what one does never changes what another does.
 */
export class RandomWorld {
  readonly kernel = new WatchedKernel();
  readonly cpus: Cpus;
  readonly threads: Thread[] = [];
  readonly main: Thread;
  /** Who went on when. */
  readonly trace: string[] = [];
  holder: string | undefined;
  readonly #mutex = new Mutex();
  readonly #options: RandomWorldOptions;
  #is_over = false;

  constructor(options: RandomWorldOptions) {
    this.#options = options;
    this.cpus = new Cpus(this.kernel, options.cpus);
    this.main = this.#thread('main', 0);
    for (let i = 0; i < options.actors; i++) this.#startActor(`actor ${i}`);
  }

  #thread(name: string, nice: number): Thread {
    const costs = { wake_call_ns: 0, wake_ns: 3 * US, wake_idle_ns: 60 * US, idle_after_ns: 2 * MS };
    const thread = this.cpus.thread(name, new TwoWakes(costs), nice);
    this.threads.push(thread);
    return thread;
  }

  #startActor(name: string): void {
    const random = new Random(this.#options.seed, name);
    const thread = this.#thread(name, random.below(3) === 0 ? 3 : 0);
    const burst = (): number => drawNs(random);
    const goOn = (): void => {
      this.trace.push(`${name} at ${this.kernel.now()}`);
      if (this.#is_over) return;
      const kind = random.below(4);
      if (kind === 0) thread.run(burst(), goOn);
      else if (kind === 1) this.#holdLock(thread, burst(), goOn);
      else this.kernel.after(drawNs(random) * 4, () => thread.wake(goOn));
    };
    this.kernel.after(random.below(MS), () => thread.run(burst(), goOn));
  }

  #holdLock(thread: Thread, cost_ns: number, then: () => void): void {
    this.#mutex.take(() => {
      this.#hold(thread);
      thread.run(cost_ns, () => {
        this.#letGo();
        then();
      });
    });
  }

  #hold(thread: Thread): void {
    if (this.holder !== undefined) throw new Error(`${thread.name} has the lock of ${this.holder}`);
    this.holder = thread.name;
  }

  #letGo(): void {
    this.holder = undefined;
    this.#mutex.release();
  }

  /** Runs the synchronous thread through so many steps, then all else to its end. */
  run(steps: number): void {
    const random = new Random(this.#options.seed, 'main');
    for (let i = 0; i < steps; i++) {
      const kind = random.below(6);
      if (kind === 0) this.#sleep(drawNs(random));
      else if (kind === 1) this.#holdNow(drawNs(random));
      else this.#spend(random.chance(0.2) ? 0 : drawNs(random));
      this.trace.push(`main at ${this.kernel.now()}, used ${this.main.used_ns}`);
    }
    this.main.end();
    this.#is_over = true;
    while (this.kernel.step());
  }

  #spend(cost_ns: number): void {
    if (this.#options.has_dummies) this.kernel.after(0, () => undefined);
    this.main.spend(cost_ns);
  }

  #sleep(sleep_ns: number): void {
    let is_over = false;
    this.kernel.after(sleep_ns, () => {
      is_over = true;
    });
    this.main.wait(() => is_over);
  }

  #holdNow(cost_ns: number): void {
    this.#mutex.takeNow(this.main);
    this.#hold(this.main);
    this.#spend(cost_ns);
    this.#letGo();
  }
}

/** Microseconds more often than milliseconds, and ten of these at most. */
function drawNs(random: Random): number {
  return random.below(10 ** (3 + random.below(5)));
}
