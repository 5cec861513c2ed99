/**
 * The layout of a mapped-ram file: a stream whose RAM stands at fixed places (QEMU 9.0 and later,
 * docs/devel/migration/mapped-ram.rst; migration/ram.c, mapped_ram_setup_ramblock).
 *
 *     header, configuration with the capability "mapped-ram", START of RAM, total of the block list
 *     for each block:
 *       idstr, u64 length │ u32 1, u64 page size, u64 bitmap_offset, u64 pages_offset │ bitmap │ gap │ pages
 *     EOS, footer │ PART … END, with EOS alone │ device sections, EOF, description
 *
 * Bit i % 8 of byte i / 8 of a bitmap says that page i stands at pages_offset + i x 4096; where it is clear
 * the page is zero, and the file has a hole or what stood there before.
 */
import { fail } from '../errors.ts';
import type { BlockLength } from './reader.ts';
import { type Reading, readU32, readU64, type Window } from './window.ts';
import {
  beginHead,
  blockEntry,
  joinBytes,
  type StreamHead,
  sectionClose,
  u32Bytes,
  u64Bytes,
} from './writer.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** The capability of the configuration that says that a stream has this form. */
export const MAPPED_RAM_CAPABILITY = 'mapped-ram';
const MAPPED_RAM_VERSION = 1;
/** u32 and three u64, packed (migration/ram.c, struct MappedRamHeader). */
const HEADER_BYTES = 4 + 8 + 8 + 8;
/** Pages begin at a multiple of this, so that O_DIRECT takes them (MAPPED_RAM_FILE_OFFSET_ALIGNMENT). */
const PAGES_ALIGNMENT_BYTES = 2 ** 20;

/** Where a block's bitmap and pages stand in the file. */
export interface BlockPlaces {
  readonly bitmap_offset: number;
  readonly bitmap_bytes: number;
  readonly pages_offset: number;
}

/** Bytes of a block's bitmap: whole 64-bit words. */
export function mappedBitmapBytes(block_bytes: number, page_bytes: number): number {
  return Math.ceil(block_bytes / page_bytes / 64) * 8;
}

/** What stands at one place of a file. */
export interface FilePiece {
  readonly file_offset: number;
  readonly bytes: Bytes;
}

/** The beginning of a mapped-ram file, in pieces, with the places of its blocks. */
export interface MappedBegin {
  readonly pieces: readonly FilePiece[];
  readonly places: readonly BlockPlaces[];
  /** Where the stream goes on behind the last block's pages. */
  readonly end_offset: number;
}

/** Lays a file out. */
export function mappedBegin(stream: StreamHead & { readonly page_bytes: number }): MappedBegin {
  const pieces: FilePiece[] = [];
  const places: BlockPlaces[] = [];
  let file_offset = 0;
  let before: Bytes = beginHead({ ...stream, capabilities: [MAPPED_RAM_CAPABILITY] });
  for (const block of stream.blocks) {
    const entry = blockEntry(block);
    const bitmap_offset = file_offset + before.length + entry.length + HEADER_BYTES;
    const bitmap_bytes = mappedBitmapBytes(block.bytes, stream.page_bytes);
    const pages_offset =
      Math.ceil((bitmap_offset + bitmap_bytes) / PAGES_ALIGNMENT_BYTES) * PAGES_ALIGNMENT_BYTES;
    const header = joinBytes(
      u32Bytes(MAPPED_RAM_VERSION),
      u64Bytes(stream.page_bytes),
      u64Bytes(bitmap_offset),
      u64Bytes(pages_offset),
    );
    pieces.push({ file_offset, bytes: joinBytes(before, entry, header) });
    places.push({ bitmap_offset, bitmap_bytes, pages_offset });
    file_offset = pages_offset + block.bytes;
    before = new Uint8Array(0);
  }
  const close = joinBytes(before, sectionClose(stream.ram_section_id));
  pieces.push({ file_offset, bytes: close });
  return { pieces, places, end_offset: file_offset + close.length };
}

/**
 * The header behind a block's entry in the list.
 *
 * @param may_be_elsewhere whether shared memory is not in the file; its header has no places (QEMU 11.0)
 * @returns undefined for such a block
 * @throws `mapped-header` for any field that cannot be
 */
export function* readMappedHeader(
  window: Window,
  block: BlockLength,
  page_bytes: number,
  may_be_elsewhere: boolean,
): Reading<BlockPlaces | undefined> {
  const offset = window.offset;
  const refuse = (field: string, found: number | bigint, expected: string) =>
    fail('mapped-header', { offset, block: block.name, field, found, expected });
  const version = yield* readU32(window, 'a mapped-ram header');
  if (version !== MAPPED_RAM_VERSION) throw refuse('version', version, String(MAPPED_RAM_VERSION));
  const page_size = yield* readU64(window, 'a mapped-ram header');
  if (page_size !== BigInt(page_bytes)) throw refuse('page size', page_size, String(page_bytes));
  const bitmap_offset = yield* readU64(window, 'a mapped-ram header');
  const pages_offset = yield* readU64(window, 'a mapped-ram header');
  if (may_be_elsewhere && bitmap_offset === 0n && pages_offset === 0n) return undefined;
  const bitmap_bytes = mappedBitmapBytes(block.bytes, page_bytes);
  if (bitmap_offset < BigInt(window.offset) || bitmap_offset > BigInt(Number.MAX_SAFE_INTEGER))
    throw refuse('bitmap offset', bitmap_offset, `${window.offset} or more`);
  const least = Number(bitmap_offset) + bitmap_bytes;
  const most = Number.MAX_SAFE_INTEGER - block.bytes;
  if (pages_offset < BigInt(least) || pages_offset > BigInt(most))
    throw refuse('pages offset', pages_offset, `${least} or more`);
  if (pages_offset % BigInt(page_bytes) !== 0n)
    throw refuse('pages offset', pages_offset, `a multiple of ${page_bytes}`);
  return { bitmap_offset: Number(bitmap_offset), bitmap_bytes, pages_offset: Number(pages_offset) };
}
