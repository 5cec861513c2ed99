import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { layoutGuest, type PageKind, type Stretch } from '../../src/model/layout.ts';
import { ModelRam, type RamOptions } from '../../src/model/ram.ts';
import { Random } from '../../src/model/scenario/random.ts';

const PAGE_BYTES = 4096;
const SECOND = 1_000_000_000;
const STILL = { dirty_bytes_per_s: 0, set_share: 0, growth_bytes_per_s: 0, seed: 1 };

function stretchesOf(...parts: readonly [count: number, kind: PageKind][]): Stretch[] {
  let first = 0;
  return parts.map(([count, kind]) => {
    first += count;
    return { first: first - count, count, kind };
  });
}

function ramOf(stretches: readonly Stretch[], some: Partial<RamOptions> = {}): ModelRam {
  const pages = stretches.reduce((sum, { count }) => sum + count, 0);
  return new ModelRam({ ...STILL, pages, stretches, ...some });
}

/** All that is dirty. */
function dirtyOf(ram: ModelRam): number[] {
  const dirty: number[] = [];
  for (let page = ram.nextDirty(0); page < ram.pages; page = ram.nextDirty(page + 1)) dirty.push(page);
  assert.is(ram.dirty_pages, dirty.length);
  return dirty;
}

/** The oracle: a page is a name in a list, a write is a line in a log. */
class PlainRam {
  readonly kinds: PageKind[];
  readonly dirty = new Set<number>();
  readonly log = new Set<number>();
  readonly #set: number[];
  readonly #random: Random;
  readonly #options: RamOptions;
  #writes = 0n;
  #growth = 0n;

  constructor(options: RamOptions) {
    this.#options = options;
    this.kinds = options.stretches.flatMap(({ count, kind }) => Array.from({ length: count }, () => kind));
    const content = this.kinds.flatMap((kind, page) => (kind === 'content' ? [page] : []));
    this.#set = content.slice(0, Math.ceil(content.length * options.set_share));
    this.#random = new Random(options.seed, 'writes');
  }

  #write(page: number): void {
    this.kinds[page] = 'content';
    this.log.add(page);
  }

  /** Rates are whole pages a second: what is due by then is exact in whole numbers. */
  runUntil(now_ns: number): void {
    const due = (rate: number): bigint => (BigInt(now_ns) * BigInt(rate / PAGE_BYTES)) / BigInt(SECOND);
    const { dirty_bytes_per_s, growth_bytes_per_s } = this.#options;
    let writes = Number(due(dirty_bytes_per_s) - this.#writes);
    this.#writes = due(dirty_bytes_per_s);
    writes = Math.min(writes, 8 * this.#set.length);
    for (let i = 0; i < writes; i++) this.#write(this.#set[this.#random.below(this.#set.length)] ?? -1);
    for (; this.#growth < due(growth_bytes_per_s); this.#growth++) {
      const page = this.kinds.findIndex((kind) => kind !== 'content');
      if (page >= 0) this.#write(page);
    }
  }
}

const guests = fc
  .record({
    pages: fc.integer({ min: 1, max: 300 }),
    content: fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true })),
    islands: fc.nat(5),
    set_share: fc.constantFrom(0, 0.01, 0.3, 1),
    dirty: fc.constantFrom(0, 1, 997, 20_000),
    growth: fc.constantFrom(0, 1, 313, 3_000),
    seed: fc.nat(),
  })
  .map(({ pages, content, islands, dirty, growth, ...rest }): RamOptions => {
    const content_pages = Math.round(pages * content);
    const layout = { pages, content_pages, islands, layout: 'boot', touched_share: 0.4 } as const;
    return {
      ...{ pages, stretches: layoutGuest({ ...layout, seed: rest.seed }), ...rest },
      dirty_bytes_per_s: dirty * PAGE_BYTES,
      growth_bytes_per_s: growth * PAGE_BYTES,
    };
  });

/** Never a nanosecond at which a write is just due: there a double may say one or the other. */
const times = fc.array(
  fc.tuple(
    fc.constantFrom('run' as const, 'run' as const, 'sync' as const, 'send' as const, 'all' as const),
    fc.nat(40_000_000),
  ),
  { minLength: 5, maxLength: 60, size: 'max' },
);

test('what is dirty, what was written and what a page is: as in a list of pages', () => {
  fc.assert(
    fc.property(guests, times, (options, steps) => {
      const [ram, plain] = [new ModelRam(options), new PlainRam(options)];
      let now_ns = 0;
      ram.runUntil(0);
      for (const [kind, number] of steps) {
        if (kind === 'run') {
          now_ns += number * 2 + 1;
          ram.runUntil(now_ns);
          plain.runUntil(now_ns);
        } else if (kind === 'sync') {
          ram.syncDirty();
          for (const page of plain.log) plain.dirty.add(page);
          plain.log.clear();
        } else if (kind === 'send') {
          const page = ram.nextDirty(number % options.pages);
          ram.sent(page);
          plain.dirty.delete(page);
        } else if (number % 4 === 0) {
          ram.markAllDirty();
          for (const page of plain.kinds.keys()) plain.dirty.add(page);
        }
        assert.equal(
          dirtyOf(ram),
          [...plain.dirty].sort((a, b) => a - b),
        );
      }
      // in any order
      for (const page of [...plain.kinds.keys(), ...[...plain.kinds.keys()].reverse()]) {
        assert.is(ram.kindOf(page), plain.kinds[page], `page ${page}`);
      }
    }),
    { numRuns: 150 },
  );
});

