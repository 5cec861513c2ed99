import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fillContent, fillRandom } from '../../../src/guest/synthetic/content.ts';
import { Prng } from '../../../src/guest/synthetic/prng.ts';
import { layoutRuns, type Run, runsOf } from '../../../src/guest/synthetic/runs.ts';
import { parseWorkload, type WorkloadSpec } from '../../../src/guest/synthetic/workload.ts';
import { xoshiro128 } from '../../ref/prng.ts';

const PAGE_BYTES = 4096;
const shares = fc.oneof(fc.constantFrom(0, 1, 0.5, 0.6), fc.double({ min: 0, max: 1, noNaN: true }));

function idle(zero_share: number): WorkloadSpec {
  return { ...parseWorkload('idle'), zero_share };
}

/** RAM that was something else before: zero pages have to be written too. */
function filled(pages: number, zero_share: number, seed: number): Uint8Array {
  const ram = new Uint8Array(pages * PAGE_BYTES).fill(0xee);
  fillContent(ram, idle(zero_share), seed);
  return ram;
}

function pagesOf(ram: Uint8Array): Uint8Array[] {
  return Array.from({ length: ram.length / PAGE_BYTES }, (_, page) =>
    ram.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES),
  );
}

type Kind = 'zero' | 'text' | 'pointers' | 'noise';

/** What a page looks like to somebody who does not know how it was made. */
function kindOf(page: Uint8Array): Kind {
  if (page.every((byte) => byte === 0)) return 'zero';
  if (page.every((byte) => byte === 0x0a || (byte >= 0x20 && byte < 0x7f))) return 'text';
  const zeros = page.filter((byte) => byte === 0).length;
  return zeros > PAGE_BYTES / 4 ? 'pointers' : 'noise';
}

function sumOf(runs: readonly Run[], is_zero: boolean): number {
  return runs.filter((run) => run.is_zero === is_zero).reduce((sum, run) => sum + run.count, 0);
}

test('runs cover the RAM without gap, none is empty, and exactly the share is zero', () => {
  const sizes = fc.oneof(fc.nat(20), fc.nat(2 ** 18));
  fc.assert(
    fc.property(sizes, shares, fc.integer(), (pages, zero_share, seed) => {
      const runs = layoutRuns(pages, zero_share, new Prng(seed));
      let next = 0;
      for (const run of runs) {
        assert.is(run.first, next);
        assert.ok(run.count > 0);
        next += run.count;
      }
      assert.is(next, pages);
      assert.is(sumOf(runs, true), Math.round(zero_share * pages));
    }),
  );
});

test('1 GiB is 128 runs of content and 128 of zeros in turn, the largest about a third of its kind', () => {
  const largest: number[] = [];
  for (let seed = 0; seed < 100; seed++) {
    const runs = runsOf(2 ** 18, 0.6, seed);
    assert.is(runs.length, 256);
    assert.ok(runs.every((run, i) => run.is_zero === (i % 2 === 1)));
    const zero = runs.filter((run) => run.is_zero).map((run) => run.count);
    largest.push(Math.max(...zero) / sumOf(runs, true));
  }
  const mean = largest.reduce((a, b) => a + b) / largest.length;
  assert.ok(mean > 0.2 && mean < 0.5, `${mean}`);
});

test('RAM holds exactly the share of zero pages, and they stand where the runs say', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), shares, fc.integer(), (pages, zero_share, seed) => {
      const kinds = pagesOf(filled(pages, zero_share, seed)).map(kindOf);
      const zero = kinds.filter((kind) => kind === 'zero').length;
      assert.is(zero, Math.round(zero_share * pages));
      for (const run of runsOf(pages, zero_share, seed)) {
        const in_run = new Set(kinds.slice(run.first, run.first + run.count));
        assert.is(in_run.size, 1, 'a run is of one kind');
        assert.is(in_run.has('zero'), run.is_zero);
      }
    }),
    { numRuns: 60 },
  );
});

test('runs of content are text, pointers and noise, a third each', () => {
  const counts: Record<Kind, number> = { zero: 0, text: 0, pointers: 0, noise: 0 };
  for (let seed = 0; seed < 300; seed++) {
    for (const kind of pagesOf(filled(1, 0, seed)).map(kindOf)) counts[kind]++;
  }
  assert.is(counts.zero, 0);
  // 100 each; the standard deviation is 8
  const { text, pointers, noise } = counts;
  assert.ok(
    [text, pointers, noise].every((count) => Math.abs(count - 100) < 40),
    `${text} ${pointers} ${noise}`,
  );
});

test('no two pages of content are the same', () => {
  for (let seed = 0; seed < 12; seed++) {
    const pages = pagesOf(filled(64, 0, seed)).map((page) => Buffer.from(page).toString('base64'));
    assert.is(new Set(pages).size, 64);
  }
});

test('the same seed gives the same bytes, another seed others', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer(), (seed, other) => {
      const [one, again, another] = [filled(8, 0.4, seed), filled(8, 0.4, seed), filled(8, 0.4, other)];
      assert.ok(Buffer.compare(one, again) === 0);
      assert.is(Buffer.compare(one, another) === 0, (seed | 0) === (other | 0));
    }),
    { numRuns: 40 },
  );
});

test('content does not reach over the RAM it is given', () => {
  const whole = new Uint8Array(6 * PAGE_BYTES).fill(0xee);
  fillContent(whole.subarray(PAGE_BYTES, 5 * PAGE_BYTES), idle(0.5), 4);
  const around = [...whole.subarray(0, PAGE_BYTES), ...whole.subarray(5 * PAGE_BYTES)];
  assert.ok(around.every((byte) => byte === 0xee));
});

test('noise is the numbers of the generator', () => {
  const page = new Uint32Array(1024);
  fillRandom(page, new Prng(8));
  const oracle = xoshiro128(8);
  assert.ok(page.every((word) => word === oracle.next().value));
});

test.run();
