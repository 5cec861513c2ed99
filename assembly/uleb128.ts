/**
 * The lengths of XBZRLE: unsigned LEB128 of at most 14 bits (QEMU, util/cutils.c, uleb128_encode_small).
 *
 *     0..127        0vvvvvvv
 *     128..16383    1vvvvvvv 0wwwwwww     value = v | w << 7
 */

/** The longest that a length is. */
export const ULEB128_SIZE_MAX: u32 = 2;

const MORE: u32 = 0x80;
const LOW: u32 = 0x7f;

/** Writes a value up to 16383; returns how many bytes. */
export function uleb128_write(at: usize, value: u32): u32 {
  if (value < MORE) {
    store<u8>(at, <u8>value);
    return 1;
  }
  store<u8>(at, <u8>(value | MORE));
  store<u8>(at, <u8>(value >> 7), 1);
  return 2;
}

/** The value of two bytes; beyond 16383 where the second says "more follows", too. A short value is taken. */
export function uleb128_long(low: u32, high: u32): u32 {
  return (low & LOW) | (high << 7);
}
