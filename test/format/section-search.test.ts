/** Sections of unknown form before and between RAM's: their ends are found, whatever stands in them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inspectStream, loadStream, saveToMemory, unlimited } from '../../src/index.ts';
import { inspectFile, readGuest } from '../../src/node/input/input.ts';
import {
  bigEndian,
  describeDevices,
  idstr,
  PAGE_BYTES,
  SAMPLE_DEVICES,
  StreamBuilder,
} from '../ref/stream.ts';
import { readBack } from '../ref/stream-reader.ts';
import { failure, inFolder, noise } from '../support/folder.ts';
import { assertRam, assertRefusal, loadPieces, refusal, withSearch } from '../support/reading.ts';

/** Ids whose bytes look like footers and flags themselves. */
const LIVE_ID = 0x7e7e7e7e;
const FULL_ID = 0x107e;
const UNKNOWN = [LIVE_ID, FULL_ID];

function footer(id: number): number[] {
  return [0x7e, ...bigEndian(id, 4)];
}

/** Bytes of a body that begin as the section's footer does, and go on as no element does. */
function decoys(id: number): number[][] {
  const head = (name: readonly number[], version: number) => [...name, 0, 0, 0, 0, ...bigEndian(version, 4)];
  const after = [
    [0xff],
    footer(id).slice(0, 3),
    // PART and END of sections that never began
    [0x02, 0, 0, 0, 99],
    [0x03, 0, 0, 0, 0],
    // heads without a name, with one that is none, with a version that none has
    [0x04, 0, 0, 0, 5, ...head([0], 1)],
    [0x01, 0, 0, 0, 5, ...head(idstr('a\x07b'), 1)],
    [0x04, 0, 0, 0, 5, ...head(idstr('d\xe9vice'), 1)],
    [0x01, 0, 0, 0, 5, ...head(idstr('device'), 0x10000)],
    // commands that there are not
    [0x08, 0, 0],
    [0x08, 0, 12],
    // elements that do not stand there
    [0x05, 1, 0x61],
    [0x06, 0, 0, 0, 1],
    [0x07, 0, 0, 0, 1],
    // EOF with neither the end nor a description behind it
    [0x00, 0x07, 1, 2],
    [0x00, 0x06, 0, 0, 0, 1, 0x5b, 0xff],
  ];
  return after.map((bytes) => [...footer(id), ...bytes]);
}

interface Bodies {
  readonly live: readonly number[];
  readonly full: readonly number[];
}

/** A stream with a live section and an early FULL one around RAM's; START, PART and END of both kinds alternate. */
function streamWith({ live, full }: Bodies, has_commands = false): StreamBuilder {
  const stream = new StreamBuilder().header().configuration('pc');
  const command = () => (has_commands ? stream.command(11, []).command(2, [0, 0, 0, 1]) : stream);
  stream.start({ id: LIVE_ID, name: 'block', version: 1 }).raw('body', live).footer();
  command().start({ id: FULL_ID, name: 'virtio-mem-early', instance: 3, version: 2 }, 'full');
  stream.raw('body', full).footer();
  command()
    .start()
    .blockList([{ name: 'ram', bytes: 3 * PAGE_BYTES }])
    .close();
  command().part(LIVE_ID).raw('body', live).footer().part().fill('ram', 0, 0x7e).close();
  command().part(LIVE_ID).raw('body', full).footer().part().fill('ram', 1, 0x02).close();
  command().end(LIVE_ID).raw('body', live).footer();
  command().end().zero('ram', 2).close();
  for (const device of SAMPLE_DEVICES) stream.device(device);
  return stream.eof().description(describeDevices(SAMPLE_DEVICES));
}

function assertRead(built: StreamBuilder, how: string): void {
  const loaded = loadStream(built.build());
  assertRam(loaded, built.ram, how);
  assert.equal(loaded.facts.sections, withSearch(built.sections, UNKNOWN), how);
  assert.equal(loaded.facts.not_carried, { ...built.sections[0], by_search: true }, how);
}

const PLAIN: Bodies = { live: [1, 2, 3], full: [] };

test('sections before and between those of RAM, with and without commands', () => {
  assertRead(streamWith(PLAIN), 'without');
  assertRead(streamWith(PLAIN, true), 'with commands');
  assert.equal(
    inspectStream(streamWith(PLAIN, true).build()).sections,
    withSearch(streamWith(PLAIN, true).sections, UNKNOWN),
  );
});

