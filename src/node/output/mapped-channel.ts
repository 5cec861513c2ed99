/** A channel that writes each staged piece at its place in a file, from the main loop. */
import type { AsyncChannel } from '../../save/drive.ts';
import type { Placements } from '../../save/output/output-format.ts';
import { alignedBuffer, DISK_BLOCK_BYTES } from './disk-writer.ts';
import { writeAllAt } from './write-at.ts';

export class MappedChannel implements AsyncChannel {
  readonly is_ready = true;
  readonly eagain = 0;
  short_writes = 0;
  readonly #fd: number;
  readonly #direct_fd: number | undefined;
  readonly #path: string;
  readonly #staging: Uint8Array;
  readonly #placements: Placements;
  /** O_DIRECT wants aligned memory, and pages do not stand so in the staging buffer. */
  readonly #bounce: Uint8Array<ArrayBuffer>;

  /** @param direct_fd a second descriptor of the file, with O_DIRECT, for guest pages */
  constructor(
    fds: { readonly fd: number; readonly direct_fd: number | undefined; readonly path: string },
    staging: Uint8Array,
    placements: Placements,
  ) {
    this.#fd = fds.fd;
    this.#direct_fd = fds.direct_fd;
    this.#path = fds.path;
    this.#staging = staging;
    this.#placements = placements;
    this.#bounce = alignedBuffer(fds.direct_fd === undefined ? 0 : DISK_BLOCK_BYTES);
  }

  offer(start: number, end: number): number {
    let at = start;
    while (at < end) {
      const { file_offset, bytes, is_pages } = this.#placements.take(Math.min(end - at, DISK_BLOCK_BYTES));
      const piece = this.#staging.subarray(at, at + bytes);
      if (is_pages && this.#direct_fd !== undefined) {
        this.#bounce.set(piece);
        this.#writeAll(this.#direct_fd, this.#bounce.subarray(0, bytes), file_offset);
      } else {
        this.#writeAll(this.#fd, piece, file_offset);
      }
      at += bytes;
    }
    return end - start;
  }

  block(): void {}

  whenReady(): Promise<void> {
    return Promise.resolve();
  }

  #writeAll(fd: number, piece: Uint8Array, file_offset: number): void {
    this.short_writes += writeAllAt({ fd, path: this.#path }, piece, file_offset);
  }
}
