/** The core's guest beside the oracle's, and the file that its pages go to; for the tests of collect. */
import * as assert from 'uvu/assert';
import { bitsOf, bytesOf } from '../ref/bitmap.ts';
import { type CollectBlock, freshState, type Run, collect as refCollect } from '../ref/collect.ts';
import type { CoreBuild } from '../support/core-builds.ts';
import { Guarded, GuardedBlocks, type Range, sameBytes } from '../support/guarded.ts';
import { blockOf, pageOf } from './encode-guest.ts';

/** The fields of the state that collect leaves alone. */
const LAST_BLOCK = 55;
const CACHE = 66;

export const RUNS_MAX = 40;

/** What one call has given. */
export interface Call {
  pages: number;
  runs: readonly Run[];
  stop: number;
}

export class CollectGuest {
  readonly #guarded;
  readonly #blocks;
  readonly #state;
  readonly #out;
  readonly #runs;
  #model: readonly CollectBlock[] = [];
  #model_state = freshState();
  /** By block and page, what a mapped-ram file would hold. */
  readonly #file = new Map<string, Uint8Array>();

  constructor(build: CoreBuild, names: readonly Uint8Array[], pages: readonly number[], out_bytes: number) {
    const pages_total = pages.reduce((sum, more) => sum + more, 0);
    this.#guarded = new Guarded(build, pages_total * 4096 + out_bytes + 16_384);
    const plans = names.map((name, index) => ({ name, pages: pages[index] ?? 0, with_ram: true }));
    this.#blocks = new GuardedBlocks(this.#guarded, plans);
    this.#state = this.#guarded.place(40, 4);
    this.#runs = this.#guarded.place(RUNS_MAX * 12, 4);
    this.#guarded.place(1);
    this.#out = this.#guarded.place(out_bytes, 1);
  }

  /** Starts anew with these pages, dirty bits and bits of what the file holds; it holds noise there. */
  load(model: readonly CollectBlock[]): void {
    this.#blocks.setWindows(model);
    this.#model = model;
    this.writePages();
    this.restart(model);
  }