test('bodies with bytes that look like the footer', () => {
  for (const [at, live] of decoys(LIVE_ID).entries()) {
    for (const before of [[], [0x7e], [0x7e, 0x7e, 0x7e, 0x7e]]) {
      const full = [...before, ...(decoys(FULL_ID)[at] ?? [])];
      // a 7e before an id of 7e's is a footer one byte earlier, which the true one then is not
      assertRead(streamWith({ live: before.length > 0 ? [1] : live, full }), `${before.length} and ${live}`);
      assertRead(streamWith({ live: [1], full: [...full, ...before] }, true), `${full}`);
    }
  }
});

test('any bodies of such bytes and others, in any pieces', () => {
  const other = fc.uint8Array({ maxLength: 12 }).map((bytes) => [...bytes].map((byte) => byte | 0x80));
  const bodyOf = (id: number) =>
    fc.array(fc.oneof(other, fc.constantFrom(...decoys(id))), { maxLength: 6 }).map((parts) => parts.flat());
  fc.assert(
    fc.property(
      fc.record({ live: bodyOf(LIVE_ID), full: bodyOf(FULL_ID) }),
      fc.boolean(),
      fc.array(fc.nat(1000), { maxLength: 5 }),
      ({ live, full }, has_commands, shares) => {
        const built = streamWith({ live: [...live, 1], full }, has_commands);
        assertRead(built, 'at once');
        const stream = built.build();
        const ends = shares.map((share) => Math.floor((share / 1000) * stream.length)).sort((a, b) => a - b);
        assert.equal(loadPieces(stream, ends).facts, loadStream(stream).facts);
      },
    ),
    { seed: 7, numRuns: 150 },
  );
});

test('in two pieces split at every offset, and byte by byte', () => {
  const built = streamWith(
    { live: [9, ...footer(LIVE_ID), 0xff], full: [0x7e, ...footer(FULL_ID), 0x08] },
    true,
  );
  const stream = built.build();
  const { facts } = loadStream(stream);
  for (let at = 0; at <= stream.length; at++) {
    const loaded = loadPieces(stream, [at]);
    assert.equal(loaded.facts, facts, `split at ${at}`);
    assertRam(loaded, built.ram, `split at ${at}`);
  }
  assert.equal(loadPieces(stream, [...stream.keys()]).facts, facts);
});

test('cut at every byte', () => {
  const built = streamWith(
    { live: [9, ...footer(LIVE_ID), 0xff], full: [0x7e, ...footer(FULL_ID), 0x08] },
    true,
  );
  const stream = built.build();
  for (let cut = 1; cut < stream.length; cut++) {
    if (cut === built.offsetOf('eof') + 1) continue;
    assertRefusal(() => loadStream(stream.subarray(0, cut)), 'stream-cut', { offset: cut }, `cut at ${cut}`);
  }
});

test('a body larger than the window, with its footer anywhere in a piece', () => {
  for (const more of [0, 1, 2, 3, 4, 5, 264, 268, 269, 270]) {
    const body = noise(2 * 2 ** 20 - more, 5);
    body.forEach((byte, at) => {
      if (byte === 0x7e) body[at] = 0x7f;
    });
    const built = new StreamBuilder().header().configuration();
    built.start({ id: 1, name: 'early', version: 1 }, 'full').raw('body', body).footer();
    built.start().close().end().close().eof();
    assert.equal(loadStream(built.build()).facts.sections, withSearch(built.sections, [1]), `${more}`);
  }
});

test("the stream may end with such a section and no END of RAM's", () => {
  const begun = (body: readonly number[]) => {
    const built = new StreamBuilder().header().configuration().start();
    built
      .blockList([{ name: 'ram', bytes: PAGE_BYTES }])
      .fill('ram', 0, 5)
      .close();
    return built.start({ id: 1, name: 'late', version: 1 }, 'full').raw('body', body).footer();
  };
  for (const json of [undefined, '{}', `{"devices":[],"more":"${'x'.repeat(1000)}"}`]) {
    const built = begun([1, 2]).eof();
    if (json !== undefined) built.description(json);
    const stream = built.build();
    const wanted = loadStream(stream);
    assertRam(wanted, built.ram, `${json}`);
    assert.equal(wanted.facts.sections, withSearch(built.sections, [1]));
    for (let at = 0; at <= stream.length; at += 7) {
      assert.equal(loadPieces(stream, [at]).facts, wanted.facts, `split at ${at} of ${stream.length}`);
    }
  }
});

