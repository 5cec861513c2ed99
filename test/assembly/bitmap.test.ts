import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as ref from '../ref/bitmap.ts';
import { BUILDS } from '../support/core-builds.ts';
import { Guarded, sameBytes } from '../support/guarded.ts';

const PAGES_MAX = 1000;

/** Two bitmaps under guard, each next to nothing it may touch. */
class Bitmaps {
  readonly guarded;
  readonly dirty;
  readonly log;

  constructor(build: (typeof BUILDS)[number]) {
    this.guarded = new Guarded(build, 65_536);
    this.dirty = this.guarded.place(128);
    this.log = this.guarded.place(128);
  }

  /** Makes both bitmaps just as large as `pages` need and gives them these bits. */
  load(pages: number, dirty: Iterable<number>, log: Iterable<number>): void {
    const size_bytes = ref.sizeOf(pages);
    this.guarded.resize(this.dirty, size_bytes);
    this.guarded.resize(this.log, size_bytes);
    this.guarded.view(this.dirty).set(ref.bytesOf(dirty, size_bytes));
    this.guarded.view(this.log).set(ref.bytesOf(log, size_bytes));
  }

  /** Both bitmaps have these bits, and nothing else has changed. */
  expect(dirty: Iterable<number>, log: Iterable<number>, what: string): void {
    const { guarded } = this;
    sameBytes(guarded.view(this.dirty), ref.bytesOf(dirty, this.dirty.size_bytes), `${what}: dirty`);
    sameBytes(guarded.view(this.log), ref.bytesOf(log, this.log.size_bytes), `${what}: log`);
    guarded.check(what);
  }
}

/** A number of pages and bits of its bitmap, those beyond the block included. */
const anyBitmap = fc.integer({ min: 1, max: PAGES_MAX }).chain((pages) => {
  const size_bytes = ref.sizeOf(pages);
  const words = fc.uint8Array({ minLength: size_bytes, maxLength: size_bytes });
  const sparse = fc.array(fc.nat(size_bytes * 8 - 1), { maxLength: 6 });
  const bits = fc.oneof(
    words.map((bytes) => [...ref.bitsOf(bytes)]),
    sparse,
  );
  return fc.record({ pages: fc.constant(pages), dirty: bits, log: bits });
});

