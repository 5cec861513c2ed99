/** The zero test in plain TypeScript: words of 32 bits, the widest that need no BigInt. */

const PAGE_WORDS = 1024;

/** Whether the page that begins at word `at` is all zero. */
export function isZeroPlain(words: Uint32Array, at: number): boolean {
  if (words[at] !== 0) return false;
  const end = at + PAGE_WORDS;
  let any = 0;
  for (let i = at; i < end; i += 4) {
    any |= (words[i] ?? 0) | (words[i + 1] ?? 0) | (words[i + 2] ?? 0) | (words[i + 3] ?? 0);
  }
  return any === 0;
}

export function countZeroPlain(words: Uint32Array): number {
  let count = 0;
  for (let at = 0; at < words.length; at += PAGE_WORDS) if (isZeroPlain(words, at)) count++;
  return count;
}
