/** What follows RAM: split by its description, by search, or not at all; and what may not follow. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inspectStream, loadStream } from '../../src/index.ts';
import { bigEndian, type Device, describeDevices, PAGE_BYTES, StreamBuilder } from '../ref/stream.ts';
import { assertRefusal, refusal, withSearch } from '../support/reading.ts';

const DEVICES: readonly Device[] = [
  { id: 4, name: 'timer', version: 2, body: Uint8Array.of(1, 2, 3, 4, 5) },
  { id: 7, name: '0000:00:02.0/vga', version: 2, body: new Uint8Array(300).fill(0x7e) },
  { id: 9, name: 'empty', version: 0, body: new Uint8Array(0) },
];

/** All up to RAM's END; two live sections besides have begun. */
function upToTail(): StreamBuilder {
  const built = new StreamBuilder().header().configuration();
  built
    .start()
    .blockList([{ name: 'ram', bytes: PAGE_BYTES }])
    .fill('ram', 0, 9)
    .close();
  return built.end().close();
}

function withDevices(devices: readonly Device[] = DEVICES): StreamBuilder {
  const built = upToTail();
  for (const device of devices) built.device(device);
  return built.eof();
}

function sectionsOf(built: StreamBuilder): readonly object[] {
  return inspectStream(built.build()).sections;
}

/** The device by its description, with fields as a test wants them. */
function described(fields: unknown, subsections: unknown = []): string {
  const device = { name: 'd', instance_id: 0, vmsd_name: 'd', version: 1, fields, subsections };
  return JSON.stringify({ configuration: {}, page_size: 4096, devices: [device] });
}

test('a description that fits says where each device ends', () => {
  const built = withDevices().description(describeDevices(DEVICES));
  assert.equal(sectionsOf(built), built.sections);
});

test('without a description the footers are searched for, whatever the bodies hold', () => {
  assert.equal(sectionsOf(withDevices()), withSearch(withDevices().sections, [4, 7, 9]));
  const footer = (id: number) => [0x7e, ...bigEndian(id, 4)];
  const bodies = [
    [...footer(4), 0xff],
    [...footer(4), 0x02, 0, 0, 0, 7],
    [...footer(4), 0x08, 0, 99, 0x7e],
    [...footer(4), 0x00, 0x06, 0, 0, 0, 9],
    [...footer(7), 0x04, 0, 0, 0, 1, 1, 0x61, 0, 0, 0, 0, 0, 0, 0, 1],
  ];
  for (const body of bodies) {
    const built = withDevices([{ id: 4, name: 'odd', version: 1, body: Uint8Array.from(body) }, ...DEVICES]);
    assert.equal(sectionsOf(built), withSearch(built.sections, [4, 7, 9]), String(body));
  }
});

test('a description that does not fit, of one device or of others, leaves the rest to it', () => {
  const wrong = DEVICES.map((device) =>
    device.id === 7 ? { ...device, body: new Uint8Array(299) } : device,
  );
  const misfit = withDevices().description(describeDevices(wrong));
  assert.equal(sectionsOf(misfit), withSearch(misfit.sections, [7]));
  // a device that is not described is passed over, and the next is described again
  const [timer, , empty] = DEVICES;
  const some = [timer, empty].flatMap((device) => device ?? []);
  const without = withDevices().description(describeDevices(some));
  assert.equal(sectionsOf(without), withSearch(without.sections, [7]));
  const instance = describeDevices(DEVICES).replace('"instance_id":0', '"instance_id":1');
  const other = withDevices().description(instance);
  assert.equal(sectionsOf(other), withSearch(other.sections, [4, 7, 9]));
});

