import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Arena } from '../../src/core/arena.ts';
import { Core, LAYOUT } from '../../src/core/core.ts';
import { constantsOf, init, initSync, instantiateCore } from '../../src/core/instantiate.ts';

const U32_MAX = 2 ** 32 - 1;

/** The core's functions, each of which gives the largest number there is. */
function coreOfOnes(memory: WebAssembly.Memory): Core {
  const ones = (): number => -1;
  return new Core(memory, {
    ...instantiateCore(memory),
    bitmap_size: ones,
    bitmap_next: ones,
    bitmap_count: ones,
    bitmap_merge: ones,
    count_zero_pages: ones,
    diff_shadow: ones,
    diff_fingerprint: ones,
    encode: ones,
    decode: ones,
  });
}

test('every number that comes back is unsigned', () => {
  const core = coreOfOnes(new WebAssembly.Memory({ initial: 1 }));
  const numbers = [
    core.bitmapSize(1),
    core.bitmapNext(0, 1, 0),
    core.bitmapCount(0, 1),
    core.bitmapMerge(0, 0, 1),
    core.countZeroPages(0, 1),
    core.diffShadow(0, 0, 1, 0, true),
    core.diffFingerprint(0, 0, 1, 0, false),
    core.encode(0, 0, 0, 0, 0, 0),
    core.decode(0, 0, 0, 0, 0),
  ];
  assert.equal(
    numbers,
    numbers.map(() => U32_MAX),
  );
});

test('the core itself gives numbers over 2^31, unsigned', () => {
  const { core } = new Arena();
  for (const pages of [2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, U32_MAX]) {
    assert.is(core.bitmapNext(64, pages, pages), pages);
    assert.is(core.bitmapSize(pages), Math.ceil(pages / 64) * 8);
  }
});

test('words of memory are little-endian and unsigned; counters exact up to 2^53', () => {
  const arena = new Arena();
  const { core } = arena;
  const address = arena.alloc(16);
  fc.assert(
    fc.property(fc.nat({ max: U32_MAX }), fc.nat({ max: 2 ** 21 - 1 }), (low, high) => {
      core.setU32(address, low);
      core.setU32(address + 4, high);
      assert.is(core.u32(address), low);
      assert.equal(
        [...arena.bytes(address, 4)],
        [0, 8, 16, 24].map((bits) => (low >>> bits) & 0xff),
      );
      assert.is(core.u64(address), high * 2 ** 32 + low);
    }),
  );
});

test('a page is zero, or any byte of it is not', () => {
  const arena = new Arena();
  const page = arena.alloc(4096, 4096);
  assert.is(arena.core.isZero(page), true);
  for (const at of [0, 2048, 4095]) {
    arena.bytes(page, 4096).fill(0)[at] = 1;
    assert.is(arena.core.isZero(page), false);
  }
});

test('zero pages are counted by one call', () => {
  const arena = new Arena();
  const ram = arena.alloc(3 * 4096, 4096);
  assert.is(arena.core.countZeroPages(ram, 3), 3);
  arena.bytes(ram, 3 * 4096)[2 * 4096 - 1] = 1;
  assert.equal(
    [0, 1, 2, 3].map((pages) => arena.core.countZeroPages(ram, pages)),
    [0, 1, 1, 2],
  );
});

for (const shared of [false, true]) {
  const memory = shared ? 'a shared memory' : 'a memory';

  test(`pages that differ from what is known are found by either way, on ${memory}`, () => {
    const arena = new Arena({ shared });
    const { core } = arena;
    const pages = 70;
    const ram = arena.alloc(pages * 4096, 4096);
    const bitmap = arena.alloc(core.bitmapSize(pages));
    const ways = [
      { known: arena.alloc(pages * 4096), diff: core.diffShadow.bind(core) },
      { known: arena.alloc(pages * LAYOUT.FINGERPRINT_SIZE), diff: core.diffFingerprint.bind(core) },
    ];
    arena.bytes(ram, pages * 4096).fill(7);
    for (const { known, diff } of ways) {
      assert.is(diff(ram, known, pages, bitmap, true), pages, 'nothing is known at first');
      assert.is(diff(ram, known, pages, bitmap, true), 0);
      core.bitmapClear(bitmap, 0, pages);
      arena.bytes(ram, pages * 4096).fill(8, 69 * 4096 + 5, 69 * 4096 + 6);
      for (const [updates, found] of [
        [false, 1],
        [false, 1],
        [true, 1],
        [true, 0],
      ] as const) {
        assert.is(diff(ram, known, pages, bitmap, updates), found);
      }
      assert.equal([core.bitmapCount(bitmap, pages), core.bitmapNext(bitmap, pages, 0)], [1, 69]);
      arena.bytes(ram, pages * 4096).fill(7);
    }
  });
}

