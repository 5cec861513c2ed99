/** The oracle of the zero test: one byte after the other. */

export function isZero(page: Uint8Array): boolean {
  for (const byte of page) if (byte !== 0) return false;
  return true;
}
