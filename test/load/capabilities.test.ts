/** The configuration's subsections: capabilities, whose streams differ in form, and the uuid. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inspectStream, loadStream, saveToMemory, unlimited } from '../../src/index.ts';
import { bigEndian, idstr, PAGE_BYTES, patternPage, StreamBuilder } from '../ref/stream.ts';
import { readBack } from '../ref/stream-reader.ts';
import { assertRam, assertRefusal } from '../support/reading.ts';

const CAPABILITIES = 'configuration/capabilities';
const UUID = 'configuration/uuid';

function body(names: readonly string[], count = names.length): number[] {
  return [...bigEndian(count, 4), ...names.flatMap(idstr)];
}

function begun(names: readonly string[]): StreamBuilder {
  return new StreamBuilder().header().configuration('pc').subsection(CAPABILITIES, 1, body(names));
}

/** A list of blocks with the physical address behind each length, as x-ignore-shared has it (ram_save_setup). */
function withAddresses(names: readonly string[], pages: number): StreamBuilder {
  const built = begun(['x-ignore-shared']).start();
  built.word('block-list', BigInt(names.length * pages * PAGE_BYTES) | 0x04n);
  names.forEach((name, at) => {
    built.raw('block-name', idstr(name)).raw('block-length', bigEndian(pages * PAGE_BYTES, 8));
    built.raw('block-address', bigEndian(at * 2 ** 32, 8));
    built.ram.set(name, new Uint8Array(pages * PAGE_BYTES));
    built.kinds.set(name, { normal: 0, fill: 0, zero: 0 });
  });
  return built.close().part();
}

test('a subsection that QEMU 7.2 sent, byte for byte', () => {
  const sent = `051a${Buffer.from(CAPABILITIES).toString('hex')}00000001000000010f782d69676e6f72652d736861726564`;
  const built = begun(['x-ignore-shared']);
  assert.is(Buffer.from(built.build()).subarray(built.offsetOf('subsection')).toString('hex'), sent);
});

/** For streams with pages that had no record. */
const WITH_GAPS = { missing: 'zero' } as const;

test('with x-ignore-shared each block of the list has an address behind its length', () => {
  const built = withAddresses(['pc.ram', 'pc.bios'], 2);
  built.page('pc.ram', 0, patternPage(3)).zero('pc.ram', 1).fill('pc.bios', 1, 7).close().end().close().eof();
  const loaded = loadStream(built.build(), WITH_GAPS);
  assertRam(loaded, built.ram, 'with addresses');
  assert.equal(loaded.facts.capabilities, ['x-ignore-shared']);
  const found = inspectStream(built.build());
  assert.equal(found.capabilities, ['x-ignore-shared']);
  assert.equal(found.sections, built.sections);
});

test('a block that no record came for was shared memory: load and save refuse it, inspect does not', () => {
  const built = withAddresses(['pc.ram', 'shared'], 2);
  built.zero('pc.ram', 0).close().end().close().eof();
  assertRefusal(() => loadStream(built.build()), 'ram-not-here', { block: 'shared' });
  assert.equal(
    inspectStream(built.build()).blocks.map(({ name, pages }) => [name, pages.zero]),
    [
      ['pc.ram', 1],
      ['shared', 0],
    ],
  );
  // one with the same records but without the capability is a guest with RAM that was never sent
  const plain = new StreamBuilder().header().configuration('pc').start();
  plain
    .blockList([{ name: 'a', bytes: PAGE_BYTES }])
    .close()
    .end()
    .close()
    .eof();
  assertRefusal(() => loadStream(plain.build()), 'missing-pages', { block: 'a' });
  assertRam(loadStream(plain.build(), WITH_GAPS), plain.ram, 'without the capability');
});

test('capabilities and addresses are not carried over; a uuid neither', async () => {
  const built = withAddresses(['pc.ram'], 2);
  built.page('pc.ram', 1, patternPage(5)).close().end().close().eof();
  const { guest, origin } = loadStream(built.build(), WITH_GAPS);
  const { stream } = await saveToMemory(guest, { policy: unlimited, origin });
  // this reader takes no subsection
  const again = readBack(stream);
  assert.equal([again.machine, again.ram], ['pc', built.ram]);
  assert.equal(loadStream(stream).facts.capabilities, []);
});

test('a uuid is taken, alone and with capabilities, and in any order', () => {
  const uuid = patternPage(1).subarray(0, 16);
  const capabilities = body([]);
  const orders: readonly (readonly [string, Iterable<number>][])[] = [
    [[UUID, uuid]],
    [[CAPABILITIES, capabilities]],
    [
      [UUID, uuid],
      [CAPABILITIES, capabilities],
    ],
    [
      [CAPABILITIES, capabilities],
      [UUID, uuid],
    ],
  ];
  for (const order of orders) {
    const built = new StreamBuilder().header().configuration('pc');
    for (const [name, bytes] of order) built.subsection(name, 1, bytes);
    built.start().close().end().close().eof();
    assert.equal(loadStream(built.build()).facts.sections, built.sections);
  }
});

test('every field of a subsection is refused on its own, at its offset', () => {
  const whole = (built: StreamBuilder) => built.start().close().end().close().eof();
  const refused = (built: StreamBuilder, what: string, more: number, says: RegExp) => {
    const offset = built.offsetOf(what) + more;
    const stream = whole(built).build();
    for (const read of [loadStream, inspectStream]) {
      assertRefusal(() => read(stream), 'bad-configuration', { offset });
      assert.throws(() => read(stream), says);
    }
  };
  const of = (name: string, version: number, bytes: Iterable<number>) =>
    new StreamBuilder().header().configuration('pc').subsection(name, version, bytes);
  refused(of('configuration/target-page-bits', 2, bigEndian(12, 4)), 'subsection', 0, /target-page-bits/);
  refused(of('', 1, []), 'subsection', 0, /holds "" version 1/);
  refused(of(CAPABILITIES, 2, body([])), 'subsection', 0, /capabilities" version 2/);
  refused(of(UUID, 0, new Uint8Array(16)), 'subsection', 0, /uuid" version 0/);
  refused(of(CAPABILITIES, 1, body([], 65)), 'subsection-body', 0, /65 capabilities/);
  refused(of(CAPABILITIES, 1, body([], 0xffffffff)), 'subsection-body', 0, /4294967295 capabilities/);
  for (const name of ['xbzrle', 'X-ignore-shared', 'mapped-ram2', '', '\x1b[2J']) {
    refused(of(CAPABILITIES, 1, body([name])), 'subsection-body', 4, /the capability "/);
    const second = of(CAPABILITIES, 1, body(['x-ignore-shared', name]));
    refused(second, 'subsection-body', 4 + 16, /the capability "/);
  }
});

test('cut at every byte of the subsections and of a list with addresses', () => {
  const built = new StreamBuilder().header().configuration('pc').subsection(UUID, 1, new Uint8Array(16));
  const before = built.offset;
  const stream = Buffer.concat([
    built.build(),
    withAddresses(['pc.ram', 'pc.bios'], 1)
      .build()
      .subarray(new StreamBuilder().header().configuration('pc').offset),
  ]);
  for (let cut = before; cut < stream.length; cut++) {
    assertRefusal(() => loadStream(stream.subarray(0, cut)), 'stream-cut', { offset: cut }, `cut at ${cut}`);
  }
});

test.run();
