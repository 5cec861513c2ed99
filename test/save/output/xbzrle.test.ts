/** XBZRLE in whole saves: the independent reader has the guest's RAM in the end, and the counters agree with it. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  Arena,
  Guest,
  inspectStream,
  loadStream,
  type Running,
  type Saved,
  saveToMemory,
  slice,
  unlimited,
} from '../../../src/index.ts';
import { type RamStream, readRamStream, recordsOf } from '../../ref/ram-reader.ts';
import { bigEndian, idstr, PAGE_BYTES, patternPage, StreamBuilder } from '../../ref/stream.ts';
import { encode } from '../../ref/xbzrle.ts';
import { failure } from '../../support/folder.ts';
import { assertRam, assertRefusal, loadPieces } from '../../support/reading.ts';

const arena = new Arena();

interface Write {
  readonly page: number;
  /** Where in the page, how many bytes, and what is added to each; a page that is cleared where it is 0. */
  readonly at: number;
  readonly bytes: number;
  readonly add: number;
}

/** Writes a few pages at every chance, over and over. */
class Writer implements Running {
  readonly #guest: Guest;
  readonly #writes: readonly Write[];
  #next = 0;

  constructor(guest: Guest, writes: readonly Write[]) {
    this.#guest = guest;
    this.#writes = writes;
  }

  start(): void {}

  advance(): void {
    for (let i = 0; i < 2; i++) {
      const write = this.#writes[this.#next++ % this.#writes.length];
      if (write !== undefined) this.#write(write);
    }
  }

  stop(): void {}

  #write({ page, at, bytes, add }: Write): void {
    for (const block of this.#guest.blocks) {
      const within = page % block.pages;
      const ram = this.#guest.pages(block, within, 1);
      if (add === 0) ram.fill(0);
      for (let i = at; i < Math.min(at + bytes, PAGE_BYTES); i++) ram[i] = (ram[i] ?? 0) + add;
      this.#guest.logWrite(block, within);
    }
  }
}

function makeGuest(pages: number): Guest {
  const blocks = [
    { name: 'pc.ram', bytes: pages * PAGE_BYTES },
    { name: 'vga', bytes: 3 * PAGE_BYTES },
  ];
  const guest = new Guest(blocks, arena);
  for (const block of guest.blocks) {
    for (let page = 0; page < block.pages; page += 2) guest.pages(block, page, 1).set(patternPage(page + 1));
  }
  return guest;
}

/** What the reader has in the end is what the guest has; the guest stands still once it was saved. */
function assertSaved({ stream }: Saved, guest: Guest): RamStream {
  const read = readRamStream(stream);
  for (const block of guest.blocks) {
    const pages = read.ram.get(block.name) ?? [];
    assert.is(pages.length, block.pages);
    pages.forEach((page, at) => {
      const wanted = guest.pages(block, at, 1);
      assert.ok(page !== undefined && Buffer.compare(page, wanted) === 0, `${block.name}, page ${at}`);
    });
  }
  const loaded = loadStream(stream);
  assertRam(loaded, new Map(guest.blocks.map((block) => [block.name, guest.ram(block)])), 'loaded');
  return read;
}

/** The counters of the save, and what inspect says, are those of the records. */
function assertCounted(saved: Saved, read: RamStream): void {
  const records = recordsOf(read);
  const xbzrle = records.filter((record) => record.is_xbzrle);
  const zero = records.filter((record) => record.is_zero).length;
  const normal = records.length - zero - xbzrle.length;
  const stats = saved.counters.stats(0, saved.wall_ns);
  assert.equal([stats.normal, stats.duplicate, stats.transferred], [normal, zero, read.record_bytes]);
  const cache = saved.xbzrle_cache;
  assert.ok(cache !== undefined);
  // a page that overflows counts as a page of bytes; one that is as it was sent, as none
  const record_bytes = xbzrle.reduce((sum, record) => sum + record.bytes - 8, 0);
  assert.is(cache.bytes, record_bytes + cache.overflow * PAGE_BYTES);
  assert.ok(cache.pages >= xbzrle.length + cache.overflow);
  const found = inspectStream(saved.stream);
  assert.equal(found.pages, { normal, zero, fill: 0, xbzrle: xbzrle.length });
  const spared = xbzrle.reduce((sum, record) => sum + 8 + PAGE_BYTES - record.bytes, 0);
  assert.is(found.advice.resent_pages, Math.max(0, records.length - saved.guest_bytes / PAGE_BYTES));
  // names of blocks are in the one and not in the other
  assert.ok(Math.abs(found.advice.xbzrle_saved_bytes - Math.max(0, spared)) <= 7 * records.length);
}

