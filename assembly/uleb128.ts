/**
 * The lengths of XBZRLE: unsigned LEB128 of at most 14 bits (QEMU, util/cutils.c, uleb128_encode_small).
 *
 *     0..127        0vvvvvvv
 *     128..16383    1vvvvvvv 0wwwwwww     value = v | w << 7
 */

/** The longest that a length is. */
export const ULEB128_SIZE_MAX: u32 = 2;
/** What uleb128_read answers for two bytes that both say "more follows". */
export const ULEB128_BAD: u32 = 0xffffffff;

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

/** Reads a value; the caller makes sure of two readable bytes. A short value in two bytes is taken. */
export function uleb128_read(at: usize): u32 {
  const low = <u32>load<u8>(at);
  if (low < MORE) return low;
  const high = <u32>load<u8>(at, 1);
  if (high >= MORE) return ULEB128_BAD;
  return (low & LOW) | (high << 7);
}
