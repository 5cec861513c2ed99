/** CPUs and who is on them: time slices, fair by the CPU time that each has had. */
import { Kernel } from './kernel.ts';
import { type Scheduler, Thread } from './thread.ts';
import type { Wakes } from './wakes.ts';

/** A thread that wakes up preempts one that has had so much more (Linux, sched_wakeup_granularity_ns). */
const WAKEUP_GRANULARITY_NS = 1_000_000;
/** A step of nice is a quarter more or less (Linux, sched_prio_to_weight). */
const NICE_STEP = 1.25;

export interface CpuOptions {
  readonly count: number;
  /** How long a thread runs before one that waits has its turn. */
  readonly slice_ns: number;
  /** What it takes to put another thread on a CPU. */
  readonly switch_ns: number;
}

/**
 * A fair scheduler in small: of those that wait, the one with the least CPU time by weight is next; a thread
 * that has slept comes back with at most one slice of credit (CFS, place_entity), and so preempts one that
 * only computes. All CPUs share one queue: load balancing is taken to be perfect.
 */
export class Cpus implements Scheduler {
  readonly #kernel: Kernel;
  readonly #options: CpuOptions;
  readonly #running: (Thread | undefined)[];
  /** Who was on each CPU last: to put it back is no switch. */
  readonly #last: (Thread | undefined)[] = [];
  readonly #ready: Thread[] = [];
  #vruntime_floor_ns = 0;

  constructor(kernel: Kernel, options: CpuOptions) {
    this.#kernel = kernel;
    const { count, slice_ns, switch_ns } = options;
    this.#options = { count, slice_ns: Math.round(slice_ns), switch_ns: Math.round(switch_ns) };
    this.#running = Array.from({ length: options.count });
  }

