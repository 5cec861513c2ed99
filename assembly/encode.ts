/** The hot loop: dirty pages in, page records out. */
import { bitmap_claim, bitmap_next, bitmap_return, bitmap_word } from './bitmap';
import { cache_find, cache_take, cache_zero } from './cache';
import { add_count } from './counters';
import {
  BLOCK_BEYOND,
  BLOCK_BITMAP,
  BLOCK_FIRST,
  BLOCK_HOST,
  BLOCK_IDSTR,
  BLOCK_NORMAL,
  BLOCK_PAGES,
  BLOCK_SIZE,
  BLOCK_XBZRLE,
  BLOCK_ZERO,
  CACHE_BYTES,
  CACHE_LAST_STAGE,
  CACHE_OVERFLOW,
  CACHE_PAGES,
  ENCODE_BLOCK,
  ENCODE_BUDGET,
  ENCODE_CACHE,
  ENCODE_END,
  ENCODE_FULL,
  ENCODE_LAST_BLOCK,
  ENCODE_NORMAL,
  ENCODE_PAGE,
  ENCODE_SKIPPED,
  ENCODE_STOP,
  ENCODE_XBZRLE,
  ENCODE_ZERO,
  FILL_SIZE,
  FLAG_CONTINUE,
  FLAG_PAGE,
  FLAG_XBZRLE,
  FLAG_ZERO,
  PAGE_BITS,
  PAGE_SIZE,
  WORD_SIZE,
  XBZRLE_HEAD,
  XBZRLE_HEAD_SIZE,
} from './layout';
import { XBZRLE_OVERFLOW, xbzrle_decode, xbzrle_encode } from './xbzrle';
import { any_set } from './zero';

/**
 * Walks the dirty bitmaps from the cursor on and writes a record for each dirty page, clearing its bit;
 * returns how many bytes it wrote. It stops where the pass ends, where `out` cannot take the next record
 * or where `budget` pages are done; the state says which, and the next call goes on exactly there. With
 * XBZRLE a record's size is known only when it is written: then `out` has to take the longest there can be
 * of a page that is not zero.
 *
 * A bit is cleared before its page is read, as in QEMU (migration/ram.c, ram_save_host_page): a write that
 * comes later sets it again, and the page goes once more. Bits are taken by the word, see bitmap_claim. Only
 * zero pages are written as fill records: QEMU refuses other fill bytes from 8.2 on.
 */
