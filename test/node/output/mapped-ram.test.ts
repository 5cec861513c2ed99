/** Mapped-ram files that a save writes, against the independent reader. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Block, Guest, loadStream, type Running, unlimited } from '../../../src/index.ts';
import { inspectFile, readGuest } from '../../../src/node/input/input.ts';
import { saveTo } from '../../../src/node/output/save-to.ts';
import { type MappedFile, readMapped } from '../../ref/mapped-ram.ts';
import { PAGE_BYTES, patternPage, sample } from '../../ref/stream.ts';
import { readDescription } from '../../ref/stream-reader.ts';
import { failure, inFolder } from '../../support/folder.ts';
import { assertNames } from '../../support/leftovers.ts';

const MIB = 2 ** 20;
const OPTIONS = { via: 'file', direct: false, force: false, form: 'mapped-ram', policy: unlimited } as const;

/** A guest whose pages have a pattern where the number is not 0. */
function guestOf(blocks: Readonly<Record<string, readonly number[]>>): Guest {
  const entries = Object.entries(blocks);
  const guest = new Guest(entries.map(([name, seeds]) => ({ name, bytes: seeds.length * PAGE_BYTES })));
  for (const block of guest.blocks) {
    blocks[block.name]?.forEach((seed, page) => {
      if (seed !== 0) guest.ram(block).set(patternPage(seed), page * PAGE_BYTES);
    });
  }
  return guest;
}

/** The file holds the guest's RAM, and no page that is zero. */
function assertHolds(file: MappedFile, guest: Guest): void {
  assert.equal(
    file.blocks.map(({ name, bytes }) => ({ name, bytes })),
    guest.blocks.map(({ name, bytes }) => ({ name, bytes })),
  );
  for (const [index, block] of guest.blocks.entries()) {
    assert.ok(file.blocks[index]?.ram.equals(guest.ram(block)), `RAM of ${block.name}`);
    const pages = Array.from({ length: block.pages }, (_, page) => page);
    const present = pages.filter((page) => !guest.isZero(block, page));
    assert.equal(file.blocks[index]?.present, present, `pages of ${block.name}`);
  }
}

test(
  'the layout, by its offsets and its first bytes',
  inFolder(async (folder) => {
    const path = join(folder, 'out');
    const seeds = Array.from({ length: 70 }, (_, page) => page % 3);
    await saveTo(guestOf({ ram: seeds, rom: [1, 0] }), path, { ...OPTIONS, machine: 'pc' });
    const bytes = readFileSync(path);
    const head = `
      51 45 56 4d 00 00 00 03 07 00 00 00 02 70 63
      05 1a 63 6f 6e 66 69 67 75 72 61 74 69 6f 6e 2f 63 61 70 61 62 69 6c 69 74 69 65 73
      00 00 00 01 00 00 00 01 0a 6d 61 70 70 65 64 2d 72 61 6d
      01 00 00 00 02 03 72 61 6d 00 00 00 00 00 00 00 04
      00 00 00 00 00 04 80 04 03 72 61 6d 00 00 00 00 00 04 60 00
      00 00 00 01 00 00 00 00 00 00 10 00 00 00 00 00 00 00 00 7f 00 00 00 00 00 10 00 00
      b6 6d db b6 6d db b6 6d 1b 00 00 00 00 00 00 00`;
    assert.is(bytes.toString('hex', 0, 143), head.replaceAll(/\s/g, ''));
    const second = '03 72 6f 6d 00 00 00 00 00 00 20 00 00 00 00 01 00 00 00 00 00 00 10 00';
    const places = '00 00 00 00 00 14 60 28 00 00 00 00 00 20 00 00 01 00 00 00 00 00 00 00 00';
    const found = bytes.toString('hex', 0x146000, 0x146000 + 49);
    assert.is(found, `${second}${places}`.replaceAll(/\s/g, ''));
    const file = readMapped(bytes);
    assert.equal([file.machine, file.section_id, file.section_types.at(-1)], ['pc', 2, 3]);
    assert.equal(
      file.blocks.map(({ bitmap_offset, pages_offset }) => [bitmap_offset, pages_offset]),
      [
        [0x7f, 0x100000],
        [0x146028, 0x200000],
      ],
    );
    assert.equal(readDescription(file.tail), { page_size: 4096, devices: [] });
    assert.is(file.tail_at - file.section_types.length * 18, 0x202000 + 13);
  }),
);

test(
  'any guest, of several blocks, is in the file, and loads from it, also in memory',
  inFolder(async (folder) => {
    const seeds = fc.array(fc.constantFrom(0, 0, 1, 2), { minLength: 1, maxLength: 150 });
    const staging = fc.constantFrom(undefined, 3 * PAGE_BYTES, 5 * PAGE_BYTES + 77);
    await fc.assert(
      fc.asyncProperty(seeds, seeds, staging, async (ram, rom, staging_bytes) => {
        const guest = guestOf({ 'pc.ram': ram, '/rom@etc/acpi/tables': rom, last: [0] });
        const path = join(folder, 'out');
        const saved = await saveTo(guest, path, { ...OPTIONS, force: true, staging_bytes });
        const bytes = readFileSync(path);
        const file = readMapped(bytes);
        assertHolds(file, guest);
        const present = file.blocks.reduce((sum, block) => sum + block.present.length, 0);
        const { normal, duplicate } = saved.counters.stats(0, 1);
        assert.equal([normal, duplicate], [present, ram.length + rom.length + 1 - present]);
        for (const loaded of [await readGuest(path), loadStream(bytes)]) {
          assertHolds(file, loaded.guest);
          assert.is(loaded.origin?.tail.length, file.tail.length);
        }
        const found = await inspectFile(path);
        assert.equal([found.pages.normal, found.pages.zero], [normal, duplicate]);
        assert.equal([found.format, found.advice.mapped_ram_bytes], ['mapped-ram', normal * PAGE_BYTES]);
      }),
      { seed: 3, numRuns: 15 },
    );
  }),
);

