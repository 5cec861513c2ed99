/** The oracle of XBZRLE: one byte after the other, as migration/xbzrle.c and util/cutils.c of QEMU say. */

/** What `decode` answers for a payload without a fault. */
export const WHOLE = 0xffff_ffff;

/** A length as it is written, up to 0x3fff. */
export function lengthBytes(value: number): number[] {
  return value < 128 ? [value] : [128 + (value % 128), Math.floor(value / 128)];
}

/**
 * The payload that makes `old_page` into `new_page`; undefined where `out_size` does not take it.
 *
 * Equal pages need no room at all here; QEMU's encoder wants two bytes before it looks, but never has fewer.
 */
export function encode(old_page: Uint8Array, new_page: Uint8Array, out_size: number): Uint8Array | undefined {
  if (old_page.every((byte, at) => byte === new_page[at])) return new Uint8Array();
  const out: number[] = [];
  let at = 0;
  while (at < old_page.length) {
    // before every run of equal bytes, also one that turns out to be the last and is not written
    if (out_size - out.length < 2) return undefined;
    let end = at;
    while (end < old_page.length && old_page[end] === new_page[end]) end++;
    if (end === old_page.length) break;
    out.push(...lengthBytes(end - at));
    at = end;
    if (out_size - out.length < 2) return undefined;
    while (end < old_page.length && old_page[end] !== new_page[end]) end++;
    out.push(...lengthBytes(end - at));
    if (out_size - out.length < end - at) return undefined;
    out.push(...new_page.subarray(at, end));
    at = end;
  }
  return Uint8Array.from(out);
}

/** A length and where it ends; undefined where two bytes are not there or the second says "more follows". */
function lengthAt(payload: Uint8Array, at: number): { value: number; end: number } | undefined {
  const [low, high] = payload.subarray(at, at + 2);
  if (low === undefined || high === undefined) return undefined;
  if (low < 128) return { value: low, end: at + 1 };
  return high < 128 ? { value: (low % 128) + high * 128, end: at + 2 } : undefined;
}

/**
 * Applies a payload to a page; answers WHOLE, or where the pair of runs begins that is wrong. The pairs before
 * it are applied, it itself is not.
 */
export function decode(page: Uint8Array, payload: Uint8Array): number {
  let read = 0;
  let at = 0;
  while (read < payload.length) {
    const equal = lengthAt(payload, read);
    if (equal === undefined) return read;
    if (equal.value === 0 && read > 0) return read;
    const first = at + equal.value;
    if (first > page.length) return read;
    const changed = lengthAt(payload, equal.end);
    if (changed === undefined || changed.value === 0) return read;
    if (first + changed.value > page.length) return read;
    if (changed.end + changed.value > payload.length) return read;
    for (let i = 0; i < changed.value; i++) page[first + i] = payload[changed.end + i] ?? 0;
    at = first + changed.value;
    read = changed.end + changed.value;
  }
  return WHOLE;
}
