/** A pipe with those who use it: its lock, and who waits for bytes or for room. */
import { Mutex } from './mutex.ts';
import { Pipe } from './pipe.ts';

/**
 * Linux holds one lock over a whole read or write, copying included (fs/pipe.c): a reader and a writer that
 * are both busy take turns.
 */
export class PipeInode {
  readonly pipe: Pipe;
  readonly mutex = new Mutex();
  readonly #forBytes: (() => void)[] = [];
  readonly #forRoom: (() => void)[] = [];
  #is_closed = false;

  constructor(slots: number) {
    this.pipe = new Pipe(slots);
  }

  /** The writer is gone. */
  get is_closed(): boolean {
    return this.#is_closed;
  }

  /** Whether a write that ends now wakes somebody. */
  get is_reader_waiting(): boolean {
    return this.#forBytes.length > 0;
  }

  /** Whether a read that ends now wakes somebody. */
  get is_writer_waiting(): boolean {
    return this.#forRoom.length > 0;
  }

  /** Calls back when there are bytes or the writer is gone. */
  whenReadable(then: () => void): void {
    if (!this.pipe.is_empty || this.#is_closed) then();
    else this.#forBytes.push(then);
  }

  /** Calls back when a slot is free. */
  whenWritable(then: () => void): void {
    if (!this.pipe.is_full) then();
    else this.#forRoom.push(then);
  }

  /** Ends a write under the lock: what was copied is there for the reader. */
  written(bytes: number): number {
    const taken = this.pipe.write(bytes);
    this.mutex.release();
    if (!this.pipe.is_empty) callAll(this.#forBytes);
    return taken;
  }

  /** Ends a read under the lock: its slots are free. */
  drained(bytes: number): number {
    const taken = this.pipe.read(bytes);
    this.mutex.release();
    if (!this.pipe.is_full) callAll(this.#forRoom);
    return taken;
  }

  /** The writer closes its end. */
  close(): void {
    this.#is_closed = true;
    callAll(this.#forBytes);
  }
}

function callAll(waiting: (() => void)[]): void {
  for (const then of waiting.splice(0)) then();
}
