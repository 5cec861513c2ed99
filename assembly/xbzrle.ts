/**
 * XBZRLE: what has changed in a page since it was last sent, as runs (QEMU, migration/xbzrle.c).
 *
 *     payload = { zrun, nzrun, nzrun bytes }…      zrun, nzrun: ULEB128, see uleb128.ts
 *
 *     zrun    bytes that are as before; only the first may be 0
 *     nzrun   bytes that differ, then the new ones themselves; never 0
 *
 * Equal bytes at the end are not written; a page that is all as before has an empty payload.
 */
import { PAGE_SIZE } from './layout';
import { ULEB128_SIZE_MAX, uleb128_long, uleb128_write } from './uleb128';

/** What xbzrle_encode answers where the payload does not fit. */
export const XBZRLE_OVERFLOW: i32 = -1;

/** Bytes that are compared at once: one bit each in a u64. */
const STEP: u32 = 64;

/** Whether any of 64 bytes differ: cheaper than to say which. */
function differs(a: usize, b: usize): bool {
  const d0 = v128.xor(v128.load(a, 0), v128.load(b, 0));
  const d1 = v128.xor(v128.load(a, 16), v128.load(b, 16));
  const d2 = v128.xor(v128.load(a, 32), v128.load(b, 32));
  const d3 = v128.xor(v128.load(a, 48), v128.load(b, 48));
  return v128.any_true(v128.or(v128.or(d0, d1), v128.or(d2, d3)));
}

/** Copies a run; `room` is what may be written from `to` on, `rest` what may be read from `from` on. */
function copy_run(to: usize, from: usize, size: u32, room: u32, rest: u32): void {
  // most runs are short, and one store of 16 bytes is cheaper than a copy of any length
  if (size <= 16 && room >= 16 && rest >= 16) v128.store(to, v128.load(from));
  else memory.copy(to, from, <usize>size);
}

/**
 * Writes the payload that makes the page at `old_page` into the one at `new_page`; returns its size, 0 where
 * they are the same, XBZRLE_OVERFLOW where `out_size` does not take it.
 *
 * The runs are maximal, a single equal byte ends a run of changed ones, so the payload is the only one: QEMU's
 * encoders give the same. It overflows where QEMU's does: when less than two bytes are left before a length,
 * also before that of a last, unwritten run of equal bytes.
 */
export function xbzrle_encode(old_page: usize, new_page: usize, out: usize, out_size: u32): i32 {
  let size: u32 = 0;
  // the run that is open began here; it is one of changed bytes or of equal ones
  let run: u32 = 0;
  let is_changed = false;

  for (let at: u32 = 0; at < PAGE_SIZE; at += STEP) {
    const a = old_page + <usize>at;
    const b = new_page + <usize>at;
    if (!is_changed && !differs(a, b)) continue;
    const e0 = i8x16.eq(v128.load(a, 0), v128.load(b, 0));
    const e1 = i8x16.eq(v128.load(a, 16), v128.load(b, 16));
    const e2 = i8x16.eq(v128.load(a, 32), v128.load(b, 32));
    const e3 = i8x16.eq(v128.load(a, 48), v128.load(b, 48));
    // within a long changed run: cheaper to see that no byte is equal than to say which are
    if (is_changed && !v128.any_true(v128.or(v128.or(e0, e1), v128.or(e2, e3)))) continue;
    // one bit for each of 64 bytes: set where they differ
    const changed = ~(
      <u64>(<u32>i8x16.bitmask(e0) | ((<u32>i8x16.bitmask(e1)) << 16)) |
      ((<u64>(<u32>i8x16.bitmask(e2) | ((<u32>i8x16.bitmask(e3)) << 16))) << 32)
    );
    // and where they differ unlike the byte before: there a run ends and the next begins
    let edges = changed ^ ((changed << 1) | <u64>is_changed);
    for (; edges !== 0; edges &= edges - 1) {
      const edge = at + <u32>ctz<u64>(edges);
      const length = edge - run;
      if (size + ULEB128_SIZE_MAX > out_size) return XBZRLE_OVERFLOW;
      size += uleb128_write(out + <usize>size, length);
      if (is_changed) {
        if (length > out_size - size) return XBZRLE_OVERFLOW;
        copy_run(out + <usize>size, new_page + <usize>run, length, out_size - size, PAGE_SIZE - run);
        size += length;
      }
      run = edge;
      is_changed = !is_changed;
    }
  }

  if (is_changed) {
    const length = PAGE_SIZE - run;
    if (size + ULEB128_SIZE_MAX > out_size) return XBZRLE_OVERFLOW;
    size += uleb128_write(out + <usize>size, length);
    if (length > out_size - size) return XBZRLE_OVERFLOW;
    memory.copy(out + <usize>size, new_page + <usize>run, <usize>length);
    return <i32>(size + length);
  }
  // equal to the end: QEMU has looked for room for this run before it knew that it is the last
  if (size !== 0 && size + ULEB128_SIZE_MAX > out_size) return XBZRLE_OVERFLOW;
  return <i32>size;
}

/** What xbzrle_decode answers for a payload without a fault. */
export const XBZRLE_WHOLE: u32 = 0xffffffff;

/**
 * Applies a payload of `size` bytes to `page`; returns XBZRLE_WHOLE, or the offset in the payload of the run
 * that is wrong: a length that does not end, that is 0 where it may not be, or that leads beyond the page or
 * the payload. Bytes before that run are changed then; nothing outside the page ever is.
 *
 * @param page 0: check the payload and store nothing
 */
export function xbzrle_decode(page: usize, payload: usize, size: u32): u32 {
  const end = payload + <usize>size;
  let from = payload;
  let at: u32 = 0;
  let run = payload;
  while (true) {
    if (from === end) return XBZRLE_WHOLE;
    run = from;
    // no pair is shorter than two lengths and a byte
    if (<u32>(end - from) < 3) break;
    let equal = <u32>load<u8>(from++);
    if (equal >= 0x80) {
      equal = uleb128_long(equal, <u32>load<u8>(from++));
      if (<u32>(end - from) < ULEB128_SIZE_MAX) break;
    }
    if (equal === 0 && run !== payload) break;
    let changed = <u32>load<u8>(from++);
    if (changed >= 0x80) changed = uleb128_long(changed, <u32>load<u8>(from++));
    // 0 wraps around
    if (changed - 1 >= <u32>(end - from)) break;
    at += equal;
    const next = at + changed;
    if (next > PAGE_SIZE) break;
    if (page !== 0) {
      const to = page + <usize>at;
      if (changed === 8) store<u64>(to, load<u64>(from));
      else if (changed === 4) store<u32>(to, load<u32>(from));
      else if (changed === 1) store<u8>(to, load<u8>(from));
      else copy_run_exactly(to, from, changed);
    }
    from += <usize>changed;
    at = next;
  }
  return <u32>(run - payload);
}

/**
 * Copies a run and touches nothing beyond it: what follows in the page is to stay as it is. No memory.copy: V8
 * leaves the module for it, which takes longer than most runs.
 */
function copy_run_exactly(to: usize, from: usize, size: u32): void {
  for (; size >= 16; size -= 16) {
    v128.store(to, v128.load(from));
    to += 16;
    from += 16;
  }
  if (size & 8) {
    store<u64>(to, load<u64>(from));
    to += 8;
    from += 8;
  }
  for (; size & 7; size--) {
    store<u8>(to++, load<u8>(from++));
  }
}
