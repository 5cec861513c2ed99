/** The encode loop in plain TypeScript: one block named "ram", its records into a ring. */
import { nextPlain } from './bitmap.ts';
import { isZeroPlain } from './zero.ts';

const PAGE_BYTES = 4096;
const FLAG_ZERO = 0x02;
const FLAG_PAGE = 0x08;
const FLAG_CONTINUE = 0x20;
const NAME = Uint8Array.of(3, 0x72, 0x61, 0x6d);

/** Encodes all pages of `ram`, the ring from its begin each time it is full; returns how many bytes. */
export function encodePlain(ram: Uint8Array, bitmap: Uint32Array, ring: Uint8Array): number {
  const words = new Uint32Array(ram.buffer, ram.byteOffset, ram.length / 4);
  const view = new DataView(ring.buffer, ring.byteOffset, ring.length);
  const pages = ram.length / PAGE_BYTES;
  let sum = 0;
  let written = 0;
  let is_named = false;
  for (let page = nextPlain(bitmap, pages, 0); page < pages; page = nextPlain(bitmap, pages, page + 1)) {
    bitmap[page >>> 5] = (bitmap[page >>> 5] ?? 0) & ~(1 << (page & 31));
    const is_zero = isZeroPlain(words, page * 1024);
    const head_bytes = is_named ? 8 : 8 + NAME.length;
    const record_bytes = head_bytes + (is_zero ? 1 : PAGE_BYTES);
    if (record_bytes > ring.length - written) {
      sum += written;
      written = 0;
    }
    const flags = (is_zero ? FLAG_ZERO : FLAG_PAGE) | (is_named ? FLAG_CONTINUE : 0);
    view.setUint32(written, page >>> 20);
    view.setUint32(written + 4, (page << 12) | flags);
    if (!is_named) ring.set(NAME, written + 8);
    is_named = true;
    if (is_zero) ring[written + head_bytes] = 0;
    else ring.set(ram.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES), written + head_bytes);
    written += record_bytes;
  }
  return (sum + written) >>> 0;
}
