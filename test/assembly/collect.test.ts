/** collect: bare pages and the runs they stand in, beside an oracle, and the file that they make. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bitsOf, sizeOf } from '../ref/bitmap.ts';
import { type CollectBlock, freshState, collect as refCollect } from '../ref/collect.ts';
import { BUILDS } from '../support/core-builds.ts';
import { bitsOfPattern, CollectGuest, collectBlock, RUNS_MAX } from './collect-guest.ts';
import { NO_BUDGET, type PageKind, pageOf } from './encode-guest.ts';

const OUT_BYTES = 50_000;
const NAMES = ['r', 'vga0', 'bios'].map((name) => Buffer.from(name));
const SMALL_PAGES = [8, 2, 3];

const KINDS: Record<string, PageKind> = { '0': 'zero', n: 'noise', r: 'repeated', l: 'last' };

function pagesOf(kinds: string): Uint8Array[] {
  return [...kinds].map((kind, page) => pageOf(KINDS[kind] ?? 'zero', page));
}

/**
 * Runs that a zero page, a clean page and the end of a block cut off; the last block is all zero. The clean
 * page is 5. `present` is set for every other page before.
 */
function smallModel(): CollectBlock[] {
  return [
    collectBlock(Buffer.from('r'), pagesOf('nn0lrnn0'), [0, 1, 2, 3, 4, 6, 7], bitsOfPattern(8, 0x55)),
    collectBlock(Buffer.from('vga0'), pagesOf('nr'), [0, 1], bitsOfPattern(2, 0xfe)),
    collectBlock(Buffer.from('bios'), pagesOf('000'), [0, 2], bitsOfPattern(3, 0xff)),
  ];
}

/** How many pages and runs the small guest has. */
const SMALL_COUNT = 7;
const SMALL_RUNS = [
  { block: 0, first: 0, count: 2 },
  { block: 0, first: 3, count: 2 },
  { block: 0, first: 6, count: 1 },
  { block: 1, first: 0, count: 2 },
];

/** One pass in calls of this kind; a call that gets nowhere is followed by one that must. */
function runPass(guest: CollectGuest, out_size: number, budget: number, run_count_max: number): void {
  guest.restart(smallModel());
  let pages = 0;
  for (let calls = 0, stuck = false; ; calls++) {
    const room = stuck ? Math.max(out_size, 4096) : out_size;
    const call = guest.collect(room, stuck ? Math.max(budget, 1) : budget, stuck ? 1 : run_count_max);
    pages += call.pages;
    if (call.stop === 0) break;
    stuck = call.pages === 0;
    assert.ok(calls < 40, `out_size ${out_size}, budget ${budget}, ${run_count_max} runs: gets on`);
  }
  assert.is(pages, SMALL_COUNT, `out_size ${out_size}, budget ${budget}, ${run_count_max} runs`);
}

const BIG_PAGES = [70, 0, 66];

function anyBits(pages: number): fc.Arbitrary<number[]> {
  const size_bytes = sizeOf(pages);
  if (size_bytes === 0) return fc.constant([]);
  const bytes = (byte: fc.Arbitrary<number>) =>
    fc.array(byte, { minLength: size_bytes, maxLength: size_bytes }).map((all) => Uint8Array.from(all));
  // long runs, few pages, and no order at all
  const runs = fc.oneof(fc.constantFrom(0xff, 0xff, 0x00), fc.nat(255));
  const sparse = fc.array(fc.nat(size_bytes * 8 - 1), { maxLength: 8 });
  return fc.oneof(
    sparse,
    fc.oneof(bytes(runs), bytes(fc.nat(255))).map((all) => [...bitsOf(all)]),
  );
}

const anyBlock = (index: number): fc.Arbitrary<CollectBlock> => {
  const pages = BIG_PAGES[index] ?? 0;
  const kind = fc.constantFrom('n', 'n', 'n', 'l', 'r', '0');
  return fc
    .record({
      kinds: fc.array(kind, { minLength: pages, maxLength: pages }),
      dirty: anyBits(pages),
      present: anyBits(pages),
      window: fc.constantFrom(
        { first: 0, beyond: 0 },
        { first: 100, beyond: 1 },
        { first: 0x7fff_ff00, beyond: 0 },
      ),
    })
    .map(({ kinds, dirty, present, window }) => {
      return collectBlock(NAMES[index] ?? Buffer.from(''), pagesOf(kinds.join('')), dirty, present, window);
    });
};

const anyCall = fc.record({
  out_size: fc.oneof(fc.nat(4096), fc.nat(OUT_BYTES), fc.constant(OUT_BYTES)),
  budget: fc.oneof(fc.nat(20), fc.constant(NO_BUDGET)),
  run_count_max: fc.oneof(fc.nat(4), fc.nat(RUNS_MAX)),
  where: fc.constantFrom<'out' | 'in place'>('out', 'in place'),
  /** Pages written after the call, by block. */
  writes: fc.array(fc.record({ index: fc.nat(2), page: fc.nat(69), kind: fc.constantFrom('0', 'n', 'l') }), {
    maxLength: 4,
  }),
});