test('why encode and decode returned, by name', () => {
  const arena = new Arena();
  const state = arena.alloc(LAYOUT.ENCODE_STATE_SIZE);
  const stops = ['end', 'full', 'budget'] as const;
  assert.equal(
    [LAYOUT.ENCODE_END, LAYOUT.ENCODE_FULL, LAYOUT.ENCODE_BUDGET].map((stop) => {
      arena.core.setU32(state + LAYOUT.ENCODE_STOP, stop);
      return arena.core.encodeStop(state);
    }),
    [...stops],
  );
  const statuses = ['more', 'word', 'continue-first', 'unknown-block', 'beyond-block'] as const;
  assert.equal(
    statuses.map((_, status) => {
      arena.core.setU32(state + LAYOUT.DECODE_STATUS, status);
      return arena.core.decodeStatus(state);
    }),
    [...statuses],
  );
});

/** What two cores make of the same bitmaps; equal if they are one module. */
function traces(): number[] {
  const arena = new Arena();
  const { core } = arena;
  const [dirty, log] = [arena.alloc(core.bitmapSize(300)), arena.alloc(core.bitmapSize(300))];
  core.bitmapSet(dirty, 3, 200);
  core.bitmapSet(log, 150, 140);
  core.bitmapClear(dirty, 60, 10);
  const added = core.bitmapMerge(dirty, log, 300);
  return [added, core.bitmapCount(dirty, 300), core.bitmapNext(dirty, 300, 60), core.bitmapCount(log, 300)];
}

test('init and initSync give the same core, in any order and as often as one likes', async () => {
  const wanted = [87, 277, 70, 0];
  initSync();
  assert.equal(traces(), wanted);
  await init();
  assert.equal(traces(), wanted);
  await Promise.all([init(), init()]);
  initSync();
  assert.equal(traces(), wanted);
  const memory = new WebAssembly.Memory({ initial: 1 });
  const names = Object.keys(instantiateCore(memory)).sort();
  for (const name of ['bitmap_size', 'encode', 'decode', 'is_zero', 'diff_shadow']) {
    assert.ok(names.includes(name), name);
  }
});

test('any number of cores stand on one memory, and hold nothing of their own', () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const [one, other] = [new Core(memory), new Core(memory)];
  one.bitmapSet(128, 5, 2);
  assert.equal([other.bitmapCount(128, 64), other.bitmapNext(128, 64, 0)], [2, 5]);
  assert.is(one.u32(128), other.u32(128));
});

test("anyone's memory will do, before and after it has grown", () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 3 });
  const core = new Core(memory);
  core.setU32(65_532, U32_MAX);
  memory.grow(2);
  core.setU32(3 * 65_536 - 4, 5);
  assert.equal([core.u32(65_532), core.u32(3 * 65_536 - 4)], [U32_MAX, 5]);
  assert.throws(() => core.u32(3 * 65_536 - 3), RangeError);
});

test('a build says its constants itself, as unsigned numbers', () => {
  const constants = constantsOf(instantiateCore(new WebAssembly.Memory({ initial: 1 })));
  const wanted = Object.entries(LAYOUT).map(([name, value]) => [name, value >>> 0]);
  assert.equal(constants, Object.fromEntries(wanted));
  assert.equal(constantsOf({ name: 'x', encode: () => 0 }), {});
});

test.run();
