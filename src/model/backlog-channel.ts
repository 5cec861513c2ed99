import type { ModelChannel, PipeChannel } from './channels.ts';
import type { Thread } from './machine/thread.ts';
import type { DrawnCosts } from './scenario/costs.ts';

/**
 * What QEMU had before its pipe until 1.5 (buffered_file.c): it takes everything; what the pipe does not take
 * stands in a buffer on the heap without bound, and says so by `is_ready`. Each flush that moves anything
 * moves all that is left to the front.
 */
export class BacklogChannel implements ModelChannel {
  readonly #pipe: PipeChannel;
  readonly #thread: Thread;
  readonly #costs: DrawnCosts;
  #backlog_bytes = 0;
  #most_bytes = 0;
  #is_frozen = false;

  constructor(pipe: PipeChannel, thread: Thread, costs: DrawnCosts) {
    this.#pipe = pipe;
    this.#thread = thread;
    this.#costs = costs;
  }

  get is_ready(): boolean {
    return !this.#is_frozen;
  }

  get is_wait_over(): boolean {
    return this.#pipe.is_ready;
  }

  get eagain(): number {
    return this.#pipe.eagain;
  }

  get short_writes(): number {
    return this.#pipe.short_writes;
  }

  /** The most that was ever buffered. */
  get most_bytes(): number {
    return this.#most_bytes;
  }

  offer(start: number, end: number): number {
    this.#flush();
    const size = end - start;
    let at = 0;
    while (at < size && !this.#is_frozen) at += this.#write(size - at);
    this.#backlog_bytes += size - at;
    this.#most_bytes = Math.max(this.#most_bytes, this.#backlog_bytes);
    // buffer_append copies what it keeps
    this.#thread.spend((size - at) * this.#costs.memmove_byte_ns);
    return size;
  }

  /** Stage 3 does not ask: what it writes goes to the heap. */
  block(): void {
    this.#is_frozen = false;
  }

  beginWait(): void {
    this.#pipe.beginWait();
  }

  tryPiece(): boolean {
    return this.#pipe.tryPiece();
  }

  /** buffered_put_buffer with no bytes: flushes, and is frozen again if something stays. */
  notified(): void {
    this.#pipe.notified();
    this.#flush();
  }

  drain(): void {
    while (this.#backlog_bytes > 0) {
      this.#flush();
      if (this.#backlog_bytes > 0) this.#pipe.block();
    }
  }

  #flush(): void {
    this.#is_frozen = false;
    const before = this.#backlog_bytes;
    while (this.#backlog_bytes > 0 && !this.#is_frozen)
      this.#backlog_bytes -= this.#write(this.#backlog_bytes);
    if (this.#backlog_bytes < before) {
      this.#thread.spend(this.#backlog_bytes * this.#costs.memmove_byte_ns);
    }
  }

  #write(bytes: number): number {
    const taken = this.#pipe.write(bytes);
    if (taken === 0) this.#is_frozen = true;
    return taken;
  }
}
