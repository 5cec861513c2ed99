/** What is no whole, sound stream is refused, with the right code at the right offset. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { GuestLoader, inspectStream, loadStream, PagepipeError } from '../../src/index.ts';
import { bigEndian, idstr, PAGE_BYTES, patternPage, StreamBuilder, sample } from '../ref/stream.ts';

type Detail = Readonly<Record<string, unknown>>;

/** The error that refuses a stream; any other exception fails the test. */
function refusal(read: () => unknown, how: string): PagepipeError {
  try {
    read();
  } catch (error) {
    if (error instanceof PagepipeError) return error;
    throw error;
  }
  throw new Error(`accepted: ${how}`);
}

/** Both readers refuse the stream, and say so; `detail` may leave wording out. */
function isRefused(stream: Uint8Array, code: string, detail: Detail, how = code): void {
  for (const read of [loadStream, inspectStream]) {
    const error = refusal(() => read(stream), how);
    const found = Object.fromEntries(Object.keys(detail).map((key) => [key, error.detail[key]]));
    assert.equal({ code: error.code, ...found }, { code, ...detail }, `${how}: ${error.message}`);
  }
}

/** The sample with the bytes from the nth field of a kind on replaced. */
function poked(what: string, nth: number, bytes: readonly number[]): Uint8Array {
  const built = sample();
  const stream = built.build();
  stream.set(bytes, built.offsetOf(what, nth));
  return stream;
}

function begun(): StreamBuilder {
  return new StreamBuilder().header().configuration();
}

const RAM = { name: 'ram', bytes: 4 * PAGE_BYTES };
const WHERE = sample();

/** A stream whose PART begins with what a test adds. */
function inPart(add: (stream: StreamBuilder) => void): StreamBuilder {
  const stream = begun().start().blockList([RAM]).close().part();
  add(stream);
  return stream;
}

test('empty input', () => isRefused(new Uint8Array(0), 'stream-empty', {}));

test('a stream cut at every byte before its EOF', () => {
  const built = sample();
  const stream = built.build();
  for (let cut = 1; cut <= built.offsetOf('eof'); cut++) {
    const error = refusal(() => loadStream(stream.subarray(0, cut)), `cut at ${cut}`);
    assert.equal([error.code, error.detail.offset], ['stream-cut', cut], error.message);
  }
});

test('a stream cut within its description', () => {
  const built = sample();
  const stream = built.build();
  for (let cut = built.offsetOf('description') + 1; cut < stream.length; cut++) {
    isRefused(stream.subarray(0, cut), 'stream-cut', { offset: cut }, `cut at ${cut}`);
  }
});

test('a cut stream that came byte by byte', () => {
  const stream = sample()
    .build()
    .subarray(0, WHERE.offsetOf('payload', 1) + 100);
  const loader = new GuestLoader();
  for (const at of stream.keys()) loader.reader.readFrom(stream.subarray(at, at + 1));
  const error = refusal(() => loader.end(), 'cut');
  assert.equal([error.code, error.detail.offset], ['stream-cut', stream.length]);
});

test('wrong magic, in any byte', () => {
  for (let at = 0; at < 4; at++) {
    const bytes = bigEndian(0x5145564d, 4).map((byte, index) => (index === at ? byte ^ 0x20 : byte));
    isRefused(poked('magic', 0, bytes), 'bad-magic', { found: Buffer.from(bytes).readUInt32BE() });
  }
});

test('versions 2 and 4, and others', () => {
  for (const found of [0, 2, 4, 0x03000000, 0xffffffff]) {
    isRefused(poked('version', 0, bigEndian(found, 4)), 'bad-version', { offset: 4, found, expected: 3 });
  }
});

test('no configuration', () => {
  for (const found of [0x00, 0x06, 0x08]) {
    isRefused(poked('configuration', 0, [found]), 'bad-element', { offset: 8, found });
  }
  // as machine types up to 2.3 send it
  for (const found of [0x01, 0x04]) {
    isRefused(poked('configuration', 0, [found]), 'no-configuration', { offset: 8, found });
  }
});

test('a machine name over 255 bytes', () => {
  for (const bytes of [256, 0xffffffff]) {
    isRefused(poked('machine-length', 0, bigEndian(bytes, 4)), 'bad-configuration', { offset: 9 });
  }
});

test('an unknown subsection of the configuration', () => {
  const built = begun().subsection('configuration/no-such', 1, []).start().close().end().close().eof();
  isRefused(built.build(), 'bad-configuration', { offset: built.offsetOf('subsection') });
});

