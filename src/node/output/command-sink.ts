/** `exec:COMMAND`: the shell command itself holds the other end of the FIFO, as in QEMU (migration/exec.c). */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { fail } from '../../errors.ts';
import type { AsyncChannel } from '../../save/drive.ts';
import { FdChannel } from './fd-channel.ts';
import { makeFifo } from './fifo.ts';
import { PipeEnd } from './pipe-end.ts';
import type { Sink, SinkReport } from './sink.ts';

/** How long a command that reads no more may take to end, and so to say why, before it is ended. */
const GRACE_MS = 500;

export class CommandSink implements Sink {
  readonly #command: string;
  readonly #pipe: PipeEnd;
  readonly #child: ChildProcess;
  /** How it ended; undefined for status 0. */
  readonly #exited: Promise<string | undefined>;
  readonly #grace_ms: number;

  /** Starts the command. @throws `no-fifo` */
  constructor(command: string, grace_ms = GRACE_MS) {
    const fifo = makeFifo();
    this.#command = command;
    this.#grace_ms = grace_ms;
    this.#pipe = new PipeEnd(fifo.write_fd);
    // a group of its own, so that the shell and all that it started can be ended together
    this.#child = spawn('/bin/sh', ['-c', command], {
      stdio: [fifo.read_fd, 'inherit', 'inherit'],
      detached: true,
    });
    closeSync(fifo.read_fd);
    this.#exited = new Promise((resolve) => {
      this.#child.on('error', (error) => resolve(`could not be started (${error.message})`));
      this.#child.on('exit', (code, signal) => {
        if (code === 0) resolve(undefined);
        else resolve(signal === null ? `ended with status ${code}` : `was ended by ${signal}`);
      });
    });
  }

  openChannel(staging: Uint8Array): AsyncChannel {
    const channel = new FdChannel(this.#pipe.fd, staging, {
      path: `exec:${this.#command}`,
      whyBroken: () => this.#whyBroken(),
    });
    this.#pipe.channel = channel;
    return channel;
  }

  async finish(): Promise<SinkReport> {
    this.#pipe.close();
    const before_ms = performance.now();
    const how = await this.#exited;
    if (how !== undefined) throw fail('command-failed', { command: this.#command, how });
    return { sync_ms: performance.now() - before_ms };
  }

  async abort(): Promise<void> {
    this.#pipe.close();
    this.#kill();
    await this.#exited;
  }

  #kill(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // the group has ended by itself
    }
  }

  /** A command may close its input and go on for good: then it has not stored the stream, whatever it does. */
  async #whyBroken(): Promise<Error> {
    let goes_on = false;
    const timer = setTimeout(() => {
      goes_on = true;
      this.#kill();
    }, this.#grace_ms);
    const how = await this.#exited;
    clearTimeout(timer);
    if (how !== undefined && !goes_on) return fail('command-failed', { command: this.#command, how });
    return fail('command-closed', { command: this.#command, bytes: this.#pipe.channel?.written_bytes ?? 0 });
  }
}