  /** Makes a thread, blocked. */
  thread(name: string, wakes: Wakes, nice = 0): Thread {
    let weight = 1;
    for (let i = 0; i < Math.abs(nice); i++) weight = nice > 0 ? weight / NICE_STEP : weight * NICE_STEP;
    return new Thread(this.#kernel, this, name, { weight, wakes });
  }

  /** A thread has a burst to run: it goes on where it is, or gets a CPU, or waits for one. */
  ready(thread: Thread): void {
    thread.is_holding = false;
    if (thread.cpu !== undefined) {
      this.#begin(thread);
      return;
    }
    for (const running of this.#running) if (running?.burst !== undefined) this.#account(running);
    const credit_ns = this.#options.slice_ns;
    thread.vruntime_ns = Math.max(thread.vruntime_ns, this.#leastVruntime_ns() - credit_ns);
    const idle = this.#running.indexOf(undefined);
    if (idle >= 0) this.#dispatch(thread, idle);
    else if (!this.#preempt(thread)) this.#ready.push(thread);
  }

  /** The short way: nobody waits for a CPU and nothing else happens meanwhile. */
  spendAlone(thread: Thread, cost_ns: number): boolean {
    const now_ns = this.#kernel.now();
    const end_ns = now_ns + cost_ns;
    if (thread.cpu === undefined || this.#ready.length > 0 || end_ns >= this.#kernel.next_ns) return false;
    this.#kernel.skip(end_ns);
    this.#charge(thread, cost_ns);
    // the slices that began meanwhile, as the long way counts them: the last one may go on beyond the end
    const { slice_ns } = this.#options;
    if (thread.slice_end_ns <= now_ns) thread.slice_end_ns = now_ns + slice_ns;
    const beyond_ns = end_ns - thread.slice_end_ns;
    if (beyond_ns > 0) thread.slice_end_ns += Math.ceil(beyond_ns / slice_ns) * slice_ns;
    return true;
  }

  /** A thread has nothing to run: its CPU goes to the next. */
  release(thread: Thread): void {
    thread.is_holding = false;
    thread.blocked_since_ns = this.#kernel.now();
    const { cpu } = thread;
    if (cpu === undefined) return;
    // while it still counts: who comes when all sleep is to begin where they were
    this.#leastVruntime_ns();
    thread.cpu = undefined;
    this.#running[cpu] = undefined;
    this.#next(cpu);
  }

  #next(cpu: number): void {
    let best: Thread | undefined;
    for (const thread of this.#ready) {
      if (best === undefined || thread.vruntime_ns < best.vruntime_ns) best = thread;
    }
    if (best === undefined) return;
    this.#ready.splice(this.#ready.indexOf(best), 1);
    this.#dispatch(best, cpu);
  }

  #dispatch(thread: Thread, cpu: number): void {
    thread.cpu = cpu;
    this.#running[cpu] = thread;
    thread.slice_end_ns = this.#kernel.now() + this.#options.slice_ns;
    const is_switch = this.#last[cpu] !== thread;
    if (is_switch && thread.burst !== undefined) thread.burst.remaining_ns += this.#options.switch_ns;
    this.#last[cpu] = thread;
    this.#begin(thread);
  }

  /** Runs the burst up to its end or the slice's. */
  #begin(thread: Thread): void {
    const now_ns = this.#kernel.now();
    if (thread.slice_end_ns <= now_ns) {
      if (this.#yields(thread)) return;
      thread.slice_end_ns = now_ns + this.#options.slice_ns;
    }
    thread.accounted_ns = now_ns;
    const end_ns = now_ns + (thread.burst?.remaining_ns ?? 0);
    thread.event = this.#kernel.at(Math.min(end_ns, thread.slice_end_ns), () => this.#expired(thread));
  }

  /** At the end of its slice: gives its CPU to one that waits and has had less. */
  #yields(thread: Thread): boolean {
    const { cpu } = thread;
    const is_less = this.#ready.some((other) => other.vruntime_ns < thread.vruntime_ns);
    if (cpu === undefined || !is_less) return false;
    thread.cpu = undefined;
    this.#next(cpu);
    this.#ready.push(thread);
    return true;
  }

  #expired(thread: Thread): void {
    this.#account(thread);
    const { burst } = thread;
    if (burst === undefined) return;
    if (burst.remaining_ns > 0) {
      this.#begin(thread);
      return;
    }
    thread.burst = undefined;
    burst.whenDone();
    // in the callback it may have gone on, or have begun to be the synchronous one
    if (thread.burst === undefined && !thread.is_holding) this.release(thread);
  }

  #account(thread: Thread): void {
    const elapsed_ns = this.#kernel.now() - thread.accounted_ns;
    thread.accounted_ns = this.#kernel.now();
    if (thread.burst !== undefined) thread.burst.remaining_ns -= elapsed_ns;
    this.#charge(thread, elapsed_ns);
  }

  #charge(thread: Thread, elapsed_ns: number): void {
    thread.used_ns += elapsed_ns;
    thread.vruntime_ns += elapsed_ns / thread.weight;
  }

  /**
   * Puts a thread that wakes up in the place of the one that has had most, if that is much more. One that is in
   * the midst of a callback or of synchronous code loses only its slice, and the CPU when it goes on (Linux,
   * TIF_NEED_RESCHED).
   */
  #preempt(thread: Thread): boolean {
    let most: Thread | undefined;
    for (const running of this.#running) {
      if (running === undefined) continue;
      if (most === undefined || running.vruntime_ns > most.vruntime_ns) most = running;
    }
    if (most?.cpu === undefined || most.vruntime_ns - thread.vruntime_ns <= WAKEUP_GRANULARITY_NS)
      return false;
    if (most.burst === undefined) {
      most.slice_end_ns = this.#kernel.now();
      return false;
    }
    const { cpu } = most;
    Kernel.cancel(most.event);
    most.cpu = undefined;
    this.#ready.push(most);
    this.#dispatch(thread, cpu);
    return true;
  }

  #leastVruntime_ns(): number {
    let least_ns = Number.POSITIVE_INFINITY;
    for (const thread of this.#ready) least_ns = Math.min(least_ns, thread.vruntime_ns);
    for (const thread of this.#running) {
      if (thread !== undefined) least_ns = Math.min(least_ns, thread.vruntime_ns);
    }
    if (least_ns !== Number.POSITIVE_INFINITY)
      this.#vruntime_floor_ns = Math.max(this.#vruntime_floor_ns, least_ns);
    return this.#vruntime_floor_ns;
  }
}
