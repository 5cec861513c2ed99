/** diff_shadow and diff_fingerprint: pages found, bits set, and what is known brought up to date; nothing else. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesOf, sizeOf } from '../ref/bitmap.ts';
import * as ref from '../ref/diff.ts';
import { xoshiro128 } from '../ref/prng.ts';
import { BUILDS, type CoreBuild, instantiateBuild } from '../support/core-builds.ts';
import { Guarded, sameBytes } from '../support/guarded.ts';

const PAGE_BYTES = 4096;
const PAGES_MAX = 130;
/** Around a word of the bitmap, and more than two. */
const PAGE_COUNTS = [1, 63, 64, 65, PAGES_MAX];

/** Where RAM ends at most: the end of the very last page is address 0. */
const HIGHEST = 2 ** 32;

/** One of the two ways to know what the RAM was. */
interface Way {
  readonly name: 'diff_shadow' | 'diff_fingerprint';
  /** Bytes that are known of a page. */
  readonly known_bytes: number;
  knownOf(ram: Uint8Array): Uint8Array;
  changed(ram: Uint8Array, known: Uint8Array): number[];
}

const SHADOW: Way = {
  name: 'diff_shadow',
  known_bytes: PAGE_BYTES,
  knownOf: (ram) => ram.slice(),
  changed: ref.changedPages,
};

const FINGERPRINT: Way = {
  name: 'diff_fingerprint',
  known_bytes: ref.PRINT_BYTES,
  knownOf: ref.fingerprintsOf,
  changed: ref.changedPrints,
};

/** RAM, what is known of it, and the bitmap, each under guard; the RAM itself is guard: it is only read. */
class Diff {
  readonly way: Way;
  readonly #guarded;
  readonly #ram;
  readonly #known;
  readonly #bitmap;

