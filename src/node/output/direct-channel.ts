/** A channel that gathers whole megabytes and writes them by O_DIRECT from the main loop, which it blocks. */
import type { AsyncChannel } from '../../save/drive.ts';
import { writeFailure } from '../os-error.ts';
import { alignedBuffer, DISK_BLOCK_BYTES, type DiskWriter } from './disk-writer.ts';

export class DirectChannel implements AsyncChannel {
  readonly is_ready = true;
  readonly eagain = 0;
  readonly short_writes = 0;
  readonly #writer: DiskWriter;
  readonly #staging: Uint8Array;
  readonly #path: string;
  readonly #block = alignedBuffer(DISK_BLOCK_BYTES);
  #fill = 0;

  constructor(writer: DiskWriter, staging: Uint8Array, path: string) {
    this.#writer = writer;
    this.#staging = staging;
    this.#path = path;
  }

  offer(start: number, end: number): number {
    let at = start;
    while (at < end) {
      const piece = this.#staging.subarray(at, Math.min(end, at + DISK_BLOCK_BYTES - this.#fill));
      this.#block.set(piece, this.#fill);
      this.#fill += piece.length;
      at += piece.length;
      if (this.#fill === DISK_BLOCK_BYTES) this.writeRest();
    }
    return end - start;
  }

  block(): void {}

  whenReady(): Promise<void> {
    return Promise.resolve();
  }

  /** Writes what is gathered; after a block that is not full nothing more may come. */
  writeRest(): void {
    try {
      if (this.#fill > 0) this.#writer.writeBlock(this.#block, this.#fill);
    } catch (cause) {
      throw writeFailure(this.#path, this.#writer.written_bytes, cause);
    }
    this.#fill = 0;
  }
}
