/** A mapped-ram file: written in places, so it is a regular file and nothing else. */
import { close, closeSync, constants, fdatasync, openSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { fail } from '../../errors.ts';
import type { FilePiece } from '../../format/mapped-ram.ts';
import type { Guest } from '../../guest/guest.ts';
import type { AsyncChannel } from '../../save/drive.ts';
import type { MappedFile } from '../../save/output/mapped-file.ts';
import type { Placements } from '../../save/output/output-format.ts';
import { codeOf, reasonOf, writeFailure } from '../os-error.ts';
import { MappedWriters } from '../parallel/mapped-writers.ts';
import type { Destination } from './destination.ts';
import { alignedBuffer } from './disk-writer.ts';
import { MappedChannel } from './mapped-channel.ts';
import { OutputFile } from './output-file.ts';
import type { Sink, SinkReport } from './sink.ts';
import { writeAllAt } from './write-at.ts';

const syncData = promisify(fdatasync);
const closeFd = promisify(close);
const PROBE_BYTES = 4096;

export class MappedSink implements Sink {
  readonly #path: string;
  readonly #output: OutputFile;
  readonly #fd: number;
  readonly #is_direct_wanted: boolean;
  readonly #direct_fd: number | undefined;
  #channels: MappedWriters | undefined;
  #is_closed = false;

  /** @throws `mapped-needs-file`, `output-exists`, `output-folder-missing`, `output-refused` */
  constructor(destination: Destination, options: { force: boolean; direct: boolean }) {
    if (destination.kind !== 'file') throw fail('mapped-needs-file', {});
    this.#path = destination.path;
    this.#is_direct_wanted = options.direct;
    this.#output = new OutputFile(destination.path, options);
    try {
      this.#fd = openSync(this.#output.part_path, constants.O_WRONLY);
      this.#direct_fd = options.direct ? openDirect(this.#output.part_path) : undefined;
    } catch (cause) {
      this.#output.discard();
      throw fail('output-refused', { path: destination.path, reason: reasonOf(cause) }, cause);
    }
  }

  openChannel(staging: Uint8Array, placements: Placements | undefined): AsyncChannel {
    if (placements === undefined) throw fail('internal-placement', { bytes: staging.length });
    const fds = { fd: this.#fd, direct_fd: this.#direct_fd, path: this.#path };
    return new MappedChannel(fds, staging, placements);
  }

  /** Starts threads that write pages, each by a descriptor of its own; the rest goes by `writePiece`. */
  async startWriters(guest: Guest, file: MappedFile, count: number): Promise<MappedWriters> {
    const direct = this.#direct_fd !== undefined;
    const target = { part_path: this.#output.part_path, path: this.#path, direct };
    this.#channels = await MappedWriters.start(guest, file, target, count);
    return this.#channels;
  }

  writePiece({ file_offset, bytes }: FilePiece): void {
    writeAllAt({ fd: this.#fd, path: this.#path }, bytes, file_offset);
  }

  async finish(stream_bytes: number): Promise<SinkReport> {
    const before_ms = performance.now();
    try {
      await syncData(this.#fd);
    } catch (cause) {
      throw writeFailure(this.#path, stream_bytes, cause);
    }
    const sync_ms = performance.now() - before_ms;
    await this.#close();
    await this.#output.commit();
    if (!this.#is_direct_wanted) return { sync_ms };
    const is_direct = this.#direct_fd !== undefined;
    return { sync_ms, is_direct, direct_refusal: is_direct ? undefined : REFUSAL };
  }

  async abort(): Promise<void> {
    await this.#close().catch(() => undefined);
    this.#output.discard();
  }

  async #close(): Promise<void> {
    if (this.#is_closed) return;
    this.#is_closed = true;
    await this.#channels?.end();
    if (this.#direct_fd !== undefined) await closeFd(this.#direct_fd);
    await closeFd(this.#fd);
  }
}

const REFUSAL = 'the file system refuses O_DIRECT writes';

/** A descriptor with O_DIRECT; undefined where the file system refuses it, at the open or at a write. */
function openDirect(path: string): number | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_WRONLY | constants.O_DIRECT);
    // what is written here is the head of the file, which is written again
    writeSync(fd, alignedBuffer(PROBE_BYTES), 0, PROBE_BYTES, 0);
    return fd;
  } catch (cause) {
    if (fd !== undefined) closeSync(fd);
    if (codeOf(cause) !== 'EINVAL') throw cause;
    return undefined;
  }
}
