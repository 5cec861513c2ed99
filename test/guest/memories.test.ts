/**
 * A guest of 5 GiB, in two memories. Only some of its pages are ever written, sent or read: where reading costs memory
 * too, all of this takes little. Guests of which all is sent, in small memories, are in banks.test.ts.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Block,
  Guest,
  type Loaded,
  loadStream,
  MEMORY_BYTES_MAX,
  saveToMemory,
  unlimited,
} from '../../src/index.ts';
import { readGuest } from '../../src/node/input/input.ts';
import { saveTo } from '../../src/node/output/save-to.ts';
import { readRamStream, recordsOf } from '../ref/ram-reader.ts';
import { bigEndian, idstr, PAGE_BYTES, patternPage, StreamBuilder } from '../ref/stream.ts';
import { encode } from '../ref/xbzrle.ts';
import { sendsOnly } from '../support/banks.ts';
import { failure, inFolder } from '../support/folder.ts';
import { assertRefusal, loadPieces } from '../support/reading.ts';

const GIB = 2 ** 30;
const PAGES = (5 * GIB) / PAGE_BYTES;
/** The first page of the second memory, where a block begins with the first. */
const EDGE = MEMORY_BYTES_MAX / PAGE_BYTES;
const WRITTEN = [
  0,
  1,
  63,
  64,
  EDGE - 65,
  EDGE - 2,
  EDGE - 1,
  EDGE,
  EDGE + 1,
  EDGE + 64,
  PAGES - 2,
  PAGES - 1,
];
const RSS_BYTES_MAX = GIB;

/** These are sent: what was written, and zero pages beside it. */
const SENT = [...new Set(WRITTEN.flatMap((page) => [page - 1, page, page + 1]))]
  .filter((page) => page >= 0 && page < PAGES)
  .sort((a, b) => a - b);

// never touched but for a few pages, so the kernel gives addresses and little memory
const guest = new Guest([{ name: 'ram', bytes: 5 * GIB }]);
const ram = guest.largestBlock();
for (const page of WRITTEN) guest.pages(ram, page, 1).set(patternPage(page));

function pageOf(of: Guest, block: Block, page: number): Uint8Array {
  return of.pages(block, page, 1).slice();
}

/** The pages of the guest that were written, and those beside them, are in the other too. */
function assertSame({ guest: other }: Pick<Loaded, 'guest'>, how: string): void {
  const block = other.blockNamed('ram');
  assert.is(block.pages, PAGES);
  for (const page of SENT) {
    const found = pageOf(other, block, page);
    assert.is(Buffer.compare(found, pageOf(guest, ram, page)), 0, `page ${page}, ${how}`);
  }
}

test('a block is divided at the edge of a memory, and blocks behind it follow', () => {
  const large = new Guest([
    { name: 'small', bytes: 3 * PAGE_BYTES },
    { name: 'large', bytes: 2 * MEMORY_BYTES_MAX },
    { name: 'last', bytes: 70 * PAGE_BYTES },
  ]);
  assert.is(large.banks.length, 3);
  for (const block of large.blocks) {
    let next = 0;
    for (const { first, pages, block_index } of block.parts) {
      assert.equal([first, block_index], [next, block.index]);
      assert.is(first % 64, 0);
      next = first + pages;
    }
    assert.is(next, block.pages);
  }
  assert.equal(
    large.blocks.map((block) => block.parts.map(({ bank }) => large.banks.indexOf(bank))),
    [[0], [0, 1, 2], [2]],
  );
  const divided = large.blockNamed('large');
  assertRefusal(() => large.ram(divided), 'block-in-parts', { block: 'large', bytes: divided.bytes });
  assertRefusal(() => large.pages(divided, divided.pages, 1), 'page-beyond', { page: divided.pages });
});

