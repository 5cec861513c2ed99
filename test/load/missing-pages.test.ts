/** Pages without a record: counted by block, refused unless they are asked for, and excused where virtio-mem has them. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { allocTable } from '../../src/guest/bank.ts';
import {
  Arena,
  GuestLoader,
  inspectStream,
  LAYOUT,
  type LoadOptions,
  loadStream,
  missingPages,
  pagesOfBlocks,
  refuseMissing,
} from '../../src/index.ts';
import { Arrivals } from '../../src/load/arrivals.ts';
import { buildMapped } from '../ref/mapped-ram.ts';
import { bigEndian, idstr, PAGE_BYTES, patternPage, StreamBuilder } from '../ref/stream.ts';
import { assertRam, assertRefusal, loadPieces } from '../support/reading.ts';

const ZERO: LoadOptions = { missing: 'zero' };

/** A stream of these blocks, in pages; `records` writes what it likes of them. */
function around(
  blocks: Readonly<Record<string, number>>,
  records: (stream: StreamBuilder) => void,
  devices: readonly string[] = [],
): StreamBuilder {
  const stream = new StreamBuilder().header().configuration('pc').start();
  stream.blockList(Object.entries(blocks).map(([name, pages]) => ({ name, bytes: pages * PAGE_BYTES })));
  records(stream.close().part());
  stream.close().end().close();
  devices.forEach((name, index) => {
    stream.device({ id: 10 + index, name, version: 1, body: Uint8Array.of(1, 2, 3) });
  });
  return stream.eof();
}

test('any record marks its page: normal, zero, fill and XBZRLE', () => {
  const built = around({ a: 70, b: 2 }, (stream) => {
    stream.page('a', 0, patternPage(1)).zero('a', 1).fill('a', 69, 7);
    stream.word('record', 64n * 4096n + 0x60n).raw('xbzrle', [1, ...bigEndian(3, 2), 0, 1, 0x55]);
    stream.zero('a', 1);
  });
  const { facts } = loadStream(built.build(), ZERO);
  assert.equal(facts.missing_pages, [66, 2]);
  assert.is(facts.has_content, true);
  assert.equal(
    inspectStream(built.build()).blocks.map(({ missing_pages }) => missing_pages),
    [66, 2],
  );
  assert.equal(missingPages(facts), [
    { block: 'a', missing: 66, pages: 70, is_virtio_mem: false },
    { block: 'b', missing: 2, pages: 2, is_virtio_mem: false },
  ]);
});

const anyRecord = fc.record({
  block: fc.constantFrom('a', 'b', 'c'),
  page: fc.nat(129),
  is_page: fc.boolean(),
});

test('any sequence of records, in pieces: loader, inspector and the builder agree', () => {
  fc.assert(
    fc.property(fc.array(anyRecord, { maxLength: 20 }), fc.nat(1000), (records, share) => {
      const pages = { a: 130, b: 1, c: 64 };
      const built = around(pages, (stream) => {
        for (const { block, page, is_page } of records) {
          const at = page % pages[block === 'a' || block === 'b' ? block : 'c'];
          if (is_page) stream.page(block, at, patternPage(page));
          else stream.zero(block, at);
        }
      });
      const wanted = Object.keys(pages).map((name) => built.missing(name).length);
      const stream = built.build();
      const { facts } = loadPieces(stream, [Math.floor((share / 1000) * stream.length)], ZERO);
      assert.equal(facts.missing_pages, wanted);
      assert.is(
        facts.has_content,
        records.some(({ is_page }) => is_page),
      );
      assert.equal(
        inspectStream(stream).blocks.map(({ missing_pages }) => missing_pages),
        wanted,
      );
    }),
    { numRuns: 50 },
  );
});

test('a page without a record is refused with its block and the count, and taken as zero where that is asked for', () => {
  const built = around({ whole: 1, holes: 3 }, (stream) => {
    stream.page('whole', 0, patternPage(1)).page('holes', 1, patternPage(2));
  });
  const error = assertRefusal(() => loadStream(built.build()), 'missing-pages', {
    ...{ block: 'holes', missing: 2, pages: 3, is_multifd: false },
  });
  assert.is(
    error.message,
    '2 of 3 pages of block "holes" have no record: record it again, or add --missing zero',
  );
  assertRefusal(() => loadPieces(built.build(), [200]), 'missing-pages', { block: 'holes' });
  const loaded = loadStream(built.build(), ZERO);
  assertRam(loaded, built.ram, 'zeros');
  // only the blocks that are wanted count
  refuseMissing(loaded.facts, ['whole']);
  assertRefusal(() => refuseMissing(loaded.facts, ['whole', 'holes']), 'missing-pages', { block: 'holes' });
  assertRefusal(() => refuseMissing(loaded.facts), 'missing-pages', { block: 'holes' });
});

