import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bitsOf, bytesOf, sizeOf } from '../ref/bitmap.ts';
import { type PageRecord, recordsFrom, type SourceBlock, streamOf, type Taken, take } from '../ref/encode.ts';
import { BUILDS, type CoreBuild } from '../support/core-builds.ts';
import { Guarded, GuardedBlocks, sameBytes } from '../support/guarded.ts';

const RECORD_BYTES_MAX = 8 + 256 + 4096;
/** The largest u32: more than any guest has pages. */
const NO_BUDGET = 0xffff_ffff;

const SHORT_NAME = Buffer.from('r');
const FOUR_NAME = Buffer.from('vga0');
const LONG_NAME = Buffer.from('L'.repeat(255));

/** What a page holds: nothing, noise, one byte all over, or one byte that hides at its end. */
type PageKind = 'zero' | 'noise' | 'repeated' | 'last';

const NOISE = Uint8Array.from({ length: 8192 }, (_, at) => (at * 7 + (at >> 8) * 13 + 1) & 0xff);

function pageOf(kind: PageKind, salt: number): Uint8Array {
  if (kind === 'noise') return NOISE.slice(salt, salt + 4096);
  const page = new Uint8Array(4096).fill(kind === 'repeated' ? 0xa5 : 0);
  if (kind === 'last') page[4095] = 0x80;
  return page;
}

/** A block as the oracle knows it; the test changes its dirty bits as records go. */
interface ModelBlock extends SourceBlock {
  dirty: Set<number>;
}

function blockOf(name: Uint8Array, kinds: readonly PageKind[], dirty: Iterable<number>): ModelBlock {
  return { name, pages: kinds.map(pageOf), dirty: new Set(dirty) };
}

/** The core's guest beside the oracle's; `encode` lets both go one call on and compares all they left. */
class EncodeGuest {
  readonly guarded;
  readonly #blocks;
  readonly #state;
  readonly #out;
  #model: readonly ModelBlock[] = [];
  #counters: { normal: number; zero: number; fill: number }[] = [];
  #cursor = { block: 0, page: 0 };
  #last_block = 0;

  constructor(build: CoreBuild, names: readonly Uint8Array[], pages: readonly number[], out_bytes: number) {
    const pages_total = pages.reduce((sum, more) => sum + more, 0);
    this.guarded = new Guarded(build, pages_total * 4096 + out_bytes + 16_384);
    const plans = names.map((name, index) => ({ name, pages: pages[index] ?? 0, with_ram: true }));
    this.#blocks = new GuardedBlocks(this.guarded, plans);
    this.#state = this.guarded.place(24, 4);
    // an odd address for the output
    this.guarded.place(1);
    this.#out = this.guarded.place(out_bytes, 1);
  }

  /** Starts anew with these pages and dirty bits. */
  load(model: readonly ModelBlock[]): void {
    model.forEach(({ pages }, index) => {
      const ram = this.#blocks.blocks[index]?.ram;
      if (ram !== undefined) this.guarded.seal(ram, Buffer.concat(pages));
    });
    this.restart(model);
  }

