/** The core's guest beside the oracle's, with a cache or without, and its reader; for the tests of encode. */
import * as assert from 'uvu/assert';
import { bytesOf } from '../ref/bitmap.ts';
import { PageCache } from '../ref/cache.ts';
import { freshState as freshReader, decode as refDecode, type TargetBlock } from '../ref/decode.ts';
import { freshState, encode as refEncode, type SourceBlock } from '../ref/encode.ts';
import type { CoreBuild } from '../support/core-builds.ts';
import { Guarded, GuardedBlocks, type Range, sameBytes } from '../support/guarded.ts';

/** The longest record of a page that is not compressed. */
export const RECORD_BYTES_MAX = 8 + 256 + 4096;
/** The largest u32: more than any guest has pages. */
export const NO_BUDGET = 0xffff_ffff;
/** What `runs` holds, which encode does not write. */
const RUNS = 77;

/** What a page holds: nothing, noise, one byte all over, or one byte that hides at its end. */
export type PageKind = 'zero' | 'noise' | 'repeated' | 'last';

const NOISE = Uint8Array.from({ length: 8192 }, (_, at) => (at * 7 + (at >> 8) * 13 + 1) & 0xff);

export function pageOf(kind: PageKind, salt: number): Uint8Array {
  if (kind === 'noise') return NOISE.slice(salt, salt + 4096);
  const page = new Uint8Array(4096).fill(kind === 'repeated' ? 0xa5 : 0);
  if (kind === 'last') page[4095] = 0x80;
  return page;
}

/** Which part of a block stands here. */
export interface Window {
  first: number;
  beyond: number;
}

export function blockOf(
  name: Uint8Array,
  pages: Uint8Array[],
  dirty: Iterable<number>,
  { first, beyond }: Window = { first: 0, beyond: 0 },
): SourceBlock {
  return { name, pages, first, beyond, dirty: new Set(dirty), normal: 0, zero: 0, xbzrle: 0 };
}

/** What one call has written. */
export interface Call {
  records: readonly Uint8Array[];
  stop: number;
  skipped: number;
}

interface CacheRanges {
  head: Range;
  tags: Range;
  data: Range;
}

/** The core's guest beside the oracle's; `encode` lets both go one call on and compares all they left. */
export class EncodeGuest {
  readonly guarded;
  readonly #plans;
  readonly #blocks;
  readonly #state;
  readonly #out;
  readonly #cache: CacheRanges | undefined;
  readonly #slots;
  #model: readonly SourceBlock[] = [];
  #model_state = freshState();
  #model_cache: PageCache | undefined;
  #reader: TargetBlock[] = [];
  #reader_state = freshReader();