test(
  'zero pages are holes',
  inFolder(async (folder) => {
    const guest = new Guest([{ name: 'ram', bytes: 64 * MIB }]);
    for (const page of [0, 9000, 16383])
      guest.ram(guest.largestBlock()).set(patternPage(1), page * PAGE_BYTES);
    const path = join(folder, 'out');
    await saveTo(guest, path, OPTIONS);
    const { size, blocks, mode } = statSync(path);
    assert.ok(size > 65 * MIB && blocks * 512 < MIB, `${blocks} sectors of ${size} bytes`);
    assert.is(mode & 0o777, 0o600);
    assertHolds(readMapped(readFileSync(path)), guest);
  }),
);

/** A guest that writes pages each time that it may; a write of 0 clears its page. */
class Writer implements Running {
  turns = 0;
  readonly #guest: Guest;
  readonly #writes: readonly (readonly [page: number, seed: number])[];

  constructor(guest: Guest, writes: readonly (readonly [page: number, seed: number])[]) {
    this.#guest = guest;
    this.#writes = writes;
  }

  start(): void {}

  advance(): void {
    const write = this.#writes[this.turns++];
    if (write === undefined) return;
    const [page, seed] = write;
    for (const block of this.#guest.blocks) this.#write(block, page, seed);
  }

  stop(): void {}

  #write(block: Block, page: number, seed: number): void {
    const bytes = seed === 0 ? new Uint8Array(PAGE_BYTES) : patternPage(seed);
    this.#guest.ram(block).set(bytes, page * PAGE_BYTES);
    this.#guest.logWrite(block, page);
  }
}

test(
  'pages are written again in their places, and lose their bit when they become zero',
  inFolder(async (folder) => {
    const seeds = Array.from({ length: 100 }, (_, page) => page % 2);
    const guest = guestOf({ ram: seeds, rom: seeds });
    const writes = Array.from({ length: 60 }, (_, at): [number, number] => [(at * 7) % 100, at % 3]);
    const running = new Writer(guest, writes);
    const path = join(folder, 'out');
    const loop = { downtime_limit_ns: 1, max_rounds: 60, staging_bytes: 3 * PAGE_BYTES };
    const saved = await saveTo(guest, path, { ...OPTIONS, ...loop, running });
    const bytes = readFileSync(path);
    assertHolds(readMapped(bytes), guest);
    const { normal, duplicate } = saved.counters.stats(0, 1);
    assert.ok(running.turns > 60 && normal + duplicate > 200, `${normal} and ${duplicate} pages`);
    // what came again took no more of the file
    assert.ok(bytes.length < 2 * MIB + 100 * PAGE_BYTES + 32 * 1024, `${bytes.length} bytes`);
  }),
);

test(
  'O_DIRECT writes the same file',
  inFolder(async (folder) => {
    const guest = guestOf({ ram: Array.from({ length: 700 }, (_, page) => page % 5), rom: [3] });
    await saveTo(guest, join(folder, 'plain'), OPTIONS);
    const { sink } = await saveTo(guest, join(folder, 'direct'), { ...OPTIONS, direct: true });
    assert.ok(readFileSync(join(folder, 'plain')).equals(readFileSync(join(folder, 'direct'))));
    assert.is(sink.is_direct === true || sink.direct_refusal !== undefined, true);
  }),
);

test(
  'a stream is saved again as a mapped-ram file with its machine, its section id and its devices',
  inFolder(async (folder) => {
    const { guest, origin } = loadStream(sample().build());
    const path = join(folder, 'out');
    await saveTo(guest, path, { ...OPTIONS, origin: { ...origin, ram_section_id: 77 } });
    const file = readMapped(readFileSync(path));
    assertHolds(file, guest);
    assert.equal([file.machine, file.section_id], ['none', 77]);
    assert.ok(file.tail.equals(origin.tail));
    const again = await readGuest(path);
    assert.equal(again.origin?.ram_section_id, 77);
  }),
);

test(
  'what is no regular file is refused, and a save that fails leaves nothing',
  inFolder(async (folder) => {
    const guest = guestOf({ ram: [1] });
    for (const output of ['-', 'exec:cat', '/dev/null']) {
      await failure('mapped-needs-file', () => saveTo(guest, output, OPTIONS));
    }
    const path = join(folder, 'out');
    const signal = AbortSignal.abort();
    await failure('interrupted', () => saveTo(guest, path, { ...OPTIONS, signal }));
    await failure('usage-staging', () => saveTo(guest, path, { ...OPTIONS, staging_bytes: PAGE_BYTES }));
    assertNames(folder, []);
    writeFileSync(path, 'mine');
    await failure('output-exists', () => saveTo(guest, path, OPTIONS));
    assertNames(folder, ['out']);
  }),
);

test.run();
