/** The typed face of the core: one place where every number that comes back is made unsigned. */

import { type CoreExports, instantiateCore } from './instantiate.ts';
import { LAYOUT } from './layout.ts';

export { LAYOUT };

/** Why `encode` returned: `end` of the pass, output buffer `full`, page `budget` used up. */
export type EncodeStop = 'end' | 'full' | 'budget';

/** Why `decode` returned: it wants `more` input, met a `word` that is no page record, or a fault. */
export type DecodeStatus =
  | 'more'
  | 'word'
  | 'continue-first'
  | 'unknown-block'
  | 'beyond-block'
  | 'elsewhere'
  | 'xbzrle-head'
  | 'xbzrle-size'
  | 'xbzrle-run';

const ENCODE_STOPS: Readonly<Record<number, EncodeStop>> = {
  [LAYOUT.ENCODE_END]: 'end',
  [LAYOUT.ENCODE_FULL]: 'full',
  [LAYOUT.ENCODE_BUDGET]: 'budget',
};

const DECODE_STATUSES: Readonly<Record<number, DecodeStatus>> = {
  [LAYOUT.DECODE_MORE]: 'more',
  [LAYOUT.DECODE_WORD]: 'word',
  [LAYOUT.DECODE_CONTINUE_FIRST]: 'continue-first',
  [LAYOUT.DECODE_UNKNOWN_BLOCK]: 'unknown-block',
  [LAYOUT.DECODE_BEYOND_BLOCK]: 'beyond-block',
  [LAYOUT.DECODE_ELSEWHERE]: 'elsewhere',
  [LAYOUT.DECODE_XBZRLE_HEAD]: 'xbzrle-head',
  [LAYOUT.DECODE_XBZRLE_SIZE]: 'xbzrle-size',
  [LAYOUT.DECODE_XBZRLE_RUN]: 'xbzrle-run',
};

/**
 * The core on one memory. All arguments are addresses in that memory and sizes in bytes or pages; what
 * stands at them is drawn in assembly/layout.ts.
 */
export class Core {
  readonly memory: WebAssembly.Memory;
  readonly #exports: CoreExports;
  #view: DataView;

  constructor(memory: WebAssembly.Memory, exports: CoreExports = instantiateCore(memory)) {
    this.memory = memory;
    this.#exports = exports;
    this.#view = new DataView(memory.buffer);
  }

  /** Bytes that the dirty bitmap of a block of `pages` takes. */
  bitmapSize(pages: number): number {
    return this.#exports.bitmap_size(pages) >>> 0;
  }

  /** The first set bit at or after `from`; `pages` if there is none. */
  bitmapNext(bitmap: number, pages: number, from: number): number {
    return this.#exports.bitmap_next(bitmap, pages, from) >>> 0;
  }

  bitmapCount(bitmap: number, pages: number): number {
    return this.#exports.bitmap_count(bitmap, pages) >>> 0;
  }

  bitmapSet(bitmap: number, first: number, count: number): void {
    this.#exports.bitmap_set(bitmap, first, count);
  }

  bitmapClear(bitmap: number, first: number, count: number): void {
    this.#exports.bitmap_clear(bitmap, first, count);
  }

  /** Moves the bits of `log` into `dirty`; returns how many `dirty` did not have. */
  bitmapMerge(dirty: number, log: number, pages: number): number {
    return this.#exports.bitmap_merge(dirty, log, pages) >>> 0;
  }

  /** Whether the page at `page` is all zero. */
  isZero(page: number): boolean {
    return this.#exports.is_zero(page) !== 0;
  }

  /** How many of `pages` pages from `ram` are all zero. */
  countZeroPages(ram: number, pages: number): number {
    return this.#exports.count_zero_pages(ram, pages) >>> 0;
  }

  /**
   * Compares `pages` pages from `ram` with their copies from `shadow`, and sets the bits of those that differ
   * in `bitmap` (8-byte aligned; bit 0 is the first page); returns how many. With `updates` the copies of
   * these pages are made anew.
   *
   * @example const changed = core.diffShadow(ram, shadow, pages, bitmap, true);
   */
  diffShadow(ram: number, shadow: number, pages: number, bitmap: number, updates: boolean): number {
    return this.#exports.diff_shadow(ram, shadow, pages, bitmap, updates ? 1 : 0) >>> 0;
  }

  /**
   * As `diffShadow`, by a fingerprint of `LAYOUT.FINGERPRINT_SIZE` bytes a page. One changed word is never
   * missed, more than one by a chance of 2^-32 or less; no defence against a guest that wants to be missed.
   */
  diffFingerprint(ram: number, prints: number, pages: number, bitmap: number, updates: boolean): number {
    return this.#exports.diff_fingerprint(ram, prints, pages, bitmap, updates ? 1 : 0) >>> 0;
  }

  /** Writes records of dirty pages; returns how many bytes. Read `encodeStop` for why it returned. */
  encode(
    state: number,
    blocks: number,
    block_count: number,
    out: number,
    out_bytes: number,
    budget_pages: number,
  ): number {
    return this.#exports.encode(state, blocks, block_count, out, out_bytes, budget_pages) >>> 0;
  }

  /** Reads whole records; returns how many bytes it consumed. Read `decodeStatus` for why it returned. */
  decode(state: number, blocks: number, block_count: number, input: number, input_bytes: number): number {
    return this.#exports.decode(state, blocks, block_count, input, input_bytes) >>> 0;
  }

  /** The payload that makes `old_page` into `new_page`; its size in bytes, undefined where it does not fit. */
  xbzrleEncode(old_page: number, new_page: number, out: number, out_bytes: number): number | undefined {
    const bytes = this.#exports.xbzrle_encode(old_page, new_page, out, out_bytes);
    return bytes < 0 ? undefined : bytes;
  }

  /** Applies a payload to `page`; undefined, or the offset in the payload of the run that is wrong. */
  xbzrleDecode(page: number, payload: number, payload_bytes: number): number | undefined {
    const fault = this.#exports.xbzrle_decode(page, payload, payload_bytes) >>> 0;
    return fault === LAYOUT.XBZRLE_WHOLE ? undefined : fault;
  }

  /**
   * Collects dirty pages that are not zero; returns how many bytes. Their runs stand at `runs`; with `out` 0 that
   * is all, and the pages are not copied.
   */
  collect(
    state: number,
    blocks: number,
    block_count: number,
    out: number,
    out_bytes: number,
    budget_pages: number,
    runs: number,
    runs_max: number,
  ): number {
    return (
      this.#exports.collect(state, blocks, block_count, out, out_bytes, budget_pages, runs, runs_max) >>> 0
    );
  }

  encodeStop(state: number): EncodeStop {
    return ENCODE_STOPS[this.u32(state + LAYOUT.ENCODE_STOP)] ?? 'end';
  }

  decodeStatus(state: number): DecodeStatus {
    return DECODE_STATUSES[this.u32(state + LAYOUT.DECODE_STATUS)] ?? 'more';
  }

  u32(address: number): number {
    return this.#bytes().getUint32(address, true);
  }

  setU32(address: number, value: number): void {
    this.#bytes().setUint32(address, value, true);
  }

  /** The u64 counter at an address, as a number: exact up to 2^53. */
  u64(address: number): number {
    return Number(this.#bytes().getBigUint64(address, true));
  }

  /** The memory; made anew once it has grown, for growing detaches all views. */
  #bytes(): DataView {
    if (this.#view.buffer !== this.memory.buffer) this.#view = new DataView(this.memory.buffer);
    return this.#view;
  }
}