  /** @param odd whether RAM and what is known of it begin at odd addresses, not at multiples of 16 */
  constructor(build: CoreBuild, way: Way, pages_max: number, odd = false) {
    this.way = way;
    this.#guarded = new Guarded(build, pages_max * (PAGE_BYTES + way.known_bytes) + 4096);
    this.#bitmap = this.#guarded.place(sizeOf(pages_max));
    if (odd) this.#guarded.place(1);
    this.#ram = this.#guarded.place(pages_max * PAGE_BYTES, odd ? 1 : 16);
    this.#known = this.#guarded.place(pages_max * way.known_bytes, odd ? 1 : 16);
    assert.is(this.#ram.address % 2, odd ? 1 : 0);
  }

  /**
   * Compares twice, and checks all that stands in memory after each call.
   *
   * @param bits bits of the bitmap that are set before
   * @returns the pages that differed, by the oracle and by the core alike
   */
  compare(
    what: string,
    { ram, known, bits = [] }: { ram: Uint8Array; known: Uint8Array; bits?: readonly number[] },
    updates: boolean,
  ): number[] {
    const changed = this.way.changed(ram, known);
    this.#load(ram, known, bits, updates);
    this.#call(`${what}, first call`, ram, changed, updates);
    this.#expect(`${what}, first call`, updates ? this.#updated(ram, known, changed) : known, [
      ...bits,
      ...changed,
    ]);
    this.#guarded.view(this.#bitmap).fill(0);
    const left = updates ? [] : changed;
    this.#call(`${what}, second call`, ram, left, updates);
    this.#expect(`${what}, second call`, updates ? this.#updated(ram, known, changed) : known, left);
    return changed;
  }

  #load(ram: Uint8Array, known: Uint8Array, bits: Iterable<number>, updates: boolean): void {
    const guarded = this.#guarded;
    guarded.seal(this.#ram, ram);
    if (updates) {
      guarded.resize(this.#known, known.length);
      guarded.view(this.#known).set(known);
    } else {
      guarded.seal(this.#known, known);
    }
    const bitmap_bytes = sizeOf(ram.length / PAGE_BYTES);
    guarded.resize(this.#bitmap, bitmap_bytes);
    guarded.view(this.#bitmap).set(bytesOf(bits, bitmap_bytes));
  }

  #call(what: string, ram: Uint8Array, changed: readonly number[], updates: boolean): void {
    const { core } = this.#guarded;
    const pages = ram.length / PAGE_BYTES;
    const [ram_at, known_at, bitmap_at] = [this.#ram.address, this.#known.address, this.#bitmap.address];
    const count = core[this.way.name](ram_at, known_at, pages, bitmap_at, updates ? 1 : 0);
    assert.is(count, changed.length, `${what}: how many pages differ`);
  }

  /** What is known after an update: as before, but of the pages that changed. */
  #updated(ram: Uint8Array, known: Uint8Array, changed: readonly number[]): Uint8Array {
    const updated = known.slice();
    const { known_bytes, knownOf } = this.way;
    for (const page of changed) {
      const now = knownOf(ram.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES));
      updated.set(now, page * known_bytes);
    }
    return updated;
  }

  #expect(what: string, known: Uint8Array, bits: Iterable<number>): void {
    const guarded = this.#guarded;
    const bitmap = bytesOf(bits, this.#bitmap.size_bytes);
    sameBytes(guarded.view(this.#bitmap), bitmap, `${what}: bitmap`);
    sameBytes(guarded.view(this.#known), known, `${what}: known`);
    guarded.check(what);
  }
}

/** Pages of noise, each another one. */
function noise(pages: number, seed: number): Uint8Array {
  const random = xoshiro128(seed);
  return new Uint8Array(Uint32Array.from({ length: pages * 1024 }, () => random.next().value).buffer);
}

/** The same with some bytes turned by a mask that is not zero. */
function turned(ram: Uint8Array, ...changes: readonly (readonly [at: number, mask: number])[]): Uint8Array {
  const changed = ram.slice();
  for (const [at, mask] of changes) changed[at] = (changed[at] ?? 0) ^ mask;
  return changed;
}

const NOISE = noise(PAGES_MAX, 1);
const ramOf = (pages: number): Uint8Array => NOISE.subarray(0, pages * PAGE_BYTES);

const anyPages = fc.oneof(fc.constantFrom(...PAGE_COUNTS), fc.integer({ min: 1, max: PAGES_MAX }));
const anyChange = fc.record({
  at: fc.nat(PAGES_MAX * PAGE_BYTES - 1),
  size: fc.oneof(fc.constantFrom(1, 4), fc.integer({ min: 1, max: 3 * PAGE_BYTES })),
  mask: fc.integer({ min: 1, max: 255 }),
});

for (const build of BUILDS) {
  for (const way of [SHADOW, FINGERPRINT]) {
    const small = new Diff(build, way, 3);
    const [large, odd] = [new Diff(build, way, PAGES_MAX), new Diff(build, way, PAGES_MAX, true)];
    const label = `${build.name}: ${way.name}`;

    test(`${label}: nothing is found where nothing changed, and bits that are set stay`, () => {
      for (const pages of [0, ...PAGE_COUNTS]) {
        for (const ram of [ramOf(pages), new Uint8Array(pages * PAGE_BYTES)]) {
          const known = way.knownOf(ram);
          const all = Array.from({ length: sizeOf(pages) * 8 }, (_, bit) => bit);
          for (const bits of [[], all, all.filter((bit) => bit % 3 === 0)]) {
            for (const updates of [false, true]) {
              assert.equal(large.compare(`${pages} pages`, { ram, known, bits }, updates), []);
            }
          }
        }
      }
    });

    test(`${label}: one page of many, and all of them, beside bits that are set, beyond the last too`, () => {
      for (const pages of PAGE_COUNTS) {
        const was = ramOf(pages);
        const known = way.knownOf(was);
        const bits = Array.from({ length: sizeOf(pages) * 8 }, (_, bit) => bit).filter((bit) => bit % 5 < 2);
        for (const page of new Set([0, pages >> 1, Math.min(pages - 1, 63), pages - 1])) {
          const ram = turned(was, [page * PAGE_BYTES + 77, 0x10]);
          for (const updates of [false, true]) {
            const found = large.compare(`page ${page} of ${pages}`, { ram, known, bits }, updates);
            assert.equal(found, [page]);
          }
        }
        const ram = was.map((byte) => byte ^ 0xff);
        const every = Array.from({ length: pages }, (_, page) => page);
        for (const updates of [false, true]) {
          assert.equal(large.compare(`all ${pages}`, { ram, known, bits: [] }, updates), every);
        }
      }
    });

    test(`${label}: one bit at every offset of the first page, and of the last`, () => {
      const was = ramOf(3);
      const known = way.knownOf(was);
      for (let offset = 0; offset < PAGE_BYTES; offset++) {
        for (const page of [0, 2]) {
          const ram = turned(was, [page * PAGE_BYTES + offset, 1 << (offset % 8)]);
          const updates = offset % 2 === page / 2;
          assert.equal(small.compare(`offset ${offset}`, { ram, known }, updates), [page], `${offset}`);
        }
      }
    });

    test(`${label}: any changes, any bits, at even and at odd addresses`, () => {
      const bitmap = fc.array(fc.nat(sizeOf(PAGES_MAX) * 8 - 1), { maxLength: 40 });
      fc.assert(
        fc.property(
          fc.record({ pages: anyPages, changes: fc.array(anyChange, { maxLength: 6 }), set: bitmap }),
          fc.boolean(),
          fc.boolean(),
          ({ pages, changes, set }, updates, is_odd) => {
            const was = ramOf(pages);
            const ram = was.slice();
            for (const { at, size, mask } of changes) {
              for (let i = at; i < Math.min(at + size, ram.length); i++) ram[i] = (ram[i] ?? 0) ^ mask;
            }
            const bits = set.filter((bit) => bit < sizeOf(pages) * 8);
            const found = (is_odd ? odd : large).compare(
              'any',
              { ram, known: way.knownOf(was), bits },
              updates,
            );
            // no fingerprint of these is by chance the same: 2^-32 a page
            assert.equal(found, ref.changedPages(ram, was));
          },
        ),
        { numRuns: build.name === 'debug' ? 40 : 80 },
      );
    });
  }

  test(`${build.name}: addresses over 2^31, and across it`, () => {
    // it is the host's only where it is touched
    const { core, memory } = instantiateBuild(build, 2 ** 32);
    const [bitmap, shadow, prints] = [64, 65_536, 131_072];
    for (const ram of [2 ** 31 - PAGE_BYTES, 2 ** 31, HIGHEST - 2 * PAGE_BYTES]) {
      const bytes = new Uint8Array(memory.buffer, ram, 2 * PAGE_BYTES);
      bytes.set(ramOf(2));
      core.diff_shadow(ram, shadow, 2, bitmap, 1);
      core.diff_fingerprint(ram, prints, 2, bitmap, 1);
      // each half of each page
      for (const at of [5, 4000, 4100, 8191]) {
        bytes.set(turned(ramOf(2), [at, 0x80]));
        const found = [
          core.diff_shadow(ram, shadow, 2, bitmap, 0),
          core.diff_fingerprint(ram, prints, 2, bitmap, 0),
        ];
        assert.equal(found, [1, 1], `byte ${at} from ${ram}`);
      }
    }
  });

  const prints = new Diff(build, FINGERPRINT, 3);

  test(`${build.name}: fingerprints are those of the oracle, of noise, of zero and of one byte all over`, () => {
    const fills = [0x00, 0x01, 0x80, 0xff].map((byte) => new Uint8Array(PAGE_BYTES).fill(byte));
    for (const page of [...fills, noise(1, 2), noise(1, 3)]) {
      // compare checks that each byte that is stored is the oracle's
      const known = new Uint8Array(ref.PRINT_BYTES);
      assert.equal(prints.compare('print', { ram: page, known }, true), [0]);
    }
  });

  test(`${build.name}: another word is never missed, at any place of a page, whatever bits it changes`, () => {
    for (const was of [new Uint8Array(PAGE_BYTES), noise(1, 4)]) {
      const known = ref.fingerprintsOf(was);
      for (let word = 0; word < PAGE_BYTES; word += 4) {
        const masks = [0x01, 0x80, 0xff];
        const whole = turned(was, [word, 0xff], [word + 1, 0xff], [word + 2, 0xff], [word + 3, 0xff]);
        const ends = masks.flatMap((mask) => [turned(was, [word, mask]), turned(was, [word + 3, mask])]);
        for (const ram of [whole, ...ends]) {
          assert.equal(prints.compare(`word at ${word}`, { ram, known }, false), [0], `word at ${word}`);
        }
      }
    }
  });

  test(`${build.name}: two top bits of a chain do not cancel, nor do two pages that change places`, () => {
    const was = noise(3, 5);
    const known = ref.fingerprintsOf(was);
    for (let word = 0; word + 64 < PAGE_BYTES; word += 4) {
      const ram = turned(was, [word + 3, 0x80], [word + 67, 0x80]);
      assert.equal(prints.compare(`words at ${word}`, { ram, known }, false), [0], `words at ${word}`);
    }
    const swapped = was.slice();
    swapped.copyWithin(0, PAGE_BYTES, 2 * PAGE_BYTES);
    swapped.set(was.subarray(0, PAGE_BYTES), PAGE_BYTES);
    assert.equal(prints.compare('swapped', { ram: swapped, known }, true), [0, 1]);
  });
}

test('the oracle: a fingerprint by hand, of a page of zero', () => {
  // each chain goes the same 64 steps from the same number with 0; then three folds
  const mask = 0xffff_ffffn;
  const mix = (state: bigint, word: bigint): bigint => {
    const product = ((state ^ word) * 0x9e3779b1n) & mask;
    return product ^ (product >> 15n);
  };
  let chain = 0x9e3779b1n;
  for (let i = 0; i < 64; i++) chain = mix(chain, 0n);
  const lane = mix(mix(mix(chain, chain), chain), chain);
  const print = new DataView(ref.fingerprintOf(new Uint8Array(PAGE_BYTES)).buffer);
  assert.equal(
    [0, 4, 8, 12].map((at) => BigInt(print.getUint32(at, true))),
    [lane, lane, lane, lane],
  );
});

test.run();
