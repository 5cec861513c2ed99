/** The oracle of the bitmaps: a set of bit numbers, one at a time. */

/** The numbers of all bits that are set in a bitmap; on a little-endian u64, bit i is bit i % 8 of byte i / 8. */
export function bitsOf(bytes: Uint8Array): Set<number> {
  const bits = new Set<number>();
  bytes.forEach((byte, at) => {
    for (let bit = 0; bit < 8; bit++) if (((byte >> bit) & 1) === 1) bits.add(at * 8 + bit);
  });
  return bits;
}

/** The bitmap of `size_bytes` that has these bits. */
export function bytesOf(bits: Iterable<number>, size_bytes: number): Uint8Array {
  const bytes = new Uint8Array(size_bytes);
  for (const bit of bits) {
    const at = Math.floor(bit / 8);
    bytes[at] = (bytes[at] ?? 0) | (1 << (bit % 8));
  }
  return bytes;
}

/** Whole words of 8 bytes that hold `pages` bits. */
export function sizeOf(pages: number): number {
  let size_bytes = 0;
  while (size_bytes * 8 < pages) size_bytes += 8;
  return size_bytes;
}

export function next(bits: ReadonlySet<number>, pages: number, from: number): number {
  for (let page = from; page < pages; page++) if (bits.has(page)) return page;
  return pages;
}

export function count(bits: ReadonlySet<number>, pages: number): number {
  let found = 0;
  for (const bit of bits) if (bit < pages) found++;
  return found;
}

export function set(bits: Set<number>, first: number, length: number): void {
  for (let page = first; page < first + length; page++) bits.add(page);
}

export function clear(bits: Set<number>, first: number, length: number): void {
  for (let page = first; page < first + length; page++) bits.delete(page);
}

/** Moves `log` into `dirty`: the log is empty afterwards, bits beyond the block reach nothing. */
export function merge(dirty: Set<number>, log: Set<number>, pages: number): number {
  let added = 0;
  for (const page of log) {
    if (page >= pages || dirty.has(page)) continue;
    dirty.add(page);
    added++;
  }
  log.clear();
  return added;
}