  /** Puts the pages of the model in place: the guest has written. */
  writePages(): void {
    this.#model.forEach(({ pages }, index) => {
      const ram = this.#blocks.blocks[index]?.ram;
      if (ram !== undefined) this.#guarded.seal(ram, Buffer.concat(pages));
    });
  }

  /** Starts anew with the pages of the last `load`. */
  restart(model: readonly CollectBlock[]): void {
    this.#model = model;
    this.#model_state = freshState();
    this.#file.clear();
    this.#guarded.view(this.#state).fill(0);
    this.#guarded.setU32(this.#state.address + 8, LAST_BLOCK);
    this.#guarded.setU32(this.#state.address + 32, CACHE);
    this.#blocks.clearCounters();
    this.writeBitmaps();
  }

  /** Puts the bits of the model in place: pages were dirtied. */
  writeBitmaps(): void {
    this.#model.forEach(({ dirty, present }, index) => {
      const block = this.#blocks.blocks[index];
      if (block === undefined) return;
      this.#guarded.view(block.bitmap).set(bytesOf(dirty, block.bitmap.size_bytes));
      if (block.present === undefined) return;
      this.#guarded.view(block.present).set(bytesOf(present, block.present.size_bytes));
    });
  }

  /** One call on both sides. */
  collect(out_size: number, budget: number, run_count_max: number, where: 'out' | 'in place' = 'out'): Call {
    const what = `out_size ${out_size}, budget ${budget}, ${run_count_max} runs, ${where}`;
    const expected = refCollect(this.#model_state, this.#model, out_size, budget, run_count_max);
    if (this.#out.size_bytes !== out_size) this.#guarded.resize(this.#out, out_size);
    // as many runs as there may be are open, all behind them is guard
    this.#guarded.resize(this.#runs, Math.min(run_count_max, RUNS_MAX) * 12);
    const fixed = this.#blocks.fixedFields();
    const [state, table] = [this.#state.address, this.#blocks.table.address];
    const out = where === 'out' ? this.#out.address : 0;
    const untouched = this.#guarded.view(this.#out).slice();
    const args = [state, table, this.#model.length, out, out_size, budget] as const;
    const written = this.#guarded.core.collect(...args, this.#runs.address, run_count_max) >>> 0;
    if (where === 'in place')
      sameBytes(this.#guarded.view(this.#out), untouched, `${what}: nothing is copied`);
    const bytes = where === 'out' ? this.#guarded.view(this.#out).subarray(0, written) : this.#pagesOfRuns();
    assert.is(written, bytes.length, `${what}: bytes`);
    sameBytes(bytes, new Uint8Array(Buffer.concat(expected.pages)), `${what}: out`);
    assert.equal(this.#runsFound(expected.runs.length), expected.runs, `${what}: runs`);
    sameBytes(this.#blocks.fixedFields(), fixed, `${what}: block table`);
    this.#checkState(expected.runs.length, what);
    this.#checkBlocks(what);
    this.#guarded.check(what);
    this.#write(bytes.slice(), expected.runs);
    return { pages: expected.pages.length, runs: expected.runs, stop: this.#model_state.stop };
  }

  /** Every page that is clean stands in the file, or is zero and not present; if all was dirty at first. */
  checkFile(): void {
    this.#model.forEach(({ pages, dirty, present, first }, index) => {
      pages.forEach((content, page) => {
        if (dirty.has(page)) return;
        const held = present.has(page) ? this.#file.get(`${index}:${first + page}`) : pageOf('zero', 0);
        sameBytes(held ?? new Uint8Array(), content, `file: page ${page} of block ${index}`);
      });
    });
  }

  #write(bytes: Uint8Array, runs: readonly Run[]): void {
    let at = 0;
    for (const { block, first, count } of runs) {
      for (let page = first; page < first + count; page++) {
        this.#file.set(`${block}:${page}`, bytes.subarray(at, at + 4096));
        at += 4096;
      }
    }
    assert.is(at, bytes.length, 'the runs are all of the pages');
  }

  /** The pages that the runs name, from where the guest has them. */
  #pagesOfRuns(): Uint8Array {
    const count = this.#guarded.u32(this.#state.address + 36);
    const pages = this.#runsFound(count).map(({ block, first, count: run_pages }) => {
      const ram = this.#blocks.blocks[block]?.ram;
      const from = (first - (this.#model[block]?.first ?? 0)) * 4096;
      return ram && this.#guarded.view(ram).subarray(from, from + run_pages * 4096);
    });
    return Buffer.concat(pages.filter((some) => some !== undefined));
  }

  #runsFound(count: number): Run[] {
    return Array.from({ length: count }, (_, run) => {
      const [block, first, pages] = [0, 4, 8].map((at) =>
        this.#guarded.u32(this.#runs.address + run * 12 + at),
      );
      return { block: block ?? 0, first: first ?? 0, count: pages ?? 0 };
    });
  }

  #checkState(runs: number, what: string): void {
    const { block, page, stop, normal, zero } = this.#model_state;
    const expected = [block, page, LAST_BLOCK, stop, normal, zero, 0, 0, CACHE, runs];
    const state = expected.map((_, field) => this.#guarded.u32(this.#state.address + field * 4));
    assert.equal(state, expected, `${what}: state`);
  }

  #checkBlocks(what: string): void {
    this.#model.forEach(({ dirty, present, normal, zero }, index) => {
      const block = this.#blocks.blocks[index];
      if (block?.present === undefined) return;
      this.#sameBits(block.bitmap, dirty, `${what}: bitmap ${index}`);
      this.#sameBits(block.present, present, `${what}: present ${index}`);
      const counters = { normal, zero, fill: 0, xbzrle: 0 };
      assert.equal(this.#blocks.counters(index), counters, `${what}: counters ${index}`);
    });
  }

  #sameBits(range: Range, bits: ReadonlySet<number>, what: string): void {
    sameBytes(this.#guarded.view(range), bytesOf(bits, range.size_bytes), what);
  }
}

/** A block whose file holds pages already: those of `present`, bits beyond the block included. */
export function collectBlock(
  name: Uint8Array,
  pages: Uint8Array[],
  dirty: Iterable<number>,
  present: Iterable<number>,
  window?: { first: number; beyond: number },
): CollectBlock {
  return { ...blockOf(name, pages, dirty, window), present: new Set(present) };
}

/** The bits of a byte for each 8 pages, over whole words. */
export function bitsOfPattern(pages: number, byte: number): Set<number> {
  return bitsOf(new Uint8Array(Math.ceil(pages / 64) * 8).fill(byte));
}