test('unknown types of element, and types that do not belong there', () => {
  for (let nth = 0; nth < 4; nth++) {
    const offset = WHERE.offsetOf('section', nth);
    for (const found of [0x06, 0x07, 0x09, 0x7e, 0xff]) {
      isRefused(poked('section', nth, [found]), 'bad-element', { offset, found });
    }
  }
});

test('RAM section version 3 and 5', () => {
  const offset = WHERE.offsetOf('section');
  for (const found of [0, 3, 5, 0x04000000]) {
    const stream = poked('section-version', 0, bigEndian(found, 4));
    isRefused(stream, 'ram-version', { offset, found, expected: 4 });
  }
});

test('no footer, or one of another section, behind each section of RAM', () => {
  for (let nth = 0; nth < 4; nth++) {
    const offset = WHERE.offsetOf('footer', nth);
    isRefused(poked('footer', nth, [0x7f]), 'bad-element', { offset, found: 0x7f });
    const wrong_id = poked('footer-id', nth, bigEndian(3, 4));
    isRefused(wrong_id, 'bad-footer', { offset, found: 3, expected: 2 });
  }
});

test('PART and END of a section that never started', () => {
  for (const nth of [1, 2, 3]) {
    const offset = WHERE.offsetOf('section', nth);
    isRefused(poked('section-id', nth, bigEndian(3, 4)), 'unknown-section', { offset });
  }
});

test('PART before START', () => {
  const built = begun().part().close().start().close().end().close().eof();
  isRefused(built.build(), 'unknown-section', { offset: built.offsetOf('section') });
});

test('RAM started twice', () => {
  const built = begun().start().blockList([RAM]).close().start().blockList([RAM]).close();
  built.end().close().eof();
  isRefused(built.build(), 'second-ram', { offset: built.offsetOf('section', 1) });
});

test('no RAM at all', () => {
  const built = begun().eof();
  isRefused(built.build(), 'no-ram', { offset: built.offsetOf('eof') });
});

test("EOF in place of each section: no RAM, or RAM's end with too much behind it", () => {
  isRefused(poked('section', 0, [0x00]), 'no-ram', { offset: WHERE.offsetOf('section', 0) });
  for (let nth = 1; nth < 4; nth++) {
    const offset = WHERE.offsetOf('section', nth) + 1;
    isRefused(poked('section', nth, [0x00]), 'bytes-behind', { offset, bytes: WHERE.offset - offset });
  }
});

test('bytes behind the description', () => {
  const stream = sample().build();
  for (const more of [[1], [0x00], [0x7e, 0, 0, 0], bigEndian(0x10, 8)]) {
    const detail = { offset: stream.length, bytes: more.length };
    isRefused(Uint8Array.of(...stream, ...more), 'bytes-behind', detail, `${more.length} bytes more`);
  }
});

test('a list of blocks that comes to more than its sum, or to less', () => {
  const list = [RAM, { name: 'rom', bytes: 2 * PAGE_BYTES }];
  const listed = (total_bytes: number) => begun().start().blockList(list, total_bytes).close();
  const more = listed(5 * PAGE_BYTES);
  const of_rom = { block: 'rom', sum_bytes: BigInt(6 * PAGE_BYTES), total_bytes: BigInt(5 * PAGE_BYTES) };
  isRefused(more.build(), 'block-list-sum', { offset: more.offsetOf('block-name', 1), ...of_rom });
  // the list is full before its second block, whose name is then no word
  const full = listed(RAM.bytes);
  isRefused(full.build(), 'unknown-flags', { offset: full.offsetOf('block-name', 1) });
  // what follows the list is taken for one more block: no name, and 0x107e bytes
  const less = listed(7 * PAGE_BYTES);
  isRefused(less.build(), 'block-list-sum', { offset: less.offsetOf('eos'), block: '' });
  const lesser = listed(8 * PAGE_BYTES);
  isRefused(lesser.build(), 'block-size', { offset: lesser.offsetOf('eos'), bytes: 0x107en });
});

test('a block that is not whole pages', () => {
  for (const bytes of [0, 1, PAGE_BYTES - 1, PAGE_BYTES + 512]) {
    const built = begun()
      .start()
      .blockList([RAM, { name: 'odd', bytes }], 8 * PAGE_BYTES);
    const offset = built.offsetOf('block-name', 1);
    isRefused(built.build(), 'block-size', { offset, block: 'odd', bytes: BigInt(bytes) });
  }
});

