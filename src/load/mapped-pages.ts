/** The pages of a mapped-ram file: read at their places, or only counted. */
import { LAYOUT } from '../core/core.ts';
import { type BlockPlaces, mappedBitmapBytes } from '../format/mapped-ram.ts';
import type { BlockLength } from '../format/reader.ts';
import { need, type Reading, type Window } from '../format/window.ts';

/** A view of pages of a block from `first` on: of `count`, or of as many as stand together. */
export type PagesOf = (block_index: number, first: number, count: number) => Uint8Array;

/** Pages that a file holds and does not hold. */
export interface MappedCounts {
  readonly normal: number;
  readonly zero: number;
}

const BITS_A_BYTE = 8;
const PAGE_BYTES = LAYOUT.PAGE_SIZE;

/** Calls `use` with each piece of `bytes` bytes from the window on. */
function* pieces(
  window: Window,
  bytes: number,
  wanted: string,
  use: (piece: Uint8Array, done: number) => void,
): Reading<void> {
  let done = 0;
  while (done < bytes) {
    yield* need(window, 1, wanted);
    const piece = window.available().subarray(0, bytes - done);
    use(piece, done);
    done += piece.length;
    window.consume(piece.length);
  }
}

function popcount(byte: number): number {
  let bits = byte;
  let count = 0;
  for (; bits !== 0; bits &= bits - 1) count++;
  return count;
}

/** Counts a block's pages by its bitmap, without keeping it. */
export function* countMappedPages(
  window: Window,
  block: BlockLength,
  places: BlockPlaces,
): Reading<MappedCounts> {
  const pages = block.bytes / PAGE_BYTES;
  const whole_bytes = Math.floor(pages / BITS_A_BYTE);
  const rest_mask = (1 << (pages % BITS_A_BYTE)) - 1;
  let normal = 0;
  window.seek(places.bitmap_offset);
  yield* pieces(window, places.bitmap_bytes, 'the bitmap of a RAM block', (piece, done) => {
    for (let i = 0; i < piece.length; i++) {
      const byte = piece[i] ?? 0;
      // bits beyond the block mean nothing
      if (done + i < whole_bytes) normal += popcount(byte);
      else if (done + i === whole_bytes) normal += popcount(byte & rest_mask);
    }
  });
  return { normal, zero: pages - normal };
}

/** Reads a block's pages into RAM; `clear` makes a page zero that the file does not hold. */
export function* loadMappedPages(
  window: Window,
  block: { readonly index: number; readonly bytes: number },
  places: BlockPlaces,
  pagesOf: PagesOf,
  clear: (page: number) => void,
): Reading<void> {
  const bitmap = new Uint8Array(mappedBitmapBytes(block.bytes, PAGE_BYTES));
  window.seek(places.bitmap_offset);
  yield* pieces(window, bitmap.length, 'the bitmap of a RAM block', (piece, done) => bitmap.set(piece, done));
  const is_set = (page: number): boolean =>
    ((bitmap[Math.floor(page / BITS_A_BYTE)] ?? 0) & (1 << (page % BITS_A_BYTE))) !== 0;

  const pages = block.bytes / PAGE_BYTES;
  let page = 0;
  while (page < pages) {
    if (!is_set(page)) {
      clear(page);
      page++;
      continue;
    }
    const first = page;
    while (page < pages && is_set(page)) page++;
    window.seek(places.pages_offset + first * PAGE_BYTES);
    yield* loadRun(window, block.index, first, page - first, pagesOf);
  }
}

function* loadRun(
  window: Window,
  block_index: number,
  first: number,
  count: number,
  pagesOf: PagesOf,
): Reading<void> {
  let done_pages = 0;
  while (done_pages < count) {
    const here = pagesOf(block_index, first + done_pages, count - done_pages).length;
    const at_page = first + done_pages;
    yield* pieces(window, here, 'a page of a mapped-ram file', (piece, done) => {
      // a view anew each time: memory may have grown while input was waited for
      pagesOf(block_index, at_page, here / PAGE_BYTES).set(piece, done);
    });
    done_pages += here / PAGE_BYTES;
  }
}
