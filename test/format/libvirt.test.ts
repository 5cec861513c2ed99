/** libvirt's save images in memory: their heads, and the stream behind. */
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inspectStream, loadStream } from '../../src/index.ts';
import { FIELDS, HEAD_BYTES, type ImageFields, imageHead, imageOf } from '../ref/libvirt.ts';
import { buildMapped } from '../ref/mapped-ram.ts';
import { PAGE_BYTES, patternPage, sample } from '../ref/stream.ts';
import { assertRam, assertRefusal, loadPieces, refusal } from '../support/reading.ts';

const ORDERS = ['little', 'big'] as const;
const stream = sample().build();

test('the head has 92 bytes', () => assert.is(HEAD_BYTES, 92));

test('both byte orders, both versions, running or paused', () => {
  for (const order of ORDERS) {
    for (const version of [1, 2]) {
      for (const was_running of [0, 1, 2]) {
        const fields = { order, version, was_running, cookie_offset: version === 1 ? 0 : 120 };
        const image = imageOf(stream, fields);
        const stream_offset = image.length - stream.length;
        const loaded = loadStream(image);
        assertRam(loaded, sample().ram, order);
        const xml_bytes = stream_offset - HEAD_BYTES;
        const head = { format: 'raw', was_running: was_running > 0, xml_bytes, stream_offset };
        assert.equal(loaded.facts.libvirt, { ...head, version, domain: 'guest' });
      }
    }
  }
});

test('inspect says what the head does; offsets of sections are those in the file', () => {
  const image = imageOf(stream);
  const stream_offset = image.length - stream.length;
  const found = inspectStream(image);
  const plain = inspectStream(stream);
  assert.equal([found.format, found.stream_bytes], ['libvirt-save', image.length]);
  assert.equal(found.libvirt, loadStream(image).facts.libvirt);
  assert.equal(
    found.sections,
    plain.sections.map((section) => ({ ...section, offset: section.offset + stream_offset })),
  );
  assert.equal([found.blocks, found.pages, found.rounds], [plain.blocks, plain.pages, plain.rounds]);
  assert.is(plain.libvirt, undefined);
});

test('in two pieces split at every offset of the head and some behind it', () => {
  const image = imageOf(stream);
  const { facts } = loadStream(image);
  for (let at = 0; at < image.length; at += at < 300 ? 1 : 97) {
    assert.equal(loadPieces(image, [at]).facts, facts, `split at ${at}`);
  }
});

test("the domain's name, as far as the XML has one where it is looked for", () => {
  const named: readonly (readonly [string, string])[] = [
    ['<domain><name>a b &amp; c</name></domain>', 'a b &amp; c'],
    ['<domain><name>gästë</name></domain>', 'gästë'],
    ['<domain><name></name></domain>', ''],
    ['<domain></domain>', ''],
    ['<name>', ''],
    ['', ''],
    [`${' '.repeat(4096)}<name>late</name>`, ''],
  ];
  for (const [xml, domain] of named) {
    assert.is(loadStream(imageOf(stream, { xml })).facts.libvirt?.domain, domain, xml.slice(0, 50));
  }
});

test('XML longer than the window that it is read through, and the longest', () => {
  for (const spare_bytes of [2 ** 20 - 1, 2 ** 20, 3 * 2 ** 20, 16 * 2 ** 20 - 47]) {
    const loaded = loadStream(imageOf(stream, { spare_bytes }));
    assertRam(loaded, sample().ram, `${spare_bytes}`);
    assert.is(loaded.facts.libvirt?.domain, 'guest');
  }
});

test('sparse: a mapped-ram stream whose offsets count from the begin of the file', () => {
  for (const order of ORDERS) {
    const head = imageHead({ format: 'sparse', order });
    const blocks = [
      { name: 'pc.ram', pages: [patternPage(1), undefined, patternPage(2)] },
      { name: 'pc.bios', pages: [undefined, patternPage(3)] },
    ];
    const built = buildMapped(blocks, [0], head.length);
    const image = Buffer.concat([head, built.bytes]);
    const loaded = loadStream(image);
    assertRam(loaded, built.ram, order);
    assert.equal([loaded.facts.libvirt?.format, loaded.facts.capabilities], ['sparse', ['mapped-ram']]);
    const found = inspectStream(image);
    assert.equal([found.format, found.pages.normal, found.pages.zero], ['libvirt-save', 3, 2]);
    // one that counts from the stream's begin would have its pages elsewhere
    const wrong = Buffer.concat([head, buildMapped(blocks).bytes]);
    assert.is(refusal(() => loadStream(wrong)).code, 'mapped-header');
    assert.is((loaded.guest.ram_bytes / PAGE_BYTES) * PAGE_BYTES, 5 * PAGE_BYTES);
  }
});

test('what is compressed is for a file in Node', () => {
  for (const format of ['gzip', 'bzip2', 'xz', 'lzop', 'zstd']) {
    const image = imageOf(gzipSync(stream), { format });
    for (const read of [loadStream, inspectStream]) {
      assertRefusal(() => read(image), 'libvirt-in-memory', { format });
    }
  }
});

test('an image that was not finished', () => {
  for (const order of ORDERS) {
    const image = imageOf(stream, { magic: 'LibvirtQemudPart', order });
    assertRefusal(() => loadStream(image), 'libvirt-partial', {});
  }
  for (const magic of ['LibvirtQemudSav\0', 'LibvirtQemudXxxx', 'libvirtQemudSave']) {
    assertRefusal(() => loadStream(imageOf(stream, { magic })), 'bad-magic', {
      found: Buffer.from(magic).readUInt32BE(),
    });
  }
});

test('every field of the head is refused on its own, at its offset, in both byte orders', () => {
  const wrong: readonly (readonly [keyof typeof FIELDS, string, readonly number[]])[] = [
    ['version', 'version', [0, 3, 255, 0xffff]],
    ['data_bytes', 'length of the XML', [0, 16 * 2 ** 20 + 1, 0xffffffff]],
    ['format', 'format', [7, 8, 0xffffffff]],
  ];
  for (const order of ORDERS) {
    for (const [name, field, values] of wrong) {
      for (const found of values) {
        const fields: Partial<ImageFields> = { order, [name]: found };
        const detail = { offset: 16 + FIELDS[name] * 4, field, found };
        for (const read of [loadStream, inspectStream]) {
          assertRefusal(() => read(imageOf(stream, fields)), 'libvirt-head', detail, `${order} ${name}`);
        }
      }
    }
  }
});

test('cut at every byte', () => {
  const image = imageOf(stream);
  const stream_offset = image.length - stream.length;
  for (let cut = 16; cut < stream_offset + 200; cut++) {
    const error = refusal(() => loadStream(image.subarray(0, cut)), `cut at ${cut}`);
    assert.equal([error.code, error.detail.offset], ['stream-cut', cut], error.message);
  }
  const long = imageOf(stream, { spare_bytes: 10_000 });
  for (const cut of [HEAD_BYTES + 4095, HEAD_BYTES + 5000, long.length - stream.length]) {
    assert.is(refusal(() => loadStream(long.subarray(0, cut))).code, 'stream-cut', `cut at ${cut}`);
  }
});

test('what stands behind the head has to be a stream', () => {
  assert.is(refusal(() => loadStream(imageOf(patternPage(1)))).code, 'bad-magic');
  assert.is(refusal(() => loadStream(imageOf(imageOf(stream)))).code, 'bad-magic');
});

test.run();
