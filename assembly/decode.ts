/** Page records in, pages out; the input is trusted in nothing. */
import {
  BLOCK_FILL,
  BLOCK_HOST,
  BLOCK_IDSTR,
  BLOCK_NORMAL,
  BLOCK_PAGES,
  BLOCK_SIZE,
  BLOCK_ZERO,
  DECODE_BEYOND_BLOCK,
  DECODE_CONTINUE_FIRST,
  DECODE_LAST_BLOCK,
  DECODE_LAST_PAGE,
  DECODE_MORE,
  DECODE_STATUS,
  DECODE_UNKNOWN_BLOCK,
  DECODE_WORD,
  DECODE_WRAPS,
  FILL_SIZE,
  FLAG_CONTINUE,
  FLAG_MASK,
  FLAG_PAGE,
  FLAG_ZERO,
  NOWHERE,
  PAGE_BITS,
  PAGE_SIZE,
  WORD_SIZE,
} from './layout';

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

  while (input_size - consumed >= WORD_SIZE) {
    const record = input + <usize>consumed;
    const room = input_size - consumed;
    const word = bswap<u64>(load<u64>(record));
    const flags = <u32>word & FLAG_MASK;
    const kind = flags & ~FLAG_CONTINUE;
    if (kind !== FLAG_ZERO && kind !== FLAG_PAGE) {
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
    if (index >= <u64>load<u32>(entry, BLOCK_PAGES)) {
      status = DECODE_BEYOND_BLOCK;
      break;
    }
    const payload_size = kind === FLAG_ZERO ? FILL_SIZE : PAGE_SIZE;
    if (room - head_size < payload_size) break;

    const page = <u32>index;
    store_page(entry, page, record + <usize>head_size, kind === FLAG_ZERO);
    if (block < last_block || (block === last_block && page <= last_page)) wraps++;
    last_block = block;
    last_page = page;
    consumed += head_size + payload_size;
  }

  store<u32>(state, last_block, DECODE_LAST_BLOCK);
  store<u32>(state, last_page, DECODE_LAST_PAGE);
  store<u32>(state, status, DECODE_STATUS);
  store<u32>(state, wraps, DECODE_WRAPS);
  return consumed;
}

/** Puts one record's payload in its place and counts it. */
function store_page(entry: usize, page: u32, payload: usize, is_fill: bool): void {
  const host = load<u32>(entry, BLOCK_HOST);
  const target = <usize>host + ((<usize>page) << (<usize>PAGE_BITS));
  if (!is_fill) {
    if (host !== NOWHERE) memory.copy(target, payload, <usize>PAGE_SIZE);
    store<u64>(entry, load<u64>(entry, BLOCK_NORMAL) + 1, BLOCK_NORMAL);
    return;
  }
  const byte = load<u8>(payload);
  if (host !== NOWHERE) memory.fill(target, byte, <usize>PAGE_SIZE);
  if (byte === 0) store<u64>(entry, load<u64>(entry, BLOCK_ZERO) + 1, BLOCK_ZERO);
  else store<u64>(entry, load<u64>(entry, BLOCK_FILL) + 1, BLOCK_FILL);
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
