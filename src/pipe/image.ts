/** Writes a guest's RAM as raw images. */
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../errors.ts';
import { type Block, type Guest, PAGE_BYTES } from '../guest/guest.ts';
import { parseDestination } from './destination.ts';
import { cannotSync, codeOf, reasonOf, writeFailure } from './os-error.ts';
import { OutputFile } from './output-file.ts';

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
  const handle = await openInPlace(destination.kind === 'descriptor' ? `/dev/fd/${destination.fd}` : path);
  try {
    await new ImageWriter(handle, path, options).writeAll(guest, block);
  } finally {
    await handle.close();
  }
}

/**
 * Writes every block into a folder, which is made if need be: a file each, named by the block.
 *
 * @throws as `writeImage`; then none of the files appears
 */
export async function writeImages(guest: Guest, folder: string, options: ImageOptions): Promise<void> {
  if (guest.blocks.length === 0) throw fail('no-blocks', {});
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT')
      throw fail('output-folder-missing', { path: folder, folder: join(folder, '..') });
    if (codeOf(cause) !== 'EEXIST')
      throw fail('output-refused', { path: folder, reason: reasonOf(cause) }, cause);
  }
  const files = guest.blocks.map((block) => ({ block, path: join(folder, blockFileName(block.name)) }));
  await writeImageFiles(guest, files, options);
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
    for (const output of outputs) await output.commit();
  } catch (cause) {
    for (const output of outputs) output.discard();
    throw cause;
  }
}

async function openInPlace(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'w');
  } catch (cause) {
    throw fail('output-refused', { path, reason: reasonOf(cause) }, cause);
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

  /** Every byte, in order. */
  async writeAll(guest: Guest, block: Block): Promise<void> {
    for (let page = 0; page < block.pages; ) {
      const ram = guest.pages(block, page, RUN_PAGES_MAX);
      await this.#write(ram, null);
      page += ram.length / PAGE_BYTES;
      this.#options.onProgress?.(page * PAGE_BYTES, block.bytes);
    }
    try {
      await this.#handle.datasync();
    } catch (cause) {
      if (!cannotSync(cause)) throw writeFailure(this.#path, block.bytes, cause);
    }
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

  async #write(bytes: Uint8Array, position: number | null): Promise<void> {
    if (this.#options.signal?.aborted) throw fail('interrupted', {});
    let done = 0;
    while (done < bytes.length) {
      try {
        const at = position === null ? null : position + done;
        done += (await this.#handle.write(bytes, done, bytes.length - done, at)).bytesWritten;
      } catch (cause) {
        throw writeFailure(this.#path, (position ?? 0) + done, cause);
      }
    }
  }
}
