/** QEMU's manner since 1.4: the save loop on a thread of its own, the monitor on the main loop's. */
import type { Save } from '../save/save.ts';
import type { Blackout } from '../stats/blackout.ts';
import type { Kernel } from './machine/kernel.ts';
import { Mutex } from './machine/mutex.ts';
import type { Thread } from './machine/thread.ts';
import type { DrawnCosts } from './scenario/costs.ts';

/** QEMU's big lock as the save loop's thread takes it: over begin and complete, and each dirty sync in them or not. */
export class BigLock {
  readonly mutex = new Mutex();
  readonly #thread: Thread;
  #is_held = false;

  constructor(thread: Thread) {
    this.#thread = thread;
  }

  /** Does something under the lock, once taken, however often asked. */
  during<T>(use: () => T): T {
    if (this.#is_held) return use();
    this.mutex.takeNow(this.#thread);
    this.#is_held = true;
    const result = use();
    this.#is_held = false;
    this.mutex.release();
    return result;
  }
}

export interface MigrationThreadParts {
  readonly kernel: Kernel;
  /** The save loop's. */
  readonly thread: Thread;
  readonly costs: DrawnCosts;
  readonly lock: BigLock;
}

/** Runs the save on its thread, synchronously; its channel blocks, so it waits for a policy's time alone. */
export function runMigrationThread(parts: MigrationThreadParts, save: Save): void {
  const { kernel, thread, costs, lock } = parts;
  for (;;) {
    thread.spend(costs.iterate_call_ns);
    const wait = save.phase === 'iterate' ? save.turn() : lock.during(() => save.turn());
    if (wait.kind === 'done') return;
    if (wait.kind === 'until') {
      const { at_ns } = wait;
      kernel.at(Math.max(kernel.now(), at_ns), () => undefined);
      thread.wait(() => kernel.now() >= at_ns);
    }
  }
}

/** The main loop beside it: answers each request once it is awake and has the lock. */
export class MonitorThread {
  readonly #parts: MigrationThreadParts;
  readonly #thread: Thread;
  readonly #blackout: Blackout;
  #is_stopped = false;

  constructor(parts: MigrationThreadParts, thread: Thread, blackout: Blackout) {
    this.#parts = parts;
    this.#thread = thread;
    this.#blackout = blackout;
  }

  start(): void {
    const { kernel, costs, lock } = this.#parts;
    kernel.at(Math.max(kernel.now(), this.#blackout.next_due_ns), () => {
      if (this.#is_stopped) return;
      this.#thread.wake(() =>
        lock.mutex.take(() =>
          this.#thread.run(costs.turn_ns, () => {
            this.#blackout.answered(kernel.now());
            lock.mutex.release();
            this.start();
          }),
        ),
      );
    });
  }

  stop(): void {
    this.#is_stopped = true;
  }
}
