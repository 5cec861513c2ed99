/** Dirty pages in, bare pages and the runs they stand in out: what mapped-ram writes. */
import { bitmap_claim, bitmap_next, bitmap_return, bitmap_word } from './bitmap';
import { add_count } from './counters';
import {
  BLOCK_BITMAP,
  BLOCK_FIRST,
  BLOCK_HOST,
  BLOCK_NORMAL,
  BLOCK_PAGES,
  BLOCK_PRESENT,
  BLOCK_SIZE,
  BLOCK_ZERO,
  ENCODE_BLOCK,
  ENCODE_BUDGET,
  ENCODE_END,
  ENCODE_FULL,
  ENCODE_NORMAL,
  ENCODE_PAGE,
  ENCODE_RUNS,
  ENCODE_SKIPPED,
  ENCODE_STOP,
  ENCODE_XBZRLE,
  ENCODE_ZERO,
  PAGE_BITS,
  PAGE_SIZE,
  RUN_BLOCK,
  RUN_COUNT,
  RUN_FIRST,
  RUN_SIZE,
} from './layout';
import { any_set } from './zero';

/**
 * Walks the dirty bitmaps as `encode` does, with the same state, and copies each page that is not zero to
 * `out`; returns how many bytes. `runs` lists where they belong: at most `run_count_max` runs, each of pages
 * that follow each other. A page's bit in `present` is set when it is copied and cleared when it is zero, so
 * that at the end the bitmaps say which pages the file holds (QEMU, migration/ram.c, save_zero_page and
 * ram_save_page with mapped-ram). With `out` 0 the pages stay where they are and only their runs are listed, as for
 * as many bytes: whoever writes them writes them from there, as multifd does (migration/file.c, file_write_ramblock_iov).
 */
export function collect(
  state: usize,
  blocks: usize,
  block_count: u32,
  out: usize,
  out_size: u32,
  budget: u32,
  runs: usize,
  run_count_max: u32,
): u32 {
  let block = load<u32>(state, ENCODE_BLOCK);
  let page = load<u32>(state, ENCODE_PAGE);
  let stop: u32 = ENCODE_END;
  let normal: u32 = 0;
  let zero: u32 = 0;
  let written: u32 = 0;
  let run_count: u32 = 0;

  while (block < block_count) {
    const entry = blocks + <usize>block * <usize>BLOCK_SIZE;
    const pages = load<u32>(entry, BLOCK_PAGES);
    const first = load<u32>(entry, BLOCK_FIRST);
    const bitmap = <usize>load<u32>(entry, BLOCK_BITMAP);
    const present = <usize>load<u32>(entry, BLOCK_PRESENT);
    const host = <usize>load<u32>(entry, BLOCK_HOST);
    const normal_before = normal;
    const zero_before = zero;
    // the page that would continue the last run; none yet in this block
    let follows: u32 = pages;
    // as in encode: a copy is slow where the next page was looked at before it (20 against 31 GB/s)
    let claimed: u64 = 0;
    let word_at = bitmap;
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
      if (normal + zero === budget) {
        stop = ENCODE_BUDGET;
        break;
      }
      const bit = claimed & (0 - claimed);
      const source = host + ((<usize>page) << (<usize>PAGE_BITS));
      const present_at = bitmap_word(present, page);

      const first_word = is_next_known ? next_word : load<u64>(source);
      is_next_known = first_word === 0 && (claimed & (bit << 1)) !== 0;
      if (is_next_known) next_word = load<u64>(source, PAGE_SIZE);
      if (first_word === 0 && !any_set(source)) {
        store<u64>(present_at, load<u64>(present_at) & ~bit);
        zero++;
        claimed ^= bit;
        if (claimed === 0) page++;
        continue;
      }
      const is_new_run = page !== follows;
      if (out_size - written < PAGE_SIZE || (is_new_run && run_count === run_count_max)) {
        stop = ENCODE_FULL;
        break;
      }
      if (is_new_run) {
        const run = runs + <usize>(run_count * RUN_SIZE);
        store<u32>(run, block, RUN_BLOCK);
        store<u32>(run, first + page, RUN_FIRST);
        store<u32>(run, 0, RUN_COUNT);
        run_count++;
      }
      const run = runs + <usize>((run_count - 1) * RUN_SIZE);
      store<u32>(run, load<u32>(run, RUN_COUNT) + 1, RUN_COUNT);
      if (out !== 0) memory.copy(out + <usize>written, source, <usize>PAGE_SIZE);
      store<u64>(present_at, load<u64>(present_at) | bit);
      written += PAGE_SIZE;
      normal++;
      follows = page + 1;
      claimed ^= bit;
      if (claimed === 0) page++;
    }
    bitmap_return(word_at, claimed);

    add_count(entry, BLOCK_NORMAL, normal - normal_before);
    add_count(entry, BLOCK_ZERO, zero - zero_before);
    if (stop !== ENCODE_END) break;
    block++;
    page = 0;
  }

  store<u32>(state, stop === ENCODE_END ? 0 : block, ENCODE_BLOCK);
  store<u32>(state, stop === ENCODE_END ? 0 : page, ENCODE_PAGE);
  store<u32>(state, stop, ENCODE_STOP);
  store<u32>(state, normal, ENCODE_NORMAL);
  store<u32>(state, zero, ENCODE_ZERO);
  store<u32>(state, 0, ENCODE_XBZRLE);
  store<u32>(state, 0, ENCODE_SKIPPED);
  store<u32>(state, run_count, ENCODE_RUNS);
  return written;
}
