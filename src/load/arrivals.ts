/** What of a guest's RAM came in a stream: which pages had a record, and whether any page came with its bytes. */
import type { Arena } from '../core/arena.ts';
import { LAYOUT } from '../core/core.ts';
import type { BlockLength } from '../format/reader.ts';
import { blockKinds } from '../guest/bank.ts';
import type { MappedCounts } from './mapped-pages.ts';
import type { DecodeBank } from './record-decoder.ts';

/** What of RAM was in a stream. */
export interface WhatCame {
  /** Pages of each block that had no record; undefined for guests above 4 TiB, where they are not counted. */
  readonly missing_pages: readonly number[] | undefined;
  /** Whether any page came with its bytes, and not only as a byte that fills it. */
  readonly has_content: boolean;
}

/** Guests whose bitmaps would take more, those above 4 TiB, are not counted. */
const BITMAP_BYTES_MAX = 128 * 2 ** 20;
const BITS_A_BYTE = 8;

/** The pages of a block that stand in one memory. */
interface Part {
  readonly arena: Arena;
  /** One bit a page, set by the core once a record comes for it; 0 where none are kept. */
  readonly bitmap: number;
  readonly bitmap_bytes: number;
  readonly first: number;
  readonly pages: number;
}

/** Counts what comes: made when the list of blocks is known, ended when RAM is. */
export class Arrivals {
  readonly #banks: readonly DecodeBank[];
  readonly #blocks: readonly BlockLength[];
  readonly #is_counted: boolean;
  /** By bank, then by block. */
  readonly #parts: readonly (readonly Part[])[];
  readonly #content_before: number;

  constructor(banks: readonly DecodeBank[], blocks: readonly BlockLength[]) {
    this.#banks = banks;
    this.#blocks = blocks;
    const pages = blocks.reduce((sum, { bytes }) => sum + bytes, 0) / LAYOUT.PAGE_SIZE;
    this.#is_counted = pages / BITS_A_BYTE <= BITMAP_BYTES_MAX;
    this.#parts = banks.map((bank) => this.#partsIn(bank));
    this.#content_before = this.#contentRecords();
  }

  /** Makes the bitmaps of a memory, and tells the core of them. */
  #partsIn({ arena, table }: DecodeBank): Part[] {
    const { core } = arena;
    const entries = this.#blocks.map((_, index) => table + index * LAYOUT.BLOCK_SIZE);
    const sizes = entries.map((entry) => core.bitmapSize(core.u32(entry + LAYOUT.BLOCK_PAGES)));
    const all_bytes = sizes.reduce((sum, size) => sum + size, 0);
    let next = this.#is_counted ? arena.keepZeros('pages that came', all_bytes) : 0;
    return entries.map((entry, index) => {
      const bitmap = next;
      const bitmap_bytes = sizes[index] ?? 0;
      if (this.#is_counted) next += bitmap_bytes;
      core.setU32(entry + LAYOUT.BLOCK_SEEN, bitmap);
      const first = core.u32(entry + LAYOUT.BLOCK_FIRST);
      return { arena, bitmap, bitmap_bytes, first, pages: core.u32(entry + LAYOUT.BLOCK_PAGES) };
    });
  }

  /** What came, now that RAM has ended. */
  end(): WhatCame {
    const has_content = this.#contentRecords() > this.#content_before;
    if (!this.#is_counted) return { missing_pages: undefined, has_content };
    return { missing_pages: this.#blocks.map((_, index) => this.#missing(index)), has_content };
  }

  /** Calls `use` with each page of a block that had no record. */
  forMissing(block_index: number, use: (page: number) => void): void {
    for (const { arena, bitmap, bitmap_bytes, first, pages } of this.#partsOf(block_index)) {
      const bits = arena.bytes(bitmap, bitmap_bytes).slice();
      for (let page = 0; page < pages; page++) {
        const byte = bits[Math.floor(page / BITS_A_BYTE)] ?? 0;
        if ((byte & (1 << (page % BITS_A_BYTE))) === 0) use(first + page);
      }
    }
  }

  #missing(block_index: number): number {
    const missing = this.#partsOf(block_index).map(
      ({ arena, bitmap, pages }) => pages - arena.core.bitmapCount(bitmap, pages),
    );
    return missing.reduce((sum, pages) => sum + pages, 0);
  }

  #partsOf(block_index: number): Part[] {
    return this.#parts.flatMap((parts) => parts[block_index] ?? []);
  }

  /** Records of pages with their bytes, all that the tables have counted. */
  #contentRecords(): number {
    const kinds = this.#banks.flatMap(({ arena, table }) =>
      this.#blocks.map((_, index) => blockKinds(arena, table, index)),
    );
    return kinds.reduce((sum, { normal, xbzrle }) => sum + normal + xbzrle, 0);
  }
}

/** What came of a mapped-ram file: every page has its bit there, but for blocks that the file leaves out. */
export function whatMappedCame(counts: readonly MappedCounts[], blocks: readonly BlockLength[]): WhatCame {
  return {
    missing_pages: counts.map(({ normal, zero }, index) =>
      normal + zero === 0 ? (blocks[index]?.bytes ?? 0) / LAYOUT.PAGE_SIZE : 0,
    ),
    has_content: counts.some(({ normal }) => normal > 0),
  };
}
