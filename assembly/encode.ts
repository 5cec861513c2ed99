/** The hot loop: dirty pages in, page records out. */
import { bitmap_next, bitmap_word } from './bitmap';
import {
  BLOCK_BITMAP,
  BLOCK_HOST,
  BLOCK_IDSTR,
  BLOCK_NORMAL,
  BLOCK_PAGES,
  BLOCK_SIZE,
  BLOCK_ZERO,
  ENCODE_BLOCK,
  ENCODE_BUDGET,
  ENCODE_END,
  ENCODE_FULL,
  ENCODE_LAST_BLOCK,
  ENCODE_NORMAL,
  ENCODE_PAGE,
  ENCODE_STOP,
  ENCODE_ZERO,
  FILL_SIZE,
  FLAG_CONTINUE,
  FLAG_PAGE,
  FLAG_ZERO,
  PAGE_BITS,
  PAGE_SIZE,
  WORD_SIZE,
} from './layout';
import { is_zero } from './zero';

/**
 * Walks the dirty bitmaps from the cursor on and writes a record for each dirty page, clearing its bit;
 * returns how many bytes it wrote. It stops where the pass ends, where `out` cannot take the next record
 * or where `budget` records are written; the state says which, and the next call goes on exactly there.
 *
 * A bit is cleared before its page is read, as in QEMU (migration/ram.c, ram_save_host_page): a write that
 * comes later sets it again, and the page goes once more. Only zero pages are written as fill records:
 * QEMU refuses other fill bytes from 8.2 on.
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
  let stop: u32 = ENCODE_END;
  let normal: u32 = 0;
  let zero: u32 = 0;
  let written: u32 = 0;

  while (block < block_count) {
    const entry = blocks + <usize>block * <usize>BLOCK_SIZE;
    const pages = load<u32>(entry, BLOCK_PAGES);
    const bitmap = <usize>load<u32>(entry, BLOCK_BITMAP);
    const host = <usize>load<u32>(entry, BLOCK_HOST);
    const normal_before = normal;
    const zero_before = zero;

    while (true) {
      page = bitmap_next(bitmap, pages, page);
      if (page === pages) break;
      if (normal + zero === budget) {
        stop = ENCODE_BUDGET;
        break;
      }

      const word_at = bitmap_word(bitmap, page);
      const bit = (<u64>1) << (<u64>(page & 63));
      atomic.and<u64>(word_at, ~bit);

      const source = host + ((<usize>page) << (<usize>PAGE_BITS));
      const is_fill = is_zero(source);
      const named = last_block !== block + 1;
      const idstr = named ? <usize>load<u32>(entry, BLOCK_IDSTR) : 0;
      const idstr_size: u32 = named ? 1 + <u32>load<u8>(idstr) : 0;
      const record_size = WORD_SIZE + idstr_size + (is_fill ? FILL_SIZE : PAGE_SIZE);
      if (record_size > out_size - written) {
        atomic.or<u64>(word_at, bit);
        stop = ENCODE_FULL;
        break;
      }

      let at = out + <usize>written;
      const flags = (is_fill ? FLAG_ZERO : FLAG_PAGE) | (named ? 0 : FLAG_CONTINUE);
      store<u64>(at, bswap<u64>(((<u64>page) << (<u64>PAGE_BITS)) | <u64>flags));
      at += <usize>WORD_SIZE;
      if (named) {
        memory.copy(at, idstr, <usize>idstr_size);
        at += <usize>idstr_size;
        last_block = block + 1;
      }
      if (is_fill) {
        store<u8>(at, 0);
        zero++;
      } else {
        memory.copy(at, source, <usize>PAGE_SIZE);
        normal++;
      }
      written += record_size;
      page++;
    }

    store<u64>(entry, load<u64>(entry, BLOCK_NORMAL) + <u64>(normal - normal_before), BLOCK_NORMAL);
    store<u64>(entry, load<u64>(entry, BLOCK_ZERO) + <u64>(zero - zero_before), BLOCK_ZERO);
    if (stop !== ENCODE_END) break;
    block++;
    page = 0;
  }

  store<u32>(state, stop === ENCODE_END ? 0 : block, ENCODE_BLOCK);
  store<u32>(state, stop === ENCODE_END ? 0 : page, ENCODE_PAGE);
  store<u32>(state, last_block, ENCODE_LAST_BLOCK);
  store<u32>(state, stop, ENCODE_STOP);
  store<u32>(state, normal, ENCODE_NORMAL);
  store<u32>(state, zero, ENCODE_ZERO);
  return written;
}
