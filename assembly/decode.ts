/** Page records in, pages out; the input is trusted in nothing. */
import { bitmap_word } from './bitmap';
import { add_count } from './counters';
import {
  BLOCK_BEYOND,
  BLOCK_FILL,
  BLOCK_FIRST,
  BLOCK_HOST,
  BLOCK_IDSTR,
  BLOCK_NORMAL,
  BLOCK_PAGES,
  BLOCK_PRESENT,
  BLOCK_SEEN,
  BLOCK_SIZE,
  BLOCK_XBZRLE,
  BLOCK_ZERO,
  DECODE_BEYOND_BLOCK,
  DECODE_CONTINUE_FIRST,
  DECODE_ELSEWHERE,
  DECODE_FAULT_AT,
  DECODE_LAST_BLOCK,
  DECODE_LAST_PAGE,
  DECODE_MORE,
  DECODE_STATUS,
  DECODE_UNKNOWN_BLOCK,
  DECODE_WORD,
  DECODE_WRAPS,
  DECODE_XBZRLE_HEAD,
  DECODE_XBZRLE_RUN,
  DECODE_XBZRLE_SIZE,
  FILL_SIZE,
  FLAG_CONTINUE,
  FLAG_MASK,
  FLAG_PAGE,
  FLAG_XBZRLE,
  FLAG_ZERO,
  NOWHERE,
  PAGE_BITS,
  PAGE_SIZE,
  WORD_SIZE,
  XBZRLE_HEAD,
  XBZRLE_HEAD_SIZE,
} from './layout';
import { XBZRLE_WHOLE, xbzrle_decode } from './xbzrle';
import { is_zero } from './zero';

/**
 * Zero pages that stand beside each other are cleared together, up to so much: the engine leaves the module for each
 * fill, and 64 KiB at once are cleared at 41 GB/s where single pages are at 23.
 */
const CLEAR_SIZE_MAX: u32 = 65536;

/**
 * Reads whole page records from `input` and stores their pages; returns how many bytes it consumed. A
 * record is consumed whole or not at all: the caller offers the unconsumed rest again with what follows
 * it. It stops at the first word that is no page record (the status says DECODE_WORD, or which fault),
 * with that word unconsumed.
 *
 * Fill records of any byte are taken, as QEMU before 8.2 does (migration/ram.c, ram_handle_compressed).
 */
