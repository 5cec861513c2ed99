/** The ABI of the core, and nothing else. */
export {
  bitmap_clear,
  bitmap_count,
  bitmap_merge,
  bitmap_next,
  bitmap_set,
  bitmap_size,
} from './bitmap';
export { collect } from './collect';
export { decode } from './decode';
export { diff_fingerprint, diff_shadow } from './diff';
export { encode } from './encode';
export * from './layout';
export { XBZRLE_WHOLE, xbzrle_decode, xbzrle_encode } from './xbzrle';
export { count_zero_pages, is_zero } from './zero';