const writes = fc.array(
  fc.record({
    page: fc.nat(40),
    at: fc.nat(PAGE_BYTES - 1),
    bytes: fc.oneof(fc.nat(12), fc.constant(PAGE_BYTES)),
    add: fc.constantFrom(0, 1, 77, 255),
  }),
  { minLength: 1, maxLength: 30 },
);

test('any writes, any cache, any staging: the reader has the RAM as of the pause', async () => {
  const cache = fc.constantFrom(1, 2, 16, 64).map((pages) => pages * PAGE_BYTES);
  const staging = fc.constantFrom(undefined, 4500, 9000);
  const policy = fc.constantFrom(unlimited, slice(unlimited, 1));
  let sent_as_changes = 0;
  await fc.assert(
    fc.asyncProperty(writes, cache, staging, policy, async (list, cache_bytes, staging_bytes, chosen) => {
      const guest = makeGuest(40);
      const running = new Writer(guest, list);
      const loop = { downtime_limit_ns: 1, max_rounds: 6, running, staging_bytes };
      const saved = await saveToMemory(guest, { policy: chosen, xbzrle_cache_bytes: cache_bytes, ...loop });
      const read = assertSaved(saved, guest);
      assertCounted(saved, read);
      sent_as_changes += recordsOf(read).filter((record) => record.is_xbzrle).length;
    }),
    { seed: 4, numRuns: 60 },
  );
  assert.ok(sent_as_changes > 100, `${sent_as_changes} records`);
});

test('in the first round every page goes whole, and a cache of all pages misses each once', async () => {
  const guest = makeGuest(16);
  const list = Array.from({ length: 16 }, (_, page) => ({ page, at: 100, bytes: 4, add: 1 }));
  const options = {
    policy: unlimited,
    downtime_limit_ns: 1,
    max_rounds: 8,
    running: new Writer(guest, list),
  };
  const saved = await saveToMemory(guest, { ...options, xbzrle_cache_bytes: 32 * PAGE_BYTES });
  const read = assertSaved(saved, guest);
  const first = recordsOf(read).slice(0, 19);
  assert.is(
    first.some((record) => record.is_xbzrle),
    false,
  );
  const cache = saved.xbzrle_cache;
  assert.is(cache?.['cache-size'], 32 * PAGE_BYTES);
  assert.ok((cache?.['cache-miss'] ?? 99) <= 19 && (cache?.pages ?? 0) > 0, JSON.stringify(cache));
});

test('without a cache there is no XBZRLE and no counter of it', async () => {
  const guest = makeGuest(8);
  const running = new Writer(guest, [{ page: 1, at: 0, bytes: 1, add: 1 }]);
  const saved = await saveToMemory(guest, {
    policy: unlimited,
    downtime_limit_ns: 1,
    max_rounds: 4,
    running,
  });
  assert.is(saved.xbzrle_cache, undefined);
  assert.is(
    recordsOf(assertSaved(saved, guest)).some((record) => record.is_xbzrle),
    false,
  );
});

test('a cache that is no power of two of pages is refused', async () => {
  for (const bytes of [0, 1, PAGE_BYTES - 1, PAGE_BYTES + 1, 3 * PAGE_BYTES, -PAGE_BYTES]) {
    const save = () => saveToMemory(makeGuest(1), { policy: unlimited, xbzrle_cache_bytes: bytes });
    const error = await failure('usage-xbzrle-cache', save);
    assert.is(error.detail.bytes, bytes);
  }
});

