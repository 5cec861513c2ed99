/** A plain descriptor as the channel: what libvirt gave QEMU before 2012; that of a file never says EAGAIN. */
import { close, fdatasync } from 'node:fs';
import { promisify } from 'node:util';
import { fail } from '../../errors.ts';
import type { AsyncChannel } from '../../save/drive.ts';
import { cannotSync, reasonOf, writeFailure } from '../os-error.ts';
import type { OpenDestination } from './destination.ts';
import { DirectChannel } from './direct-channel.ts';
import { DiskWriter } from './disk-writer.ts';
import { FdChannel } from './fd-channel.ts';
import { openFifoOutput } from './fifo-output.ts';
import { OutputFile } from './output-file.ts';
import type { Sink, SinkOptions, SinkReport } from './sink.ts';

const syncData = promisify(fdatasync);
const closeFd = promisify(close);

/** Descriptors that are this process's own standard streams; they are not ours to close. */
const STANDARD_FD_MAX = 2;

/** A sink that writes from the main loop; `direct` gathers whole megabytes and writes them by O_DIRECT. */
export class FileSink implements Sink {
  readonly #path: string;
  readonly #writer: DiskWriter;
  readonly #output: OutputFile | undefined;
  readonly #is_direct_wanted: boolean;
  #direct_channel: DirectChannel | undefined;
  #fd_channel: FdChannel | undefined;
  #is_closed = false;

  private constructor(
    path: string,
    writer: DiskWriter,
    output: OutputFile | undefined,
    is_direct_wanted: boolean,
  ) {
    this.#path = path;
    this.#writer = writer;
    this.#output = output;
    this.#is_direct_wanted = is_direct_wanted;
  }

  /**
   * Opens the output; a FIFO when somebody reads it.
   *
   * @throws `output-exists`, `output-folder-missing`, `output-refused`, `interrupted`
   */
  static async open(destination: OpenDestination, options: SinkOptions): Promise<FileSink> {
    const { path } = destination;
    const fd =
      destination.kind === 'descriptor' ? destination.fd : await openFifoOutput(destination, options.signal);
    const output = destination.kind === 'file' ? new OutputFile(path, options) : undefined;
    try {
      const writer = new DiskWriter(fd === undefined ? { path: output?.part_path ?? path } : { fd }, options);
      return new FileSink(path, writer, output, options.direct);
    } catch (cause) {
      output?.discard();
      throw fail('output-refused', { path, reason: reasonOf(cause) }, cause);
    }
  }

  openChannel(staging: Uint8Array): AsyncChannel {
    if (this.#writer.is_direct) {
      this.#direct_channel = new DirectChannel(this.#writer, staging, this.#path);
      return this.#direct_channel;
    }
    this.#fd_channel = new FdChannel(this.#writer.fd, staging, { path: this.#path });
    return this.#fd_channel;
  }

  async finish(stream_bytes: number): Promise<SinkReport> {
    this.#direct_channel?.writeRest();
    this.#writer.trim();
    const before_ms = performance.now();
    try {
      await syncData(this.#writer.fd);
    } catch (cause) {
      if (!cannotSync(cause)) throw writeFailure(this.#path, stream_bytes, cause);
    }
    const sync_ms = performance.now() - before_ms;
    await this.#close();
    await this.#output?.commit();
    if (!this.#is_direct_wanted) return { sync_ms };
    const { is_direct, direct_refusal, times } = this.#writer;
    return { sync_ms, is_direct, direct_refusal, disk: is_direct ? times : undefined };
  }

  async abort(): Promise<void> {
    await this.#close().catch(() => undefined);
    this.#output?.discard();
  }

  async #close(): Promise<void> {
    if (this.#is_closed) return;
    this.#is_closed = true;
    // libuv leaves descriptors up to 2 open when a socket on them ends (uv__stream_close)
    this.#fd_channel?.abandon();
    const socket = this.#fd_channel?.socket;
    if (socket !== undefined) socket.destroy();
    else if (this.#writer.fd > STANDARD_FD_MAX) await closeFd(this.#writer.fd);
  }
}
