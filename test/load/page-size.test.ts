/** Pages have 4096 bytes: a stream that says so is taken and carried over, one that says otherwise is refused. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inspectStream, loadStream, saveToMemory, unlimited } from '../../src/index.ts';
import { bigEndian, PAGE_BYTES, patternPage, StreamBuilder } from '../ref/stream.ts';
import { assertRefusal } from '../support/reading.ts';

const PAGE_BITS = 'configuration/target-page-bits';
const CAPABILITIES = 'configuration/capabilities';

/** A whole stream of one page; `begin` may put subsections behind the configuration. */
function streamOf(begin: (stream: StreamBuilder) => StreamBuilder, json?: string): StreamBuilder {
  const built = begin(new StreamBuilder().header().configuration('virt-7.2')).start();
  built.blockList([{ name: 'ram', bytes: PAGE_BYTES }]).close();
  built.part().page('ram', 0, patternPage(1)).close().end().close().eof();
  return json === undefined ? built : built.description(json);
}

function isRefused(built: StreamBuilder, offset: number, found: string): void {
  for (const read of [loadStream, inspectStream]) {
    const error = assertRefusal(() => read(built.build()), 'page-size', { offset, found, page_bytes: 4096 });
    assert.match(error.message, `the guest's pages have ${found} bytes at offset ${offset} `);
  }
}

test('12 bits are taken, and written where the input had them: first, before the capabilities', async () => {
  const plain = loadStream(streamOf((stream) => stream).build());
  assert.is(plain.origin.target_page_bits, undefined);
  const { stream: without } = await saveToMemory(plain.guest, { policy: unlimited, origin: plain.origin });

  const said = streamOf((stream) => stream.subsection(PAGE_BITS, 1, bigEndian(12, 4)));
  assert.is(inspectStream(said.build()).page_size, 4096);
  const { guest, origin } = loadStream(said.build());
  assert.is(origin.target_page_bits, 12);
  const subsection = Buffer.from(
    said.build().subarray(said.offsetOf('subsection'), said.offsetOf('section')),
  );
  const { stream } = await saveToMemory(guest, { policy: unlimited, origin });
  const at = Buffer.from(stream).indexOf(subsection);
  assert.is(at, said.offsetOf('subsection'), 'behind the machine, as it came');
  // nothing else is different
  assert.equal(
    Buffer.concat([stream.subarray(0, at), stream.subarray(at + subsection.length)]),
    Buffer.from(without),
  );
  assert.is(loadStream(stream).origin.target_page_bits, 12);
});

test('the bits may stand behind other subsections', () => {
  const built = streamOf((stream) =>
    stream.subsection(CAPABILITIES, 1, bigEndian(0, 4)).subsection(PAGE_BITS, 1, bigEndian(12, 4)),
  );
  assert.is(loadStream(built.build()).origin.target_page_bits, 12);
});

test('any other number of bits is refused with the size of a page', () => {
  const sizes = {
    0: '1',
    10: '1024',
    11: '2048',
    13: '8192',
    14: '16384',
    16: '65536',
    52: '4503599627370496',
  };
  for (const [bits, found] of Object.entries({ ...sizes, 53: '2^53', 4294967295: '2^4294967295' })) {
    const built = streamOf((stream) => stream.subsection(PAGE_BITS, 1, bigEndian(Number(bits), 4)));
    isRefused(built, built.offsetOf('subsection-body'), found);
  }
});

test('the description has the size of a page too', () => {
  for (const json of ['{"page_size":4096,"devices":[]}', '{"devices":[]}', '{"page_size":"8192"}', '[]', '{'])
    assert.is(loadStream(streamOf((stream) => stream, json).build()).guest.blocks.length, 1, json);
  for (const [page_size, found] of [
    [8192, '8192'],
    [16384, '16384'],
    [1024, '1024'],
    [0, '0'],
  ]) {
    const built = streamOf((stream) => stream, `{"page_size":${page_size},"devices":[]}`);
    isRefused(built, built.offsetOf('description'), String(found));
  }
});

test('a description that is not at the end is not one', () => {
  const built = streamOf((stream) => stream, '{"page_size":8192,"devices":[]}').raw('more', [0]);
  assertRefusal(() => loadStream(built.build()), 'bytes-behind', {});
});

test('an offset that is no multiple of 4096 is of smaller pages', () => {
  for (const [word, found] of [
    [0x422n, '1024'],
    [0x408n, '1024'],
    [0xc22n, '1024'],
    [0x822n, '2048'],
    [0x1860n, '2048'],
  ] as const) {
    const built = new StreamBuilder().header().configuration('raspi2b').start();
    built.blockList([{ name: 'ram', bytes: 4 * PAGE_BYTES }]).close();
    built.part().zero('ram', 0).word('odd', word);
    isRefused(built, built.offsetOf('odd'), found);
  }
});

test.run();