test('a section without a footer, and one of a section that never began', () => {
  const built = new StreamBuilder().header().configuration();
  built.start({ id: 1, name: 'early', version: 1 }, 'full').raw('body', [1, 2, ...footer(2)]);
  built.start().close().end().close().eof();
  const error = refusal(() => loadStream(built.build()));
  assert.equal([error.code, error.detail.offset], ['stream-cut', built.offset]);
  assert.match(error.message, /before the footer of section 1/);
  const unbegun = new StreamBuilder().header().configuration().part(9).raw('body', [1]).footer();
  assertRefusal(() => loadStream(unbegun.build()), 'unknown-section', {
    offset: unbegun.offsetOf('section'),
  });
});

test('a packaged command is refused, and one that no QEMU knows; every other is taken', () => {
  const around = (command: number) => {
    const built = new StreamBuilder().header().configuration().command(command, [1, 2, 3, 4]);
    return built.start().close().end().close().eof();
  };
  for (const command of [1, 2, 3, 4, 5, 6, 8, 9, 10, 11]) loadStream(around(command).build());
  for (const found of [0, 7, 12, 0xffff]) {
    const refused = around(found);
    assertRefusal(() => loadStream(refused.build()), 'unknown-command', {
      offset: refused.offsetOf('command'),
      found,
    });
  }
});

test('a section that begins under an id that is taken, and RAM as one FULL section', () => {
  const taken = new StreamBuilder().header().configuration().start().close();
  taken.start({ id: 2, name: 'other', version: 1 }).raw('body', [1]).footer(2);
  assert.is(refusal(() => loadStream(taken.build())).code, 'section-id-twice');
  const full = new StreamBuilder().header().configuration().start({}, 'full').close();
  assert.is(refusal(() => loadStream(full.build())).code, 'ram-full');
});

test('of more than a thousand sections, those alike that follow each other are one entry', () => {
  const built = new StreamBuilder().header().configuration().start();
  built.blockList([{ name: 'ram', bytes: PAGE_BYTES }]).close();
  for (let part = 0; part < 1500; part++) built.part().zero('ram', 0).close();
  built.end().close().eof();
  const { sections } = inspectStream(built.build());
  assert.equal(sections.slice(0, 999), built.sections.slice(0, 999));
  const end = built.sections.at(-1);
  const last = built.sections[999];
  const bytes = (end?.offset ?? 0) - (last?.offset ?? 0);
  assert.equal(sections.slice(999), [{ ...last, bytes, count: 502 }, end]);
});

test(
  'save refuses what it would lose, by name and offset; load and inspect do not',
  inFolder(async (folder) => {
    const built = streamWith(PLAIN);
    const path = join(folder, 'in.mig');
    writeFileSync(path, built.build());
    const error = await failure('section-not-carried', () => readGuest(path));
    assert.equal(error.detail, { offset: built.offsetOf('section'), section: 'block' });
    const found = await inspectFile(path);
    assert.equal(found.sections, withSearch(built.sections, UNKNOWN));
  }),
);

test('commands are not carried over, and nothing is lost with them', async () => {
  const built = new StreamBuilder().header().configuration('pc').command(1, []).command(2, [0, 0, 0, 1]);
  built
    .start()
    .blockList([{ name: 'ram', bytes: PAGE_BYTES }])
    .close();
  built.part().fill('ram', 0, 0x33).close().command(11, []).end().close();
  built.device(SAMPLE_DEVICES[0] ?? { id: 1, name: 'none', version: 1, body: Buffer.of() }).eof();
  const { guest, origin, facts } = loadStream(built.build());
  assert.is(facts.not_carried, undefined);
  const { stream } = await saveToMemory(guest, { policy: unlimited, origin });
  const again = readBack(stream);
  assert.equal(again.ram, built.ram);
  assert.equal(again.tail, Buffer.from(built.build().subarray(built.offsetOf('section', 3))));
});

test.run();