  /** Starts anew with these dirty bits; the pages are still those of the last `load`. */
  restart(model: readonly ModelBlock[]): void {
    this.#model = model;
    this.#counters = model.map(() => ({ normal: 0, zero: 0, fill: 0 }));
    this.#cursor = { block: 0, page: 0 };
    this.#last_block = 0;
    this.guarded.view(this.#state).fill(0);
    this.#blocks.clearCounters();
    this.writeBitmaps();
  }

  /** Puts the dirty bits of the model in place: pages were dirtied. */
  writeBitmaps(): void {
    this.#model.forEach(({ dirty }, index) => {
      const bitmap = this.#blocks.blocks[index]?.bitmap;
      if (bitmap !== undefined) this.guarded.view(bitmap).set(bytesOf(dirty, bitmap.size_bytes));
    });
  }

  /** The records from the cursor to the end of the pass, by the oracle. */
  pending(): PageRecord[] {
    return recordsFrom(this.#model, { ...this.#cursor, last_block: this.#last_block });
  }

  /** One call; `pending` is what the oracle has still to write in this pass. */
  encode(pending: readonly PageRecord[], out_size: number, budget: number): Taken {
    const what = `out_size ${out_size}, budget ${budget}`;
    const expected = take(pending, out_size, budget);
    if (this.#out.size_bytes !== out_size) this.guarded.resize(this.#out, out_size);
    const { address } = this.#blocks.table;
    const { core } = this.guarded;
    const fixed = this.#blocks.fixedFields();
    const written =
      core.encode(this.#state.address, address, this.#model.length, this.#out.address, out_size, budget) >>>
      0;
    this.#apply(expected);
    sameBytes(this.guarded.view(this.#out).subarray(0, written), streamOf(expected.records), `${what}: out`);
    sameBytes(this.#blocks.fixedFields(), fixed, `${what}: block table`);
    this.#checkState(expected, what);
    this.#checkBlocks(what);
    this.guarded.check(what);
    return expected;
  }

  #apply({ records, cursor }: Taken): void {
    for (const { block, page, kind } of records) {
      this.#model[block - 1]?.dirty.delete(page);
      const counters = this.#counters[block - 1];
      if (counters !== undefined) counters[kind]++;
      this.#last_block = block;
    }
    this.#cursor = cursor;
  }

  #checkState({ records, cursor, stop }: Taken, what: string): void {
    const zero = records.filter(({ kind }) => kind === 'zero').length;
    const expected = [cursor.block, cursor.page, this.#last_block, stop, records.length - zero, zero];
    const state = expected.map((_, field) => this.guarded.u32(this.#state.address + field * 4));
    assert.equal(state, expected, `${what}: state`);
  }

  #checkBlocks(what: string): void {
    this.#model.forEach(({ dirty }, index) => {
      const bitmap = this.#blocks.blocks[index]?.bitmap;
      if (bitmap === undefined) return;
      const bits = bytesOf(dirty, bitmap.size_bytes);
      sameBytes(this.guarded.view(bitmap), bits, `${what}: bitmap ${index}`);
      assert.equal(this.#blocks.counters(index), this.#counters[index], `${what}: counters ${index}`);
    });
  }
}

/** A small guest: zero and other pages in its blocks, first and not; one page is clean. */
const SMALL_BLOCKS = [
  blockOf(SHORT_NAME, ['zero', 'noise', 'last'], [0, 2]),
  blockOf(FOUR_NAME, ['noise', 'zero'], [0, 1]),
  blockOf(LONG_NAME, ['repeated', 'zero'], [0, 1]),
];

function smallModel(): ModelBlock[] {
  return SMALL_BLOCKS.map((block) => ({ ...block, dirty: new Set(block.dirty) }));
}

const SMALL_NAMES = [SHORT_NAME, FOUR_NAME, LONG_NAME];
const SMALL_PAGES = [3, 2, 2];

/** One pass in calls of this size and budget; a call that gets nowhere is followed by one that must. */
function runPass(guest: EncodeGuest, all: readonly PageRecord[], out_size: number, budget: number): void {
  guest.restart(smallModel());
  let done = 0;
  let stuck = false;
  for (;;) {
    const room = stuck ? Math.max(out_size, RECORD_BYTES_MAX) : out_size;
    const taken = guest.encode(all.slice(done), room, stuck ? Math.max(budget, 1) : budget);
    done += taken.records.length;
    if (taken.stop === 0) break;
    stuck = taken.records.length === 0;
  }
  assert.is(done, all.length, `out_size ${out_size}, budget ${budget}: all records of the pass`);
}

/** Where records end when the stream is written in one go, and two bytes to both sides. */
function edgeSizes(all: readonly PageRecord[]): number[] {
  let end = 0;
  return all.flatMap(({ bytes }) => {
    end += bytes.length;
    return [end - 2, end - 1, end, end + 1, end + 2];
  });
}

const BIG_NAMES = [SHORT_NAME, FOUR_NAME, Buffer.from('none'), LONG_NAME];
const BIG_PAGES = [70, 1, 0, 129];

/** Dirty bits of one block, those beyond its pages included. */
function anyDirty(pages: number): fc.Arbitrary<number[]> {
  const size_bytes = sizeOf(pages);
  if (size_bytes === 0) return fc.constant([]);
  const dense = fc
    .uint8Array({ minLength: size_bytes, maxLength: size_bytes })
    .map((bytes) => [...bitsOf(bytes)]);
  return fc.oneof(fc.array(fc.nat(size_bytes * 8 - 1), { maxLength: 8 }), dense);
}

function anyKinds(pages: number): fc.Arbitrary<PageKind[]> {
  const kind = fc.constantFrom<PageKind[]>('zero', 'noise', 'repeated', 'last');
  return fc.array(kind, { minLength: pages, maxLength: pages });
}

const anyStep = fc.record({
  out_size: fc.oneof(fc.nat(20), fc.nat(RECORD_BYTES_MAX), fc.nat(60_000)),
  budget: fc.oneof(fc.nat(20), fc.constant(NO_BUDGET)),
  /** Pages that the guest writes after the call, by block. */
  redirtied: fc.tuple(
    ...BIG_PAGES.map((pages) => fc.array(fc.nat(Math.max(0, pages - 1)), { maxLength: 2 })),
  ),
});

for (const build of BUILDS) {
  const small = new EncodeGuest(build, SMALL_NAMES, SMALL_PAGES, 20_000);
  const big = new EncodeGuest(build, BIG_NAMES, BIG_PAGES, 60_000);
  small.load(smallModel());
  const all = small.pending();

  test(`${build.name}: the small guest's records, by hand`, () => {
    assert.equal(
      all.map(({ bytes }) => bytes.length),
      [8 + 2 + 1, 8 + 4096, 8 + 5 + 4096, 8 + 1, 8 + 256 + 4096, 8 + 1],
    );
    assert.equal([...(all[0]?.bytes ?? [])], [0, 0, 0, 0, 0, 0, 0, 0x02, 1, 0x72, 0]);
    assert.equal([...(all[1]?.bytes.subarray(0, 8) ?? [])], [0, 0, 0, 0, 0, 0, 0x20, 0x28]);
    assert.equal([...(all[3]?.bytes ?? [])], [0, 0, 0, 0, 0, 0, 0x10, 0x22, 0]);
    runPass(small, all, 20_000, NO_BUDGET);
  });

  test(`${build.name}: an output of any size from 0 to 5000 bytes splits the pass and loses nothing`, () => {
    for (let out_size = 0; out_size <= 5000; out_size++) runPass(small, all, out_size, NO_BUDGET);
  });

  test(`${build.name}: an output that ends at a record's edge, or two bytes beside it`, () => {
    for (const out_size of edgeSizes(all)) runPass(small, all, out_size, NO_BUDGET);
  });

  test(`${build.name}: every budget, alone and with an output that is full first`, () => {
    for (let budget = 0; budget <= all.length + 1; budget++) {
      for (const out_size of [20_000, 0, 11, 4115, 4360]) runPass(small, all, out_size, budget);
    }
  });

  test(`${build.name}: no blocks and no dirty pages end the pass with nothing written`, () => {
    small.restart([]);
    assert.is(small.encode([], 20_000, NO_BUDGET).stop, 0);
    small.restart(smallModel().map((block) => ({ ...block, dirty: new Set<number>() })));
    for (const budget of [0, 1, NO_BUDGET]) assert.is(small.encode([], 0, budget).stop, 0);
  });

  test(`${build.name}: the next pass goes on with CONTINUE where it starts in the last record's block`, () => {
    const model = smallModel();
    small.restart(model);
    small.encode(small.pending(), 20_000, NO_BUDGET);
    model[2]?.dirty.add(0);
    small.writeBitmaps();
    const { records } = small.encode(small.pending(), 20_000, NO_BUDGET);
    assert.is(records[0]?.bytes[7], 0x28);
    model[0]?.dirty.add(0);
    small.writeBitmaps();
    assert.is(small.encode(small.pending(), 20_000, NO_BUDGET).records[0]?.bytes[7], 0x02);
  });

  test(`${build.name}: any guest, any calls, pages dirtied between them: as the oracle writes`, () => {
    const kinds = fc.tuple(...BIG_PAGES.map(anyKinds));
    const dirty = fc.tuple(...BIG_PAGES.map(anyDirty));
    const steps = fc.array(anyStep, { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(kinds, dirty, steps, (page_kinds, bits, calls) => {
        const model = BIG_NAMES.map((name, at) => blockOf(name, page_kinds[at] ?? [], bits[at] ?? []));
        big.load(model);
        for (const { out_size, budget, redirtied } of calls) {
          big.encode(big.pending(), out_size, budget);
          model.forEach((block, at) => {
            for (const page of redirtied[at] ?? []) if (page < block.pages.length) block.dirty.add(page);
          });
          big.writeBitmaps();
        }
      }),
      { numRuns: 60 },
    );
  });
}

test.run();
