/** The RAM of a modelled guest: kinds of pages and two bitmaps, no bytes. */
import { RECORDS } from '../core/records.ts';
import type { PageKind, Stretch } from './layout.ts';
import { PageSet } from './page-set.ts';
import { Random } from './scenario/random.ts';

const NS_PER_S = 1e9;
/** With so many writes a page due, all but e^-8 of the set are hit: then each is written once. */
const WRITES_A_PAGE_MAX = 8;

export interface RamOptions {
  readonly pages: number;
  readonly stretches: readonly Stretch[];
  /** Writes to content pages, as bytes of whole pages a second, */
  readonly dirty_bytes_per_s: number;
  /** which fall into this share of them. */
  readonly set_share: number;
  /** Zero pages that become content, in bytes a second. */
  readonly growth_bytes_per_s: number;
  readonly seed: number;
}

/** A zero page, or a content page, that the guest has written since it was laid out, is content. */
export class ModelRam {
  readonly pages: number;
  readonly #stretches: readonly Stretch[];
  readonly #dirty: PageSet;
  /** Written since the last sync. */
  readonly #log: PageSet;
  readonly #written: PageSet;
  readonly #options: RamOptions;
  readonly #random: Random;
  /** The working set: stretches of content, and at which of its pages each begins. */
  readonly #set: { readonly first: number; readonly from: number }[] = [];
  #set_pages = 0;
  #stretch = 0;
  #started_ns: number | undefined;
  #writes_done = 0;
  #growth_done = 0;
  #growth_page: number;

  constructor(options: RamOptions) {
    this.pages = options.pages;
    this.#options = options;
    this.#stretches = options.stretches;
    this.#dirty = new PageSet(options.pages);
    const is_writing = options.dirty_bytes_per_s > 0 || options.growth_bytes_per_s > 0;
    this.#written = new PageSet(is_writing ? options.pages : 0);
    this.#log = new PageSet(is_writing ? options.pages : 0);
    this.#random = new Random(options.seed, 'writes');
    const content = options.stretches.filter(({ kind }) => kind === 'content');
    const content_pages = content.reduce((sum, { count }) => sum + count, 0);
    const wanted = Math.ceil(content_pages * options.set_share);
    for (const { first, count } of content) {
      if (this.#set_pages >= wanted) break;
      this.#set.push({ first, from: this.#set_pages });
      this.#set_pages += Math.min(count, wanted - this.#set_pages);
    }
    this.#growth_page = options.stretches.find(({ kind }) => kind !== 'content')?.first ?? options.pages;
  }

  get dirty_pages(): number {
    return this.#dirty.size;
  }

  markAllDirty(): void {
    this.#dirty.addAll();
  }

  /** Takes over what was written since the last time. */
  syncDirty(): void {
    if (this.#log.size === 0) return;
    for (let page = this.#log.next(0); page < this.pages; page = this.#log.next(page + 1))
      this.#dirty.add(page);
    this.#log.clear();
  }

  /** The next dirty page from `page` on; the count of pages if there is none. */
  nextDirty(page: number): number {
    return this.#dirty.next(page);
  }

  sent(page: number): void {
    this.#dirty.delete(page);
  }

  /** What a page is now; quick for pages in ascending order. */
  kindOf(page: number): PageKind {
    if (this.#written.size > 0 && this.#written.has(page)) return 'content';
    let stretch = this.#stretches[this.#stretch];
    if (stretch === undefined || page < stretch.first) {
      this.#stretch = 0;
      stretch = this.#stretches[0];
    }
    while (stretch !== undefined && page >= stretch.first + stretch.count) {
      stretch = this.#stretches[++this.#stretch];
    }
    return stretch?.kind ?? 'untouched';
  }

  /** Applies the writes that are due by the clock. */
  runUntil(now_ns: number): void {
    this.#started_ns ??= now_ns;
    const elapsed_s = (now_ns - this.#started_ns) / NS_PER_S;
    const { dirty_bytes_per_s, growth_bytes_per_s } = this.#options;
    const writes = Math.floor((elapsed_s * dirty_bytes_per_s) / RECORDS.page_bytes);
    const due = Math.min(writes - this.#writes_done, this.#set_pages * WRITES_A_PAGE_MAX);
    this.#writes_done = writes;
    for (let i = 0; i < due; i++) this.#write(this.#setPage(this.#random.below(this.#set_pages)));
    const growth = Math.floor((elapsed_s * growth_bytes_per_s) / RECORDS.page_bytes);
    for (; this.#growth_done < growth; this.#growth_done++) this.#grow();
  }

  #grow(): void {
    while (this.#growth_page < this.pages && this.kindOf(this.#growth_page) === 'content')
      this.#growth_page++;
    if (this.#growth_page < this.pages) this.#write(this.#growth_page);
  }

  #write(page: number): void {
    this.#written.add(page);
    this.#log.add(page);
  }

  #setPage(index: number): number {
    let found = this.#set[0];
    for (const part of this.#set) {
      if (part.from > index) break;
      found = part;
    }
    return found === undefined ? 0 : found.first + index - found.from;
  }
}
