/** Where staged bytes go in the model: a pipe, or a plain file. */
import type { Channel } from '../save/interfaces.ts';
import type { PipeInode } from './machine/pipe-inode.ts';
import type { Thread } from './machine/thread.ts';
import type { DrawnCosts } from './scenario/costs.ts';

/** A channel that the model's main loop can wait for. */
export interface ModelChannel extends Channel {
  /** Begins to wait for room; the wait is over when there is. */
  beginWait(): void;
  readonly is_wait_over: boolean;
  /** Tries once, whether a small piece of what is left is taken; true if so, or if nothing has to be waited for. */
  tryPiece(): boolean;
  /** What the main loop does of its own when there is room, before it calls the save loop. */
  notified(): void;
  /** Returns when all that was taken is in the pipe. */
  drain(): void;
}

export interface PipeChannelParts {
  readonly inode: PipeInode;
  readonly thread: Thread;
  readonly costs: DrawnCosts;
  /** What waits for room in place of the loop, a small piece; 0 where poll(2) can be asked. */
  readonly piece_bytes: number;
  /** Writes block until all is taken, as of a migration thread (QEMU 1.4). */
  readonly is_blocking: boolean;
  /** A write of which less was taken is made again within the same call, until nothing is taken. */
  readonly rewrites: boolean;
}

/** The writer's end of a pipe: writes until EAGAIN, as pipe/fd-channel does. */
export class PipeChannel implements ModelChannel {
  readonly #parts: PipeChannelParts;
  #is_ready = true;
  /** Bytes of the next offer that the waiting piece has written already. */
  #ahead_bytes = 0;
  #left_bytes = 0;
  #waits = false;
  eagain = 0;
  short_writes = 0;

  constructor(parts: PipeChannelParts) {
    this.#parts = parts;
  }

  get is_ready(): boolean {
    return this.#is_ready;
  }

  get is_wait_over(): boolean {
    return this.#is_ready;
  }

  offer(start: number, end: number): number {
    let at = start + this.#ahead_bytes;
    this.#ahead_bytes = 0;
    while (at < end && this.#is_ready) at += this.write(end - at);
    this.#left_bytes = end - at;
    return at - start;
  }

  /** One write: how many bytes are taken; none is EAGAIN. */
  write(bytes: number): number {
    const { inode, thread, costs, is_blocking } = this.#parts;
    thread.spend(costs.write_call_ns);
    for (;;) {
      inode.mutex.takeNow(thread);
      const taken = this.#copyAll(bytes);
      // a write that blocks says neither: it sleeps in the call
      if (!is_blocking && taken > 0 && taken < bytes) this.short_writes++;
      if (taken > 0 || bytes === 0) {
        this.#is_ready = true;
        return taken;
      }
      if (!is_blocking) {
        this.eagain++;
        this.#fail();
        return 0;
      }
      this.#sleepUntilRoom();
    }
  }

  block(): void {
    this.#sleepUntilRoom();
    this.#is_ready = true;
  }

  beginWait(): void {
    const { inode, thread, costs } = this.#parts;
    if (this.#is_ready || this.#waits) return;
    this.#waits = true;
    thread.spend(costs.wait_call_ns);
    inode.whenWritable(() => {
      this.#waits = false;
      this.#is_ready = true;
      return thread.stir();
    });
  }

  tryPiece(): boolean {
    if (this.#is_ready) return true;
    this.#writePiece();
    if (this.#ahead_bytes === 0) this.#fail();
    else this.#is_ready = true;
    return this.#is_ready;
  }

  /** In Node a piece of what is left goes first: its being written is how one learns that there is room. */
  notified(): void {
    const { thread, costs } = this.#parts;
    thread.spend(costs.notify_call_ns);
    if (this.#piece_bytes > 0) this.#writePiece();
  }

  drain(): void {
    // all that was taken is in the pipe already
  }

  /** How much of what is left goes ahead of the next offer. */
  get #piece_bytes(): number {
    return Math.min(this.#parts.piece_bytes, this.#left_bytes);
  }

  #writePiece(): void {
    const { inode, thread, costs } = this.#parts;
    thread.spend(costs.write_call_ns);
    inode.mutex.takeNow(thread);
    this.#ahead_bytes = this.#copy(this.#piece_bytes);
  }

  /** Holding the lock: one copy, and in Node more of them, for each of which the lock is taken anew. */
  #copyAll(bytes: number): number {
    const { inode, thread, costs, rewrites, is_blocking } = this.#parts;
    let taken = this.#copy(bytes);
    let is_full = taken === 0 || is_blocking || !rewrites;
    while (!is_full && taken < bytes) {
      thread.spend(costs.rewrite_call_ns);
      inode.mutex.takeNow(thread);
      const more = this.#copy(bytes - taken);
      taken += more;
      is_full = more === 0;
    }
    return taken;
  }

  /** Under the lock: copies what fits, and shows it to the reader in the end. */
  #copy(bytes: number): number {
    const { inode, thread, costs } = this.#parts;
    const room = inode.pipe.room(bytes);
    if (room > 0) thread.spend(room * costs.write_byte_ns);
    const wake_call_ns = inode.written(bytes);
    if (wake_call_ns > 0) thread.spend(wake_call_ns);
    return room;
  }

  /** A write that found no room: the cost of a whole call, of which one part is spent. */
  #fail(): void {
    const { thread, costs } = this.#parts;
    thread.spend(Math.max(0, costs.eagain_call_ns - costs.write_call_ns));
    this.#is_ready = false;
  }

  #sleepUntilRoom(): void {
    const { inode, thread } = this.#parts;
    let is_writable = false;
    inode.whenWritable(() => {
      is_writable = true;
      return thread.stir();
    });
    if (!is_writable) thread.wait(() => is_writable);
  }
}
