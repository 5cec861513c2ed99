/** Inputs of bytes: a regular file, read at any place, or what comes once and in order. */
import { close, constants, fstatSync, open, read, readSync } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { fail, PagepipeError } from '../../errors.ts';
import { nextTurn } from '../../save/event-loop.ts';
import { codeOf, reasonOf } from '../os-error.ts';
import { withoutStack } from '../without-stack.ts';

const openFd = promisify(open);
const closeFd = promisify(close);
const readFd = promisify(read);

const STDIN_FD = 0;

export interface ByteSource {
  /** Its size, where it is a regular file. */
  readonly total_bytes: number | undefined;
  /**
   * Reads into `space` what stands at `position`; returns how many bytes, 0 at the end.
   *
   * @throws `input-refused`; `input-not-seekable` where `position` has gone by; `interrupted`
   */
  read(space: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

/** Opens a path, or `-`, standard input. @throws `input-refused` */
export async function openSource(path: string, signal: AbortSignal | undefined): Promise<ByteSource> {
  const fd = path === '-' ? STDIN_FD : await openPath(path);
  const stat = fstatSync(fd);
  if (stat.isFIFO() || stat.isSocket()) return new SocketSource(fd, path, signal);
  if (stat.isDirectory()) {
    await closeFd(fd);
    throw fail('input-refused', { path, reason: 'it is a folder' });
  }
  if (stat.isFile() && fd !== STDIN_FD) return new FileSource(fd, path, stat.size);
  // what was read of a redirected file before us is gone: it goes on where it stands
  return new InOrder(async (space) => (await readFd(fd, space, 0, space.length, null)).bytesRead, path, fd);
}

/** Without blocking: a FIFO that nobody writes to yet would hold up all the program. */
async function openPath(path: string): Promise<number> {
  try {
    return await openFd(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw fail('input-refused', { path, reason: reasonOf(cause) }, cause);
  }
}

class FileSource implements ByteSource {
  readonly total_bytes: number;
  readonly #fd: number;
  readonly #path: string;

  constructor(fd: number, path: string, total_bytes: number) {
    this.#fd = fd;
    this.#path = path;
    this.total_bytes = total_bytes;
  }

  async read(space: Uint8Array, position: number): Promise<number> {
    try {
      return (await readFd(this.#fd, space, 0, space.length, position)).bytesRead;
    } catch (cause) {
      throw fail('input-refused', { path: this.#path, reason: reasonOf(cause) }, cause);
    }
  }

  close(): Promise<void> {
    return closeFd(this.#fd);
  }
}

/** Bytes that come in order: what lies before a wanted position is read and dropped. */
export class InOrder implements ByteSource {
  readonly total_bytes = undefined;
  readonly #readNext: (space: Uint8Array) => Promise<number>;
  readonly #path: string;
  readonly #fd: number | undefined;
  #position = 0;

  /** @param fd closed at the end, unless it is standard input */
  constructor(readNext: (space: Uint8Array) => Promise<number>, path: string, fd: number | undefined) {
    this.#readNext = readNext;
    this.#path = path;
    this.#fd = fd;
  }

  async read(space: Uint8Array, position: number): Promise<number> {
    if (position < this.#position) throw fail('input-not-seekable', { offset: position });
    while (this.#position < position) {
      const dropped = await this.#next(space.subarray(0, position - this.#position));
      if (dropped === 0) return 0;
    }
    return this.#next(space);
  }

  async close(): Promise<void> {
    if (this.#fd !== undefined && this.#fd !== STDIN_FD) await closeFd(this.#fd);
  }

  async #next(space: Uint8Array): Promise<number> {
    for (;;) {
      try {
        const bytes = await this.#readNext(space);
        this.#position += bytes;
        return bytes;
      } catch (cause) {
        if (cause instanceof PagepipeError) throw cause;
        // a device that somebody made non-blocking: there is nothing yet
        if (codeOf(cause) !== 'EAGAIN') {
          throw fail('input-refused', { path: this.#path, reason: reasonOf(cause) }, cause);
        }
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
  }
}

/** How much the socket that waits takes at most; the rest is read right to where it is wanted. */
const WAITING_PIECE_BYTES = 64 * 1024;
/** How long a wait tries by itself before it sleeps: of normal pages from `cat`, 2.8 GB/s; 2.1 without. */
const TRY_MS = 0.05;
/** After so many reads without a wait everything else has a turn. */
const READS_A_TURN = 16;

/**
 * A FIFO or a socket: waited for by the event loop, so that Ctrl-C ends the wait. What is there already is read
 * by read(2) right to where it is wanted: by way of the socket, with a buffer and an event for each piece, a load
 * from `cat` took twice as long. The first piece always comes by the socket: a FIFO that nobody has opened for
 * writing yet reads as if it had ended.
 */
class SocketSource implements ByteSource {
  readonly total_bytes = undefined;
  readonly #fd: number;
  readonly #socket: Socket;
  readonly #in_order: InOrder;
  readonly #signal: AbortSignal | undefined;
  #piece: Uint8Array = new Uint8Array(0);
  #has_begun = false;
  #is_ended = false;
  #reads = 0;
  #error: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(fd: number, path: string, signal: AbortSignal | undefined) {
    this.#fd = fd;
    this.#signal = signal;
    // libuv makes the descriptor non-blocking (uv_pipe_open); `onread` is in Node's documentation of Socket, its
    // types know it for `connect` alone
    const onread = {
      buffer: new Uint8Array(WAITING_PIECE_BYTES),
      callback: (bytes: number, buffer: Uint8Array) => this.#take(buffer.subarray(0, bytes)),
    };
    const options = { fd, readable: true, writable: false, onread };
    this.#socket = new Socket(options);
    this.#socket.pause();
    this.#socket.on('end', () => this.#end(undefined));
    this.#socket.on('close', () => this.#end(undefined));
    this.#socket.on('error', (error) => this.#end(error));
    this.#in_order = new InOrder((space) => this.#next(space), path, undefined);
  }

  read(space: Uint8Array, position: number): Promise<number> {
    return this.#in_order.read(space, position);
  }

  async close(): Promise<void> {
    this.#socket.destroy();
  }

  /** Keeps what was read; false stops the socket until it is to wait again. */
  #take(piece: Uint8Array): boolean {
    this.#has_begun = true;
    this.#piece = piece;
    this.#wake();
    return false;
  }

  #end(error: Error | undefined): void {
    this.#is_ended = true;
    this.#error ??= error;
    this.#wake();
  }

  async #next(space: Uint8Array): Promise<number> {
    if (this.#piece.length === 0 && !this.#is_ended) {
      if (++this.#reads % READS_A_TURN === 0) await nextTurn();
      const bytes = await this.#readSoon(space);
      if (bytes !== undefined) return bytes;
      await this.#arrival();
    }
    if (this.#signal?.aborted) throw fail('interrupted', {});
    if (this.#error !== undefined) throw this.#error;
    const bytes = Math.min(space.length, this.#piece.length);
    space.set(this.#piece.subarray(0, bytes));
    this.#piece = this.#piece.subarray(bytes);
    return bytes;
  }

  /** Tries for a moment, as FdChannel does: to sleep and be woken takes longer than a writer at work. */
  async #readSoon(space: Uint8Array): Promise<number | undefined> {
    if (!this.#has_begun) return undefined;
    const until_ms = performance.now() + TRY_MS;
    for (;;) {
      const bytes = this.#readNow(space);
      if (bytes !== undefined || this.#piece.length > 0 || performance.now() >= until_ms) return bytes;
      await nextTurn();
    }
  }

  /** What is there; undefined if it has to be waited for, or by the socket's word there is an error. */
  #readNow(space: Uint8Array): number | undefined {
    if (this.#signal?.aborted) return undefined;
    try {
      return withoutStack(() => readSync(this.#fd, space, 0, space.length, null));
    } catch {
      return undefined;
    }
  }

  /** Resolves when there is something to read, at the end, and when the work is called off. */
  #arrival(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.#wake = wake;
      this.#signal?.addEventListener('abort', wake);
      if (this.#signal?.aborted) wake();
      else this.#socket.resume();
    });
  }
}