for (const build of BUILDS) {
  const bitmaps = new Bitmaps(build);
  const { core } = bitmaps.guarded;
  const dirty_at = bitmaps.dirty.address;
  const log_at = bitmaps.log.address;

  test(`${build.name}: bitmap_size is whole words, up to 2^32 - 1 pages`, () => {
    for (let pages = 0; pages <= 1025; pages++) {
      assert.is(core.bitmap_size(pages) >>> 0, ref.sizeOf(pages), `${pages} pages`);
    }
    for (const pages of [2 ** 20, 2 ** 31, 2 ** 32 - 64, 2 ** 32 - 63, 2 ** 32 - 1]) {
      assert.is(core.bitmap_size(pages) >>> 0, Number(((BigInt(pages) + 63n) / 64n) * 8n), `${pages} pages`);
    }
  });

  test(`${build.name}: set and clear, every first and count of 200 pages`, () => {
    const all = Array.from({ length: 256 }, (_, bit) => bit);
    for (let first = 0; first < 200; first++) {
      for (let count = 0; count <= 200 - first; count++) {
        const what = `${count} from ${first}`;
        const bits = new Set<number>();
        bitmaps.load(200, bits, []);
        core.bitmap_set(dirty_at, first, count);
        ref.set(bits, first, count);
        bitmaps.expect(bits, [], `set ${what}`);
        assert.is(core.bitmap_count(dirty_at, 200), count, `count of ${what}`);

        const full = new Set(all);
        bitmaps.load(200, full, []);
        core.bitmap_clear(dirty_at, first, count);
        ref.clear(full, first, count);
        bitmaps.expect(full, [], `clear ${what}`);
      }
    }
  });

  test(`${build.name}: next, every one bit and every from of 200 pages`, () => {
    for (let bit = 0; bit < 256; bit++) {
      const bits = new Set([bit]);
      bitmaps.load(200, bits, []);
      for (let from = 0; from <= 201; from++) {
        const expected = from >= 200 ? 200 : ref.next(bits, 200, from);
        assert.is(core.bitmap_next(dirty_at, 200, from), expected, `bit ${bit} from ${from}`);
      }
      assert.is(core.bitmap_count(dirty_at, 200), bit < 200 ? 1 : 0, `count of bit ${bit}`);
    }
    bitmaps.guarded.check('next');
  });

  test(`${build.name}: bits beyond the pages are neither found nor counted, for any number of pages`, () => {
    for (let pages = 0; pages <= 256; pages++) {
      const size_bits = ref.sizeOf(pages) * 8;
      const beyond = Array.from({ length: size_bits - pages }, (_, at) => pages + at);
      bitmaps.load(pages, beyond, beyond);
      assert.is(core.bitmap_next(dirty_at, pages, 0), pages, `next of ${pages}`);
      assert.is(core.bitmap_count(dirty_at, pages), 0, `count of ${pages}`);
      bitmaps.expect(beyond, beyond, `${pages} pages`);
      bitmaps.load(pages, [], beyond);
      assert.is(core.bitmap_merge(dirty_at, log_at, pages), 0, `merge of ${pages}`);
      bitmaps.expect([], [], `merge of ${pages} pages`);
    }
  });

  test(`${build.name}: next, count and merge of random bitmaps as the oracle has them`, () => {
    fc.assert(
      fc.property(anyBitmap, fc.nat(PAGES_MAX), ({ pages, dirty, log }, from) => {
        const dirty_bits = new Set(dirty);
        const log_bits = new Set(log);
        bitmaps.load(pages, dirty, log);
        assert.is(core.bitmap_count(dirty_at, pages), ref.count(dirty_bits, pages), 'count');
        assert.is(core.bitmap_next(dirty_at, pages, from), ref.next(dirty_bits, pages, from));
        const added = ref.merge(dirty_bits, log_bits, pages);
        assert.is(core.bitmap_merge(dirty_at, log_at, pages), added, 'merge returns how many are new');
        bitmaps.expect(dirty_bits, log_bits, 'merge');
        assert.is(core.bitmap_merge(dirty_at, log_at, pages), 0, 'a second merge has nothing new');
        bitmaps.expect(dirty_bits, log_bits, 'second merge');
      }),
      { numRuns: 500 },
    );
  });

  test(`${build.name}: any order of set, clear and merge leaves what the oracle has`, () => {
    const range = fc.record({
      op: fc.constantFrom('set', 'clear', 'log', 'merge'),
      first: fc.nat(PAGES_MAX),
      count: fc.nat(PAGES_MAX),
    });
    const pages_arb = fc.integer({ min: 1, max: PAGES_MAX });
    fc.assert(
      fc.property(pages_arb, fc.array(range, { maxLength: 30 }), (pages, ops) => {
        const dirty = new Set<number>();
        const log = new Set<number>();
        bitmaps.load(pages, dirty, log);
        for (const op of ops) {
          const first = op.first % pages;
          const count = op.count % (pages - first + 1);
          applyBoth(op.op, first, count, pages, dirty, log);
          bitmaps.expect(dirty, log, `${op.op} ${count} from ${first} of ${pages}`);
        }
      }),
      { numRuns: 200 },
    );
  });

  function applyBoth(
    op: string,
    first: number,
    count: number,
    pages: number,
    dirty: Set<number>,
    log: Set<number>,
  ): void {
    if (op === 'merge') {
      assert.is(core.bitmap_merge(dirty_at, log_at, pages), ref.merge(dirty, log, pages));
    } else if (op === 'clear') {
      core.bitmap_clear(dirty_at, first, count);
      ref.clear(dirty, first, count);
    } else {
      core.bitmap_set(op === 'log' ? log_at : dirty_at, first, count);
      ref.set(op === 'log' ? log : dirty, first, count);
    }
  }
}

test.run();