export function decode(state: usize, blocks: usize, block_count: u32, input: usize, input_size: u32): u32 {
  let last_block = load<u32>(state, DECODE_LAST_BLOCK);
  let last_page = load<u32>(state, DECODE_LAST_PAGE);
  let wraps = load<u32>(state, DECODE_WRAPS);
  let status: u32 = DECODE_MORE;
  let consumed: u32 = 0;

  // zero pages beside each other that are still to be cleared: [clear_at, clear_end)
  let clear_at: usize = 0;
  let clear_end: usize = 0;

  while (input_size - consumed >= WORD_SIZE) {
    const record = input + <usize>consumed;
    const room = input_size - consumed;
    const word = bswap<u64>(load<u64>(record));
    const flags = <u32>word & FLAG_MASK;
    const kind = flags & ~FLAG_CONTINUE;
    if (kind !== FLAG_ZERO && kind !== FLAG_PAGE && kind !== FLAG_XBZRLE) {
      status = DECODE_WORD;
      break;
    }

    let head_size = WORD_SIZE;
    let block = last_block;
    if (flags & FLAG_CONTINUE) {
      if (block === 0) {
        status = DECODE_CONTINUE_FIRST;
        break;
      }
    } else {
      if (room < head_size + 1) break;
      head_size += 1 + <u32>load<u8>(record, WORD_SIZE);
      if (room < head_size) break;
      block = find_block(blocks, block_count, record + <usize>WORD_SIZE);
      if (block === 0) {
        status = DECODE_UNKNOWN_BLOCK;
        break;
      }
    }

    const entry = blocks + <usize>(block - 1) * <usize>BLOCK_SIZE;
    const index = word >> <u64>PAGE_BITS;
    const first = <u64>load<u32>(entry, BLOCK_FIRST);
    const end = first + <u64>load<u32>(entry, BLOCK_PAGES);
    if (index < first || index >= end) {
      status = index < end + <u64>load<u32>(entry, BLOCK_BEYOND) ? DECODE_ELSEWHERE : DECODE_BEYOND_BLOCK;
      break;
    }

    const payload = record + <usize>head_size;
    let payload_size = kind === FLAG_ZERO ? FILL_SIZE : PAGE_SIZE;
    if (kind === FLAG_XBZRLE) {
      if (room - head_size < XBZRLE_HEAD_SIZE) break;
      if (load<u8>(payload) !== XBZRLE_HEAD) {
        status = DECODE_XBZRLE_HEAD;
        store<u32>(state, head_size, DECODE_FAULT_AT);
        break;
      }
      payload_size = XBZRLE_HEAD_SIZE + <u32>bswap<u16>(load<u16>(payload, 1));
      if (payload_size > XBZRLE_HEAD_SIZE + PAGE_SIZE) {
        status = DECODE_XBZRLE_SIZE;
        store<u32>(state, head_size + 1, DECODE_FAULT_AT);
        break;
      }
    }
    if (room - head_size < payload_size) break;

    const page = <u32>index;
    const page_at = place_of(entry, page - <u32>first);
    const byte = <u32>load<u8>(payload);
    const is_zeros = kind === FLAG_ZERO && byte === 0;
    // looked at first, as QEMU does (ram_handle_zero): a page that nobody wrote takes no memory of the host
    const clears = is_zeros && page_at !== 0 && !is_zero(page_at);
    if (!clears || page_at !== clear_end || clear_end - clear_at === <usize>CLEAR_SIZE_MAX) {
      if (clear_at !== clear_end) memory.fill(clear_at, 0, clear_end - clear_at);
      clear_at = page_at;
      clear_end = page_at;
    }
    if (clears) clear_end += <usize>PAGE_SIZE;

    if (kind === FLAG_ZERO) {
      if (byte !== 0 && page_at !== 0) memory.fill(page_at, <u8>byte, <usize>PAGE_SIZE);
      add_count(entry, is_zeros ? BLOCK_ZERO : BLOCK_FILL, 1);
    } else if (kind === FLAG_PAGE) {
      if (page_at !== 0) memory.copy(page_at, payload, <usize>PAGE_SIZE);
      add_count(entry, BLOCK_NORMAL, 1);
    } else {
      const changes = payload + <usize>XBZRLE_HEAD_SIZE;
      const fault = xbzrle_decode(page_at, changes, payload_size - XBZRLE_HEAD_SIZE);
      if (fault !== XBZRLE_WHOLE) {
        status = DECODE_XBZRLE_RUN;
        store<u32>(state, head_size + XBZRLE_HEAD_SIZE + fault, DECODE_FAULT_AT);
        break;
      }
      add_count(entry, BLOCK_XBZRLE, 1);
    }
    note_page(entry, page - <u32>first, !is_zeros);
    if (block < last_block || (block === last_block && page <= last_page)) wraps++;
    last_block = block;
    last_page = page;
    consumed += head_size + payload_size;
  }

  memory.fill(clear_at, 0, clear_end - clear_at);
  store<u32>(state, last_block, DECODE_LAST_BLOCK);
  store<u32>(state, last_page, DECODE_LAST_PAGE);
  store<u32>(state, status, DECODE_STATUS);
  store<u32>(state, wraps, DECODE_WRAPS);
  return consumed;
}

/** Where a page of this entry stands; 0 if nothing is to be stored. */
function place_of(entry: usize, page: u32): usize {
  const host = load<u32>(entry, BLOCK_HOST);
  return host === NOWHERE ? 0 : <usize>host + ((<usize>page) << (<usize>PAGE_BITS));
}

/**
 * Takes down, where the entry has bitmaps for it, that a record came for the page, and whether the page is other than
 * zero by it.
 */
function note_page(entry: usize, page: u32, is_present: bool): void {
  note_bit(<usize>load<u32>(entry, BLOCK_SEEN), page, true);
  note_bit(<usize>load<u32>(entry, BLOCK_PRESENT), page, is_present);
}

/** Sets or clears the bit of a page; there is no bitmap at address 0. */
function note_bit(bitmap: usize, page: u32, is_set: bool): void {
  if (bitmap === 0) return;
  const at = bitmap_word(bitmap, page);
  const bit = (<u64>1) << (<u64>(page & 63));
  const word = load<u64>(at);
  store<u64>(at, is_set ? word | bit : word & ~bit);
}

/** 1 + index of the block with this idstr (length byte, bytes); 0 if there is none. */
function find_block(blocks: usize, block_count: u32, idstr: usize): u32 {
  for (let block: u32 = 0; block < block_count; block++) {
    const entry = blocks + <usize>block * <usize>BLOCK_SIZE;
    if (same_idstr(<usize>load<u32>(entry, BLOCK_IDSTR), idstr)) return block + 1;
  }
  return 0;
}

/** Whether two idstr are equal; the length byte is the first that is compared. */
function same_idstr(a: usize, b: usize): bool {
  const size: usize = 1 + <usize>load<u8>(a);
  for (let i: usize = 0; i < size; i++) {
    if (load<u8>(a + i) !== load<u8>(b + i)) return false;
  }
  return true;
}
