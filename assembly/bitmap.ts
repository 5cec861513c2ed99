/**
 * Dirty bitmaps: bit i % 64 of the little-endian u64 word i / 64 is page i, QEMU's own layout on x86.
 *
 * A bitmap is 8-byte aligned and holds whole words. Bits at and beyond `pages` are never counted or found.
 * What changes a word that another thread may change too is atomic: a page marked meanwhile is not lost.
 */

/** Bits `bit`..63 of a word. */
function bits_from(bit: u32): u64 {
  return ~(<u64>0) << (<u64>bit);
}

/** Bits 0..`bits` - 1 of a word, for 1 <= bits <= 64. */
function bits_below(bits: u32): u64 {
  return ~(<u64>0) >> <u64>(64 - bits);
}

/** Where the word of a page stands. */
export function bitmap_word(bitmap: usize, page: u32): usize {
  return bitmap + ((<usize>(page >> 6)) << 3);
}

/** How many bytes the bitmap of a block of `pages` takes: whole words. */
export function bitmap_size(pages: u32): usize {
  return <usize>(((<u64>pages + 63) >> 6) << 3);
}

/** The first set bit at or after `from`; `pages` if there is none. */
export function bitmap_next(bitmap: usize, pages: u32, from: u32): u32 {
  if (from >= pages) return pages;
  const end = bitmap + bitmap_size(pages);
  let at = bitmap_word(bitmap, from);
  let word = load<u64>(at) & bits_from(from & 63);
  while (word === 0) {
    at += 8;
    if (at >= end) return pages;
    word = load<u64>(at);
  }
  const page = <u32>((at - bitmap) << 3) + <u32>ctz<u64>(word);
  return page < pages ? page : pages;
}

/**
 * Takes the set bits of one word, from page `from` on and below `pages`: they are cleared there and returned, bit
 * i for page i of the word. One locked instruction for 64 pages: one a page kept the next page's loads from
 * beginning before this page's were done, and cost half the speed of walking zero pages (18 against 36 GB/s).
 * What is not used of them goes back by `bitmap_return`.
 */
export function bitmap_claim(word_at: usize, from: u32, pages: u32): u64 {
  const left = pages - (from & ~63);
  const mask = bits_from(from & 63) & (left < 64 ? bits_below(left) : ~(<u64>0));
  return atomic.and<u64>(word_at, ~mask) & mask;
}

/** Sets bits of a word again that were claimed. */
export function bitmap_return(word_at: usize, bits: u64): void {
  if (bits !== 0) atomic.or<u64>(word_at, bits);
}

/** How many of the first `pages` bits are set. */
export function bitmap_count(bitmap: usize, pages: u32): u32 {
  const whole_end = bitmap_word(bitmap, pages);
  let set: u32 = 0;
  let at = bitmap;
  while (at < whole_end) {
    set += <u32>popcnt<u64>(load<u64>(at));
    at += 8;
  }
  const rest = pages & 63;
  if (rest !== 0) set += <u32>popcnt<u64>(load<u64>(at) & bits_below(rest));
  return set;
}

/** Sets or clears, in one word, the bits of `mask`. */
function change_word(at: usize, mask: u64, value: bool): void {
  if (value) atomic.or<u64>(at, mask);
  else atomic.and<u64>(at, ~mask);
}

/** Sets or clears `count` bits from `first`: a masked word at each end, whole words between. */
function change_range(bitmap: usize, first: u32, count: u32, value: bool): void {
  if (count === 0) return;
  const last = first + count - 1;
  const last_word = bitmap_word(bitmap, last);
  const last_mask = bits_below((last & 63) + 1);
  let at = bitmap_word(bitmap, first);
  if (at === last_word) {
    change_word(at, bits_from(first & 63) & last_mask, value);
    return;
  }
  change_word(at, bits_from(first & 63), value);
  const whole: u64 = value ? ~(<u64>0) : 0;
  for (at += 8; at < last_word; at += 8) atomic.store<u64>(at, whole);
  change_word(last_word, last_mask, value);
}

/** Sets `count` bits from `first`; the caller keeps first + count within the block. */
export function bitmap_set(bitmap: usize, first: u32, count: u32): void {
  change_range(bitmap, first, count, true);
}

/** Clears `count` bits from `first`; the caller keeps first + count within the block. */
export function bitmap_clear(bitmap: usize, first: u32, count: u32): void {
  change_range(bitmap, first, count, false);
}

/**
 * The dirty sync of one block: moves the bits of `log` (what the guest wrote since the last sync) into
 * `dirty` and empties `log`; returns how many of them `dirty` did not have yet.
 *
 * Word by word as QEMU does it (include/exec/ram_addr.h, cpu_physical_memory_sync_dirty_bitmap): exchange
 * the log's word for zero, so that a write of that moment lands either in this sync or in the next.
 */
export function bitmap_merge(dirty: usize, log: usize, pages: u32): u32 {
  const end = dirty + bitmap_size(pages);
  const last = end - 8;
  const rest = pages & 63;
  const last_mask = rest === 0 ? ~(<u64>0) : bits_below(rest);
  let added: u32 = 0;
  while (dirty < end) {
    // most words of a log are clean, and a plain load costs a tenth of an exchange
    if (load<u64>(log) !== 0) {
      const have = load<u64>(dirty);
      let more = atomic.xchg<u64>(log, 0) & ~have;
      if (dirty === last) more &= last_mask;
      if (more !== 0) {
        atomic.or<u64>(dirty, more);
        added += <u32>popcnt<u64>(more);
      }
    }
    dirty += 8;
    log += 8;
  }
  return added;
}
