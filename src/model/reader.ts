/** Who reads the pipe: the helper that writes to a disk, or a reader of a given speed. */

import type { Disk } from './machine/disk.ts';
import type { Kernel } from './machine/kernel.ts';
import type { PipeInode } from './machine/pipe-inode.ts';
import type { Thread } from './machine/thread.ts';
import type { DrawnCosts } from './scenario/costs.ts';

export interface ReaderParts {
  readonly kernel: Kernel;
  readonly thread: Thread;
  readonly inode: PipeInode;
  readonly costs: DrawnCosts;
}

/** A reader's loop: reads that fill a block, then what is done with it. */
abstract class Reader {
  protected readonly parts: ReaderParts;
  readonly #block_bytes: number;
  #fill_bytes = 0;
  #is_done = false;

  constructor(parts: ReaderParts, block_bytes: number) {
    this.parts = parts;
    this.#block_bytes = block_bytes;
  }

  /** All is read, and dealt with. */
  get is_done(): boolean {
    return this.#is_done;
  }

  start(): void {
    this.#read();
  }

  /** Deals with a block and then calls back; a short one is the last. */
  protected abstract block(bytes: number, then: () => void): void;
  /** After each read, before the next. */
  protected abstract afterRead(bytes: number, then: () => void): void;

  readonly #read = (): void => {
    this.parts.thread.run(this.parts.costs.read_call_ns, this.#take);
  };

  readonly #take = (): void => {
    const { inode } = this.parts;
    inode.mutex.take(() => {
      if (!inode.pipe.is_empty) this.#copy();
      else this.#waitForBytes();
    });
  };

  #waitForBytes(): void {
    const { inode, thread } = this.parts;
    inode.mutex.release();
    if (inode.is_closed) this.#blockIsOver(true);
    else inode.whenReadable(() => thread.wake(this.#take));
  }

  #copy(): void {
    const { inode, thread, costs } = this.parts;
    const bytes = Math.min(this.#block_bytes - this.#fill_bytes, inode.pipe.held_bytes);
    thread.run(bytes * costs.read_byte_ns, () => {
      const wake_call_ns = inode.drained(bytes);
      this.#fill_bytes += bytes;
      const then = (): void => this.afterRead(bytes, this.#goOn);
      if (wake_call_ns > 0) thread.run(wake_call_ns, then);
      else then();
    });
  }

  readonly #goOn = (): void => {
    if (this.#fill_bytes === this.#block_bytes) this.#blockIsOver(false);
    else this.#read();
  };

  #blockIsOver(is_last: boolean): void {
    const bytes = this.#fill_bytes;
    this.#fill_bytes = 0;
    const then = (): void => {
      if (is_last) this.#is_done = true;
      else this.#read();
    };
    if (bytes === 0) then();
    else this.block(bytes, then);
  }
}

/** libvirt's helper: whole megabytes, each written by O_DIRECT before the next is read (virfile.c, runIOCopy). */
export class Helper extends Reader {
  readonly #disk: Disk;

  constructor(parts: ReaderParts, block_bytes: number, disk: Disk) {
    super(parts, block_bytes);
    this.#disk = disk;
  }

  protected override block(bytes: number, then: () => void): void {
    const { thread, costs } = this.parts;
    thread.run(costs.direct_call_ns, () => this.#disk.write(bytes, () => thread.wake(then)));
  }

  protected override afterRead(_bytes: number, then: () => void): void {
    then();
  }
}

/** A reader that throws away what it reads, at no more than a rate. */
export class PacedReader extends Reader {
  readonly #rate_bytes_per_s: number;
  /** When the first bytes were there. */
  #began_ns: number | undefined;
  #read_bytes = 0;

  /** @param rate_bytes_per_s infinity for as fast as it can */
  constructor(parts: ReaderParts, block_bytes: number, rate_bytes_per_s: number) {
    super(parts, block_bytes);
    this.#rate_bytes_per_s = rate_bytes_per_s;
  }

  protected override block(_bytes: number, then: () => void): void {
    then();
  }

  /** Sleeps until what it has read is due by the rate. */
  protected override afterRead(bytes: number, then: () => void): void {
    const { kernel, thread, costs } = this.parts;
    this.#read_bytes += bytes;
    this.#began_ns ??= kernel.now();
    const due_ns = this.#began_ns + Math.round((this.#read_bytes * 1e9) / this.#rate_bytes_per_s);
    if (due_ns <= kernel.now()) then();
    else kernel.at(due_ns + Math.round(costs.sleep_late_ns), () => thread.run(0, then));
  }
}