export function encode(
  state: usize,
  blocks: usize,
  block_count: u32,
  out: usize,
  out_size: u32,
  budget: u32,
): u32 {
  let block = load<u32>(state, ENCODE_BLOCK);
  let page = load<u32>(state, ENCODE_PAGE);
  let last_block = load<u32>(state, ENCODE_LAST_BLOCK);
  const cache = <usize>load<u32>(state, ENCODE_CACHE);
  let guest_page = cache === 0 ? 0 : pages_before(blocks, block);
  let stop: u32 = ENCODE_END;
  let normal: u32 = 0;
  let zero: u32 = 0;
  let xbzrle: u32 = 0;
  let skipped: u32 = 0;
  let written: u32 = 0;

  while (block < block_count) {
    const entry = blocks + <usize>block * <usize>BLOCK_SIZE;
    const pages = load<u32>(entry, BLOCK_PAGES);
    const first = load<u32>(entry, BLOCK_FIRST);
    const bitmap = <usize>load<u32>(entry, BLOCK_BITMAP);
    const host = <usize>load<u32>(entry, BLOCK_HOST);
    const normal_before = normal;
    const zero_before = zero;
    const xbzrle_before = xbzrle;
    // the dirty pages that were taken out of the word at `word_at` and are not sent yet
    let claimed: u64 = 0;
    let word_at = bitmap;
    // the first word of the next page, where that one is claimed too: see any_set
    let next_word: u64 = 0;
    let is_next_known = false;

    while (true) {
      if (claimed === 0) {
        page = bitmap_next(bitmap, pages, page);
        if (page === pages) break;
        word_at = bitmap_word(bitmap, page);
        claimed = bitmap_claim(word_at, page, pages);
        continue;
      }
      page = (page & ~63) + <u32>ctz<u64>(claimed);
      if (normal + zero + xbzrle + skipped === budget) {
        stop = ENCODE_BUDGET;
        break;
      }

      let source = host + ((<usize>page) << (<usize>PAGE_BITS));
      const first_word = is_next_known ? next_word : load<u64>(source);
      is_next_known = first_word === 0 && ((claimed >> <u64>(page & 63)) & 2) !== 0;
      if (is_next_known) next_word = load<u64>(source, PAGE_SIZE);
      const is_fill = first_word === 0 && !any_set(source);
      const named = last_block !== block + 1;
      const idstr = named ? <usize>load<u32>(entry, BLOCK_IDSTR) : 0;
      const idstr_size: u32 = named ? 1 + <u32>load<u8>(idstr) : 0;
      const head_size = WORD_SIZE + idstr_size;
      const payload_size = is_fill ? FILL_SIZE : cache === 0 ? PAGE_SIZE : XBZRLE_HEAD_SIZE + PAGE_SIZE;
      if (head_size + payload_size > out_size - written) {
        stop = ENCODE_FULL;
        break;
      }

      const at = out + <usize>written;
      const payload = at + <usize>head_size;
      const continues: u32 = named ? 0 : FLAG_CONTINUE;
      let kind: u32 = is_fill ? FLAG_ZERO : FLAG_PAGE;
      if (cache !== 0) {
        if (is_fill) {
          cache_zero(cache, guest_page + first + page);
        } else {
          const keeps = load<u32>(cache, CACHE_LAST_STAGE) === 0;
          const held = cache_find(cache, guest_page + first + page);
          if (held !== 0) {
            const size = encode_changes(cache, held, source, payload, head_size, keeps);
            if (size === 0) {
              skipped++;
              claimed &= claimed - 1;
              if (claimed === 0) page++;
              continue;
            }
            if (size !== XBZRLE_OVERFLOW) {
              kind = FLAG_XBZRLE;
              xbzrle++;
              written += head_size + XBZRLE_HEAD_SIZE + <u32>size;
            } else if (keeps) {
              source = keep(held, source);
            }
          } else if (keeps) {
            const taken = cache_take(cache, guest_page + first + page);
            if (taken !== 0) source = keep(taken, source);
          }
        }
      }

      store<u64>(at, bswap<u64>(((<u64>(first + page)) << (<u64>PAGE_BITS)) | <u64>(kind | continues)));
      if (named) {
        memory.copy(at + <usize>WORD_SIZE, idstr, <usize>idstr_size);
        last_block = block + 1;
      }
      if (kind === FLAG_ZERO) {
        store<u8>(payload, 0);
        zero++;
        written += head_size + FILL_SIZE;
      } else if (kind === FLAG_PAGE) {
        memory.copy(payload, source, <usize>PAGE_SIZE);
        normal++;
        written += head_size + PAGE_SIZE;
      }
      claimed &= claimed - 1;
      if (claimed === 0) page++;
    }
    bitmap_return(word_at, claimed);

    add_count(entry, BLOCK_NORMAL, normal - normal_before);
    add_count(entry, BLOCK_ZERO, zero - zero_before);
    add_count(entry, BLOCK_XBZRLE, xbzrle - xbzrle_before);
    if (stop !== ENCODE_END) break;
    guest_page += first + pages + load<u32>(entry, BLOCK_BEYOND);
    block++;
    page = 0;
  }

  store<u32>(state, stop === ENCODE_END ? 0 : block, ENCODE_BLOCK);
  store<u32>(state, stop === ENCODE_END ? 0 : page, ENCODE_PAGE);
  store<u32>(state, last_block, ENCODE_LAST_BLOCK);
  store<u32>(state, stop, ENCODE_STOP);
  store<u32>(state, normal, ENCODE_NORMAL);
  store<u32>(state, zero, ENCODE_ZERO);
  store<u32>(state, xbzrle, ENCODE_XBZRLE);
  store<u32>(state, skipped, ENCODE_SKIPPED);
  return written;
}

/** How many pages of the guest come before a block. */
function pages_before(blocks: usize, block: u32): u32 {
  let pages: u32 = 0;
  for (let i: u32 = 0; i < block; i++) {
    const entry = blocks + <usize>i * <usize>BLOCK_SIZE;
    pages += load<u32>(entry, BLOCK_FIRST) + load<u32>(entry, BLOCK_PAGES) + load<u32>(entry, BLOCK_BEYOND);
  }
  return pages;
}

/**
 * Writes the changes of a page since `held`, with their head; returns the size of the payload, 0 where there
 * are none, XBZRLE_OVERFLOW where the page itself is to go. Counts as QEMU does: each page that was held, the
 * bytes of a record without its word, and those of a whole page for one that overflows.
 */
function encode_changes(
  cache: usize,
  held: usize,
  source: usize,
  at: usize,
  head_size: u32,
  keeps: bool,
): i32 {
  const payload = at + <usize>XBZRLE_HEAD_SIZE;
  const size = xbzrle_encode(held, source, payload, PAGE_SIZE);
  add_count(cache, CACHE_PAGES, 1);
  if (size === XBZRLE_OVERFLOW) {
    add_count(cache, CACHE_OVERFLOW, 1);
    add_count(cache, CACHE_BYTES, PAGE_SIZE);
    return size;
  }
  if (size === 0) return 0;
  store<u8>(at, XBZRLE_HEAD);
  store<u16>(at, bswap<u16>(<u16>size), 1);
  add_count(cache, CACHE_BYTES, head_size - WORD_SIZE + XBZRLE_HEAD_SIZE + <u32>size);
  // what the reader will have, even if the page changes at this moment
  if (keeps) xbzrle_decode(held, payload, <u32>size);
  return size;
}

/** Copies a page into the cache; returns the copy, so that what is sent and what is kept are the same. */
function keep(held: usize, source: usize): usize {
  memory.copy(held, source, <usize>PAGE_SIZE);
  return held;
}