test('sizes that are none count for nothing', () => {
  const body = Uint8Array.of(1, 2, 3, 4);
  const device = { id: 5, name: 'd', version: 1, body };
  for (const size of [-1, 1.5, 1e300, '4', null, {}, [4]]) {
    const fields = [
      { size },
      null,
      7,
      'text',
      { size: 4 },
      { size: 3, array_len: 0 },
      { size: 9, array_len: -1 },
    ];
    const built = withDevices([device]).description(described(fields));
    assert.equal(sectionsOf(built), built.sections, JSON.stringify(size));
  }
  // of a device that is longer than all that there is
  const long = withDevices([device]).description(described([{ size: 2 ** 52, array_len: 2 ** 52 }]));
  assert.equal(sectionsOf(long), withSearch(long.sections, [5]));
});

test('subsections within subsections are measured; 5000 of them are no overflow', () => {
  // innermost first: 05, idstr of one letter, version, and a byte each
  const nested = (depth: number): string => {
    const open = '{"vmsd_name":"s","version":1,"fields":[{"size":1}],"subsections":[';
    return `{"devices":[{"name":"d","instance_id":0,"subsections":[${open.repeat(depth)}${']}'.repeat(depth)}]}]}`;
  };
  const bodyOf = (depth: number) =>
    Uint8Array.from(Array.from({ length: depth }, () => [0x05, 1, 0x73, 0, 0, 0, 1, 0xee]).flat());
  for (const depth of [1, 3, 10]) {
    const built = withDevices([{ id: 5, name: 'd', version: 1, body: bodyOf(depth) }]).description(
      nested(depth),
    );
    assert.equal(sectionsOf(built), built.sections, `${depth}`);
  }
  for (const depth of [100, 5000, 100_000]) {
    const built = withDevices([{ id: 5, name: 'd', version: 1, body: bodyOf(2) }]).description(nested(depth));
    assert.equal(sectionsOf(built), withSearch(built.sections, [5]), `${depth}`);
  }
  for (const text of ['['.repeat(300_000), '{"devices":'.repeat(100_000)]) {
    const built = withDevices().description(text);
    assert.equal(sectionsOf(built), withSearch(built.sections, [4, 7, 9]));
  }
});

test('further pieces of other live sections, and commands', () => {
  const built = new StreamBuilder().header().configuration();
  built.start({ id: 20, name: 'dirty-bitmap', version: 1 }).raw('body', [1]).footer();
  built.start({ id: 21, name: 'vfio', version: 1 }).raw('body', [2]).footer();
  built.start().close().end().close();
  const section = (id: number, type: 'part' | 'end') =>
    built.part(id, type).raw('body', [0x7e, 3, 4]).footer();
  section(21, 'part').command(11, []);
  section(20, 'end');
  section(21, 'end');
  built
    .command(2, [0, 0, 0, 1])
    .device({ id: 4, name: 'timer', version: 2, body: Buffer.of(1) })
    .eof();
  const found = inspectStream(built.build()).sections;
  const listed = built.sections.map(({ id, type, name, offset, bytes }) => ({
    id,
    type,
    name,
    offset,
    bytes,
  }));
  assert.equal(
    found.map(({ id, type, name, offset, bytes }) => ({ id, type, name, offset, bytes })),
    listed,
  );
  assert.is(found.filter((one) => one.by_search).length, 6);
});

test('what nothing splits, but a whole description ends, is one entry', () => {
  const built = upToTail();
  const from = built.offset;
  built.raw('junk', [0x33, 1, 2, 3]);
  const bytes = built.offset - from;
  built.eof().description('{"devices":[]}');
  const opaque = { id: 0, type: 'opaque', name: '', instance: 0, version: 0, offset: from, bytes };
  assert.equal(sectionsOf(built), [...built.sections, opaque]);
  // a device first, and one whose footer is nowhere
  const after = withDevices().build().subarray(0, -1);
  const cut_at = after.length - 3;
  const ended = Uint8Array.of(...after.subarray(0, cut_at), 0, 6, 0, 0, 0, 2, 0x7b, 0x7d);
  const found = inspectStream(ended).sections;
  assert.equal(
    found.map(({ type, name }) => `${type} ${name}`),
    ['start ram', 'end ram', 'full timer', 'full 0000:00:02.0/vga', 'opaque '],
  );
  assert.is((found.at(-1)?.offset ?? 0) + (found.at(-1)?.bytes ?? 0), cut_at);
});

