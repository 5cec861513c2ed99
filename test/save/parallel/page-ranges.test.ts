/** Ranges of pages, sent in any order by several walks, against what the guest holds. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Guest, MEMORY_BYTES_MAX } from '../../../src/index.ts';
import { MappedFile } from '../../../src/save/output/mapped-file.ts';
import {
  allocAreas,
  type PartPlace,
  placeParts,
  RANGE_PAGES,
  RangeWalk,
  rangeCount,
  type WritePages,
} from '../../../src/save/parallel/page-ranges.ts';
import { bitsOf } from '../../ref/bitmap.ts';
import { PAGE_BYTES, patternPage } from '../../ref/stream.ts';
import { assertBytes } from '../../support/folder.ts';

const GIB = 2 ** 30;
const MIB = 2 ** 20;

interface Written {
  readonly bank: number;
  readonly bytes: number;
  readonly file_offset: number;
}

/** A guest, its file, and walks that write into one map by offset. */
function setUp(guest: Guest, walk_count: number) {
  const file = new MappedFile(guest, { machine: 'none' });
  const parts = placeParts(guest, file);
  const cores = guest.banks.map(({ arena }) => arena.core);
  const pages = new Map<number, Uint8Array>();
  const writes: Written[] = [];
  const write: WritePages = (bank, address, bytes, file_offset) => {
    writes.push({ bank, bytes, file_offset });
    const memory = guest.banks[bank]?.arena.bytes(address, bytes) ?? new Uint8Array();
    for (let at = 0; at < bytes; at += PAGE_BYTES) {
      assert.not.ok(pages.has(file_offset + at), `one write for ${file_offset + at}`);
      pages.set(file_offset + at, memory.slice(at, at + PAGE_BYTES));
    }
  };
  const walks = Array.from(
    { length: walk_count },
    () => new RangeWalk(parts, allocAreas(guest), cores, write),
  );
  return { file, parts, pages, writes, walks };
}

/** The bits of all of a part's pages that are set. */
function bits(guest: Guest, part: PartPlace, address: number): number[] {
  const bitmap = guest.banks[part.bank]?.arena.bytes(address, Math.ceil(part.pages / 64) * 8);
  return [...bitsOf(bitmap ?? new Uint8Array())];
}

test('a range for each 1,024 pages begun, of each block', () => {
  const sizes = [1, RANGE_PAGES, RANGE_PAGES + 1, 3 * RANGE_PAGES - 1];
  const guest = new Guest(sizes.map((pages) => ({ name: `${pages}`, bytes: pages * PAGE_BYTES })));
  const { parts } = setUp(guest, 0);
  assert.equal(
    parts.map(({ first_range }) => first_range),
    [0, 1, 2, 4],
  );
  assert.is(rangeCount(parts), 7);
  assert.is(rangeCount([]), 0);
  assert.equal(
    parts.map(({ file_offset }) => file_offset % MIB),
    [0, 0, 0, 0],
  );
});