test('into a guest that is there: pages without a record become zero, also those of a load before', () => {
  const all = around({ a: 66, b: 2 }, (stream) => {
    for (let page = 0; page < 66; page++) stream.page('a', page, patternPage(page));
    stream.page('b', 0, patternPage(3)).page('b', 1, patternPage(4));
  });
  const { guest } = loadStream(all.build());
  const some = around({ a: 66, b: 2 }, (stream) => {
    stream.page('a', 1, patternPage(7)).page('a', 65, patternPage(8)).page('b', 1, patternPage(9));
  });
  assertRefusal(() => loadStream(some.build(), { into: guest }), 'missing-pages', {
    block: 'a',
    missing: 64,
  });
  for (let again = 0; again < 2; again++) {
    const loaded = loadStream(some.build(), { ...ZERO, into: guest });
    assert.equal(loaded.facts.missing_pages, [64, 1], 'what came before is not counted');
    assertRam(loaded, some.ram, `load ${again}`);
    assertRam(loadStream(all.build(), { into: guest }), all.ram, 'all of it again');
  }
});

test('blocks of a virtio-mem device may have pages without a record, by the path of its section', () => {
  const blocks = { 'pc.ram': 2, '0000:00:02.0/vm0': 4, '0000:00:02.0x/vm1': 1 };
  const records = (stream: StreamBuilder) => {
    stream.page('pc.ram', 0, patternPage(1)).zero('pc.ram', 1).zero('0000:00:02.0x/vm1', 0);
    stream.page('0000:00:02.0/vm0', 2, patternPage(2));
  };
  const device = '0000:00:02.0/virtio-mem';
  for (const name of [device, `${device}-device-early`]) {
    const built = around(blocks, records, ['timer', name]);
    const loaded = loadStream(built.build());
    assertRam(loaded, built.ram, name);
    assert.equal(missingPages(loaded.facts), [
      { block: '0000:00:02.0/vm0', missing: 3, pages: 4, is_virtio_mem: true },
    ]);
    assert.equal(
      pagesOfBlocks(loaded.facts).map(({ is_virtio_mem }) => is_virtio_mem),
      [false, true, false],
    );
  }
  for (const name of ['virtio-mem', '0000:00:03.0/virtio-mem', `${device}x`, '0000:00:02.0/virtio-net']) {
    const built = around(blocks, records, [name]);
    assertRefusal(() => loadStream(built.build()), 'missing-pages', { block: '0000:00:02.0/vm0' }, name);
  }
  // other blocks of the same guest are not excused
  const holes = around(blocks, (stream) => stream.page('pc.ram', 0, patternPage(1)), [device]);
  assertRefusal(() => loadStream(holes.build()), 'missing-pages', { block: 'pc.ram', missing: 1 });
});

