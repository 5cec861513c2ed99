/** What inspect finds in a stream, against what the builder knows that it put there. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type InspectDocument, inspectStream, StreamInspector } from '../../src/index.ts';
import {
  describeDevices,
  PAGE_BYTES,
  patternPage,
  type Section,
  StreamBuilder,
  sample,
} from '../ref/stream.ts';

/** The document that the builder would give of a stream of its own. */
function known(built: StreamBuilder): InspectDocument {
  const blocks = [...built.ram].map(([name, ram]) => ({
    name,
    used_bytes: ram.length,
    pages: { ...(built.kinds.get(name) ?? { normal: 0, fill: 0, zero: 0 }), xbzrle: 0 },
    missing_pages: built.missing(name).length,
  }));
  const sum = (kind: 'normal' | 'fill' | 'zero') =>
    blocks.reduce((total, block) => total + block.pages[kind], 0);
  return {
    schema: 'pagepipe/inspect/1',
    format: 'qemu-stream',
    version: 3,
    machine: built.machine,
    page_size: PAGE_BYTES,
    sections: built.sections,
    blocks,
    pages: { normal: sum('normal'), fill: sum('fill'), zero: sum('zero'), xbzrle: 0 },
    looks_like_multifd: looksLikeMultifd(built),
    rounds: built.rounds,
    stream_bytes: built.offset,
    capabilities: [],
    advice: knownAdvice(built),
  };
}

/** Pages are missing, and none came with its bytes. */
function looksLikeMultifd(built: StreamBuilder): boolean {
  const has_content = [...built.kinds.values()].some(({ normal }) => normal > 0);
  return !has_content && [...built.ram.keys()].some((name) => built.missing(name).length > 0);
}

/** By the sizes of the records: a whole page takes 8 bytes of word and 4096 of page, a zero page 8 and 1. */
function knownAdvice(built: StreamBuilder): InspectDocument['advice'] {
  const kinds = [...built.kinds.values()];
  const zero = kinds.reduce((sum, kind) => sum + kind.zero, 0);
  const records = kinds.reduce((sum, kind) => sum + kind.normal + kind.fill, zero);
  const pages = [...built.ram.values()].flatMap((ram) =>
    Array.from({ length: ram.length / PAGE_BYTES }, (_, page) =>
      ram.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES),
    ),
  );
  const missing = [...built.ram.keys()].reduce((sum, name) => sum + built.missing(name).length, 0);
  return {
    resent_pages: Math.max(0, records - (pages.length - missing)),
    zero_saved_bytes: zero * (8 + PAGE_BYTES - 9),
    xbzrle_saved_bytes: 0,
    mapped_ram_bytes: looksLikeMultifd(built)
      ? null
      : pages.filter((page) => page.some((byte) => byte !== 0)).length * PAGE_BYTES,
    gzip_bytes: null,
  };
}

test('the sample: sections with offsets, kinds of pages by block, rounds', () => {
  const built = sample();
  const found = inspectStream(built.build());
  assert.equal(found, known(built));
  // and once in plain numbers, lest the builder counts wrong in the same way
  assert.equal(found.pages, { normal: 1, fill: 4, zero: 3, xbzrle: 0 });
  assert.equal(
    found.sections.map(({ type, id }) => `${type} ${id}`),
    ['start 2', 'part 2', 'part 2', 'end 2', 'full 0', 'full 4'],
  );
  assert.is(found.rounds, 4);
});

test('the same, byte by byte', () => {
  const built = sample();
  const stream = built.build();
  const inspector = new StreamInspector();
  for (const at of stream.keys()) inspector.reader.readFrom(stream.subarray(at, at + 1));
  assert.equal(inspector.end(), known(built));
});

test('no pages are no rounds', () => {
  const built = new StreamBuilder().header().configuration().start().close().end().close().eof();
  const found = inspectStream(built.build());
  assert.equal(found, known(built));
  assert.is(found.rounds, 0);
});

/** What inspect says of sections whose end it had to look for. */
function bySearch(sections: readonly Section[]): object[] {
  return sections.map((section) => ({ ...section, by_search: true }));
}

test('devices without a description end where their footers are found', () => {
  const built = sample();
  const { sections } = inspectStream(built.build().subarray(0, built.offsetOf('eof') + 1));
  assert.equal(sections, [...built.sections.slice(0, 4), ...bySearch(built.sections.slice(4))]);
});

test('a device that its description does not fit ends where its footer is found', () => {
  const built = new StreamBuilder().header().configuration().start().close().end().close();
  const first = { id: 5, name: 'first', version: 1, body: new Uint8Array(7).fill(0x7e) };
  const second = { ...first, id: 6, name: 'second' };
  built.device(first).device(second).eof();
  built.description(describeDevices([first, { ...second, body: new Uint8Array(6) }]));
  const { sections } = inspectStream(built.build());
  assert.equal(sections, [...built.sections.slice(0, 3), ...bySearch(built.sections.slice(3))]);
});

test('bodies of arrays and of subsections are measured by their description', () => {
  // an array of 3 elements of 4 bytes, and a subsection of 2 bytes with its head: 05, idstr, version
  const head = [0x05, 3, ...Buffer.from('d/s'), 0, 0, 0, 1];
  const body = Uint8Array.from([...new Array<number>(12).fill(1), ...head, 8, 9]);
  const device = { id: 9, name: 'd', version: 1, body };
  const description = {
    devices: [
      {
        name: 'd',
        instance_id: 0,
        fields: [{ name: 'a', size: 4, array_len: 3 }],
        subsections: [{ vmsd_name: 'd/s', version: 1, fields: [{ name: 'b', size: 2 }] }],
      },
    ],
  };
  const built = new StreamBuilder().header().configuration().start().close().end().close();
  built.device(device).eof().description(JSON.stringify(description));
  assert.equal(inspectStream(built.build()), known(built));
});

test('a description that is no JSON, or not of devices, describes none', () => {
  for (const json of ['', '{', '[]', 'null', '{}', '{"devices":7}', '{"devices":[null,{"fields":{}}]}']) {
    const built = new StreamBuilder().header().configuration().start().close().end().close();
    built.device({ id: 1, name: 'timer', version: 2, body: patternPage(1) });
    const { sections } = inspectStream(built.eof().description(json).build());
    assert.equal(sections, [...built.sections.slice(0, 2), ...bySearch(built.sections.slice(2))], json);
  }
});

const anyRecord = fc.record({
  block: fc.constantFrom('a', 'b', 'c'),
  page: fc.nat(2),
  kind: fc.constantFrom('zero', 'fill', 'page', 'section'),
});

test('any sequence of records is counted', () => {
  const blocks = ['a', 'b', 'c'].map((name) => ({ name, bytes: 3 * PAGE_BYTES }));
  fc.assert(
    fc.property(fc.array(anyRecord, { maxLength: 20 }), (records) => {
      const built = new StreamBuilder().header().configuration().start().blockList(blocks).close().part();
      for (const { block, page, kind } of records) {
        if (kind === 'zero') built.zero(block, page);
        else if (kind === 'fill') built.fill(block, page, 0xee);
        else if (kind === 'page') built.page(block, page, patternPage(page));
        else built.close().part();
      }
      built.close().end().close().eof().description(describeDevices([]));
      assert.equal(inspectStream(built.build()), known(built));
    }),
  );
});

test.run();
