/** Reading mapped-ram files that the independent builder made: in memory, in places, damaged. */
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { GuestLoader, inspectStream, loadStream } from '../../../src/index.ts';
import { inspectFile, readGuest, readStreamFile } from '../../../src/node/input/input.ts';
import { type BlockToBuild, buildMapped, type HeaderFields } from '../../ref/mapped-ram.ts';
import { PAGE_BYTES, patternPage } from '../../ref/stream.ts';
import { failure, inFolder } from '../../support/folder.ts';
import { assertRam, assertRefusal, refusal } from '../../support/reading.ts';

/** Pages of a block: a pattern where the number is not 0. */
function pagesOf(seeds: readonly number[]): (Uint8Array | undefined)[] {
  return seeds.map((seed) => (seed === 0 ? undefined : patternPage(seed)));
}

const SMALL: readonly BlockToBuild[] = [
  { name: 'pc.ram', pages: pagesOf([1, 0, 2, 3, 0]) },
  { name: 'pc.bios', pages: pagesOf([4]) },
  { name: 'empty', pages: pagesOf([0, 0]) },
];

test('pages stand where the header says, and pages without a bit are zero', () => {
  const built = buildMapped(SMALL);
  const loaded = loadStream(built.bytes);
  assertRam(loaded, built.ram, 'small');
  assert.equal(loaded.facts.capabilities, ['mapped-ram']);
  assert.is(loaded.facts.rounds, 1);
  assert.is(loaded.facts.stream_bytes, built.bytes.length);
  assert.equal(loaded.origin.tail, Uint8Array.of(0));
});

test('any blocks, of any pages, loaded and counted', () => {
  const seeds = fc.array(fc.constantFrom(0, 0, 1, 2, 3), { minLength: 1, maxLength: 140 });
  fc.assert(
    fc.property(fc.array(seeds, { minLength: 1, maxLength: 4 }), (lists) => {
      const built = buildMapped(lists.map((list, at) => ({ name: `block ${at}`, pages: pagesOf(list) })));
      assertRam(loadStream(built.bytes), built.ram, 'any');
      const found = inspectStream(built.bytes);
      const pages = lists.map((list, at) => {
        const normal = built.present[at] ?? 0;
        return { normal, zero: list.length - normal, fill: 0, xbzrle: 0 };
      });
      assert.equal(
        found.blocks.map((block) => block.pages),
        pages,
      );
      const normal = built.present.reduce((sum, count) => sum + count, 0);
      assert.is(found.pages.normal, normal);
      assert.is(found.advice.mapped_ram_bytes, normal * PAGE_BYTES);
    }),
    { seed: 5, numRuns: 40 },
  );
});

test('inspect: its format, its sections, and nothing saved by zero records', () => {
  const found = inspectStream(buildMapped(SMALL).bytes);
  assert.equal([found.format, found.machine, found.rounds], ['mapped-ram', 'pc', 1]);
  assert.equal(
    found.sections.map(({ type, name }) => `${type} ${name}`),
    ['start ram', 'end ram'],
  );
  assert.equal([found.advice.resent_pages, found.advice.zero_saved_bytes], [0, 0]);
});

test('a page record, where QEMU refuses one too', () => {
  const { bytes } = buildMapped(SMALL);
  const end = inspectStream(bytes).sections.find(({ type }) => type === 'end');
  const offset = (end?.offset ?? 0) + 5;
  assert.is(new DataView(bytes.buffer).getBigUint64(offset), 0x10n, 'EOS alone');
  for (const flags of [0x02, 0x08, 0x40, 0x22]) {
    const changed = bytes.slice();
    changed[offset + 7] = flags;
    assertRefusal(() => loadStream(changed), 'mapped-record', { offset });
    assertRefusal(() => inspectStream(changed), 'mapped-record', { offset });
  }
});

test('bits beyond the block mean nothing', () => {
  const more_bits = [5, 6, 7, 8, 31, 62, 63];
  const blocks = SMALL.map((block) => (block.name === 'pc.ram' ? { ...block, more_bits } : block));
  const built = buildMapped(blocks);
  assertRam(loadStream(built.bytes), built.ram, 'more bits');
  assert.equal(inspectStream(built.bytes).blocks[0]?.pages, { normal: 3, zero: 2, fill: 0, xbzrle: 0 });
});

test('a bitmap that lies far behind its header, and blocks whose pages overlap nothing that is read', () => {
  // the bitmap behind all else: the reader goes there and back
  const built = buildMapped(SMALL);
  const bitmap_offset = built.bytes.length + 100;
  const pages_offset = Math.ceil((bitmap_offset + 8) / PAGE_BYTES) * PAGE_BYTES;
  const one = buildMapped([
    { name: 'pc.bios', pages: pagesOf([4]), header: { bitmap_offset, pages_offset } },
  ]);
  const file = Buffer.alloc(pages_offset + PAGE_BYTES);
  one.bytes.copy(file);
  file[bitmap_offset] = 1;
  file.set(patternPage(9), pages_offset);
  const close = one.bytes.subarray(-32);
  const stream = Buffer.concat([file, close]);
  assertRam(loadStream(stream), new Map([['pc.bios', Buffer.from(patternPage(9))]]), 'far');
});

