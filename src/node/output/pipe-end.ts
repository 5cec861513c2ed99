/** The save's end of a FIFO whose other end a child process holds. */
import { closeSync } from 'node:fs';
import type { FdChannel } from './fd-channel.ts';

/** Closes the writing end, so that the reader finds the end of the stream; at most once. */
export class PipeEnd {
  readonly fd: number;
  channel: FdChannel | undefined;
  #is_closed = false;

  constructor(fd: number) {
    this.fd = fd;
  }

  close(): void {
    if (this.#is_closed) return;
    this.#is_closed = true;
    this.channel?.abandon();
    const socket = this.channel?.socket;
    // the socket that waited for room owns the descriptor
    if (socket !== undefined) socket.destroy();
    else closeSync(this.fd);
  }
}
