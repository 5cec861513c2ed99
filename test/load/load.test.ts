/** Loading: what the independent builder put into a stream comes out of it, however it arrives. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { GuestLoader, type Loaded, loadStream } from '../../src/index.ts';
import {
  bigEndian,
  type Naming,
  PAGE_BYTES,
  patternPage,
  SAMPLE_DEVICES,
  StreamBuilder,
  sample,
} from '../ref/stream.ts';

function ramOf({ guest }: Loaded): Map<string, Uint8Array> {
  return new Map(guest.blocks.map((block) => [block.name, guest.ram(block)]));
}

/** Buffers are compared as such: uvu's own comparison goes through them byte by byte. */
function holdsAllOf(loaded: Loaded, built: StreamBuilder, how: string): void {
  const ram = ramOf(loaded);
  assert.equal([...ram.keys()], [...built.ram.keys()], `blocks, ${how}`);
  for (const [name, bytes] of built.ram) {
    assert.ok(Buffer.compare(ram.get(name) ?? Buffer.of(), bytes) === 0, `RAM of ${name}, ${how}`);
  }
}

function loadPieces(stream: Uint8Array, ends: readonly number[]): Loaded {
  const loader = new GuestLoader(WITH_GAPS);
  let at = 0;
  for (const end of ends) {
    loader.reader.readFrom(stream.subarray(at, end));
    at = end;
  }
  loader.reader.readFrom(stream.subarray(at));
  return loader.end();
}

/** For streams with pages that had no record; what becomes of those is in missing-pages.test.ts. */
const WITH_GAPS = { missing: 'zero' } as const;

/** The smallest whole stream around the blocks and records of a test. */
function around(blocks: Record<string, number>, records: (stream: StreamBuilder) => void): StreamBuilder {
  const list = Object.entries(blocks).map(([name, pages]) => ({ name, bytes: pages * PAGE_BYTES }));
  const stream = new StreamBuilder().header().configuration().start().blockList(list).close().part();
  records(stream);
  return stream.close().end().close().eof();
}

test('a stream comes in at once', () => {
  const built = sample();
  const loaded = loadStream(built.build());
  holdsAllOf(loaded, built, 'at once');
  assert.is(loaded.facts.machine, 'none');
  assert.is(loaded.facts.version, 3);
  assert.is(loaded.facts.stream_bytes, built.offset);
  assert.is(loaded.facts.rounds, built.rounds);
  assert.is(loaded.origin.ram_section_id, 2);
});

test('a stream comes in two pieces, split at every offset', () => {
  const built = sample();
  const stream = built.build();
  for (let at = 0; at <= stream.length; at++) holdsAllOf(loadPieces(stream, [at]), built, `split at ${at}`);
});

test('a stream comes in byte by byte', () => {
  const built = sample();
  const stream = built.build();
  const loaded = loadPieces(stream, [...stream.keys()]);
  holdsAllOf(loaded, built, 'byte by byte');
  assert.equal(loaded.facts, loadStream(stream).facts);
});

test('what follows RAM is kept as it is', () => {
  const built = sample();
  const stream = built.build();
  const { tail } = loadStream(stream).origin;
  assert.equal(Buffer.from(tail), Buffer.from(stream.subarray(built.offsetOf('section', 4))));
});

test('the description may be missing', () => {
  const built = sample();
  const without = built.build().subarray(0, built.offsetOf('eof') + 1);
  const loaded = loadStream(without);
  holdsAllOf(loaded, built, 'without a description');
  assert.is(loaded.facts.stream_bytes, without.length);
});

test('pages may stand in START, and the list of blocks in a later section', () => {
  const list = [{ name: 'ram', bytes: 2 * PAGE_BYTES }];
  const begin = () => new StreamBuilder().header().configuration().start();
  const early = begin().blockList(list).page('ram', 1, patternPage(3)).close().end().close().eof();
  holdsAllOf(loadStream(early.build(), WITH_GAPS), early, 'pages in START');
  const late = begin().close().part().blockList(list).page('ram', 0, patternPage(4)).close();
  late.end().close().eof();
  holdsAllOf(loadStream(late.build(), WITH_GAPS), late, 'the list in PART');
});

test('a zero record clears what an earlier record wrote', () => {
  const built = around({ ram: 2 }, (s) => s.page('ram', 1, patternPage(1)).zero('ram', 0).zero('ram', 1));
  assert.is(
    built.ram.get('ram')?.some((byte) => byte !== 0),
    false,
  );
  holdsAllOf(loadStream(built.build()), built, 'cleared');
});

