/** The page cache behind a plain file: takes bytes at once, and lets the disk have them later. */
import type { Disk } from './disk.ts';

/** What write-back gives the disk at a time. */
const WRITEBACK_BYTES = 2 ** 20;
/** Write-back begins when half of what may wait is there (vm.dirty_background_ratio against vm.dirty_ratio). */
const BACKGROUND_SHARE = 0.5;

export class PageCache {
  readonly #disk: Disk;
  readonly #limit_bytes: number;
  #dirty_bytes = 0;
  #is_writing = false;
  #is_syncing = false;

  constructor(disk: Disk, limit_bytes: number) {
    this.#disk = disk;
    this.#limit_bytes = limit_bytes;
  }

  /** Bytes that are not on the disk. */
  get dirty_bytes(): number {
    return this.#dirty_bytes;
  }

  /** Who writes has to wait (Linux, balance_dirty_pages). */
  get is_full(): boolean {
    return this.#dirty_bytes > this.#limit_bytes;
  }

  add(bytes: number): void {
    this.#dirty_bytes += bytes;
    this.#write();
  }

  /** Writes all back, as fdatasync(2) does. */
  sync(): void {
    this.#is_syncing = true;
    this.#write();
  }

  #write(): void {
    const background_bytes = this.#is_syncing ? 0 : this.#limit_bytes * BACKGROUND_SHARE;
    if (this.#is_writing || this.#dirty_bytes <= background_bytes) return;
    this.#is_writing = true;
    const bytes = Math.min(WRITEBACK_BYTES, this.#dirty_bytes);
    this.#disk.write(bytes, () => {
      this.#is_writing = false;
      this.#dirty_bytes -= bytes;
      this.#write();
    });
  }
}