test('every field of a header is refused on its own, with block, field and offset', () => {
  const wrong: readonly (readonly [HeaderFields, string])[] = [
    [{ version: 0 }, 'version'],
    [{ version: 2 }, 'version'],
    [{ version: 0x01000000 }, 'version'],
    [{ page_size: 0 }, 'page size'],
    [{ page_size: 1024 }, 'page size'],
    [{ page_size: 65536 }, 'page size'],
    [{ page_size: 2 ** 44 }, 'page size'],
    [{ bitmap_offset: 0 }, 'bitmap offset'],
    [{ bitmap_offset: 2n ** 53n }, 'bitmap offset'],
    [{ bitmap_offset: 2n ** 64n - 8n }, 'bitmap offset'],
    [{ pages_offset: 0 }, 'pages offset'],
    [{ pages_offset: PAGE_BYTES }, 'pages offset'],
    [{ pages_offset: 0x100001 }, 'pages offset'],
    [{ pages_offset: 0x100800 }, 'pages offset'],
    [{ pages_offset: 2n ** 53n }, 'pages offset'],
    [{ pages_offset: 2n ** 64n - 4096n }, 'pages offset'],
  ];
  for (const [header, field] of wrong) {
    // of the second block: the first ends beyond the first page
    const built = buildMapped(
      SMALL.map((block) => (block.name === 'pc.bios' ? { ...block, header } : block)),
    );
    const how = `${field} ${Object.values(header)}`;
    const detail = { block: 'pc.bios', field, offset: built.headers[1] };
    assertRefusal(() => loadStream(built.bytes), 'mapped-header', detail, how);
    assertRefusal(() => inspectStream(built.bytes), 'mapped-header', detail, how);
  }
  // one byte before the first place that it may have
  const at = (buildMapped(SMALL).headers[0] ?? 0) + 27;
  const inside = buildMapped([{ name: 'pc.ram', pages: pagesOf([1]), header: { bitmap_offset: at } }]);
  assertRefusal(() => loadStream(inside.bytes), 'mapped-header', {
    field: 'bitmap offset',
    found: BigInt(at),
  });
});

test('with x-ignore-shared: addresses in the list, and shared memory that is not in the file', () => {
  const here = SMALL.map((block, at) => ({ ...block, address: at * 2 ** 32 }));
  const built = buildMapped(here);
  assertRam(loadStream(built.bytes), built.ram, 'with addresses');
  assert.equal(loadStream(built.bytes).facts.capabilities, ['x-ignore-shared', 'mapped-ram']);
  const header = { bitmap_offset: 0, pages_offset: 0 };
  const elsewhere = here.map((block, at) => (at === 1 ? { ...block, header, is_elsewhere: true } : block));
  const { bytes } = buildMapped(elsewhere);
  assertRefusal(() => loadStream(bytes), 'ram-not-here', { block: 'pc.bios' });
  assert.equal(
    inspectStream(bytes).blocks.map(({ pages }) => [pages.normal, pages.zero]),
    [
      [3, 2],
      [0, 0],
      [0, 2],
    ],
  );
});

test('cut at every byte outside the pages', () => {
  const { bytes, headers } = buildMapped([
    { name: 'a', pages: pagesOf([1, 0]) },
    { name: 'b', pages: pagesOf([0]) },
  ]);
  const second = headers[1] ?? 0;
  for (let cut = 1; cut < bytes.length; cut += cut > 200 && cut % PAGE_BYTES > 200 ? 127 : 1) {
    for (const read of [loadStream, inspectStream]) {
      const error = refusal(() => read(bytes.subarray(0, cut)), `cut at ${cut}`);
      assert.is(error.code, 'stream-cut', `cut at ${cut}: ${error.message}`);
      assert.ok(Number(error.detail.offset) >= cut, `cut at ${cut}: ${error.message}`);
    }
  }
  assert.ok(second > PAGE_BYTES, 'the second block stands behind the pages of the first');
});

test('given piece by piece, it cannot be read back in', () => {
  const { bytes } = buildMapped(SMALL);
  const loader = new GuestLoader();
  assertRefusal(
    () => {
      for (let at = 0; at < bytes.length; at += 1000) loader.reader.readFrom(bytes.subarray(at, at + 1000));
      loader.end();
    },
    'input-not-seekable',
    {},
  );
});

test(
  'from a file in places; from a pipe not, in one line',
  inFolder(async (folder) => {
    // larger than the window: what is smaller is in memory at once
    const built = buildMapped([{ name: 'first', pages: pagesOf(new Array<number>(300).fill(7)) }, ...SMALL]);
    const path = join(folder, 'in.mapped');
    writeFileSync(path, built.bytes);
    assertRam(await readStreamFile(path), built.ram, 'a file');
    const { guest, origin } = await readGuest(path);
    assert.equal([guest.blocks.length, origin?.machine], [4, 'pc']);
    assert.equal((await inspectFile(path)).blocks, inspectStream(built.bytes).blocks);
    for (const read of [readGuest, readStreamFile, inspectFile]) {
      const fifo = join(folder, read.name);
      spawnSync('mkfifo', [fifo]);
      spawn('/bin/sh', ['-c', 'cat "$0" > "$1"', path, fifo], { stdio: 'ignore' });
      const error = await failure('input-not-seekable', () => read(fifo));
      assert.match(error.message, /give the file by its name/);
    }
  }),
);

test('device state behind RAM is kept', () => {
  const device = [
    0x04,
    0,
    0,
    0,
    9,
    5,
    ...Buffer.from('timer'),
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    2,
    1,
    2,
    3,
    0x7e,
    0,
    0,
    0,
    9,
    0,
  ];
  const built = buildMapped(SMALL, device);
  const { origin, facts } = loadStream(built.bytes);
  assert.equal(origin.tail, Uint8Array.from(device));
  assert.equal(
    facts.sections.map(({ name }) => name),
    ['ram', 'ram', 'timer'],
  );
});

test.run();
