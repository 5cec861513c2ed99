/** XBZRLE: encode with a cache of sent pages, beside an oracle of QEMU's, and a reader that follows. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SourceBlock } from '../ref/encode.ts';
import { BUILDS } from '../support/core-builds.ts';
import { blockOf, EncodeGuest, NO_BUDGET, type PageKind, pageOf } from './encode-guest.ts';

/** What a page that is not zero wants in an output when its block was named before. */
const ROOM = 8 + 3 + 4096;
const OUT_BYTES = 60_000;
const SLOTS = 8;
const NAMES = ['ram', 'one', 'none', 'L'.repeat(255)].map((name) => Buffer.from(name));
const PAGES = [14, 1, 0, 7];

/** What the guest does to a page between two calls. */
type Write = 'same' | 'byte' | 'ends' | 'runs' | 'every other' | 'zero' | 'noise';

/** The page after a write; `salt` makes two writes of the same kind differ. */
function written(page: Uint8Array, write: Write, salt: number): Uint8Array {
  const changed = page.slice();
  const flip = (at: number): void => {
    changed[at] = (page[at] ?? 0) ^ (1 + (salt % 255));
  };
  if (write === 'zero') return changed.fill(0);
  if (write === 'noise') return pageOf('noise', salt);
  if (write === 'byte') flip((salt * 17) % 4096);
  if (write === 'ends') for (const at of [0, 1, 4094, 4095]) flip(at);
  if (write === 'runs')
    for (let at = salt % 64; at < 4096; at += 64) for (let i = 0; i < 9; i++) flip((at + i) % 4096);
  // 2048 changes of three bytes each do not go into a page
  if (write === 'every other') for (let at = salt % 2; at < 4096; at += 2) flip(at);
  return changed;
}

/** All pages noise and dirty but for one that is zero. */
function newModel(windows: readonly { first: number; beyond: number }[] = []): SourceBlock[] {
  return NAMES.map((name, index) => {
    const all = Array.from({ length: PAGES[index] ?? 0 }, (_, page) => page);
    const kinds = all.map((page): PageKind => (page === 3 ? 'zero' : 'noise'));
    const pages = kinds.map((kind, page) => pageOf(kind, page * 40 + index));
    return blockOf(name, pages, all, windows[index]);
  });
}

/** A guest at the end of its first pass, with the cache in use from the start. */
function startedGuest(guest: EncodeGuest, model: readonly SourceBlock[]): void {
  guest.load(model);
  guest.setCache(1, false);
  while (guest.encode(OUT_BYTES, NO_BUDGET).stop !== 0);
  guest.checkReader();
}

/** The guest writes a page of a block and marks it. */
function writePage(
  guest: EncodeGuest,
  block: SourceBlock,
  index: number,
  page: number,
  content: Uint8Array,
): void {
  block.pages[page] = content;
  block.dirty.add(page);
  guest.writePages(index);
  guest.writeBitmaps();
}

const anyWrite = fc.record({
  place: fc.nat(PAGES.reduce((sum, more) => sum + more, 0) - 1),
  write: fc.constantFrom<Write[]>('same', 'byte', 'byte', 'ends', 'runs', 'every other', 'zero', 'noise'),
  salt: fc.nat(4000),
});

const anyCall = fc.record({
  writes: fc.array(anyWrite, { maxLength: 8 }),
  out_size: fc.oneof(
    fc.constant(OUT_BYTES),
    fc.nat(OUT_BYTES),
    fc.integer({ min: ROOM - 3, max: ROOM + 300 }),
  ),
  budget: fc.oneof(fc.constant(NO_BUDGET), fc.nat(12)),
  /** Dirty syncs since the call before. */
  syncs: fc.constantFrom(0, 0, 1, 1, 2, 3),
});

const anyWindows = fc.constantFrom(
  [],
  [
    { first: 3, beyond: 2 },
    { first: 0, beyond: 1 },
    { first: 0, beyond: 5 },
    { first: 9, beyond: 0 },
  ],
  [{ first: 0x7fff_0001, beyond: 0 }],
);

/** The block and page of a number among all pages. */
function placeOf(place: number): { index: number; page: number } {
  let page = place;
  let index = 0;
  while (page >= (PAGES[index] ?? 0)) page -= PAGES[index++] ?? 0;
  return { index, page };
}

