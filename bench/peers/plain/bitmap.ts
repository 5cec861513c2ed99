/** The walk over a dirty bitmap in plain TypeScript: words of 32 bits. */

/** The first set bit at or after `from`; `bits` if there is none. */
export function nextPlain(words: Uint32Array, bits: number, from: number): number {
  if (from >= bits) return bits;
  let at = from >>> 5;
  let word = (words[at] ?? 0) & (-1 << (from & 31));
  while (word === 0) {
    if (++at === words.length) return bits;
    word = words[at] ?? 0;
  }
  return Math.min(at * 32 + 31 - Math.clz32(word & -word), bits);
}

/** How many bits a walk over all of them meets. */
export function walkPlain(words: Uint32Array, bits: number): number {
  let count = 0;
  for (let at = nextPlain(words, bits, 0); at < bits; at = nextPlain(words, bits, at + 1)) count++;
  return count;
}
