/** What the benches put into memory, and how they check what came out. */

export type Content = 'zero' | 'half' | 'normal';

const PAGE_WORDS = 1024;

/** xorshift32 (Marsaglia, 2003). */
export class Xorshift {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }

  below(limit: number): number {
    return this.next() % limit;
  }
}

/** Writes every word of whole pages; of `half`, a coin says for each page whether it is zero. */
export function fillRam(words: Uint32Array, content: Content): void {
  const random = new Xorshift(1);
  for (let page = 0; page < words.length; page += PAGE_WORDS) {
    const is_normal = content === 'normal' || (content === 'half' && random.next() >>> 31 === 1);
    for (let i = page; i < page + PAGE_WORDS; i++) words[i] = is_normal ? random.next() : 0;
  }
}

/** FNV-1a by 32-bit words, what is left over left out. */
export function hashOf(bytes: Uint8Array, hash: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    hash = Math.imul(hash ^ view.getUint32(at, true), 16_777_619);
  }
  return hash >>> 0;
}