test('views, zero tests and writes on both sides of the edge', () => {
  assert.is(guest.pages(ram, EDGE - 2, 9).length, 2 * PAGE_BYTES, 'a view ends with its memory');
  assert.is(guest.pages(ram, EDGE, 9).length, 9 * PAGE_BYTES);
  assert.equal(
    [EDGE - 3, EDGE - 1, EDGE, EDGE + 2, PAGES - 1].map((page) => guest.isZero(ram, page)),
    [true, false, false, true, false],
  );
  for (const page of [EDGE - 1, EDGE, EDGE, PAGES - 1]) guest.logWrite(ram, page);
  assert.equal([guest.syncDirty(), guest.dirty_pages], [3, 3]);
  guest.markAllDirty();
  assert.is(guest.dirty_pages, PAGES);
});

test('a save goes through both memories in order, and loads as it was', async () => {
  const { stream, counters } = await saveToMemory(guest, { policy: sendsOnly(guest, SENT) });
  const zero = SENT.length - WRITTEN.length;
  assert.equal(
    recordsOf(readRamStream(stream)).map(({ page, is_zero }) => [page, is_zero]),
    SENT.map((page) => [page, !WRITTEN.includes(page)]),
  );
  const { normal, duplicate, remaining } = counters.stats(guest.dirty_pages, 1);
  assert.equal([normal, duplicate, remaining], [WRITTEN.length, zero, 0]);
  const loaded = loadStream(stream, { missing: 'zero' });
  assertSame(loaded, 'loaded');
  const kinds = { normal: WRITTEN.length, zero, fill: 0, xbzrle: 0 };
  assert.equal(loaded.guest.kinds(loaded.guest.largestBlock()), kinds);
  assert.is(loaded.facts.rounds, 1);
});

test(
  'a mapped-ram file over the edge',
  inFolder(async (folder) => {
    const path = join(folder, 'out');
    await saveTo(guest, path, {
      via: 'file',
      direct: false,
      force: false,
      form: 'mapped-ram',
      policy: sendsOnly(guest, SENT),
    });
    const { size, blocks } = statSync(path);
    assert.ok(size > 5 * GIB && blocks * 512 < 2 ** 20, `${blocks} sectors`);
    const fd = openSync(path, 'r');
    // total behind header, configuration with capability, and head of START; then idstr, length, header
    const bitmap_offset = 8 + 9 + 47 + 17 + 8 + 12 + 28;
    const bitmap = Buffer.alloc(PAGES / 8);
    readSync(fd, bitmap, 0, bitmap.length, bitmap_offset);
    const set = [...bitmap.entries()].flatMap(([at, byte]) =>
      [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (byte >> bit) & 1).map((bit) => at * 8 + bit),
    );
    assert.equal(set, WRITTEN);
    for (const page of WRITTEN) {
      const bytes = Buffer.alloc(PAGE_BYTES);
      readSync(fd, bytes, 0, PAGE_BYTES, 2 ** 20 + page * PAGE_BYTES);
      assert.ok(bytes.equals(patternPage(page)), `page ${page}`);
    }
    closeSync(fd);
    assertSame(await readGuest(path), 'from mapped-ram');
  }),
);

/** A stream whose records go to and fro between the memories, with what it should come to. */
function alternating(pages: readonly number[]): {
  stream: Uint8Array;
  last: Map<number, Uint8Array>;
  rounds: number;
} {
  const built = new StreamBuilder().header().configuration().start();
  built
    .blockList([{ name: 'ram', bytes: 5 * GIB }])
    .close()
    .part();
  const last = new Map<number, Uint8Array>();
  pages.forEach((page, at) => {
    const before = last.get(page) ?? new Uint8Array(PAGE_BYTES);
    const bytes = at % 3 === 0 ? patternPage(at) : new Uint8Array(PAGE_BYTES).fill(at % 5);
    const changes = at % 4 === 1 ? encode(before, bytes, PAGE_BYTES) : undefined;
    if (changes !== undefined && changes.length > 0 && at > 0) {
      built.word('record', BigInt(page) * 4096n + 0x60n);
      built.raw('xbzrle', [1, ...bigEndian(changes.length, 2), ...changes]);
    } else if (at % 3 === 0) built.page('ram', page, bytes);
    else built.fill('ram', page, at % 5, at % 7 === 0 ? 'named' : 'as-qemu');
    last.set(page, bytes);
  });
  const rounds = pages.filter((page, at) => at === 0 || page <= (pages[at - 1] ?? 0)).length;
  return { stream: built.close().end().close().eof().build(), last, rounds };
}

