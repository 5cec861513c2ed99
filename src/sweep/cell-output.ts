/** Where the lines of a sweep go: to a file that a later run goes on with, or to a stream. */
import { fail } from '../errors.ts';
import { type OpenDestination, parseDestination } from '../node/output/destination.ts';
import { FileSink } from '../node/output/file-sink.ts';
import type { AsyncChannel } from '../save/drive.ts';
import { CellFile, type CellOutput, type Expected } from './cell-file.ts';

export interface OpenOptions {
  /** Begin a file anew. */
  readonly force: boolean;
  readonly signal: AbortSignal;
}

const STAGING_BYTES = 2 ** 16;

/** Standard output, a FIFO or a device: nothing can be read back. */
class CellStream implements CellOutput {
  readonly #sink: FileSink;
  readonly #staging = new Uint8Array(STAGING_BYTES);
  readonly #channel: AsyncChannel;
  readonly #aborted: Promise<void>;
  readonly #signal: AbortSignal;
  #bytes = 0;

  constructor(sink: FileSink, signal: AbortSignal) {
    this.#sink = sink;
    this.#channel = sink.openChannel(this.#staging);
    this.#signal = signal;
    this.#aborted = new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  async append(line: string): Promise<void> {
    const bytes = Buffer.from(line);
    for (let from = 0; from < bytes.length; from += STAGING_BYTES) {
      const piece = bytes.subarray(from, from + STAGING_BYTES);
      this.#staging.set(piece);
      await this.#write(piece.length);
    }
    this.#bytes += bytes.length;
  }

  async finish(): Promise<void> {
    // a reader that takes nothing does not hold up Ctrl-C
    if (this.#signal.aborted) await this.#sink.abort();
    else await this.#sink.finish(this.#bytes);
  }

  async #write(length: number): Promise<void> {
    let at = 0;
    while (at < length) {
      at += this.#channel.offer(at, length);
      if (this.#channel.is_ready) continue;
      await Promise.race([this.#channel.whenReady(), this.#aborted]);
      if (this.#signal.aborted) throw fail('interrupted', {});
    }
  }
}

async function openStream(destination: OpenDestination, options: OpenOptions): Promise<CellStream> {
  return new CellStream(await FileSink.open(destination, { ...options, direct: false }), options.signal);
}

/**
 * Opens the output of a sweep.
 *
 * @throws what `CellFile` and `FileSink.open` throw
 */
export async function openCells(path: string, options: OpenOptions, expected: Expected): Promise<CellOutput> {
  const destination = parseDestination(path);
  if (destination.kind === 'command') {
    throw fail('output-refused', { path, reason: 'lines go to a file, or to -' });
  }
  return destination.kind === 'file'
    ? new CellFile(destination.path, options, expected)
    : openStream(destination, options);
}
