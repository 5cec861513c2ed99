/** How fast do dirty pages become records, by what they hold? */
import { Prng, RamSource } from '../src/index.ts';
import { compare, writtenGuest } from './harness.ts';

const STAGING_SIZES = [32 * 1024, 1024 * 1024] as const;
const ENCODE_PAGES_MAX = 1024;

const FILLS = {
  zero: (words: Uint32Array) => words.fill(0),
  random: (words: Uint32Array, random: Prng) => {
    for (let i = 0; i < words.length; i++) words[i] = random.nextU32();
  },
  // zero but for the last word: the whole page has to be read to know
  'zero but the last word': (words: Uint32Array) => {
    words.fill(0);
    for (let i = 1022; i < words.length; i += 1024) words[i] = 1;
  },
} as const;

/** Encodes the whole guest once. @returns bytes on the wire */
function encodeAll(source: RamSource): number {
  let bytes = 0;
  source.markAllDirty();
  while (source.dirty_pages > 0) bytes += source.encode(0, source.staging_bytes, ENCODE_PAGES_MAX);
  return bytes;
}

export async function benchEncode(): Promise<void> {
  const cases = Object.entries(FILLS).flatMap(([content, fill]) => {
    const guest = writtenGuest(fill, new Prng(1));
    return STAGING_SIZES.map((staging_bytes) => {
      const source = new RamSource(guest, { machine: 'none', staging_bytes });
      const wanted = content === 'zero' ? 9 : 4104;
      const pages = guest.ram_bytes / 4096;
      // a contender that answers wrongly would be fast at nothing
      if (encodeAll(source) !== pages * wanted + 4) throw new Error(`${content} pages are encoded wrongly`);
      return { name: `${content}, ${staging_bytes / 1024} KiB`, run: () => void encodeAll(source) };
    });
  });
  await compare('encode', cases);
}