test('section ids, a uuid and commands change nothing', () => {
  const built = new StreamBuilder().header().configuration('pc-i440fx-7.2');
  built.subsection('configuration/uuid', 1, patternPage(0).subarray(0, 16));
  // what 7.2 sends with postcopy-ram on: OPEN_RETURN_PATH, PING, POSTCOPY_ADVISE
  built
    .command(1, [])
    .command(2, [0, 0, 0, 1])
    .command(3, [...bigEndian(PAGE_BYTES, 8), ...bigEndian(PAGE_BYTES, 8)]);
  built
    .start({ id: 0xffffffff })
    .blockList([{ name: 'pc.ram', bytes: PAGE_BYTES }])
    .close();
  built.part(0xffffffff).page('pc.ram', 0, patternPage(5)).close().end(0xffffffff).close().eof();
  const loaded = loadStream(built.build());
  holdsAllOf(loaded, built, 'with commands');
  assert.is(loaded.origin.ram_section_id, 0xffffffff);
  assert.is(loaded.facts.machine, 'pc-i440fx-7.2');
});

test('a guest without RAM has no blocks', () => {
  const built = around({}, () => undefined);
  assert.equal(loadStream(built.build()).guest.blocks, []);
});

test('names may be empty, 255 bytes long, and of any byte', () => {
  const any = String.fromCharCode(...Array.from({ length: 255 }, (_, at) => at + 1));
  const built = new StreamBuilder().header().configuration(any).start();
  built.blockList([any, '', '\0'].map((name) => ({ name, bytes: PAGE_BYTES }))).close();
  built.part().fill('\0', 0, 1).fill('', 0, 2).fill(any, 0, 3).close().end().close().eof();
  const loaded = loadStream(built.build());
  holdsAllOf(loaded, built, 'odd names');
  assert.is(loaded.facts.machine, any);
  const nameless = new StreamBuilder().header().configuration('').start().close().end().close().eof();
  assert.is(loadStream(nameless.build()).facts.machine, '');
});

test('4096 blocks are taken', () => {
  const built = new StreamBuilder().header().configuration().start();
  const list = Array.from({ length: 4096 }, (_, at) => ({ name: `b${at}`, bytes: PAGE_BYTES }));
  built.blockList(list).close().part().fill('b4095', 0, 9).fill('b1', 0, 8).close().end().close().eof();
  const { guest } = loadStream(built.build(), WITH_GAPS);
  assert.is(guest.blocks.length, 4096);
  assert.is(guest.ram(guest.blockNamed('b4095'))[0], 9);
  assert.is(guest.ram(guest.blockNamed('b1'))[PAGE_BYTES - 1], 8);
});

test('a stream larger than the window that it is read through', () => {
  const pages = 600;
  const built = around({ ram: pages }, (stream) => {
    for (let page = 0; page < pages; page++) stream.page('ram', page, patternPage(page));
  });
  holdsAllOf(loadStream(built.build()), built, '600 pages');
});

const anyRecord = fc.record({
  block: fc.constantFrom('a', 'b'),
  page: fc.nat(4),
  byte: fc.constantFrom(0, 0, 1, 0x7e, 0xff),
  is_page: fc.boolean(),
  naming: fc.constantFrom<Naming>('as-qemu', 'named'),
  is_section_end: fc.boolean(),
});

test('any sequence of records, in pieces of any size', () => {
  const pieces = fc.array(fc.nat(1000), { maxLength: 8 });
  fc.assert(
    fc.property(fc.array(anyRecord, { maxLength: 12 }), pieces, (records, shares) => {
      const built = around({ a: 5, b: 5 }, (stream) => {
        for (const { block, page, byte, is_page, naming, is_section_end } of records) {
          if (is_page) stream.page(block, page, patternPage(byte), naming);
          else stream.fill(block, page, byte, naming);
          if (is_section_end) stream.close().part();
        }
      });
      const ends = shares.map((share) => Math.floor((share / 1000) * built.offset)).sort((a, b) => a - b);
      const loaded = loadPieces(built.build(), ends);
      holdsAllOf(loaded, built, 'any records');
      assert.is(loaded.facts.rounds, built.rounds);
      for (const block of loaded.guest.blocks) {
        assert.equal(loaded.guest.kinds(block), { ...built.kinds.get(block.name), xbzrle: 0 });
      }
    }),
  );
});

test('device sections are found by their description', () => {
  const built = sample();
  const devices = loadStream(built.build()).facts.sections.filter((section) => section.type === 'full');
  assert.equal(
    devices.map((device) => device.name),
    SAMPLE_DEVICES.map((device) => device.name),
  );
});

test.run();
