/** A lock that threads of the model wait for, in order. */
import type { Thread } from './thread.ts';

export class Mutex {
  #is_held = false;
  readonly #waiters: (() => void)[] = [];

  get is_held(): boolean {
    return this.#is_held;
  }

  /** Calls back once the lock is the caller's: at once if it is free. */
  take(whenTaken: () => void): void {
    if (this.#is_held) {
      this.#waiters.push(whenTaken);
      return;
    }
    this.#is_held = true;
    whenTaken();
  }

  /** For synchronous code: returns when the lock is its own. A kernel's mutex spins as long as its holder runs. */
  takeNow(thread: Thread): void {
    let is_taken = false;
    this.take(() => {
      is_taken = true;
    });
    if (!is_taken) thread.spin(() => is_taken);
  }

  /** Gives it to the next who waits. */
  release(): void {
    const next = this.#waiters.shift();
    if (next === undefined) this.#is_held = false;
    else next();
  }
}
