/** A pipe with those who use it: its lock, and who waits for bytes or for room. */
import { Mutex } from './mutex.ts';
import { Pipe } from './pipe.ts';

/** Wakes one who waits; returns the CPU time that this takes of the one who wakes. */
export type WakeUp = () => number;

/**
 * Linux holds one lock over a whole read or write, copying included (fs/pipe.c): a reader and a writer that
 * are both busy take turns.
 */
export class PipeInode {
  readonly pipe: Pipe;
  readonly mutex = new Mutex();
  readonly #forBytes: WakeUp[] = [];
  readonly #forRoom: WakeUp[] = [];
  #is_closed = false;

  constructor(slots: number) {
    this.pipe = new Pipe(slots);
  }

  /** The writer is gone. */
  get is_closed(): boolean {
    return this.#is_closed;
  }

  /** Calls back when there are bytes or the writer is gone. */
  whenReadable(then: WakeUp): void {
    if (!this.pipe.is_empty || this.#is_closed) then();
    else this.#forBytes.push(then);
  }

  /** Calls back when a slot is free. */
  whenWritable(then: WakeUp): void {
    if (!this.pipe.is_full) then();
    else this.#forRoom.push(then);
  }

  /** Ends a write under the lock: what was copied is there for the reader. Returns what waking it takes. */
  written(bytes: number): number {
    this.pipe.write(bytes);
    this.mutex.release();
    return this.pipe.is_empty ? 0 : wakeAll(this.#forBytes);
  }

  /** Ends a read under the lock: its slots are free. Returns what waking the writer takes. */
  drained(bytes: number): number {
    this.pipe.read(bytes);
    this.mutex.release();
    return this.pipe.is_full ? 0 : wakeAll(this.#forRoom);
  }

  /** The writer closes its end. */
  close(): void {
    this.#is_closed = true;
    wakeAll(this.#forBytes);
  }
}

function wakeAll(waiting: WakeUp[]): number {
  let call_ns = 0;
  for (const wakeUp of waiting.splice(0)) call_ns += wakeUp();
  return call_ns;
}
