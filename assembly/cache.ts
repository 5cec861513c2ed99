/**
 * The cache of pages as they were last sent, for XBZRLE: direct-mapped with ages, as QEMU's is
 * (migration/page_cache.c). A page's slot is its number in the guest modulo the count of slots.
 */
import {
  CACHE_DATA,
  CACHE_GENERATION,
  CACHE_MISS,
  CACHE_SLOTS,
  CACHE_TAGS,
  PAGE_BITS,
  PAGE_SIZE,
  TAG_SIZE,
} from './layout';

/** Fields of a tag, which nobody outside the core reads: every exported constant takes bytes of the module. */
const TAG_PAGE: u32 = 0;
const TAG_AGE: u32 = 4;

/** A slot that was used so recently is not given to another page: CACHED_PAGE_LIFETIME. */
const LIFETIME: u32 = 2;

/** The tag of a page's slot. */
function tag_of(cache: usize, page: u32): usize {
  const slot = page & (load<u32>(cache, CACHE_SLOTS) - 1);
  return <usize>load<u32>(cache, CACHE_TAGS) + <usize>(slot * TAG_SIZE);
}

/** Where the page of a tag stands. */
function data_of(cache: usize, tag: usize): usize {
  const slot = (tag - <usize>load<u32>(cache, CACHE_TAGS)) / <usize>TAG_SIZE;
  return <usize>load<u32>(cache, CACHE_DATA) + (slot << (<usize>PAGE_BITS));
}

/** The page as it was last sent, and its age renewed; 0 and a miss counted if it is not there. */
export function cache_find(cache: usize, page: u32): usize {
  const tag = tag_of(cache, page);
  if (load<u32>(tag, TAG_PAGE) !== page + 1) {
    store<u64>(cache, load<u64>(cache, CACHE_MISS) + 1, CACHE_MISS);
    return 0;
  }
  store<u32>(tag, load<u32>(cache, CACHE_GENERATION), TAG_AGE);
  return data_of(cache, tag);
}

/** Makes room for a page and returns where it is to stand; 0 where its slot is in fresh use by another. */
export function cache_take(cache: usize, page: u32): usize {
  const tag = tag_of(cache, page);
  const held = load<u32>(tag, TAG_PAGE);
  const generation = load<u32>(cache, CACHE_GENERATION);
  if (held !== 0 && held !== page + 1 && load<u32>(tag, TAG_AGE) + LIFETIME > generation) return 0;
  store<u32>(tag, page + 1, TAG_PAGE);
  store<u32>(tag, generation, TAG_AGE);
  return data_of(cache, tag);
}

/** Remembers that a page was sent as zero. */
export function cache_zero(cache: usize, page: u32): void {
  const data = cache_take(cache, page);
  if (data !== 0) memory.fill(data, 0, <usize>PAGE_SIZE);
}
