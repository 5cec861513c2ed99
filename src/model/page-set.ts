/** A set of pages: one bit each, and a bit over each 32 of them, so that empty stretches are passed quickly. */

const BITS = 32;

export class PageSet {
  readonly #pages: number;
  readonly #words: Uint32Array;
  /** One bit for each word that is not 0. */
  readonly #summary: Uint32Array;
  #size = 0;

  constructor(pages: number) {
    this.#pages = pages;
    this.#words = new Uint32Array(Math.ceil(pages / BITS));
    this.#summary = new Uint32Array(Math.ceil(this.#words.length / BITS));
  }

  /** How many pages are in it. */
  get size(): number {
    return this.#size;
  }

  has(page: number): boolean {
    return ((this.#words[page >>> 5] ?? 0) & (1 << (page & 31))) !== 0;
  }

  add(page: number): void {
    if (this.has(page)) return;
    const word = page >>> 5;
    this.#words[word] = (this.#words[word] ?? 0) | (1 << (page & 31));
    this.#summary[word >>> 5] = (this.#summary[word >>> 5] ?? 0) | (1 << (word & 31));
    this.#size++;
  }

  delete(page: number): void {
    if (!this.has(page)) return;
    const word = page >>> 5;
    const left = (this.#words[word] ?? 0) & ~(1 << (page & 31));
    this.#words[word] = left;
    if (left === 0) this.#summary[word >>> 5] = (this.#summary[word >>> 5] ?? 0) & ~(1 << (word & 31));
    this.#size--;
  }

  addAll(): void {
    this.#words.fill(0xffffffff);
    this.#summary.fill(0xffffffff);
    clearBeyond(this.#words, this.#pages);
    clearBeyond(this.#summary, this.#words.length);
    this.#size = this.#pages;
  }

  /** The first page from `page` on that is in it; the count of all pages if there is none. */
  next(page: number): number {
    if (page >= this.#pages) return this.#pages;
    const word = page >>> 5;
    const here = (this.#words[word] ?? 0) & (-1 << (page & 31));
    if (here !== 0) return word * BITS + lowestBit(here);
    const next = nextBit(this.#summary, word + 1);
    return next < 0 ? this.#pages : next * BITS + lowestBit(this.#words[next] ?? 0);
  }
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

function nextBit(words: Uint32Array, from: number): number {
  let index = from >>> 5;
  let word = (words[index] ?? 0) & (-1 << (from & 31));
  while (word === 0) {
    if (++index >= words.length) return -1;
    word = words[index] ?? 0;
  }
  return index * BITS + lowestBit(word);
}

/** Clears the bits of the last word that stand for nothing. */
function clearBeyond(words: Uint32Array, bits: number): void {
  if (bits % BITS !== 0) words[words.length - 1] = 2 ** (bits % BITS) - 1;
}
