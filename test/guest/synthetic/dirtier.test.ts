import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Arena } from '../../../src/core/arena.ts';
import { Guest } from '../../../src/guest/guest.ts';
import { Dirtier } from '../../../src/guest/synthetic/dirtier.ts';
import { runsOf } from '../../../src/guest/synthetic/runs.ts';
import { parseWorkload, type WorkloadSpec } from '../../../src/guest/synthetic/workload.ts';

const PAGE_BYTES = 4096;
const NS_PER_S = 1_000_000_000;
const arena = new Arena();

function steady(changes: Partial<WorkloadSpec>): WorkloadSpec {
  return { ...parseWorkload('steady'), ...changes };
}

/** A guest at work, and the pages that the dirtier said it wrote. */
function makeAtWork(pages: number, spec: WorkloadSpec, seed = 5) {
  const guest = new Guest([{ name: 'ram', bytes: pages * PAGE_BYTES }], arena);
  const block = guest.largestBlock();
  const marked: number[] = [];
  const mark = (page: number) => {
    marked.push(page);
    guest.logWrite(block, page);
  };
  return { guest, block, marked, dirtier: new Dirtier(() => guest.ram(block), spec, seed, mark) };
}

/** Pages written by a time, in exact whole numbers. */
function pagesDue(bytes_per_s: number, ns: number): number {
  return Number((BigInt(bytes_per_s) * BigInt(ns)) / BigInt(NS_PER_S) / BigInt(PAGE_BYTES));
}

const SET_PAGES = 32;

test('the rate over the clock is exact to a page, however often it is asked', () => {
  const rates = fc.integer({ min: 1, max: 4_000_000 });
  // at most 4 MB in 60 ms are 58 pages, far under 8 x 32
  const steps = fc.array(fc.nat(60_000_000), { maxLength: 40 });
  fc.assert(
    fc.property(rates, steps, fc.nat(2 ** 40), (rate, list, start_ns) => {
      const spec = steady({ dirty_bytes_per_s: rate, set_bytes: SET_PAGES * PAGE_BYTES });
      const { dirtier } = makeAtWork(SET_PAGES, spec);
      dirtier.start(start_ns);
      let gone_ns = 0;
      for (const step_ns of list) {
        gone_ns += step_ns;
        dirtier.advance(start_ns + gone_ns);
        assert.is(dirtier.written_pages, pagesDue(rate, gone_ns));
      }
    }),
    { numRuns: 50 },
  );
});

test('the last nanosecond before a page is due, and the one when it is', () => {
  const { dirtier } = makeAtWork(8, steady({ dirty_bytes_per_s: PAGE_BYTES, set_bytes: 8 * PAGE_BYTES }));
  dirtier.start(1_000);
  dirtier.advance(1_000 + NS_PER_S - 1);
  assert.is(dirtier.written_pages, 0);
  dirtier.advance(1_000 + NS_PER_S);
  assert.is(dirtier.written_pages, 1);
});

/** The working set by the book: content pages in order, then zero ones. */
function workingSet(pages: number, spec: WorkloadSpec, seed: number): number[] {
  const runs = runsOf(pages, spec.zero_share, seed);
  const pagesOf = (is_zero: boolean) =>
    runs
      .filter((run) => run.is_zero === is_zero)
      .flatMap((run) => Array.from({ length: run.count }, (_, i) => run.first + i));
  return [...pagesOf(false), ...pagesOf(true)].slice(0, Math.floor(spec.set_bytes / PAGE_BYTES));
}

test('writes fall into the working set, and reach all of it', () => {
  const sets = fc.integer({ min: PAGE_BYTES, max: 50 * PAGE_BYTES });
  fc.assert(
    fc.property(sets, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(), (set_bytes, zero_share, seed) => {
      const spec = steady({ zero_share, set_bytes, dirty_bytes_per_s: 40 * PAGE_BYTES });
      const { dirtier, marked } = makeAtWork(40, spec, seed);
      dirtier.start(0);
      for (let second = 1; second <= 30; second++) dirtier.advance(second * NS_PER_S);
      const set = workingSet(40, spec, seed);
      const hit = new Set(marked);
      assert.ok([...hit].every((page) => set.includes(page)));
      // 30 writes a page: one that is never hit is rarer than one in 10^11
      assert.is(hit.size, set.length);
    }),
    { numRuns: 40 },
  );
});

test('a set of part of a page too many is whole pages; one larger than the RAM is the RAM', () => {
  for (const [set_bytes, wanted] of [
    [3 * PAGE_BYTES - 1, 2],
    [3 * PAGE_BYTES, 3],
    [99 * PAGE_BYTES, 8],
  ] as const) {
    const { dirtier, marked } = makeAtWork(8, steady({ set_bytes, dirty_bytes_per_s: 10 ** 12 }));
    dirtier.start(0);
    dirtier.advance(NS_PER_S);
    assert.is(new Set(marked).size, wanted);
  }
});

