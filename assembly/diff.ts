/**
 * Which pages have changed, where the host tracks nothing: the RAM is compared with what is known of its last
 * state, and the dirty bitmap gets the bits of the pages that differ.
 *
 * What is known is either a *shadow*, a copy of each page, or a *fingerprint*, FINGERPRINT_SIZE bytes a page.
 * Bits of pages that are as they were stay as they are; `updates` brings what is known up to date for the
 * pages that differ. On a shared memory a page that is written meanwhile is found now or by the next call: the
 * copy, and the fingerprint, are made no later than the page is compared, or the page is dirty anyway.
 */
import { FINGERPRINT_SIZE, PAGE_BITS, PAGE_SIZE } from './layout';

/** Marks pages in 64s: an atomic `or` a word, as another thread may mark pages at the same time. */
function mark(bitmap: usize, page: u32, changed: u64): u32 {
  if (changed === 0) return 0;
  atomic.or<u64>(bitmap + ((<usize>(page >> 6)) << 3), changed);
  return <u32>popcnt<u64>(changed);
}

/** How many pages of the word that begins with `page` are there. */
function pages_of_word(pages: u32, page: u32): u32 {
  return min<u32>(pages - page, 64);
}

/** Whether two pages differ; no branch but one in the middle, see zero.ts. */
function differs(a: usize, b: usize): bool {
  return half_differs(a, b) || half_differs(a + <usize>(PAGE_SIZE >> 1), b + <usize>(PAGE_SIZE >> 1));
}

function half_differs(a: usize, b: usize): bool {
  let x = i8x16.splat(0);
  let y = x;
  let z = x;
  let w = x;
  const end = a + <usize>(PAGE_SIZE >> 1);
  for (; a !== end; a += 128, b += 128) {
    x = v128.or(x, v128.xor(v128.load(a, 0), v128.load(b, 0)));
    y = v128.or(y, v128.xor(v128.load(a, 16), v128.load(b, 16)));
    z = v128.or(z, v128.xor(v128.load(a, 32), v128.load(b, 32)));
    w = v128.or(w, v128.xor(v128.load(a, 48), v128.load(b, 48)));
    x = v128.or(x, v128.xor(v128.load(a, 64), v128.load(b, 64)));
    y = v128.or(y, v128.xor(v128.load(a, 80), v128.load(b, 80)));
    z = v128.or(z, v128.xor(v128.load(a, 96), v128.load(b, 96)));
    w = v128.or(w, v128.xor(v128.load(a, 112), v128.load(b, 112)));
  }
  return v128.any_true(v128.or(v128.or(x, y), v128.or(z, w)));
}

/**
 * Compares `pages` pages from `ram` with their copies from `shadow`; sets the bits of those that differ in
 * `bitmap` (8-byte aligned, bit 0 is the first page) and returns how many they are. With `updates` they are
 * copied to `shadow`.
 */
export function diff_shadow(ram: usize, shadow: usize, pages: u32, bitmap: usize, updates: bool): u32 {
  let count: u32 = 0;
  for (let page: u32 = 0; page < pages; page += 64) {
    const in_word = pages_of_word(pages, page);
    let changed: u64 = 0;
    for (let i: u32 = 0; i < in_word; i++) {
      if (differs(ram, shadow)) {
        changed |= (<u64>1) << (<u64>i);
        if (updates) memory.copy(shadow, ram, <usize>PAGE_SIZE);
      }
      ram += <usize>PAGE_SIZE;
      shadow += <usize>PAGE_SIZE;
    }
    count += mark(bitmap, page, changed);
  }
  return count;
}

/** An odd number whose bits are well mixed: 2^32 over the golden ratio (Knuth, TAOCP 3, 6.4). */
const FACTOR: i32 = <i32>0x9e3779b1;

/**
 * One step of four chains of 32 bits: for one word given it is a bijection of the chain's state, for one state
 * given a bijection of the word. The shift brings the high bits down, or two words of a chain that both had
 * their top bit turned would cancel: a product carries a bit upwards only.
 */
function mix(state: v128, words: v128): v128 {
  const product = i32x4.mul(v128.xor(state, words), i32x4.splat(FACTOR));
  return v128.xor(product, i32x4.shr_u(product, 15));
}

/** Takes four chains into four others, each moved on to the next lane: a bijection of either, as `mix` is. */
function fold(state: v128, chains: v128): v128 {
  return mix(i32x4.shuffle(state, state, 1, 2, 3, 0), chains);
}

/**
 * The fingerprint of a page: 16 chains, the words of each 64 bytes apart, folded into 16 bytes.
 *
 * A page of which one word of 32 bits changed always has another fingerprint, for all steps and folds are
 * bijections. Where two words or more changed, they cancel by a chance of 2^-32; where they stand in k of the
 * four lanes (their addresses modulo 16), all k have to cancel: 2^-32k. The numbers are known, so this is no
 * defence against a guest that wants its writes to be missed: compare with a shadow there.
 */
function fingerprint(page: usize): v128 {
  let a = i32x4.splat(FACTOR);
  let b = a;
  let c = a;
  let d = a;
  const end = page + <usize>PAGE_SIZE;
  for (; page !== end; page += 64) {
    a = mix(a, v128.load(page, 0));
    b = mix(b, v128.load(page, 16));
    c = mix(c, v128.load(page, 32));
    d = mix(d, v128.load(page, 48));
  }
  return fold(fold(fold(a, b), c), d);
}

/**
 * Compares the fingerprints of `pages` pages from `ram` with those at `prints`, FINGERPRINT_SIZE bytes a page;
 * sets the bits of the pages that differ in `bitmap` (as diff_shadow) and returns how many they are. With
 * `updates` their new fingerprints are stored.
 */
export function diff_fingerprint(ram: usize, prints: usize, pages: u32, bitmap: usize, updates: bool): u32 {
  let count: u32 = 0;
  for (let page: u32 = 0; page < pages; page += 64) {
    const in_word = pages_of_word(pages, page);
    let changed: u64 = 0;
    for (let i: u32 = 0; i < in_word; i++) {
      const print = fingerprint(ram + ((<usize>(page + i)) << (<usize>PAGE_BITS)));
      const at = prints + <usize>(page + i) * <usize>FINGERPRINT_SIZE;
      if (v128.any_true(v128.xor(print, v128.load(at)))) {
        changed |= (<u64>1) << (<u64>i);
        if (updates) v128.store(at, print);
      }
    }
    count += mark(bitmap, page, changed);
  }
  return count;
}