test('a block that is listed twice', () => {
  const built = begun().start().blockList([RAM, RAM]).close();
  isRefused(built.build(), 'block-twice', { offset: built.offsetOf('block-name', 1), block: 'ram' });
});

test('a second list of blocks', () => {
  const built = inPart((stream) => stream.blockList([RAM]));
  isRefused(built.build(), 'second-block-list', { offset: built.offsetOf('block-list', 1) });
});

test('pages before any list of blocks', () => {
  for (const naming of ['named', 'continued'] as const) {
    const built = begun().start().page('ram', 0, patternPage(1), naming).close();
    isRefused(built.build(), 'no-block-list', { offset: built.offsetOf('record') });
  }
});

test('more than 4096 blocks', () => {
  const list = Array.from({ length: 4097 }, (_, at) => ({ name: `b${at}`, bytes: PAGE_BYTES }));
  const built = begun().start().blockList(list).close();
  isRefused(built.build(), 'too-many-blocks', { offset: built.offsetOf('block-name', 4096) });
});

test('a guest of over sixteen memories of 4 GiB less 16 MiB', () => {
  const bytes_max = 16 * (2 ** 32 - 2 ** 24);
  for (const bytes of [bytes_max + PAGE_BYTES, 2 ** 40, 2 ** 52]) {
    const list = [RAM, { name: 'more', bytes: bytes - RAM.bytes }];
    const built = begun().start().blockList(list).close();
    const error = refusal(() => loadStream(built.build()), `${bytes}`);
    const offset = built.offsetOf('block-list');
    assert.equal(
      [error.code, error.detail],
      ['guest-too-large', { offset, bytes: BigInt(bytes), bytes_max }],
    );
  }
});

test('over 256 MiB behind RAM', () => {
  const built = begun().start().close().end().close();
  const loader = new GuestLoader();
  loader.reader.readFrom(built.build());
  const mebibyte = new Uint8Array(2 ** 20);
  const error = refusal(() => {
    for (let at = 0; at <= 256; at++) loader.reader.readFrom(mebibyte);
  }, '257 MiB');
  assert.equal([error.code, error.detail.offset], ['tail-too-large', built.offset]);
});

test('flags that are not known, or not together', () => {
  const alone = [0x001, 0x020, 0x080, 0x100, 0x200, 0x400, 0x800];
  const together = [
    0x000, 0x006, 0x00a, 0x00c, 0x012, 0x018, 0x030, 0x024, 0x042, 0x048, 0x050, 0x140, 0x228, 0xfff,
  ];
  for (const flags of [...alone, ...together]) {
    const word = 0x1000n | BigInt(flags);
    const built = inPart((s) => s.fill('ram', 0, 1).word('odd', word).raw('name', idstr('ram')));
    const offset = built.offsetOf('odd');
    isRefused(built.build(), 'unknown-flags', { offset, flags, word });
    // the word alone is enough, and a byte less is a cut
    isRefused(built.build().subarray(0, offset + 8), 'unknown-flags', { offset, flags, word });
    isRefused(built.build().subarray(0, offset + 7), 'stream-cut', { offset: offset + 7 });
  }
});

test('CONTINUE first', () => {
  const zero = inPart((stream) => stream.zero('ram', 0, 'continued'));
  isRefused(zero.build(), 'continue-first', { offset: zero.offsetOf('record') });
  const page = inPart((stream) => stream.page('ram', 0, patternPage(0), 'continued'));
  isRefused(page.build(), 'continue-first', { offset: page.offsetOf('record') });
});

test('a record of a block that is not listed', () => {
  for (const block of ['', 'r', 'rap', 'ram2', 'R'.repeat(255)]) {
    const built = inPart((stream) => stream.zero('ram', 0).zero(block, 0));
    isRefused(built.build(), 'unknown-block', { offset: built.offsetOf('record', 1), block });
  }
});

test('a page beyond its block', () => {
  for (const page of [4, 2 ** 20, 2 ** 32, 2 ** 52 - 1]) {
    for (const naming of ['named', 'continued'] as const) {
      const built = inPart((stream) => stream.zero('ram', 3).page('ram', page, patternPage(0), naming));
      const page_offset = BigInt(page) * BigInt(PAGE_BYTES);
      const detail = { offset: built.offsetOf('record', 1), page_offset, block: 'ram' };
      isRefused(built.build(), 'beyond-block', { ...detail, block_bytes: RAM.bytes });
    }
  }
});

test.run();
