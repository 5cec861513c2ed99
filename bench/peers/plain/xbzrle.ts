/** XBZRLE in plain TypeScript, from the format as assembly/xbzrle.ts draws it. */

const PAGE_BYTES = 4096;

function writeLength(out: Uint8Array, at: number, value: number): number {
  if (value < 0x80) {
    out[at] = value;
    return at + 1;
  }
  out[at] = value | 0x80;
  out[at + 1] = value >> 7;
  return at + 2;
}

/** Writes the changes from `a` to `b` to `out`; returns how many bytes, -1 where they are more than a page. */
export function xbzrleEncodePlain(a: Uint8Array, b: Uint8Array, out: Uint8Array): number {
  let size = 0;
  let at = 0;
  while (at < PAGE_BYTES) {
    const from = at;
    while (at < PAGE_BYTES && a[at] === b[at]) at++;
    if (at === PAGE_BYTES) return size !== 0 && size + 2 > PAGE_BYTES ? -1 : size;
    if (size + 2 > PAGE_BYTES) return -1;
    size = writeLength(out, size, at - from);
    const changed = at;
    while (at < PAGE_BYTES && a[at] !== b[at]) at++;
    if (size + 2 > PAGE_BYTES) return -1;
    size = writeLength(out, size, at - changed);
    if (at - changed > PAGE_BYTES - size) return -1;
    for (let i = changed; i < at; i++) out[size++] = b[i] ?? 0;
  }
  return size;
}

/** Applies a payload that is known to be good. */
export function xbzrleDecodePlain(page: Uint8Array, payload: Uint8Array, size: number): void {
  let at = 0;
  let is_changed = false;
  for (let read = 0; read < size; ) {
    let length = payload[read++] ?? 0;
    if (length >= 0x80) length = (length & 0x7f) | ((payload[read++] ?? 0) << 7);
    if (is_changed) for (let i = 0; i < length; i++) page[at + i] = payload[read++] ?? 0;
    at += length;
    is_changed = !is_changed;
  }
}
