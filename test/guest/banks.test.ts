/** Guests in several memories of which all is sent and read; the memories are small, and not those of 4 GiB. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Guest, inspectStream, loadStream, saveToMemory, unlimited } from '../../src/index.ts';
import { saveTo } from '../../src/node/output/save-to.ts';
import { readMapped } from '../ref/mapped-ram.ts';
import { readRamStream, recordsOf } from '../ref/ram-reader.ts';
import { PAGE_BYTES, patternPage } from '../ref/stream.ts';
import { guestInBanks } from '../support/banks.ts';
import { assertBytes, inFolder } from '../support/folder.ts';

const BANK_PAGES = 192;

/** A guest whose pages have a pattern where the number is not 0. */
function guestOf(blocks: readonly (readonly number[])[], bank_pages = BANK_PAGES): Guest {
  const specs = blocks.map((seeds, at) => ({ name: `block ${at}`, bytes: seeds.length * PAGE_BYTES }));
  const guest = guestInBanks(specs, bank_pages);
  for (const block of guest.blocks) {
    blocks[block.index]?.forEach((seed, page) => {
      if (seed !== 0) guest.pages(block, page, 1).set(patternPage(seed));
    });
  }
  return guest;
}

/** Another guest of the same blocks in the same banks, all of it ones. */
function fullGuest(like: Guest, bank_pages = BANK_PAGES): Guest {
  const guest = guestInBanks(
    like.blocks.map(({ name, bytes }) => ({ name, bytes })),
    bank_pages,
  );
  for (const block of guest.blocks) for (const part of block.parts) guest.partRam(part).fill(1);
  return guest;
}

/** A block's RAM, of all its parts. */
function ramOf(guest: Guest, index: number): Buffer {
  return Buffer.concat((guest.blocks[index]?.parts ?? []).map((part) => guest.partRam(part)));
}

function assertSame(found: Guest, wanted: Guest, how: string): void {
  for (const { index, name } of wanted.blocks) {
    assertBytes(ramOf(found, index), ramOf(wanted, index), `${name}, ${how}`);
  }
}

/** Some pages in four banks: zero and not, also on both sides of each edge. */
const SEEDS = Array.from({ length: 4 * BANK_PAGES - 9 }, (_, page) => (page % 5 < 2 ? page + 1 : 0));

test('the guest of these tests stands in four memories', () => {
  const guest = guestOf([SEEDS]);
  assert.equal(
    guest.largestBlock().parts.map(({ first, pages }) => [first, pages]),
    [
      [0, BANK_PAGES],
      [BANK_PAGES, BANK_PAGES],
      [2 * BANK_PAGES, BANK_PAGES],
      [3 * BANK_PAGES, BANK_PAGES - 9],
    ],
  );
});

test('a save goes through all memories in order, and loads as it was; and so inspect counts', async () => {
  const guest = guestOf([SEEDS]);
  const { stream, counters } = await saveToMemory(guest, { policy: unlimited });
  const records = recordsOf(readRamStream(stream));
  assert.equal(
    records.map(({ page, is_zero }) => [page, is_zero]),
    SEEDS.map((seed, page) => [page, seed === 0]),
  );
  const normal = SEEDS.filter((seed) => seed !== 0).length;
  const kinds = { normal, zero: SEEDS.length - normal, fill: 0, xbzrle: 0 };
  const counted = counters.stats(guest.dirty_pages, 1);
  assert.equal([counted.normal, counted.duplicate, counted.remaining], [kinds.normal, kinds.zero, 0]);
  const into = fullGuest(guest);
  const loaded = loadStream(stream, { into });
  assertSame(into, guest, 'loaded');
  assert.equal(into.kinds(into.largestBlock()), kinds);
  assert.is(loaded.facts.rounds, 1);
  const found = inspectStream(stream);
  assert.equal([found.pages, found.rounds], [kinds, 1]);
  assert.is(found.advice.mapped_ram_bytes, normal * PAGE_BYTES);
});

test(
  'any blocks in any memories, as a stream and as a mapped-ram file',
  inFolder(async (folder) => {
    const path = join(folder, 'out');
    const seeds = fc.array(fc.constantFrom(0, 0, 1, 2, 3), { minLength: 1, maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(seeds, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(64, 128, 192),
        fc.constantFrom(undefined, 3 * PAGE_BYTES, 9 * PAGE_BYTES + 77),
        async (blocks, bank_pages, staging_bytes) => {
          const guest = guestOf(blocks, bank_pages);
          const { stream } = await saveToMemory(guest, { policy: unlimited, staging_bytes });
          const { ram } = readRamStream(stream);
          for (const { name, index } of guest.blocks) {
            const pages = (ram.get(name) ?? []).map((page) => page ?? new Uint8Array(0));
            assertBytes(Buffer.concat(pages), ramOf(guest, index), `${name} in the stream`);
          }
          const into = fullGuest(guest, bank_pages);
          loadStream(stream, { into });
          assertSame(into, guest, 'from the stream');

          const options = { via: 'file', direct: false, force: true, form: 'mapped-ram' } as const;
          await saveTo(guest, path, { ...options, policy: unlimited, staging_bytes });
          const file = readFileSync(path);
          for (const [index, block] of readMapped(file).blocks.entries()) {
            assertBytes(block.ram, ramOf(guest, index), `${block.name} in the file`);
          }
          const again = fullGuest(guest, bank_pages);
          loadStream(file, { into: again });
          assertSame(again, guest, 'from the file');
        },
      ),
      { seed: 4, numRuns: 40 },
    );
  }),
);

test.run();
