/** A non-blocking FIFO with a helper process behind it: libvirt's arrangement, and the thread's. */
import type { ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import { fail } from '../../errors.ts';
import type { AsyncChannel } from '../../save/drive.ts';
import { writeFailure } from '../os-error.ts';
import type { OpenDestination } from '../output/destination.ts';
import { FdChannel } from '../output/fd-channel.ts';
import { openFifoOutput } from '../output/fifo-output.ts';
import { OutputFile } from '../output/output-file.ts';
import { PipeEnd } from '../output/pipe-end.ts';
import type { Sink, SinkOptions, SinkReport } from '../output/sink.ts';
import type { FromHelper, ToHelper } from './helper-protocol.ts';
import { startHelper } from './start-helper.ts';

type Message<Type extends FromHelper['type']> = Extract<FromHelper, { type: Type }>;

export class HelperSink implements Sink {
  readonly #path: string;
  readonly #output: OutputFile | undefined;
  readonly #pipe: PipeEnd;
  readonly #child: ChildProcess;
  readonly #exited: Promise<string>;
  #messages: { [Type in FromHelper['type']]?: Message<Type> } = {};
  #onMessage: () => void = () => undefined;

  private constructor(path: string, output: OutputFile | undefined, pipe: PipeEnd, child: ChildProcess) {
    this.#path = path;
    this.#output = output;
    this.#pipe = pipe;
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.on('exit', (code, signal) => {
        resolve(signal === null ? `ended with status ${code}` : `was ended by ${signal}`);
      });
      child.on('error', (error) => resolve(`could not be used (${error.message})`));
    });
    child.on('message', (message: FromHelper) => {
      this.#messages = { ...this.#messages, [message.type]: message };
      this.#onMessage();
    });
  }

  /**
   * Makes the pipe, starts the helper and waits until it has opened the output; a FIFO is opened before, when
   * somebody reads it, so that no helper waits in an open that may never return.
   *
   * @throws `output-exists`, `output-folder-missing`, `output-refused`, `no-fifo`, `helper-ended`,
   * `interrupted`
   */
  static async open(destination: OpenDestination, options: SinkOptions): Promise<HelperSink> {
    const fifo_fd = await openFifoOutput(destination, options.signal);
    const output = destination.kind === 'file' ? new OutputFile(destination.path, options) : undefined;
    try {
      const path = output?.part_path ?? destination.path;
      const { child, write_fd, target } = startHelper({ ...destination, path }, fifo_fd);
      const sink = new HelperSink(destination.path, output, new PipeEnd(write_fd), child);
      await sink.#started({ type: 'start', target, direct: options.direct, is_part: output !== undefined });
      return sink;
    } catch (cause) {
      output?.discard();
      throw cause;
    } finally {
      // only the helper is to hold it: its reader waits for the last writer's end
      if (fifo_fd !== undefined) closeSync(fifo_fd);
    }
  }

  /** The helper's process id, for whoever wants to look at it from outside. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  openChannel(staging: Uint8Array): AsyncChannel {
    const channel = new FdChannel(this.#pipe.fd, staging, {
      path: this.#path,
      whyBroken: () => this.#whyEnded(),
    });
    this.#pipe.channel = channel;
    return channel;
  }

  async finish(stream_bytes: number): Promise<SinkReport> {
    this.#pipe.close();
    const { written_bytes, times } = await this.#awaited('drained');
    if (written_bytes !== stream_bytes) throw fail('helper-short', { written_bytes, stream_bytes });
    this.#send({ type: 'finish', stream_bytes });
    const { sync_ms } = await this.#awaited('synced');
    await this.#exited;
    await this.#output?.commit();
    const opened = this.#messages.opened;
    return {
      sync_ms,
      is_direct: opened?.is_direct,
      direct_refusal: opened?.direct_refusal,
      disk: times,
    };
  }

  async abort(): Promise<void> {
    this.#pipe.close();
    // a helper that is stopped, or blocked in a read, heeds nothing else
    this.#child.kill('SIGKILL');
    await this.#exited;
    this.#output?.discard();
  }

  async #started(message: Extract<ToHelper, { type: 'start' }>): Promise<void> {
    try {
      this.#send(message);
      await this.#awaited('opened');
    } catch (cause) {
      await this.abort();
      throw cause;
    }
  }

  #send(message: ToHelper): void {
    // a helper that is gone already is found by its exit
    this.#child.send(message, () => undefined);
  }

  /** Waits for a message of a type, or for the helper's end, whichever comes first. */
  async #awaited<Type extends FromHelper['type']>(type: Type): Promise<Message<Type>> {
    const arrived = new Promise<Message<Type> | undefined>((resolve) => {
      this.#onMessage = () => {
        if (this.#messages.failed !== undefined) resolve(undefined);
        const message: { [T in FromHelper['type']]?: Message<T> }[Type] = this.#messages[type];
        if (message !== undefined) resolve(message);
      };
      this.#onMessage();
    });
    const message = await Promise.race([arrived, this.#exited.then(() => undefined)]);
    if (message === undefined) throw await this.#whyEnded();
    return message;
  }

  /** Why the helper ended: what it reported, or how its process ended. */
  async #whyEnded(): Promise<Error> {
    const how = await this.#exited;
    const failed = this.#messages.failed;
    const offset = failed?.offset ?? 0;
    if (failed === undefined)
      return fail('helper-ended', { how, bytes: this.#pipe.channel?.written_bytes ?? 0 });
    const cause = Object.assign(new Error(failed.reason), { code: failed.code });
    if (this.#messages.opened === undefined) {
      return fail('output-refused', { path: this.#path, reason: failed.reason }, cause);
    }
    return writeFailure(this.#path, offset, cause);
  }
}
