import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Arena, GUEST_BYTES_MAX, MEMORY_BYTES_MAX } from '../../src/core/arena.ts';
import { type ErrorCode, PagepipeError } from '../../src/errors.ts';
import { type Block, type BlockSpec, Guest, PAGE_BYTES } from '../../src/guest/guest.ts';

const arena = new Arena();

function fails(make: () => unknown, code: ErrorCode): void {
  assert.throws(make, (e: unknown) => e instanceof PagepipeError && e.code === code, code);
}

function makeGuest(...specs: readonly (readonly [name: string, pages: number])[]): Guest {
  return new Guest(
    specs.map(([name, pages]) => ({ name, bytes: pages * 4096 })),
    arena,
  );
}

/** Pages whose bit is set in a bitmap of a block, read bit by bit. */
function bitsOf(guest: Guest, block: Block, bitmap: number): number[] {
  const bytes = guest.arena.bytes(bitmap, guest.arena.core.bitmapSize(block.pages));
  return Array.from({ length: bytes.length * 8 }, (_, bit) => bit).filter(
    (bit) => ((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1,
  );
}

test('a page is 4096 bytes', () => assert.is(PAGE_BYTES, 4096));

test('blocks have their names, sizes and places, and do not overlap', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 70 }), { maxLength: 6 });
  fc.assert(
    fc.property(sizes, (list) => {
      const guest = makeGuest(...list.map((pages, i) => [`block ${i}`, pages] as const));
      assert.is(guest.ram_bytes, list.reduce((sum, pages) => sum + pages, 0) * 4096);
      const ranges: [number, number][] = [];
      guest.blocks.forEach((block, i) => {
        const { name, index, pages, bytes, host } = block;
        assert.equal([name, index, pages, bytes], [`block ${i}`, i, list[i], pages * 4096]);
        assert.is(host % 4096, 0);
        const bitmap_bytes = Math.ceil(pages / 64) * 8;
        ranges.push([host, bytes], [block.dirty, bitmap_bytes], [block.log, bitmap_bytes]);
        assert.is(guest.blockNamed(name), block);
      });
      const used = ranges.sort(([a], [b]) => a - b);
      used.slice(1).forEach(([start], i) => {
        const [before, bytes] = used[i] ?? [0, 0];
        assert.ok(before + bytes <= start);
      });
    }),
  );
});

test('RAM is zero at first, and a block is its own', () => {
  const guest = makeGuest(['a', 2], ['b', 3]);
  const [a, b] = guest.blocks;
  if (a === undefined || b === undefined) throw new Error('two blocks were asked for');
  assert.ok([...guest.ram(a), ...guest.ram(b)].every((byte) => byte === 0));
  guest.ram(a).fill(1);
  assert.ok(guest.ram(b).every((byte) => byte === 0));
  assert.equal([guest.isZero(a, 1), guest.isZero(b, 2)], [false, true]);
  const page = guest.ram(b);
  // the last byte of the middle page
  page[2 * 4096 - 1] = 1;
  assert.equal(
    [0, 1, 2].map((i) => guest.isZero(b, i)),
    [true, false, true],
  );
});

test('a repeated byte that is not zero is no zero page', () => {
  const guest = makeGuest(['a', 1]);
  const block = guest.largestBlock();
  guest.ram(block).fill(7);
  assert.is(guest.isZero(block, 0), false);
});

test('the dirty sync moves the log into the dirty bitmap, and counts what came to it', () => {
  const pages = fc.array(fc.nat(199), { maxLength: 60 });
  fc.assert(
    fc.property(pages, pages, (first, second) => {
      const guest = makeGuest(['small', 3], ['ram', 200]);
      const block = guest.largestBlock();
      const sorted = (list: readonly number[]) => [...new Set(list)].sort((a, b) => a - b);
      for (const page of first) guest.logWrite(block, page);
      assert.equal(bitsOf(guest, block, block.log), sorted(first));
      assert.is(guest.syncDirty(), sorted(first).length);
      for (const page of second) guest.logWrite(block, page);
      const all = sorted([...first, ...second]);
      assert.is(guest.syncDirty(), all.length - sorted(first).length);
      assert.equal(bitsOf(guest, block, block.dirty), all);
      assert.equal(bitsOf(guest, block, block.log), []);
      assert.equal([guest.dirty_pages, guest.syncDirty()], [all.length, 0]);
    }),
    { numRuns: 50 },
  );
});

