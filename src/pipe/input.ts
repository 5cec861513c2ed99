/** Reads files and standard input into a guest, or through the inspector. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { fail } from '../errors.ts';
import { Guest, PAGE_BYTES } from '../guest/guest.ts';
import { StreamInspector } from '../migrate/inspect.ts';
import { GuestLoader, type Loaded } from '../migrate/load.ts';
import type { StreamOrigin } from '../migrate/ram-source.ts';
import type { StreamReader } from '../migrate/read-stream.ts';
import type { InspectDocument } from '../stats/inspect.ts';
import { codeOf, reasonOf } from './os-error.ts';

/** "QEVM": what tells a migration stream from a raw image. */
const STREAM_MAGIC = 0x5145564d;
const STDIN_PATH = '/dev/stdin';
const PIECE_BYTES = 2 ** 20;

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called as the input is read, with how much of it was. */
  readonly onProgress?: ((read_bytes: number, total_bytes: number | undefined) => void) | undefined;
}

/** A guest from a file, and where it came from if that was a stream. */
export interface GuestFile {
  readonly guest: Guest;
  readonly origin: StreamOrigin | undefined;
}

/** Reads an input once, in order. */
class Input {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #options: ReadOptions;
  readonly #total_bytes: number | undefined;
  #read_bytes = 0;

  private constructor(
    handle: FileHandle,
    path: string,
    total_bytes: number | undefined,
    options: ReadOptions,
  ) {
    this.#handle = handle;
    this.#path = path;
    this.#total_bytes = total_bytes;
    this.#options = options;
  }

  /** Opens a path, or `-`, standard input; `use` has it until its promise is settled. */
  static async with<T>(path: string, options: ReadOptions, use: (input: Input) => Promise<T>): Promise<T> {
    let handle: FileHandle;
    try {
      handle = await open(path === '-' ? STDIN_PATH : path, constants.O_RDONLY);
    } catch (cause) {
      throw fail('input-refused', { path, reason: reasonOf(cause) }, cause);
    }
    try {
      const stat = await handle.stat();
      if (stat.isDirectory()) throw fail('input-refused', { path, reason: 'it is a folder' });
      return await use(new Input(handle, path, stat.isFile() ? stat.size : undefined, options));
    } finally {
      await handle.close();
    }
  }

  /** Its size, where it is a regular file. */
  get total_bytes(): number | undefined {
    return this.#total_bytes;
  }

  /** Reads into the whole of `space`, or as far as the input goes; returns how many bytes. */
  async fill(space: Uint8Array): Promise<number> {
    let fill = 0;
    while (fill < space.length) {
      const bytes = await this.read(space.subarray(fill));
      if (bytes === 0) break;
      fill += bytes;
    }
    return fill;
  }

  /** Reads some; 0 at the end. */
  async read(space: Uint8Array): Promise<number> {
    if (this.#options.signal?.aborted) throw fail('interrupted', {});
    const piece = space.subarray(0, PIECE_BYTES);
    const bytes = await this.#readPiece(piece);
    this.#read_bytes += bytes;
    this.#options.onProgress?.(this.#read_bytes, this.#total_bytes);
    return bytes;
  }

  async #readPiece(piece: Uint8Array): Promise<number> {
    for (;;) {
      try {
        return (await this.#handle.read(piece, 0, piece.length, null)).bytesRead;
      } catch (cause) {
        // standard input that somebody made non-blocking: there is nothing yet
        if (codeOf(cause) !== 'EAGAIN') {
          throw fail('input-refused', { path: this.#path, reason: reasonOf(cause) }, cause);
        }
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
  }
}

/**
 * Reads what `save --ram` takes: a migration stream, or else a raw image, which is one block named `ram`.
 *
 * @throws `input-refused`, `stream-empty`, `image-size`, `guest-too-large`, and what a stream can be wrong in
 */
export function readGuest(path: string, options: ReadOptions = {}): Promise<GuestFile> {
  return Input.with(path, options, async (input) => {
    const head = new Uint8Array(4);
    const head_bytes = await input.fill(head);
    if (head_bytes === 0) throw fail('stream-empty', {});
    if (head_bytes === 4 && new DataView(head.buffer).getUint32(0) === STREAM_MAGIC) {
      const { guest, origin } = await loadThrough(input, head);
      return { guest, origin };
    }
    return { guest: await readImage(input, head.subarray(0, head_bytes)), origin: undefined };
  });
}

/** Reads a migration stream into a guest. @throws as `readGuest` */
export function readStreamFile(path: string, options: ReadOptions = {}): Promise<Loaded> {
  return Input.with(path, options, (input) => loadThrough(input, new Uint8Array(0)));
}

/** Looks through a migration stream, in bounded memory. @throws as `readGuest` */
export function inspectFile(path: string, options: ReadOptions = {}): Promise<InspectDocument> {
  return Input.with(path, options, async (input) => {
    const inspector = new StreamInspector();
    await pump(input, inspector.reader);
    return inspector.end();
  });
}

async function loadThrough(input: Input, head: Uint8Array): Promise<Loaded> {
  const loader = new GuestLoader();
  loader.reader.readFrom(head);
  await pump(input, loader.reader);
  return loader.end();
}

/** Reads into the reader's window until the input ends. */
async function pump(input: Input, reader: StreamReader): Promise<void> {
  for (;;) {
    const bytes = await input.read(reader.window.free());
    if (bytes === 0) return;
    reader.window.filled(bytes);
    reader.step();
  }
}

async function readImage(input: Input, head: Uint8Array): Promise<Guest> {
  const { total_bytes } = input;
  if (total_bytes === undefined) return imageOfUnknownSize(input, head);
  checkWholePages(total_bytes);
  const guest = new Guest([{ name: 'ram', bytes: total_bytes }]);
  const ram = guest.ram(guest.largestBlock());
  ram.set(head);
  const bytes = head.length + (await input.fill(ram.subarray(head.length)));
  checkWholePages(bytes);
  return guest;
}

async function imageOfUnknownSize(input: Input, head: Uint8Array): Promise<Guest> {
  const pieces: Uint8Array[] = [head];
  let bytes = head.length;
  for (;;) {
    const piece = new Uint8Array(PIECE_BYTES);
    const piece_bytes = await input.fill(piece);
    pieces.push(piece.subarray(0, piece_bytes));
    bytes += piece_bytes;
    if (piece_bytes < piece.length) break;
  }
  checkWholePages(bytes);
  const guest = new Guest([{ name: 'ram', bytes }]);
  const ram = guest.ram(guest.largestBlock());
  let at = 0;
  for (const piece of pieces) {
    ram.set(piece, at);
    at += piece.length;
  }
  return guest;
}

function checkWholePages(bytes: number): void {
  if (bytes % PAGE_BYTES !== 0) throw fail('image-size', { bytes, page_bytes: PAGE_BYTES });
}
