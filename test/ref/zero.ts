/** The oracle of the zero test: one byte after the other. */

/** The byte that fills the page, or -1. */
export function repeatedByte(page: Uint8Array): number {
  const [first = 0] = page;
  for (const byte of page) if (byte !== first) return -1;
  return first;
}

export function isZero(page: Uint8Array): boolean {
  for (const byte of page) if (byte !== 0) return false;
  return true;
}