for (const build of BUILDS) {
  const guest = new EncodeGuest(build, newModel(), OUT_BYTES, SLOTS);
  const wide = new EncodeGuest(build, newModel(), OUT_BYTES, 64);

  test(`${build.name}: a first pass keeps what fits, by hand`, () => {
    const model = newModel();
    startedGuest(wide, model);
    const { pages, bytes, miss, overflow, held } = wide.cache;
    // every page but the two that are zero was looked for, and all of them are kept
    assert.equal([pages, bytes, miss, overflow, held.size], [0, 0, 20, 0, 22]);
    startedGuest(guest, newModel());
    assert.equal([guest.cache.miss, guest.cache.held.size], [20, SLOTS]);
  });

  test(`${build.name}: one byte, none, every other and all to zero, by hand`, () => {
    const model = newModel();
    startedGuest(wide, model);
    const [ram] = model;
    if (ram === undefined) throw new Error('no block');
    const send = (page: number, write: Write) => {
      writePage(wide, ram, 0, page, written(ram.pages[page] ?? new Uint8Array(), write, 1));
      return wide.encode(OUT_BYTES, NO_BUDGET);
    };
    const byte = send(0, 'byte').records[0] ?? new Uint8Array();
    assert.equal([...byte.subarray(0, -1)], [0, 0, 0, 0, 0, 0, 0, 0x40, 3, 0x72, 0x61, 0x6d, 1, 0, 3, 17, 1]);
    assert.equal([wide.cache.pages, wide.cache.bytes], [1, 4 + 3 + 3]);
    const same = send(0, 'same');
    assert.equal([same.records.length, same.skipped], [0, 1]);
    assert.equal([wide.cache.pages, wide.cache.bytes], [2, 10]);
    const other = send(0, 'every other').records[0];
    assert.equal([other?.length, other?.[7]], [8 + 4096, 0x28]);
    assert.equal([wide.cache.pages, wide.cache.bytes, wide.cache.overflow], [3, 10 + 4096, 1]);
    assert.equal([...(send(0, 'zero').records[0] ?? [])], [0, 0, 0, 0, 0, 0, 0, 0x22, 0]);
    // from zero it is one byte again
    assert.is(send(0, 'byte').records[0]?.length, 8 + 3 + 3);
    assert.equal([wide.cache.miss, wide.cache.held.size], [20, 22]);
    wide.checkReader();
  });

  test(`${build.name}: a slot is given to another page when nobody asked for it in two generations`, () => {
    for (const later of [0, 1, 2, 3]) {
      const model = newModel();
      startedGuest(guest, model);
      const [ram] = model;
      const first = ram?.pages[0] ?? new Uint8Array();
      if (ram === undefined) throw new Error('no block');
      // pages 0 and 8 share a slot; page 0 was kept in generation 1
      guest.setCache(1 + later, false);
      writePage(guest, ram, 0, 8, written(first, 'noise', 99));
      guest.encode(OUT_BYTES, NO_BUDGET);
      assert.is(guest.cache.held.get(0)?.page, later < 2 ? 0 : 8, `${later} generations later`);
    }
  });

  test(`${build.name}: a zero page takes a slot as others do, and a page asked for is young again`, () => {
    const model = newModel();
    startedGuest(guest, model);
    const [ram] = model;
    if (ram === undefined) throw new Error('no block');
    guest.setCache(3, false);
    // skipped, and asked for: of generation 3 now
    writePage(guest, ram, 0, 0, ram.pages[0] ?? new Uint8Array());
    assert.is(guest.encode(OUT_BYTES, NO_BUDGET).skipped, 1);
    for (const [generation, page] of [
      [4, 0],
      [5, 8],
    ] as const) {
      guest.setCache(generation, false);
      writePage(guest, ram, 0, 8, new Uint8Array(4096));
      guest.encode(OUT_BYTES, NO_BUDGET);
      assert.is(guest.cache.held.get(0)?.page, page, `generation ${generation}`);
    }
    guest.checkReader();
  });

  test(`${build.name}: in the last stage changes are sent and nothing is kept, but for zero pages`, () => {
    const model = newModel();
    startedGuest(wide, model);
    wide.setCache(9, true);
    const writes: Write[] = ['byte', 'every other', 'same', 'zero', 'noise', 'runs'];
    for (const [page, write] of writes.entries()) {
      const [ram] = model;
      if (ram === undefined) throw new Error('no block');
      writePage(wide, ram, 0, page, written(ram.pages[page] ?? new Uint8Array(), write, 3));
    }
    const { records, skipped } = wide.encode(OUT_BYTES, NO_BUDGET);
    assert.equal([records.length, skipped], [5, 1]);
    wide.checkReader();
  });

  test(`${build.name}: an output near a record's edge wants the longest record that may be`, () => {
    const writes: Write[] = ['byte', 'same', 'zero', 'every other', 'runs', 'byte'];
    const sizes = new Set<number>();
    for (const room of [8 + 1, ROOM, ROOM + 4]) for (const beside of [-1, 0, 1]) sizes.add(room + beside);
    // behind a record or more, too
    for (const done of [14, 14 + 9, 23 + 4104, 4131 + 900]) {
      for (let beside = -1; beside <= 5; beside++) sizes.add(done + ROOM + beside);
    }
    for (const out_size of sizes) {
      for (const budget of [NO_BUDGET, 2]) {
        const model = newModel();
        startedGuest(wide, model);
        wide.setCache(2, false);
        writes.forEach((write, page) => {
          const [ram] = model;
          if (ram !== undefined)
            writePage(wide, ram, 0, page, written(ram.pages[page] ?? new Uint8Array(), write, page));
        });
        for (let stop = 1; stop !== 0; ) {
          const call = wide.encode(out_size, budget);
          stop = call.stop;
          if (stop === 1 && call.records.length + call.skipped === 0) stop = wide.encode(ROOM + 256, 1).stop;
        }
        wide.checkReader();
      }
    }
  });

  test(`${build.name}: any writes, syncs, outputs and budgets: as QEMU's cache, and the reader follows`, () => {
    const calls = fc.array(anyCall, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(calls, anyWindows, fc.boolean(), fc.boolean(), (steps, windows, is_wide, ends) => {
        const model = newModel(windows);
        const some = is_wide ? wide : guest;
        startedGuest(some, model);
        let generation = 1;
        for (const { writes, out_size, budget, syncs } of steps) {
          generation += syncs;
          some.setCache(generation, false);
          for (const { place, write, salt } of writes) {
            const { index, page } = placeOf(place);
            const block = model[index];
            if (block === undefined) continue;
            writePage(some, block, index, page, written(block.pages[page] ?? new Uint8Array(), write, salt));
          }
          some.encode(out_size, budget);
          some.checkReader();
        }
        // the guest stands still: what is left goes, each page once
        some.setCache(generation + 1, ends);
        for (let empty = 0; empty < 2; ) empty = some.encode(OUT_BYTES, NO_BUDGET).stop === 0 ? empty + 1 : 0;
        some.checkReader();
      }),
      { numRuns: build.name === 'debug' ? 40 : 120 },
    );
  });
}

test.run();