/** A stream with a page, and an XBZRLE record for it. */
function withRecord(
  head: readonly number[],
  payload: readonly number[],
  naming: 'named' | 'continued',
): StreamBuilder {
  const built = new StreamBuilder().header().configuration().start();
  built
    .blockList([{ name: 'ram', bytes: 2 * PAGE_BYTES }])
    .close()
    .part()
    .page('ram', 1, patternPage(1));
  built.word('record', 0x1000n + 0x40n + (naming === 'continued' ? 0x20n : 0n));
  if (naming === 'named') built.raw('name', idstr('ram'));
  return built.raw('head', head).raw('changes', payload).close().end().close().eof();
}

/** Page 0 of these streams had no record. */
const WITH_GAPS = { missing: 'zero' } as const;

test('a record changes what is there, whole or in pieces', () => {
  const changed = patternPage(1);
  changed.fill(0x33, 700, 750);
  changed[4095] = 1;
  const payload = [...(encode(patternPage(1), changed, PAGE_BYTES) ?? [])];
  for (const naming of ['named', 'continued'] as const) {
    const built = withRecord([1, ...bigEndian(payload.length, 2)], payload, naming);
    const ram = new Map([['ram', Buffer.concat([Buffer.alloc(PAGE_BYTES), changed])]]);
    const stream = built.build();
    const from = built.offsetOf('record', 1);
    for (let at = from; at < from + 80; at++)
      assertRam(loadPieces(stream, [at], WITH_GAPS), ram, `split at ${at}`);
    assert.equal(inspectStream(stream).pages, { normal: 1, zero: 0, fill: 0, xbzrle: 1 });
    for (let cut = from; cut < built.offsetOf('eos', 1); cut++) {
      assertRefusal(
        () => loadStream(stream.subarray(0, cut)),
        'stream-cut',
        { offset: cut },
        `cut at ${cut}`,
      );
    }
  }
  // nothing changed: QEMU sends none such, and reads it
  assertRam(
    loadStream(withRecord([1, 0, 0], [], 'named').build(), WITH_GAPS),
    new Map([['ram', Buffer.concat([Buffer.alloc(PAGE_BYTES), patternPage(1)])]]),
    'of length 0',
  );
});

test('every field of a record is refused on its own, at its offset, by load and by inspect', () => {
  const refused = (built: StreamBuilder, code: string, what: string, more: number, wanted: object = {}) => {
    const offset = built.offsetOf(what) + more;
    for (const read of [loadStream, inspectStream]) {
      assertRefusal(() => read(built.build()), code, { offset, ...wanted }, `${code} ${more}`);
    }
  };
  for (const naming of ['named', 'continued'] as const) {
    for (const found of [0, 2, 255]) {
      refused(withRecord([found, 0, 2], [0, 1], naming), 'xbzrle-head', 'head', 0, { found, expected: 1 });
    }
    const long = new Array<number>(PAGE_BYTES + 1).fill(0);
    const size = { bytes: PAGE_BYTES + 1, bytes_max: PAGE_BYTES };
    refused(withRecord([1, 0x10, 0x01], long, naming), 'xbzrle-size', 'head', 1, size);
    const runs: readonly (readonly [readonly number[], number])[] = [
      [[5], 0],
      [[0, 0], 0],
      [[0x80, 0x80, 1, 1], 0],
      [[1, 2, 9], 0],
      [[1, 1, 9, 0, 1, 9], 3],
      [[1, 1, 9, 1, 0], 3],
      [[0xff, 0x1f, 1, 9, 1, 1, 9], 4],
      [[0xff, 0x1f, 2, 9, 9], 0],
    ];
    for (const [payload, more] of runs) {
      const head = [1, ...bigEndian(payload.length, 2)];
      refused(withRecord(head, payload, naming), 'xbzrle-run', 'changes', more);
    }
  }
});

test.run();
