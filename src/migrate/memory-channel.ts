/** A channel that keeps the stream in memory: for pages, tests and embedders. */
import type { AsyncChannel } from './drive.ts';

export class MemoryChannel implements AsyncChannel {
  readonly is_ready = true;
  readonly eagain = 0;
  readonly short_writes = 0;
  readonly #staging: Uint8Array;
  #stream = new Uint8Array(64 * 1024);
  #fill = 0;

  constructor(staging: Uint8Array) {
    this.#staging = staging;
  }

  offer(start: number, end: number): number {
    const bytes = end - start;
    if (this.#fill + bytes > this.#stream.length) this.#grow(this.#fill + bytes);
    this.#stream.set(this.#staging.subarray(start, end), this.#fill);
    this.#fill += bytes;
    return bytes;
  }

  block(): void {}

  whenReady(): Promise<void> {
    return Promise.resolve();
  }

  /** The stream so far; a view. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#stream.subarray(0, this.#fill);
  }

  #grow(wanted_bytes: number): void {
    const larger = new Uint8Array(Math.max(wanted_bytes, this.#stream.length * 2));
    larger.set(this.bytes());
    this.#stream = larger;
  }
}
