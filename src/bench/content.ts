/** What the RAM of the cases holds: seeded, and written page by page. */
import { PAGE_BYTES } from '../guest/guest.ts';
import { Prng } from '../guest/synthetic/prng.ts';

export type Content = 'normal' | 'half' | 'zero';

const SEED = 1;
const POOL_WORDS = 2 ** 16;
const PAGE_WORDS = PAGE_BYTES / 4;

/** Noise to copy pages from: to draw each word of 1 GiB would take seconds. */
function noise(random: Prng): Uint32Array {
  return Uint32Array.from({ length: POOL_WORDS }, () => random.nextU32());
}

/**
 * Writes every page: noise that is different in each, zero, or either by the toss of a coin, for a branch
 * predictor learns any pattern.
 *
 * @param ram whole pages, at a multiple of 4 bytes
 * @returns 1 for each page that is zero
 */
export function writeContent(ram: Uint8Array, content: Content): Uint8Array {
  const random = new Prng(SEED);
  const pool = noise(random);
  const words = new Uint32Array(ram.buffer, ram.byteOffset, ram.length / 4);
  const zero_flags = new Uint8Array(ram.length / PAGE_BYTES);
  for (let page = 0; page < zero_flags.length; page++) {
    const at = page * PAGE_WORDS;
    if (content === 'zero' || (content === 'half' && random.below(2) === 0)) {
      words.fill(0, at, at + PAGE_WORDS);
      zero_flags[page] = 1;
    } else {
      const from = random.below(POOL_WORDS - PAGE_WORDS);
      words.set(pool.subarray(from, from + PAGE_WORDS), at);
      words[at] = random.nextU32() | 1;
      words[at + 1] = page;
    }
  }
  return zero_flags;
}