test('cut at every byte, with a description, without one, and with one that does not fit', () => {
  const streams = [
    withDevices().description(describeDevices(DEVICES)),
    withDevices(),
    withDevices().description(describeDevices(DEVICES.slice(1))),
  ];
  for (const built of streams) {
    const stream = built.build();
    for (let cut = built.offsetOf('section', 2); cut < stream.length; cut++) {
      if (cut === built.offsetOf('eof') + 1) continue;
      assertRefusal(
        () => loadStream(stream.subarray(0, cut)),
        'stream-cut',
        { offset: cut },
        `cut at ${cut}`,
      );
    }
  }
});

test('bytes behind the end are refused, with where they begin and how many there are', () => {
  const ends = [
    upToTail().eof(),
    upToTail().eof().description('{}'),
    upToTail().eof().description(''),
    withDevices().description(describeDevices(DEVICES)),
    withDevices().description('{"devices":[]}'),
  ];
  for (const built of ends) {
    const stream = built.build();
    for (const more of [[1], [0x7e, 0, 0, 0, 4], bigEndian(0x10, 8), new Array<number>(4096).fill(0)]) {
      const detail = { offset: stream.length, bytes: more.length };
      // the one that could be a description of its own
      const how = `${stream.length} and ${more.length}`;
      assertRefusal(() => loadStream(Uint8Array.of(...stream, ...more)), 'bytes-behind', detail, how);
    }
  }
});

test('two streams in a row are refused where the second begins', () => {
  const first = [
    upToTail().eof(),
    withDevices(),
    withDevices().description(describeDevices(DEVICES)),
    withDevices().description(describeDevices(DEVICES.slice(1))),
  ];
  for (const one of first) {
    for (const other of first) {
      const [stream, second] = [one.build(), other.build()];
      const detail = { offset: stream.length, bytes: second.length };
      const how = `${stream.length} and ${second.length}`;
      assertRefusal(() => loadStream(Uint8Array.of(...stream, ...second)), 'bytes-behind', detail, how);
    }
  }
});

test('any tail is read or refused, and never lost: what is read is all of it', () => {
  const head = upToTail().build();
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 10 }),
    fc.constantFrom(
      Uint8Array.of(0x7e, 0, 0, 0, 4),
      Uint8Array.of(0x04, 0, 0, 0, 4, 1, 0x61, 0, 0, 0, 0, 0, 0, 0, 1),
      Uint8Array.of(0x00, 0x06, 0, 0, 0, 2, 0x7b, 0x7d),
      Uint8Array.of(0x08, 0, 11, 0, 0),
      Uint8Array.of(0x03, 0, 0, 0, 2),
    ),
  );
  const outcomes = { read: 0, refused: 0 };
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), fc.boolean(), (pieces, has_eof) => {
      const stream = Uint8Array.of(
        ...head,
        ...pieces.flatMap((bytes) => [...bytes]),
        ...(has_eof ? [0] : []),
      );
      try {
        const { facts, origin } = loadStream(stream);
        assert.is(facts.stream_bytes, stream.length);
        assert.is(origin.tail.length, stream.length - head.length);
        outcomes.read++;
      } catch (error) {
        assert.match(refusalCode(error), /^(stream-cut|bytes-behind)$/);
        outcomes.refused++;
      }
    }),
    { seed: 11, numRuns: 1000 },
  );
  assert.ok(outcomes.read > 50 && outcomes.refused > 50, JSON.stringify(outcomes));
});

function refusalCode(error: unknown): string {
  return refusal(() => {
    throw error;
  }).code;
}

test.run();