test('all dirty is every page of every block, and no bit more', () => {
  const guest = makeGuest(['one', 1], ['word', 64], ['over', 65]);
  guest.markAllDirty();
  assert.is(guest.dirty_pages, 130);
  for (const block of guest.blocks) {
    assert.equal(
      bitsOf(guest, block, block.dirty),
      Array.from({ length: block.pages }, (_, page) => page),
    );
  }
  guest.sentPages(30);
  assert.is(guest.dirty_pages, 100);
});

test('the largest block is the first of the largest', () => {
  assert.is(makeGuest(['a', 2], ['b', 5], ['c', 5]).largestBlock().name, 'b');
  fails(() => makeGuest().largestBlock(), 'no-blocks');
});

test('a name that is none is refused with those that are', () => {
  const guest = makeGuest(['a', 1], ['b', 1]);
  assert.throws(
    () => guest.blockNamed('A'),
    (e: unknown) =>
      e instanceof PagepipeError && e.code === 'no-such-block' && String(e.detail.blocks) === 'a,b',
  );
  fails(() => makeGuest().blockNamed(''), 'no-such-block');
});

test('a name may have 255 bytes, and any', () => {
  const every_byte = String.fromCharCode(...Array.from({ length: 255 }, (_, i) => i + 1));
  assert.is(makeGuest([every_byte, 1]).largestBlock().name, every_byte);
  assert.is(makeGuest(['', 1]).blockNamed('').pages, 1);
  fails(() => makeGuest(['x'.repeat(256), 1]), 'block-name');
});

test('what is not whole pages is refused', () => {
  for (const bytes of [1, 4095, 4097, 4096.5, Number.NaN]) {
    fails(() => new Guest([{ name: 'ram', bytes }], arena), 'image-size');
  }
});

test('the limit is sixteen memories of 4 GiB less 16 MiB, of all blocks together', () => {
  assert.is(MEMORY_BYTES_MAX, 4 * 1_073_741_824 - 16_777_216);
  assert.is(GUEST_BYTES_MAX, 16 * MEMORY_BYTES_MAX);
  const tooLarge = (...sizes: readonly number[]) => {
    const specs: BlockSpec[] = sizes.map((bytes, i) => ({ name: `${i}`, bytes }));
    fails(() => new Guest(specs, arena), 'guest-too-large');
  };
  tooLarge(GUEST_BYTES_MAX + 4096);
  tooLarge(GUEST_BYTES_MAX, 4096);
  tooLarge(2 ** 40);
});

test('a memory full of RAM has an address for its last page, unsigned', () => {
  // never written, so the kernel gives addresses and no memory
  const guest = new Guest([{ name: 'ram', bytes: MEMORY_BYTES_MAX }]);
  const block = guest.largestBlock();
  const last = block.pages - 1;
  guest.logWrite(block, last);
  assert.is(guest.syncDirty(), 1);
  assert.is(guest.arena.core.bitmapNext(block.dirty, block.pages, 0), last);
  assert.is(guest.isZero(block, last), true);
  guest.arena.bytes(block.host + last * 4096 + 4095, 1)[0] = 1;
  assert.is(guest.isZero(block, last), false);
});

test('two blocks of one name are refused, and blocks without bytes', () => {
  fails(() => makeGuest(['ram', 1], ['rom', 1], ['ram', 2]), 'block-named-twice');
  fails(() => makeGuest(['ram', 1], ['rom', 0]), 'block-empty');
});

test.run();