test('any guest, any dirty pages, ranges in any order by three walks: each dirty page once, at its place', () => {
  // sizes around ranges and words; the content of a page is by its number
  const block = fc.record({
    pages: fc.constantFrom(1, 63, 64, 65, 1023, 1024, 1025, 2100),
    every: fc.integer({ min: 1, max: 5 }),
    dirty: fc.array(fc.nat(2099), { maxLength: 30 }),
    is_all_dirty: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(block, { minLength: 1, maxLength: 3 }),
      fc.infiniteStream(fc.nat(99)),
      (specs, draws) => {
        const guest = new Guest(
          specs.map(({ pages }, at) => ({ name: `b${at}`, bytes: pages * PAGE_BYTES })),
        );
        const { file, parts, pages, walks } = setUp(guest, 3);
        const expected = new Map<number, Uint8Array>();
        let zero = 0;
        const dirtyOf = specs.map((spec, index) => {
          const of = guest.blocks[index];
          if (of === undefined) throw new Error('a block');
          for (let page = 0; page < spec.pages; page += spec.every)
            guest.ram(of).set(patternPage(page + 1), page * PAGE_BYTES);
          const all = Array.from({ length: spec.pages }, (_, page) => page);
          const dirty = spec.is_all_dirty ? all : spec.dirty.filter((page) => page < spec.pages);
          for (const page of new Set(dirty)) {
            guest.logWrite(of, page);
            if (page % spec.every !== 0) zero++;
            else expected.set(file.placesOf(index).pages_offset + page * PAGE_BYTES, patternPage(page + 1));
          }
          return new Set(dirty);
        });
        guest.syncDirty();
        const order = Array.from({ length: rangeCount(parts) }, (_, range) => range).sort(
          () => (draws.next().value ?? 0) - 50,
        );
        const counts = order.map((range, at) => walks[at % 3]?.send(range) ?? { normal: 0, zero: 0 });
        const sum = (kind: 'normal' | 'zero') => counts.reduce((total, count) => total + count[kind], 0);
        assert.equal([sum('normal'), sum('zero')], [expected.size, zero]);
        assert.equal([...pages.keys()].sort(), [...expected.keys()].sort());
        for (const [at, content] of expected) assertBytes(pages.get(at) ?? new Uint8Array(), content);
        parts.forEach((part, index) => {
          assert.equal(bits(guest, part, part.dirty), [], 'nothing is dirty');
          const present = [...(dirtyOf[index] ?? [])].filter(
            (page) => page % (specs[index]?.every ?? 1) === 0,
          );
          assert.equal(
            bits(guest, part, part.present),
            present.sort((a, b) => a - b),
            'present',
          );
        });
      },
    ),
    { seed: 7, numRuns: 40 },
  );
});

test('a page that became zero loses its bit, also beside a neighbour that keeps it', () => {
  const guest = new Guest([{ name: 'ram', bytes: 4 * PAGE_BYTES }]);
  const ram = guest.largestBlock();
  for (const page of [1, 2]) guest.ram(ram).set(patternPage(page), page * PAGE_BYTES);
  const { parts, walks, pages } = setUp(guest, 1);
  guest.markAllDirty();
  assert.equal(walks[0]?.send(0), { normal: 2, zero: 2 });
  guest.ram(ram).fill(0, PAGE_BYTES, 2 * PAGE_BYTES);
  guest.logWrite(ram, 1);
  guest.syncDirty();
  assert.equal(walks[0]?.send(0), { normal: 0, zero: 1 });
  assert.equal(
    parts.map((part) => bits(guest, part, part.present)),
    [[2]],
  );
  assert.is(pages.size, 2);
});

test('writes are of pages that stand together, and of 1 MiB at most', () => {
  const guest = new Guest([{ name: 'ram', bytes: 8 * MIB }]);
  guest.ram(guest.largestBlock()).fill(1);
  const { writes, walks } = setUp(guest, 1);
  guest.markAllDirty();
  for (const range of [0, 1]) walks[0]?.send(range);
  assert.equal(
    writes.map(({ bytes }) => bytes),
    new Array(8).fill(MIB),
  );
});

test('a guest in two memories: each range in its own, on both sides of the edge', () => {
  const guest = new Guest([{ name: 'ram', bytes: 5 * GIB }]);
  const ram = guest.largestBlock();
  const edge = MEMORY_BYTES_MAX / PAGE_BYTES;
  const written = [0, 64, edge - 1, edge, edge + RANGE_PAGES, ram.pages - 1];
  const { file, parts, walks, pages, writes } = setUp(guest, 2);
  assert.is(parts.length, 2);
  for (const page of written) {
    guest.pages(ram, page, 1).set(patternPage(page));
    guest.logWrite(ram, page);
  }
  guest.syncDirty();
  for (let range = 0; range < rangeCount(parts); range++) walks[range % 2]?.send(range);
  assert.equal(
    writes.map(({ bank }) => bank),
    [0, 0, 0, 1, 1, 1],
  );
  assert.is(pages.size, written.length);
  for (const page of written) {
    const place = file.placesOf(0).pages_offset + page * PAGE_BYTES;
    assertBytes(pages.get(place) ?? new Uint8Array(), patternPage(page), `page ${page}`);
  }
});

test.run();
