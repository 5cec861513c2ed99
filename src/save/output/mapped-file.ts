/** What a mapped-ram file holds beside its pages, in pieces with their places; and which pages it holds. */

import { LAYOUT } from '../../core/core.ts';
import { RAM_SECTION_ID } from '../../format/constants.ts';
import { type BlockPlaces, type FilePiece, type MappedBegin, mappedBegin } from '../../format/mapped-ram.ts';
import type { StreamOrigin } from '../../format/origin.ts';
import { deviceLessTail, endHead, partHead, sectionClose } from '../../format/writer.ts';
import type { Guest, Part } from '../../guest/guest.ts';
import type { Element } from '../interfaces.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** The elements of a few bytes, each behind the other where the stream goes on. */
type ShortElement = Exclude<Element, 'begin' | 'tail'>;

const BITS_A_BYTE = 8;

export class MappedFile {
  readonly #guest: Guest;
  readonly #begin: MappedBegin;
  readonly #short: Readonly<Record<ShortElement, Bytes>>;
  readonly #tail: Bytes;
  /** The bitmap of each part's pages that the file holds. */
  readonly #present: ReadonlyMap<Part, number>;
  /** Where the stream goes on. */
  #stream_offset: number;

  constructor(
    guest: Guest,
    options: { readonly machine: string; readonly origin?: StreamOrigin | undefined },
  ) {
    this.#guest = guest;
    const section_id = options.origin?.ram_section_id ?? RAM_SECTION_ID;
    this.#begin = mappedBegin({
      machine: options.machine,
      ram_section_id: section_id,
      blocks: guest.blocks,
      target_page_bits: options.origin?.target_page_bits,
      page_bytes: LAYOUT.PAGE_SIZE,
    });
    this.#stream_offset = this.#begin.end_offset;
    this.#short = { part: partHead(section_id), end: endHead(section_id), close: sectionClose(section_id) };
    this.#tail = options.origin?.tail ?? deviceLessTail(LAYOUT.PAGE_SIZE);
    this.#present = allocPresent(guest);
  }

  /** Where a block's bitmap and pages stand. */
  placesOf(block_index: number): BlockPlaces {
    return this.#begin.places[block_index] ?? { bitmap_offset: 0, bitmap_bytes: 0, pages_offset: 0 };
  }

  /** The address of the bitmap of a part's pages that the file holds. */
  presentOf(part: Part): number {
    return this.#present.get(part) ?? 0;
  }

  elementBytes(element: Element): number {
    if (element === 'begin') return sumBytes(this.#begin.pieces);
    if (element !== 'tail') return this.#short[element].length;
    return this.#begin.places.reduce((sum, place) => sum + place.bitmap_bytes, this.#tail.length);
  }

  get beginPieces(): readonly FilePiece[] {
    return this.#begin.pieces;
  }

  /** At most `bytes_max` of what the stream goes on with, from byte `from` of a short element on. */
  nextPiece(element: ShortElement, from = 0, bytes_max = Number.POSITIVE_INFINITY): FilePiece {
    const bytes = this.#short[element].subarray(from, from + bytes_max);
    const file_offset = this.#stream_offset;
    this.#stream_offset += bytes.length;
    return { file_offset, bytes };
  }

  /** The blocks' bitmaps in their places, as they are now, and what follows RAM. */
  endPieces(): FilePiece[] {
    const bitmaps = this.#guest.blocks.map((block, index) => {
      const { bitmap_offset, bitmap_bytes } = this.placesOf(index);
      const bytes = new Uint8Array(bitmap_bytes);
      for (const part of block.parts) {
        // parts begin at whole bytes: a memory holds a multiple of eight pages
        const part_bytes = Math.ceil(part.pages / BITS_A_BYTE);
        bytes.set(part.bank.arena.bytes(this.presentOf(part), part_bytes), part.first / BITS_A_BYTE);
      }
      return { file_offset: bitmap_offset, bytes };
    });
    return [...bitmaps, { file_offset: this.#stream_offset, bytes: this.#tail }];
  }
}

function sumBytes(pieces: readonly FilePiece[]): number {
  return pieces.reduce((sum, piece) => sum + piece.bytes.length, 0);
}

/** Makes the bitmaps of present pages, empty, and tells the core of them. */
function allocPresent(guest: Guest): Map<Part, number> {
  const present = new Map<Part, number>();
  for (const part of guest.blocks.flatMap((block) => block.parts)) {
    const { arena, table } = part.bank;
    const address = arena.alloc(arena.core.bitmapSize(part.pages));
    arena.core.setU32(table + part.block_index * LAYOUT.BLOCK_SIZE + LAYOUT.BLOCK_PRESENT, address);
    present.set(part, address);
  }
  return present;
}
