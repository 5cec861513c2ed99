/** Reads files and standard input into a guest, or through the inspector. */
import { fail } from '../../errors.ts';
import { FOREIGN_HEAD_BYTES, foreignFile } from '../../format/foreign.ts';
import type { StreamOrigin } from '../../format/origin.ts';
import type { Guest } from '../../guest/guest.ts';
import { StreamInspector } from '../../load/inspect.ts';
import { GuestLoader, type Loaded, type LoadOptions } from '../../load/load.ts';
import { type MissingPages, type MissingRule, missingPages } from '../../load/missing-pages.ts';
import type { StreamReader } from '../../load/read-stream.ts';
import type { InspectDocument } from '../../results/inspect.ts';
import { type ByteSource, openSource } from './byte-source.ts';
import { decompress } from './decompress.ts';
import { GzipEstimate } from './gzip-estimate.ts';
import { readImage } from './read-image.ts';

/** "QEVM" and "LibvirtQemud": what tells a migration stream and a libvirt image from a raw image. */
const STREAM_MAGICS = ['QEVM', 'LibvirtQemud'];
const PIECE_BYTES = 2 ** 20;

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called as the input is read, with how much of it was. */
  readonly onProgress?: ((read_bytes: number, total_bytes: number | undefined) => void) | undefined;
  /** Reads the guest into memory that threads can share. */
  readonly shared?: boolean | undefined;
}

export interface GuestReadOptions extends ReadOptions {
  /** Takes the file for a raw image, whatever stands at its head. */
  readonly raw?: boolean | undefined;
  /** What becomes of a stream with pages that had no record; see `LoadOptions`. */
  readonly missing?: MissingRule | undefined;
}

/** A guest from a file, and where it came from if that was a stream. */
export interface GuestFile {
  readonly guest: Guest;
  readonly origin: StreamOrigin | undefined;
  /** Pages that had no record in the stream, and were taken as zero. */
  readonly missing: readonly MissingPages[];
}

/** A source with a signal and progress. */
export class Input {
  readonly path: string;
  readonly #source: ByteSource;
  readonly #options: ReadOptions;
  /** What was read ahead to see what it is. */
  #head: Uint8Array = new Uint8Array(0);

  private constructor(path: string, source: ByteSource, options: ReadOptions) {
    this.path = path;
    this.#source = source;
    this.#options = options;
  }

  /** Opens a path, or `-`, standard input; `use` has it until its promise is settled. */
  static async with<T>(path: string, options: ReadOptions, use: (input: Input) => Promise<T>): Promise<T> {
    const source = await openSource(path, options.signal);
    try {
      return await use(new Input(path, source, options));
    } finally {
      await source.close();
    }
  }

  /** Its size, where it is a regular file. */
  get total_bytes(): number | undefined {
    return this.#source.total_bytes;
  }

  /** The first bytes, at most `bytes`; they can still be read. */
  async peek(bytes: number): Promise<Uint8Array> {
    const head = new Uint8Array(bytes);
    this.#head = head.subarray(0, await this.fill(head, 0));
    return this.#head;
  }

  /** Reads into the whole of `space`, or as far as the input goes; returns how many bytes. */
  async fill(space: Uint8Array, position: number): Promise<number> {
    let done = 0;
    while (done < space.length) {
      const bytes = await this.read(space.subarray(done), position + done);
      if (bytes === 0) break;
      done += bytes;
    }
    return done;
  }

  /** Reads some of what stands at `position`; 0 at the end. */
  async read(space: Uint8Array, position: number): Promise<number> {
    const { signal, onProgress } = this.#options;
    if (signal?.aborted) throw fail('interrupted', {});
    if (position < this.#head.length) {
      const piece = this.#head.subarray(position, position + space.length);
      space.set(piece);
      return piece.length;
    }
    const bytes = await this.#source.read(space.subarray(0, PIECE_BYTES), position);
    onProgress?.(position + bytes, this.total_bytes);
    return bytes;
  }

