/** A channel on a descriptor: a plain file, or the non-blocking end of a pipe. */
import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { fail } from '../../errors.ts';
import type { AsyncChannel } from '../../save/drive.ts';
import { nextTurn } from '../../save/event-loop.ts';
import { codeOf, writeFailure } from '../os-error.ts';
import { withoutStack } from '../without-stack.ts';

/**
 * How much is handed to the socket that waits for room. A page: the pipe frees whole slots of a page
 * (pipe(7)), and a larger piece would fill it again before the loop has its turn.
 */
const WAITING_PIECE_BYTES = 4096;
/**
 * How long a wait tries by itself, a turn of the event loop between two tries, before it sleeps: a reader at work
 * empties the pipe in some 10 us, and to be put to sleep and woken takes longer. Measured with `cat >/dev/null`
 * and half of the pages zero: 5.2 GB/s, 4.7 without; longer tries gain nothing.
 */
const TRY_MS = 0.05;
/** How long `block` sleeps between two tries. */
const BLOCK_SLEEP_MS = 0.2;

export interface FdChannelOptions {
  /** What errors call it. */
  readonly path: string;
  /** Finds out why the reader is gone; without it a broken pipe is an error of its own. */
  readonly whyBroken?: () => Promise<Error>;
  /** How long a wait tries by itself before it sleeps. */
  readonly try_ms?: number;
}

/**
 * Writes until EAGAIN, then waits without spinning: Node has no "writable" event for a descriptor, but a
 * socket on the same descriptor calls back when the piece that it was given is written, and libuv polls for
 * that. So the channel gives the socket the next small piece of what it could not take, and counts it as
 * taken when the same bytes are offered again, as they must be, first.
 */
export class FdChannel implements AsyncChannel {
  readonly #fd: number;
  readonly #staging: Uint8Array;
  readonly #path: string;
  readonly #whyBroken: (() => Promise<Error>) | undefined;
  readonly #try_ms: number;
  #socket: Socket | undefined;
  #is_ready = true;
  #is_abandoned = false;
  #broken: unknown;
  #written_bytes = 0;
  /** What the last offer left: [from, to) in staging. */
  #left: { from: number; to: number } = { from: 0, to: 0 };
  /** Bytes at the head of the next offer that are written already. */
  #ahead_bytes = 0;
  #eagain = 0;
  #short_writes = 0;

  constructor(fd: number, staging: Uint8Array, options: FdChannelOptions) {
    this.#fd = fd;
    this.#staging = staging;
    this.#path = options.path;
    this.#whyBroken = options.whyBroken;
    this.#try_ms = options.try_ms ?? TRY_MS;
  }

  get is_ready(): boolean {
    return this.#is_ready;
  }

  get eagain(): number {
    return this.#eagain;
  }

  get short_writes(): number {
    return this.#short_writes;
  }

  /** Bytes that went into the descriptor. */
  get written_bytes(): number {
    return this.#written_bytes;
  }

  /** After a short write it tries once more, as QEMU does, and so finds EAGAIN if the pipe is full. */
  offer(start: number, end: number): number {
    let at = start + this.#ahead_bytes;
    this.#ahead_bytes = 0;
    while (at < end && this.#is_ready) at += this.#write(at, end);
    this.#left = { from: at, to: end };
    return at - start;
  }

  block(): void {
    const sleeper = new Int32Array(new SharedArrayBuffer(4));
    while (!this.#is_ready) {
      if (this.#broken !== undefined) throw writeFailure(this.#path, this.#written_bytes, this.#broken);
      Atomics.wait(sleeper, 0, 0, BLOCK_SLEEP_MS);
      this.#is_ready = true;
      this.#ahead_bytes += this.#write(this.#left.from + this.#ahead_bytes, this.#left.to);
    }
  }

  async whenReady(): Promise<void> {
    if (this.#broken !== undefined) throw await this.#brokenReason();
    if (this.#is_ready) return;
    const { from, to } = this.#left;
    const end = Math.min(to, from + WAITING_PIECE_BYTES);
    const bytes = (await this.#writeSoon(from, end)) || (await this.#writeAfterSleep(from, end));
    this.#ahead_bytes = bytes;
    this.#written_bytes += bytes;
    this.#is_ready = true;
  }

  /** The socket that waits owns the descriptor from then on: whoever closes it asks here. */
  get socket(): Socket | undefined {
    return this.#socket;
  }

  /** The descriptor is about to be closed: a wait that goes on touches it no more, for its number may be another's. */
  abandon(): void {
    this.#is_abandoned = true;
  }

  #write(start: number, end: number): number {
    try {
      const bytes = this.#writeNow(start, end);
      if (bytes < end - start) this.#short_writes++;
      this.#written_bytes += bytes;
      return bytes;
    } catch (cause) {
      const code = codeOf(cause);
      if (code === 'EAGAIN') this.#eagain++;
      else if (code === 'EPIPE') this.#broken = cause;
      else throw writeFailure(this.#path, this.#written_bytes, cause);
      this.#is_ready = false;
      return 0;
    }
  }

  /** Tries for a moment; 0 where there was no room, or never will be, which the socket finds out. */
  async #writeSoon(start: number, end: number): Promise<number> {
    const until_ms = performance.now() + this.#try_ms;
    while (performance.now() < until_ms && !this.#is_abandoned) {
      try {
        return this.#writeNow(start, end);
      } catch {
        await nextTurn();
      }
    }
    return 0;
  }

  async #writeAfterSleep(start: number, end: number): Promise<number> {
    if (this.#is_abandoned) throw fail('interrupted', {});
    const piece = this.#staging.slice(start, end);
    try {
      await this.#writeWhenPossible(piece);
      return piece.length;
    } catch (cause) {
      this.#broken = cause;
      throw await this.#brokenReason();
    }
  }

  #writeNow(start: number, end: number): number {
    return withoutStack(() => writeSync(this.#fd, this.#staging, start, end - start));
  }

  #writeWhenPossible(piece: Uint8Array): Promise<void> {
    this.#socket ??= this.#openSocket();
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      socket.write(piece, (error) => (error ? reject(error) : resolve()));
    });
  }

  #openSocket(): Socket {
    const socket = new Socket({ fd: this.#fd, readable: false, writable: true });
    // every error comes by the callback of its write; the event comes later, and unheard it would be thrown
    socket.on('error', () => undefined);
    return socket;
  }

  async #brokenReason(): Promise<Error> {
    const reason = await this.#whyBroken?.();
    return reason ?? writeFailure(this.#path, this.#written_bytes, this.#broken);
  }
}