function assertAlternating(pages: readonly number[], ends: readonly number[] = []): void {
  const { stream, last, rounds } = alternating(pages);
  const loaded = loadPieces(stream, ends, { missing: 'zero' });
  const block = loaded.guest.largestBlock();
  for (const [page, bytes] of last) {
    assert.is(Buffer.compare(pageOf(loaded.guest, block, page), bytes), 0, `page ${page} of ${pages}`);
  }
  assert.is(loaded.facts.rounds, rounds);
  const { normal, zero, fill, xbzrle } = loaded.guest.kinds(block);
  assert.is(normal + zero + fill + xbzrle, pages.length);
}

test('records that go to and fro between the memories', () => {
  assertAlternating([EDGE - 1, EDGE, EDGE - 1, EDGE, 0, PAGES - 1, 0, 0, EDGE, EDGE, EDGE + 1]);
  assertAlternating([EDGE, EDGE + 1, EDGE + 2, 5, 6, 7, EDGE, EDGE + 1]);
  assertAlternating(Array.from({ length: 600 }, (_, at) => (at % 2 === 0 ? at : EDGE + at)));
});

test('any order of them, in any pieces', () => {
  const pages = fc.array(fc.constantFrom(...WRITTEN), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(pages, fc.array(fc.nat(1000), { maxLength: 3 }), (list, shares) => {
      const { length } = alternating(list).stream;
      const ends = shares.map((share) => Math.floor((share / 1000) * length)).sort((a, b) => a - b);
      assertAlternating(list, ends);
    }),
    { seed: 2, numRuns: 40 },
  );
});

test('faults in the second memory are those of the first', () => {
  const begun = () => {
    const built = new StreamBuilder().header().configuration().start();
    built
      .blockList([{ name: 'ram', bytes: 5 * GIB }])
      .close()
      .part();
    return built.fill('ram', 0, 1).fill('ram', EDGE, 2);
  };
  const refused = (built: StreamBuilder, code: string, nth: number, wanted: object = {}): void => {
    const offset = built.offsetOf('record', nth);
    assertRefusal(() => loadStream(built.build()), code, { offset, ...wanted });
  };
  const beyond = { page_offset: BigInt(5 * GIB), block: 'ram', block_bytes: 5 * GIB };
  refused(begun().page('ram', PAGES, patternPage(0)), 'beyond-block', 2, beyond);
  refused(begun().page('ram', PAGES, patternPage(0), 'named'), 'beyond-block', 2, beyond);
  refused(begun().fill('rom', 0, 1), 'unknown-block', 2, { block: 'rom' });
  refused(begun().word('record', BigInt(EDGE) * 4096n + 0x100n), 'unknown-flags', 2, { flags: 0x100 });
  const xbzrle = begun()
    .word('record', BigInt(EDGE) * 4096n + 0x60n)
    .raw('head', [2, 0, 1]);
  assertRefusal(() => loadStream(xbzrle.build()), 'xbzrle-head', {
    offset: xbzrle.offsetOf('head'),
    found: 2,
  });
  const cut = begun()
    .word('record', BigInt(EDGE + 1) * 4096n + 0x08n)
    .raw('name', idstr('ram'));
  assertRefusal(() => loadStream(cut.build()), 'stream-cut', { offset: cut.offset });
});

test('XBZRLE is not for such a guest, and all of it took little memory', async () => {
  const options = { policy: unlimited, xbzrle_cache_bytes: 2 ** 20 };
  await failure('usage-xbzrle-guest', () => saveToMemory(guest, options));
  const { rss } = process.memoryUsage();
  assert.ok(rss < RSS_BYTES_MAX, `${Math.round(rss / 2 ** 20)} MiB`);
});

test.run();
