import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bitsOf, sizeOf } from '../ref/bitmap.ts';
import { freshState, encode as refEncode, type SourceBlock } from '../ref/encode.ts';
import { BUILDS } from '../support/core-builds.ts';
import { blockOf, EncodeGuest, NO_BUDGET, type PageKind, pageOf, RECORD_BYTES_MAX } from './encode-guest.ts';

const SHORT_NAME = Buffer.from('r');
const FOUR_NAME = Buffer.from('vga0');
const LONG_NAME = Buffer.from('L'.repeat(255));

function pagesOf(...kinds: PageKind[]): Uint8Array[] {
  return kinds.map(pageOf);
}

/** A small guest: zero and other pages in its blocks, first and not; one page is clean. */
function smallModel(): SourceBlock[] {
  return [
    blockOf(SHORT_NAME, pagesOf('zero', 'noise', 'last'), [0, 2]),
    blockOf(FOUR_NAME, pagesOf('noise', 'zero'), [0, 1]),
    blockOf(LONG_NAME, pagesOf('repeated', 'zero'), [0, 1]),
  ];
}

/** The records of a pass over the small guest, by the oracle. */
const SMALL_RECORDS = refEncode(freshState(), smallModel(), undefined, NO_BUDGET, NO_BUDGET);

/** One pass in calls of this size and budget; a call that gets nowhere is followed by one that must. */
function runPass(guest: EncodeGuest, out_size: number, budget: number): void {
  guest.restart(smallModel());
  const seen: Uint8Array[] = [];
  let stuck = false;
  for (;;) {
    const room = stuck ? Math.max(out_size, RECORD_BYTES_MAX) : out_size;
    const { records, stop } = guest.encode(room, stuck ? Math.max(budget, 1) : budget);
    seen.push(...records);
    if (stop === 0) break;
    stuck = records.length === 0;
  }
  assert.equal(seen.length, SMALL_RECORDS.length, `out_size ${out_size}, budget ${budget}: all of the pass`);
}

/** Where records end when the stream is written in one go, and two bytes to both sides. */
function edgeSizes(): number[] {
  let end = 0;
  return SMALL_RECORDS.flatMap(({ length }) => {
    end += length;
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

/** Windows of large blocks, and of blocks that stand here whole. */
const anyWindows = fc.array(
  fc.oneof(
    fc.constant({ first: 0, beyond: 0 }),
    fc.record({ first: fc.nat(70), beyond: fc.nat(70) }),
    // the offset of the last page has 43 bits
    fc.constant({ first: 0x7fff_ff00, beyond: 9 }),
  ),
  { minLength: BIG_PAGES.length, maxLength: BIG_PAGES.length },
);

for (const build of BUILDS) {
  const small = new EncodeGuest(build, smallModel(), 20_000);
  const big_plans = BIG_NAMES.map((name, at) => {
    return blockOf(name, pagesOf(...Array.from({ length: BIG_PAGES[at] ?? 0 }, () => 'zero' as const)), []);
  });
  const big = new EncodeGuest(build, big_plans, 60_000);
  small.load(smallModel());

  test(`${build.name}: the small guest's records, by hand`, () => {
    const sizes = [8 + 2 + 1, 8 + 4096, 8 + 5 + 4096, 8 + 1, 8 + 256 + 4096, 8 + 1];
    assert.equal(
      SMALL_RECORDS.map(({ length }) => length),
      sizes,
    );
    const [zero, page, , next_zero] = SMALL_RECORDS;
    assert.equal([...(zero ?? [])], [0, 0, 0, 0, 0, 0, 0, 0x02, 1, 0x72, 0]);
    assert.equal([...(page?.subarray(0, 8) ?? [])], [0, 0, 0, 0, 0, 0, 0x20, 0x28]);
    assert.equal([...(next_zero ?? [])], [0, 0, 0, 0, 0, 0, 0x10, 0x22, 0]);
    runPass(small, 20_000, NO_BUDGET);
  });

  test(`${build.name}: an output of any size from 0 to 5000 bytes splits the pass and loses nothing`, () => {
    // all of them in one build; what differs in the others does not go by single bytes
    const step = build.name === 'release' ? 1 : 5;
    for (let out_size = 0; out_size <= 5000; out_size += step) runPass(small, out_size, NO_BUDGET);
  });

  test(`${build.name}: an output that ends at a record's edge, or two bytes beside it`, () => {
    for (const out_size of edgeSizes()) runPass(small, out_size, NO_BUDGET);
  });

  test(`${build.name}: every budget, alone and with an output that is full first`, () => {
    for (let budget = 0; budget <= SMALL_RECORDS.length + 1; budget++) {
      for (const out_size of [20_000, 0, 11, 4115, 4360]) runPass(small, out_size, budget);
    }
  });

  test(`${build.name}: no blocks and no dirty pages end the pass with nothing written`, () => {
    small.restart([]);
    assert.is(small.encode(20_000, NO_BUDGET).stop, 0);
    small.restart(smallModel().map((block) => ({ ...block, dirty: new Set<number>() })));
    for (const budget of [0, 1, NO_BUDGET]) assert.is(small.encode(0, budget).stop, 0);
  });

  test(`${build.name}: the next pass goes on with CONTINUE where it starts in the last record's block`, () => {
    const model = smallModel();
    small.restart(model);
    small.encode(20_000, NO_BUDGET);
    model[2]?.dirty.add(0);
    small.writeBitmaps();
    assert.is(small.encode(20_000, NO_BUDGET).records[0]?.[7], 0x28);
    model[0]?.dirty.add(0);
    small.writeBitmaps();
    assert.is(small.encode(20_000, NO_BUDGET).records[0]?.[7], 0x02);
  });

  test(`${build.name}: any guest, any calls, pages dirtied between them: as the oracle writes`, () => {
    const kinds = fc.tuple(...BIG_PAGES.map(anyKinds));
    const dirty = fc.tuple(...BIG_PAGES.map(anyDirty));
    const steps = fc.array(anyStep, { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(kinds, dirty, anyWindows, steps, (page_kinds, bits, windows, calls) => {
        const model = BIG_NAMES.map((name, at) => {
          return blockOf(name, pagesOf(...(page_kinds[at] ?? [])), bits[at] ?? [], windows[at]);
        });
        big.load(model);
        for (const { out_size, budget, redirtied } of calls) {
          big.encode(out_size, budget);
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