test('up to 8 writes a page are made one by one; with more due, each page of the set is written once', () => {
  const spec = steady({ dirty_bytes_per_s: PAGE_BYTES, set_bytes: 4 * PAGE_BYTES });
  const { dirtier, marked } = makeAtWork(16, spec);
  dirtier.start(0);
  dirtier.advance(32 * NS_PER_S);
  assert.is(dirtier.written_pages, 32);
  marked.length = 0;
  dirtier.advance((32 + 33) * NS_PER_S);
  assert.is(dirtier.written_pages, 36);
  assert.equal(marked, workingSet(16, spec, 5));
  // what was due then is not owed
  dirtier.advance((32 + 33 + 1) * NS_PER_S);
  assert.is(dirtier.written_pages, 37);
});

/** Pages whose bytes differ. */
function changedPages(before: Uint8Array, after: Uint8Array): number[] {
  return Array.from({ length: before.length / PAGE_BYTES }, (_, page) => page).filter((page) => {
    const [from, to] = [page * PAGE_BYTES, (page + 1) * PAGE_BYTES];
    return Buffer.compare(before.subarray(from, to), after.subarray(from, to)) !== 0;
  });
}

/** Pages whose dirty bits are set, in order. */
function dirtyPages(guest: Guest): number[] {
  const { dirty, pages } = guest.largestBlock();
  const found: number[] = [];
  const next = (from: number) => guest.arena.core.bitmapNext(dirty, pages, from);
  for (let page = next(0); page < pages; page = next(page + 1)) found.push(page);
  return found;
}

test('the dirty bitmap has exactly the pages that changed', () => {
  const changes = fc.constantFrom('page' as const, 'word' as const);
  fc.assert(
    fc.property(changes, fc.integer({ min: 1, max: 300 }), fc.nat(), (change, writes, seed) => {
      const spec = steady({ change, dirty_bytes_per_s: writes * PAGE_BYTES, set_bytes: 70 * PAGE_BYTES });
      const { guest, block, dirtier, marked } = makeAtWork(100, spec, seed);
      const before = guest.ram(block).slice();
      dirtier.start(0);
      dirtier.advance(NS_PER_S);
      assert.is(guest.dirty_pages, 0, 'not before the sync');
      const added = guest.syncDirty();
      const changed = changedPages(before, guest.ram(block));
      assert.equal(dirtyPages(guest), changed);
      assert.equal([added, guest.dirty_pages], [changed.length, changed.length]);
      assert.is(marked.length, writes);
    }),
    { numRuns: 50 },
  );
});

test('change=word changes at most four words of a page, change=page nearly all', () => {
  for (const change of ['word', 'page'] as const) {
    const { guest, block, dirtier } = makeAtWork(
      4,
      steady({ change, dirty_bytes_per_s: PAGE_BYTES, set_bytes: 4 * PAGE_BYTES }),
    );
    dirtier.start(0);
    dirtier.advance(NS_PER_S);
    const bytes = guest.ram(block);
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    const changed = words.filter((word) => word !== 0).length;
    assert.ok(change === 'word' ? changed >= 1 && changed <= 4 : changed > 1_000, `${change}: ${changed}`);
  }
});

test('the same seed does the same, another seed something else', () => {
  const bytesAfter = (seed: number): Uint8Array => {
    const spec = steady({ dirty_bytes_per_s: 20 * PAGE_BYTES, set_bytes: 16 * PAGE_BYTES });
    const { guest, block, dirtier } = makeAtWork(16, spec, seed);
    dirtier.start(0);
    dirtier.advance(NS_PER_S);
    return guest.ram(block).slice();
  };
  assert.ok(Buffer.compare(bytesAfter(1), bytesAfter(1)) === 0);
  assert.ok(Buffer.compare(bytesAfter(1), bytesAfter(2)) !== 0);
});

test('nothing is written before the start, after the stop, or by an idle guest', () => {
  const { dirtier } = makeAtWork(8, steady({}));
  dirtier.advance(NS_PER_S);
  assert.is(dirtier.written_pages, 0);
  dirtier.start(NS_PER_S);
  dirtier.stop();
  dirtier.advance(2 * NS_PER_S);
  assert.is(dirtier.written_pages, 0);
  const idle = makeAtWork(8, parseWorkload('idle'));
  idle.dirtier.start(0);
  idle.dirtier.advance(NS_PER_S);
  assert.is(idle.dirtier.written_pages, 0);
});

test('a guest without RAM has nothing to write', () => {
  const { guest } = makeAtWork(1, steady({}));
  const dirtier = new Dirtier(
    () => guest.arena.bytes(64, 0),
    steady({}),
    1,
    () => assert.unreachable(),
  );
  dirtier.start(0);
  dirtier.advance(NS_PER_S);
  assert.is(dirtier.written_pages, 0);
});

test.run();
