import type { ModelChannel } from './channels.ts';
import type { PageCache } from './machine/page-cache.ts';
import type { Thread } from './machine/thread.ts';
import type { DrawnCosts } from './scenario/costs.ts';

/** A plain file: it takes everything, and blocks where the page cache is full. */
export class FileChannel implements ModelChannel {
  readonly is_ready = true;
  readonly eagain = 0;
  readonly short_writes = 0;
  readonly is_wait_over = true;
  readonly #cache: PageCache;
  readonly #thread: Thread;
  readonly #costs: DrawnCosts;

  constructor(cache: PageCache, thread: Thread, costs: DrawnCosts) {
    this.#cache = cache;
    this.#thread = thread;
    this.#costs = costs;
  }

  offer(start: number, end: number): number {
    const bytes = end - start;
    this.#thread.spend(this.#costs.file_call_ns + bytes * this.#costs.file_byte_ns);
    this.#cache.add(bytes);
    if (this.#cache.is_full) this.#thread.wait(() => !this.#cache.is_full);
    return bytes;
  }

  block(): void {
    // always ready
  }

  beginWait(): void {
    // always ready
  }

  tryPiece(): boolean {
    return true;
  }

  notified(): void {
    // never waits
  }

  drain(): void {
    // a file has all that it took
  }
}