for (const build of BUILDS) {
  const small = new CollectGuest(build, NAMES, SMALL_PAGES, OUT_BYTES);
  const big = new CollectGuest(build, NAMES, BIG_PAGES, OUT_BYTES);
  small.load(smallModel());

  test(`${build.name}: the small guest's pages, runs and bits, by hand`, () => {
    const model = smallModel();
    small.restart(model);
    const call = small.collect(OUT_BYTES, NO_BUDGET, RUNS_MAX);
    assert.equal(call, { pages: SMALL_COUNT, runs: SMALL_RUNS, stop: 0 });
    // page 5 was clean: as before, which is not there; bit 8 on are nobody's
    assert.equal([...(model[0]?.present ?? [])].filter((page) => page < 8).sort(), [0, 1, 3, 4, 6]);
    assert.equal([model[1]?.present.has(0), model[2]?.present.has(1)], [true, true]);
    assert.equal([model[2]?.present.has(0), model[2]?.present.has(2)], [false, false]);
  });

  test(`${build.name}: with no output the same runs and bits, and pages that stay where they are`, () => {
    small.restart(smallModel());
    const call = small.collect(OUT_BYTES, NO_BUDGET, RUNS_MAX, 'in place');
    assert.equal(call, { pages: SMALL_COUNT, runs: SMALL_RUNS, stop: 0 });
  });

  test(`${build.name}: an output of any size: whole pages, and the next call goes on with a new run`, () => {
    const step = build.name === 'release' ? 3 : 17;
    for (let out_size = 0; out_size <= 4200; out_size += step) runPass(small, out_size, NO_BUDGET, RUNS_MAX);
    for (let pages = 1; pages <= SMALL_COUNT + 1; pages++) {
      for (const beside of [-2, -1, 0, 1, 2, 2000]) {
        runPass(small, pages * 4096 + beside, NO_BUDGET, RUNS_MAX);
      }
    }
  });

  test(`${build.name}: every budget and every limit of runs, with outputs that are full first or not`, () => {
    for (let budget = 0; budget <= 12; budget++) {
      for (let runs = 0; runs <= SMALL_RUNS.length + 1; runs++) {
        for (const out_size of [OUT_BYTES, 0, 4096, 12_300]) runPass(small, out_size, budget, runs);
      }
    }
  });

  test(`${build.name}: zero pages go with no room, no run and no page in the output`, () => {
    const model = smallModel();
    for (const [index, block] of model.entries()) if (index < 2) block.dirty.clear();
    small.restart(model);
    assert.equal(small.collect(0, NO_BUDGET, 0), { pages: 0, runs: [], stop: 0 });
    small.restart(smallModel());
    assert.equal(small.collect(OUT_BYTES, NO_BUDGET, 0), { pages: 0, runs: [], stop: 1 });
  });

  test(`${build.name}: no blocks and no dirty pages end the pass`, () => {
    small.restart([]);
    assert.is(small.collect(OUT_BYTES, NO_BUDGET, RUNS_MAX).stop, 0);
    small.restart(smallModel().map((block) => ({ ...block, dirty: new Set<number>() })));
    for (const budget of [0, 1]) assert.is(small.collect(0, budget, 0).stop, 0);
  });

  test(`${build.name}: a run does not go on in the next block, though its page number follows`, () => {
    const model = [
      collectBlock(NAMES[0] ?? Buffer.from(''), pagesOf('nnnnnnnn'), [0, 1, 2, 3, 4, 5, 6, 7], []),
      // as numbers, pages 8 and 9 follow page 7 of the block before
      collectBlock(NAMES[1] ?? Buffer.from(''), pagesOf('nn'), [0, 1], [], { first: 8, beyond: 0 }),
    ];
    const expected = refCollect(freshState(), structuredClone(model), OUT_BYTES, NO_BUDGET, RUNS_MAX).runs;
    assert.equal(expected, [
      { block: 0, first: 0, count: 8 },
      { block: 1, first: 8, count: 2 },
    ]);
    small.load(model);
    assert.equal(small.collect(OUT_BYTES, NO_BUDGET, RUNS_MAX).runs, expected);
    small.load(smallModel());
  });

  test(`${build.name}: any guest, any calls, pages written between them: as the oracle collects`, () => {
    const model = fc.tuple(anyBlock(0), anyBlock(1), anyBlock(2));
    const calls = fc.array(anyCall, { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(model, calls, fc.boolean(), (blocks, steps, is_all_dirty) => {
        for (const { pages, dirty } of is_all_dirty ? blocks : []) {
          for (const page of pages.keys()) dirty.add(page);
        }
        big.load(blocks);
        for (const { out_size, budget, run_count_max, where, writes } of steps) {
          big.collect(out_size, budget, run_count_max, where);
          if (is_all_dirty) big.checkFile();
          for (const { index, page, kind } of writes) {
            const block = blocks[index];
            if (block === undefined || page >= block.pages.length) continue;
            block.pages[page] = pageOf(KINDS[kind] ?? 'zero', page * 3);
            block.dirty.add(page);
          }
          big.writePages();
          big.writeBitmaps();
        }
      }),
      { numRuns: build.name === 'debug' ? 30 : 60 },
    );
  });
}

test.run();