  /** All from `position` on, piece by piece. */
  async *from(position: number): AsyncGenerator<Uint8Array> {
    for (let at = position; ; ) {
      const space = new Uint8Array(PIECE_BYTES);
      const bytes = await this.read(space, at);
      if (bytes === 0) return;
      yield space.subarray(0, bytes);
      at += bytes;
    }
  }
}

/**
 * Reads what `save --ram` takes: a migration stream, a libvirt save image, or a raw image, which is one block named
 * `ram`. A file with another known head is none of these, unless `raw` says so.
 *
 * @throws `input-refused`, `stream-empty`, `foreign-file`, `image-size`, `guest-too-large`, `section-not-carried`,
 *   `missing-pages`, and what a stream can be wrong in
 */
export function readGuest(path: string, options: GuestReadOptions = {}): Promise<GuestFile> {
  return Input.with(path, options, async (input) => {
    const head = await input.peek(FOREIGN_HEAD_BYTES);
    if (head.length === 0) throw fail('stream-empty', {});
    if (options.raw === true || !isStream(head)) {
      const foreign = options.raw === true ? undefined : foreignFile(head);
      if (foreign !== undefined) throw fail('foreign-file', { ...foreign, may_be_raw: true });
      return { guest: await readImage(input, { shared: options.shared }), origin: undefined, missing: [] };
    }
    const { guest, origin, facts } = await load(input, options);
    const lost = facts.not_carried;
    if (lost !== undefined) throw fail('section-not-carried', { offset: lost.offset, section: lost.name });
    return { guest, origin, missing: missingPages(facts) };
  });
}

function isStream(head: Uint8Array): boolean {
  const text = new TextDecoder('latin1').decode(head);
  return STREAM_MAGICS.some((magic) => text.startsWith(magic));
}

/**
 * Reads a migration stream or a libvirt save image into a new guest, or `into` one that is there.
 *
 * @throws as `readGuest`; `into-blocks`
 * @example
 * await readStreamFile('guest.mig', { into: guest });
 */
export function readStreamFile(path: string, options: ReadOptions & LoadOptions = {}): Promise<Loaded> {
  return Input.with(path, options, (input) => load(input, options));
}

/** Looks through a migration stream, in bounded memory. @throws as `readGuest` */
export function inspectFile(path: string, options: ReadOptions = {}): Promise<InspectDocument> {
  return Input.with(path, options, async (input) => {
    const inspector = new StreamInspector();
    const gzip = new GzipEstimate();
    await pump(input, inspector.reader, (piece, offset) => gzip.look(piece, offset));
    const found = inspector.end(gzip.share);
    return found.format === 'qemu-stream' ? found : inspector.end();
  });
}

async function load(input: Input, { into, shared, missing }: ReadOptions & LoadOptions): Promise<Loaded> {
  const loader = new GuestLoader({ into, shared, missing });
  await pump(input, loader.reader);
  return loader.end();
}

/** Fills the reader's window, from wherever it wants to read on, until it is done. */
async function pump(
  input: Input,
  reader: StreamReader,
  onRead: (piece: Uint8Array, offset: number) => void = () => undefined,
): Promise<void> {
  const { window } = reader;
  let source: { read(space: Uint8Array, position: number): Promise<number> } = input;
  while (!reader.step()) {
    if (reader.compression !== undefined && source === input) {
      const offset = window.offset;
      const behind = window.end_offset;
      const ahead = window.restart();
      source = decompress(joined(ahead, input.from(behind)), reader.compression, offset, input.path);
    }
    const free = window.free();
    const offset = window.end_offset;
    const bytes = await source.read(free, offset);
    if (bytes === 0) window.endInput();
    else window.filled(bytes);
    onRead(free.subarray(0, bytes), offset);
  }
}

async function* joined(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first;
  yield* rest;
}