  constructor(build: CoreBuild, plans: readonly SourceBlock[], out_bytes: number, slots = 0) {
    const pages = plans.reduce((sum, block) => sum + block.pages.length, 0);
    this.guarded = new Guarded(build, (pages + slots) * 4096 + out_bytes + 16_384);
    this.#plans = plans.map((plan) => ({
      ...plan,
      pages: plan.pages.length,
      with_ram: true,
      with_present: false,
      with_seen: false,
    }));
    this.#blocks = new GuardedBlocks(this.guarded, this.#plans);
    this.#state = this.guarded.place(40, 4);
    this.#slots = slots;
    if (slots > 0) {
      const head = this.guarded.place(64);
      // pages in the cache need no alignment
      const data = this.guarded.place(slots * 4096, 1);
      this.#cache = { head, tags: this.guarded.place(slots * 8, 4), data };
    }
    // an odd address for the output
    this.guarded.place(1);
    this.#out = this.guarded.place(out_bytes, 1);
  }

  get cache(): PageCache {
    if (this.#model_cache === undefined) throw new Error('this guest has no cache');
    return this.#model_cache;
  }

  /** Starts anew with these pages and dirty bits; the cache is empty. */
  load(model: readonly SourceBlock[]): void {
    this.#model = model;
    this.#blocks.setWindows(model);
    model.forEach((_, index) => {
      this.writePages(index);
    });
    this.restart(model);
  }

  /** Starts anew with these dirty bits; the pages are still those of the last `load`. */
  restart(model: readonly SourceBlock[]): void {
    this.#model = model;
    this.#model_state = freshState();
    this.#reader = model.map(({ name, pages, first, beyond }) => {
      const ram = new Uint8Array(pages.length * 4096);
      return { name, pages: pages.length, first, beyond, ram, normal: 0, zero: 0, fill: 0, xbzrle: 0 };
    });
    this.#reader_state = freshReader();
    this.guarded.view(this.#state).fill(0);
    this.guarded.setU32(this.#state.address + 36, RUNS);
    this.#blocks.clearCounters();
    this.writeBitmaps();
    if (this.#cache !== undefined) this.#emptyCache(this.#cache);
  }

  /** Puts the pages of one block of the model in place: the guest has written. */
  writePages(index: number): void {
    const ram = this.#blocks.blocks[index]?.ram;
    if (ram !== undefined) this.guarded.seal(ram, Buffer.concat(this.#model[index]?.pages ?? []));
  }

  /** Puts the dirty bits of the model in place: pages were dirtied. */
  writeBitmaps(): void {
    this.#model.forEach(({ dirty }, index) => {
      const bitmap = this.#blocks.blocks[index]?.bitmap;
      if (bitmap !== undefined) this.guarded.view(bitmap).set(bytesOf(dirty, bitmap.size_bytes));
    });
  }

  /** What the caller of the core writes into the cache: the count of dirty syncs, and the last stage. */
  setCache(generation: number, is_last_stage: boolean): void {
    Object.assign(this.cache, { generation, is_last_stage });
    if (this.#cache === undefined) return;
    this.guarded.setU32(this.#cache.head.address + 4, generation);
    this.guarded.setU32(this.#cache.head.address + 8, is_last_stage ? 1 : 0);
  }

  /** One call on both sides. */
  encode(out_size: number, budget: number): Call {
    const what = `out_size ${out_size}, budget ${budget}`;
    const records = refEncode(this.#model_state, this.#model, this.#model_cache, out_size, budget);
    if (this.#out.size_bytes !== out_size) this.guarded.resize(this.#out, out_size);
    const { address } = this.#blocks.table;
    const { core } = this.guarded;
    const fixed = this.#blocks.fixedFields();
    const written =
      core.encode(this.#state.address, address, this.#model.length, this.#out.address, out_size, budget) >>>
      0;
    const stream = this.guarded.view(this.#out).slice(0, written);
    sameBytes(stream, new Uint8Array(Buffer.concat(records)), `${what}: out`);
    sameBytes(this.#blocks.fixedFields(), fixed, `${what}: block table`);
    this.#checkState(what);
    this.#checkBlocks(what);
    if (this.#cache !== undefined) this.#checkCache(this.#cache, what);
    this.guarded.check(what);
    this.#read(stream, what);
    const { stop, skipped } = this.#model_state;
    return { records, stop, skipped };
  }

  /** What the reader has equals the guest where nothing is dirty, if all was dirty at first; and the cache. */
  checkReader(): void {
    let before = 0;
    this.#model.forEach(({ pages, dirty, first, beyond }, index) => {
      const ram = this.#reader[index]?.ram;
      const pageAt = (page: number) => ram?.subarray(page * 4096, (page + 1) * 4096) ?? new Uint8Array();
      pages.forEach((content, page) => {
        if (!dirty.has(page)) sameBytes(pageAt(page), content, `reader: page ${page} of block ${index}`);
      });
      for (const held of this.#model_cache?.held.values() ?? []) {
        const page = held.page - before - first;
        if (this.#model_cache?.is_last_stage || page < 0 || page >= pages.length) continue;
        sameBytes(held.bytes, pageAt(page), `cache: page ${page} of block ${index}`);
      }
      before += first + pages.length + beyond;
    });
  }

  /** The stream is whole records that the oracle of decode takes. */
  #read(stream: Uint8Array, what: string): void {
    assert.is(refDecode(this.#reader_state, this.#reader, stream), stream.length, `${what}: read again`);
    assert.is(this.#reader_state.status, 0, `${what}: read again`);
  }

  #emptyCache({ head, tags, data }: CacheRanges): void {
    this.#model_cache = new PageCache(this.#slots);
    const address = head.address;
    this.guarded.view(head).fill(0);
    this.guarded.setU32(address, this.#slots);
    this.guarded.setU32(address + 12, tags.address);
    this.guarded.setU32(address + 16, data.address);
    this.guarded.view(tags).fill(0);
    this.guarded.resize(data, this.#slots * 4096);
    this.guarded.setU32(this.#state.address + 32, address);
  }

  #checkState(what: string): void {
    const { block, page, last_block, stop, normal, zero, xbzrle, skipped } = this.#model_state;
    const cache = this.#cache?.head.address ?? 0;
    const expected = [block, page, last_block, stop, normal, zero, xbzrle, skipped, cache, RUNS];
    const state = expected.map((_, field) => this.guarded.u32(this.#state.address + field * 4));
    assert.equal(state, expected, `${what}: state`);
  }

  #checkBlocks(what: string): void {
    this.#model.forEach(({ dirty, normal, zero, xbzrle }, index) => {
      const bitmap = this.#blocks.blocks[index]?.bitmap;
      if (bitmap === undefined) return;
      const bits = bytesOf(dirty, bitmap.size_bytes);
      sameBytes(this.guarded.view(bitmap), bits, `${what}: bitmap ${index}`);
      const counters = { normal, zero, fill: 0, xbzrle };
      assert.equal(this.#blocks.counters(index), counters, `${what}: counters ${index}`);
    });
  }

  #checkCache({ head, tags, data }: CacheRanges, what: string): void {
    const { slots, generation, is_last_stage, pages, bytes, miss, overflow, held } = this.cache;
    const fields = [0, 4, 8, 12, 16, 20].map((at) => this.guarded.u32(head.address + at));
    const expected = [slots, generation, is_last_stage ? 1 : 0, tags.address, data.address, 0];
    assert.equal(fields, expected, `${what}: cache`);
    const counts = [24, 32, 40, 48, 56].map((at) => this.guarded.u64(head.address + at));
    assert.equal(counts, [pages, bytes, miss, overflow, 0], `${what}: counters of the cache`);
    for (let slot = 0; slot < slots; slot++) {
      const { page, age } = held.get(slot) ?? { page: -1, age: 0 };
      const tag = [0, 4].map((at) => this.guarded.u32(tags.address + slot * 8 + at));
      assert.equal(tag, [page + 1, age], `${what}: tag of slot ${slot}`);
      const kept = this.guarded.view(data).subarray(slot * 4096, (slot + 1) * 4096);
      // a slot that never held a page is as it was
      const original = this.guarded.patternOf(data).subarray(slot * 4096, (slot + 1) * 4096);
      sameBytes(kept, held.get(slot)?.bytes ?? original, `${what}: slot ${slot}`);
    }
  }
}
