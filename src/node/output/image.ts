/** Writes a guest's RAM as raw images. */
import { type FileHandle, mkdir, open, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../errors.ts';
import { type Block, type Guest, PAGE_BYTES } from '../../guest/guest.ts';
import { nextTurn } from '../../save/event-loop.ts';
import { codeOf, writeFailure } from '../os-error.ts';
import { parseDestination } from './destination.ts';
import { FileSink } from './file-sink.ts';
import { commitAll, OutputFile, openFailure } from './output-file.ts';

/** Longest run of pages that goes in one write. */
const RUN_PAGES_MAX = 256;

export interface ImageOptions {
  readonly force: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((written_bytes: number, total_bytes: number) => void) | undefined;
}

/**
 * Writes one block as a raw image. A regular file appears when it is whole, and has holes where the RAM is
 * zero; anything else is written in place, from the first byte to the last.
 *
 * @throws `output-exists`, `output-folder-missing`, `output-refused`, `disk-full`, `interrupted`
 */
export async function writeImage(
  guest: Guest,
  block: Block,
  path: string,
  options: ImageOptions,
): Promise<void> {
  const destination = parseDestination(path);
  if (destination.kind === 'command')
    throw fail('output-refused', { path, reason: 'a raw image goes to a file' });
  if (destination.kind === 'file') return writeImageFiles(guest, [{ block, path }], options);
  const sink = await FileSink.open(destination, { ...options, direct: false });
  try {
    await writeInPlace(sink, guest, block, options);
  } catch (cause) {
    await sink.abort();
    throw cause;
  }
}

/** Every byte, in order; the event loop has its turn after every piece, and an abort ends the wait for a reader. */
async function writeInPlace(
  sink: FileSink,
  guest: Guest,
  block: Block,
  { signal, onProgress }: ImageOptions,
): Promise<void> {
  // a channel has one buffer, and a block may stand in several memories
  const buffer = new Uint8Array(RUN_PAGES_MAX * PAGE_BYTES);
  const channel = sink.openChannel(buffer);
  const stop = () => void sink.abort();
  signal?.addEventListener('abort', stop);
  try {
    for (let page = 0; page < block.pages; ) {
      const ram = guest.pages(block, page, RUN_PAGES_MAX);
      buffer.set(ram);
      for (let at = 0; at < ram.length; await nextTurn()) {
        if (signal?.aborted) throw fail('interrupted', {});
        at += channel.offer(at, ram.length);
        if (!channel.is_ready) await channel.whenReady();
        onProgress?.(page * PAGE_BYTES + at, block.bytes);
      }
      page += ram.length / PAGE_BYTES;
    }
    await sink.finish(block.bytes);
  } catch (cause) {
    // the wait that an abort ends may say that its socket is gone
    throw signal?.aborted ? fail('interrupted', {}, cause) : cause;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/**
 * Writes every block into a folder, which is made if need be: a file each, named by the block.
 *
 * @throws as `writeImage`; then none of the files appears
 */
export async function writeImages(guest: Guest, folder: string, options: ImageOptions): Promise<void> {
  if (guest.blocks.length === 0) throw fail('no-blocks', {});
  const is_new = await makeFolder(folder);
  const files = guest.blocks.map((block) => ({ block, path: join(folder, blockFileName(block.name)) }));
  try {
    await writeImageFiles(guest, files, options);
  } catch (cause) {
    // unless somebody has put something there meanwhile
    if (is_new) await rmdir(folder).catch(() => undefined);
    throw cause;
  }
}

/** Makes a folder; returns false where something has the name already. */
async function makeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o700 });
    return true;
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false;
    throw openFailure(folder, cause);
  }
}

/**
 * The file name of a block: all but letters, digits, `.`, `_` and `-` percent-encoded, and a leading dot,
 * so that no name can lead out of the folder or hide.
 */
export function blockFileName(name: string): string {
  const encoded = name.replace(/[^A-Za-z0-9._-]/g, percentEncoded).replace(/^\./, percentEncoded);
  return encoded === '' ? '%' : encoded;
}

function percentEncoded(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

/** Writes all, then gives all their names: either every file appears or none. */
async function writeImageFiles(
  guest: Guest,
  files: readonly { block: Block; path: string }[],
  options: ImageOptions,
): Promise<void> {
  const outputs: OutputFile[] = [];
  try {
    for (const { block, path } of files) {
      const output = new OutputFile(path, options);
      outputs.push(output);
      const handle = await open(output.part_path, 'r+');
      try {
        await new ImageWriter(handle, path, options).writeSparse(guest, block);
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
    await commitAll(outputs);
  } catch (cause) {
    for (const output of outputs) output.discard();
    throw cause;
  }
}

class ImageWriter {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #options: ImageOptions;

  constructor(handle: FileHandle, path: string, options: ImageOptions) {
    this.#handle = handle;
    this.#path = path;
    this.#options = options;
  }

  /** The runs of pages that are not zero, each in its place. */
  async writeSparse(guest: Guest, block: Block): Promise<void> {
    await this.#handle.truncate(block.bytes);
    for (const { first, pages } of block.parts) {
      const end = first + pages;
      let page = first;
      while (page < end) {
        if (guest.isZero(block, page)) {
          page++;
          continue;
        }
        const run_first = page;
        while (page < end && page - run_first < RUN_PAGES_MAX && !guest.isZero(block, page)) page++;
        await this.#write(guest.pages(block, run_first, page - run_first), run_first * PAGE_BYTES);
        this.#options.onProgress?.(page * PAGE_BYTES, block.bytes);
      }
    }
  }

  async #write(bytes: Uint8Array, position: number): Promise<void> {
    if (this.#options.signal?.aborted) throw fail('interrupted', {});
    let done = 0;
    while (done < bytes.length) {
      try {
        done += (await this.#handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
      } catch (cause) {
        throw writeFailure(this.#path, position + done, cause);
      }
    }
  }
}