test('the clock begins with the first call', () => {
  const ram = ramOf(stretchesOf([100, 'zero']), { growth_bytes_per_s: PAGE_BYTES });
  ram.runUntil(50 * SECOND);
  ram.syncDirty();
  assert.is(ram.dirty_pages, 0);
  ram.runUntil(52 * SECOND);
  ram.syncDirty();
  assert.is(ram.dirty_pages, 2);
});

test('however often it is asked, the same writes are done by the same time', () => {
  const options = { dirty_bytes_per_s: 3e6, set_share: 0.5, growth_bytes_per_s: 1.7e6, seed: 5 };
  const stretches = stretchesOf([700, 'content'], [300, 'zero'], [900, 'untouched']);
  const wholeRun = ramOf(stretches, options);
  wholeRun.runUntil(0);
  wholeRun.runUntil(2 * SECOND);
  wholeRun.syncDirty();
  const steps = fc.array(fc.integer({ min: 0, max: 2 * SECOND }), {
    minLength: 3,
    maxLength: 60,
    size: 'max',
  });
  fc.assert(
    fc.property(steps, (list) => {
      const ram = ramOf(stretches, options);
      ram.runUntil(0);
      for (const at_ns of list.sort((a, b) => a - b)) {
        ram.runUntil(at_ns);
        if (at_ns % 2 === 0) ram.syncDirty();
      }
      ram.runUntil(2 * SECOND);
      ram.syncDirty();
      assert.equal(dirtyOf(ram), dirtyOf(wholeRun));
    }),
    { numRuns: 30 },
  );
});

test('the writes of a second are those of the rate', () => {
  // a set so large that hardly any two fall together
  const stretches = stretchesOf([4_000_000, 'content']);
  const ram = ramOf(stretches, { dirty_bytes_per_s: 500 * PAGE_BYTES, set_share: 1 });
  ram.runUntil(0);
  ram.runUntil(SECOND);
  ram.syncDirty();
  assert.ok(ram.dirty_pages > 490 && ram.dirty_pages <= 500);
});

test('writes fall into the first of the content alone, as large a share of it as is said', () => {
  const stretches = stretchesOf([10, 'zero'], [30, 'content'], [10, 'untouched'], [70, 'content']);
  const ram = ramOf(stretches, { dirty_bytes_per_s: 1e9, set_share: 0.5 });
  ram.runUntil(0);
  for (let i = 1; i <= 40; i++) ram.runUntil(i * SECOND);
  ram.syncDirty();
  const set = [
    ...Array.from({ length: 30 }, (_, i) => 10 + i),
    ...Array.from({ length: 20 }, (_, i) => 50 + i),
  ];
  assert.equal(dirtyOf(ram), set);
});

test('after a long stall eight times the set is written, and the rest is not made up for later', () => {
  const stretches = stretchesOf([1_000, 'content']);
  const options = { ...STILL, pages: 1_000, stretches, dirty_bytes_per_s: 1_000 * PAGE_BYTES, set_share: 1 };
  const [ram, plain] = [new ModelRam(options), new PlainRam(options)];
  ram.runUntil(0);
  for (const at_ns of [10_000 * SECOND, 10_000 * SECOND + 10_500_000]) {
    for (const page of dirtyOf(ram)) ram.sent(page);
    plain.log.clear();
    ram.runUntil(at_ns);
    plain.runUntil(at_ns);
    ram.syncDirty();
    assert.equal(
      dirtyOf(ram),
      [...plain.log].sort((a, b) => a - b),
    );
  }
  assert.ok(ram.dirty_pages > 5 && ram.dirty_pages <= 10, `${ram.dirty_pages}`);
});

test('growth takes zero pages in order, each once, until there are none', () => {
  const stretches = stretchesOf([3, 'content'], [4, 'zero'], [2, 'content'], [5, 'untouched']);
  const ram = ramOf(stretches, { growth_bytes_per_s: PAGE_BYTES });
  ram.runUntil(0);
  const taken: number[] = [];
  for (let i = 1; i <= 20; i++) {
    ram.runUntil(i * SECOND);
    ram.syncDirty();
    const dirty = dirtyOf(ram);
    assert.is(dirty.length, i <= 9 ? 1 : 0);
    for (const page of dirty) {
      ram.sent(page);
      taken.push(page);
      assert.is(ram.kindOf(page), 'content');
    }
  }
  assert.equal(taken, [3, 4, 5, 6, 9, 10, 11, 12, 13]);
});

test('what is written is dirty only after the next sync', () => {
  const ram = ramOf(stretchesOf([8, 'untouched']), { growth_bytes_per_s: PAGE_BYTES });
  ram.runUntil(0);
  ram.runUntil(SECOND);
  assert.equal([ram.dirty_pages, ram.kindOf(0), ram.kindOf(1)], [0, 'content', 'untouched']);
  ram.syncDirty();
  assert.equal(dirtyOf(ram), [0]);
  ram.sent(0);
  ram.syncDirty();
  assert.is(ram.dirty_pages, 0, 'a log is fetched once');
});

test('a guest without content, or without zero pages, has nothing to write there', () => {
  const rates = { dirty_bytes_per_s: 1e9, set_share: 1, growth_bytes_per_s: 1e9 };
  const empty = ramOf(stretchesOf([5, 'untouched']), { ...rates, growth_bytes_per_s: 0 });
  const full = ramOf(stretchesOf([5, 'content']), { ...rates, dirty_bytes_per_s: 0 });
  for (const ram of [empty, full]) {
    ram.runUntil(0);
    ram.runUntil(SECOND);
    ram.syncDirty();
    assert.is(ram.dirty_pages, 0);
  }
});

test.run();