test('missing pages, and none with its bytes, look like the main channel of a multifd migration', () => {
  const zeros = around({ a: 2, whole: 1 }, (stream) => stream.zero('a', 0).zero('whole', 0));
  const error = assertRefusal(() => loadStream(zeros.build()), 'missing-pages', {
    block: 'a',
    is_multifd: true,
  });
  assert.match(error.message, /as in multifd's main channel: record without multifd$/);
  const { facts } = loadStream(zeros.build(), ZERO);
  // a page may be zero here and newer elsewhere: the other block is refused too
  assertRefusal(() => refuseMissing(facts, ['whole']), 'missing-pages', { is_multifd: true });
  assert.equal(
    [inspectStream(zeros.build()).looks_like_multifd, inspectStream(zeros.build()).advice.mapped_ram_bytes],
    [true, null],
  );
  const content = around({ a: 2, b: 1 }, (stream) => stream.zero('a', 0).page('b', 0, patternPage(1)));
  assert.is(inspectStream(content.build()).looks_like_multifd, false);
  const whole = around({ a: 1 }, (stream) => stream.zero('a', 0));
  assert.is(inspectStream(whole.build()).looks_like_multifd, false);
});

test('a flush word of multifd is refused by its name, and only that word', () => {
  const flush = around({ a: 1 }, (stream) => stream.zero('a', 0).word('flush', 0x200n));
  for (const read of [loadStream, inspectStream]) {
    const error = assertRefusal(() => read(flush.build()), 'multifd', {
      ...{ offset: flush.offsetOf('flush'), word: 0x200n },
    });
    assert.match(error.message, /record without multifd$/);
  }
  const other = around({ a: 1 }, (stream) => stream.word('flush', 0x1200n));
  assertRefusal(() => loadStream(other.build()), 'unknown-flags', { word: 0x1200n });
});

test('a mapped-ram file has every page, but for a block of shared memory that it leaves out', () => {
  const pages = [undefined, patternPage(1), undefined];
  const whole = buildMapped([{ name: 'a', pages }]);
  assert.equal(loadStream(whole.bytes).facts.missing_pages, [0]);
  const zeros = buildMapped([{ name: 'a', pages: [undefined] }]);
  assert.is(inspectStream(zeros.bytes).looks_like_multifd, false);
  const header = { bitmap_offset: 0, pages_offset: 0 };
  const shared = buildMapped([
    { name: 'a', pages, address: 0 },
    { name: 'b', pages: pages.slice(0, 2), address: 2 ** 32, header, is_elsewhere: true },
  ]);
  assert.equal(
    inspectStream(shared.bytes).blocks.map(({ missing_pages }) => missing_pages),
    [0, 2],
  );
  assertRefusal(() => loadStream(shared.bytes, ZERO), 'ram-not-here', { block: 'b' });
});

test('pages of a block that stands in two memories are counted in both', () => {
  const block = { name: 'large', bytes: 200 * PAGE_BYTES };
  const windows = [
    { first: 0, pages: 130, beyond: 70 },
    { first: 130, pages: 70, beyond: 0 },
  ];
  const banks = windows.map(({ first, pages, beyond }) => {
    const arena = new Arena();
    const table = allocTable(arena, [block]);
    arena.core.setU32(table + LAYOUT.BLOCK_PAGES, pages);
    arena.core.setU32(table + LAYOUT.BLOCK_FIRST, first);
    arena.core.setU32(table + LAYOUT.BLOCK_BEYOND, beyond);
    return { arena, table };
  });
  const arrivals = new Arrivals(banks, [block]);
  for (const [bank, page] of [
    [0, 5],
    [0, 129],
    [1, 130],
    [1, 199],
  ] as const) {
    const { arena, table } = banks[bank] ?? { arena: new Arena(), table: 0 };
    const record = Buffer.from([...bigEndian(page * PAGE_BYTES + 0x02, 8), ...idstr('large'), 0]);
    const input = arena.alloc(record.length);
    arena.bytes(input, record.length).set(record);
    arena.core.decode(arena.alloc(LAYOUT.DECODE_STATE_SIZE), table, 1, input, record.length);
  }
  assert.equal(arrivals.end(), { missing_pages: [196], has_content: false });
  const missing: number[] = [];
  arrivals.forMissing(0, (page) => missing.push(page));
  const wanted = Array.from({ length: 200 }, (_, page) => page).filter(
    (page) => ![5, 129, 130, 199].includes(page),
  );
  assert.equal(missing, wanted);
});

test('more than 4 TiB are not counted', () => {
  const arena = new Arena();
  const block = { name: 'huge', bytes: 4 * 2 ** 40 + PAGE_BYTES };
  const table = allocTable(arena, [block]);
  const before = arena.memory.buffer.byteLength;
  assert.is(new Arrivals([{ arena, table }], [block]).end().missing_pages, undefined);
  assert.is(arena.memory.buffer.byteLength, before, 'and take no memory');
  assert.is(arena.core.u32(table + LAYOUT.BLOCK_SEEN), 0);
});

test('a stream that ends early says that, and not what is missing', () => {
  const built = around({ a: 2 }, (stream) => stream.page('a', 0, patternPage(1)));
  const cut = built.build().subarray(0, built.offset - 1);
  const loader = new GuestLoader();
  loader.reader.readFrom(cut);
  assertRefusal(() => loader.end(), 'stream-cut', { offset: cut.length });
});

test.run();
