/** A set of pages: a bit each, in chunks that stand in memory only while they are neither empty nor full. */

const BITS = 32;
/** Pages of a chunk: 32 words for each word of its summary. */
const CHUNK_PAGES = BITS * BITS * BITS;
const CHUNK_WORDS = CHUNK_PAGES / BITS;
const ALL = 0xffffffff;

/** Some of a chunk's pages: a bit each, and a bit for each word that is not 0. */
class Chunk {
  readonly #words = new Uint32Array(CHUNK_WORDS);
  readonly #summary = new Uint32Array(BITS);

  has(page: number): boolean {
    return ((this.#words[page >>> 5] ?? 0) & (1 << (page & 31))) !== 0;
  }

  add(page: number): void {
    const word = page >>> 5;
    this.#words[word] = (this.#words[word] ?? 0) | (1 << (page & 31));
    this.#summary[word >>> 5] = (this.#summary[word >>> 5] ?? 0) | (1 << (word & 31));
  }

  delete(page: number): void {
    const word = page >>> 5;
    const left = (this.#words[word] ?? 0) & ~(1 << (page & 31));
    this.#words[word] = left;
    if (left === 0) this.#summary[word >>> 5] = (this.#summary[word >>> 5] ?? 0) & ~(1 << (word & 31));
  }

  fill(): void {
    this.#words.fill(ALL);
    this.#summary.fill(ALL);
  }

  clear(): void {
    this.#words.fill(0);
    this.#summary.fill(0);
  }

  /** The first page from `page` on; -1 if there is none. */
  next(page: number): number {
    const word = page >>> 5;
    const here = (this.#words[word] ?? 0) & (-1 << (page & 31));
    if (here !== 0) return word * BITS + lowestBit(here);
    const next = nextBit(this.#summary, word + 1);
    return next < 0 ? -1 : next * BITS + lowestBit(this.#words[next] ?? 0);
  }
}

export class PageSet {
  readonly #pages: number;
  /** By chunk; undefined for one that is empty or full. */
  readonly #chunks: (Chunk | undefined)[];
  readonly #counts: Uint32Array;
  /** One that is not in use any more. */
  #spare: Chunk | undefined;
  #size = 0;

  constructor(pages: number) {
    this.#pages = pages;
    const chunks = Math.ceil(pages / CHUNK_PAGES);
    this.#chunks = Array.from({ length: chunks });
    this.#counts = new Uint32Array(chunks);
  }

  /** How many pages are in it. */
  get size(): number {
    return this.#size;
  }

  has(page: number): boolean {
    const index = Math.floor(page / CHUNK_PAGES);
    if (page >= this.#pages) return false;
    return this.#chunks[index]?.has(page % CHUNK_PAGES) ?? (this.#counts[index] ?? 0) > 0;
  }

  add(page: number): void {
    if (page >= this.#pages || this.has(page)) return;
    const index = Math.floor(page / CHUNK_PAGES);
    this.#chunk(index).add(page % CHUNK_PAGES);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#size++;
    if (this.#counts[index] === this.#room(index)) this.#drop(index);
  }

  delete(page: number): void {
    if (!this.has(page)) return;
    const index = Math.floor(page / CHUNK_PAGES);
    this.#chunk(index).delete(page % CHUNK_PAGES);
    this.#counts[index] = (this.#counts[index] ?? 0) - 1;
    this.#size--;
    if (this.#counts[index] === 0) this.#drop(index);
  }

  addAll(): void {
    this.#chunks.fill(undefined);
    for (let index = 0; index < this.#counts.length; index++) this.#counts[index] = this.#room(index);
    this.#size = this.#pages;
  }

  clear(): void {
    this.#chunks.fill(undefined);
    this.#counts.fill(0);
    this.#size = 0;
  }

  /** The first page from `page` on that is in it; the count of all pages if there is none. */
  next(page: number): number {
    let from = page;
    for (let index = Math.floor(page / CHUNK_PAGES); index < this.#counts.length; index++) {
      if ((this.#counts[index] ?? 0) > 0) {
        const chunk = this.#chunks[index];
        if (chunk === undefined) return Math.min(from, this.#pages);
        const found = chunk.next(from % CHUNK_PAGES);
        if (found >= 0) return index * CHUNK_PAGES + found;
      }
      from = (index + 1) * CHUNK_PAGES;
    }
    return this.#pages;
  }

  /** How many pages a chunk stands for. */
  #room(index: number): number {
    return Math.min(CHUNK_PAGES, this.#pages - index * CHUNK_PAGES);
  }

  /** A chunk's bits, to be changed. */
  #chunk(index: number): Chunk {
    const known = this.#chunks[index];
    if (known !== undefined) return known;
    const chunk = this.#spare ?? new Chunk();
    this.#spare = undefined;
    if ((this.#counts[index] ?? 0) > 0) this.#fillChunk(chunk, index);
    else chunk.clear();
    this.#chunks[index] = chunk;
    return chunk;
  }

  #fillChunk(chunk: Chunk, index: number): void {
    chunk.fill();
    for (let page = this.#room(index); page < CHUNK_PAGES; page++) chunk.delete(page);
  }

  /** Its count says all. */
  #drop(index: number): void {
    this.#spare = this.#chunks[index];
    this.#chunks[index] = undefined;
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
