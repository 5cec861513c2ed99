import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Arena } from '../../src/core/arena.ts';
import { Guest } from '../../src/guest/guest.ts';
import { fillContent } from '../../src/guest/synthetic/content.ts';
import { Prng } from '../../src/guest/synthetic/prng.ts';
import { parseWorkload } from '../../src/guest/synthetic/workload.ts';
import { layoutGuest, type PageKind, type Stretch } from '../../src/model/layout.ts';
import { Cpus } from '../../src/model/machine/cpus.ts';
import { Kernel } from '../../src/model/machine/kernel.ts';
import { BigLock } from '../../src/model/migration-thread.ts';
import { ModelRam, type RamOptions } from '../../src/model/ram.ts';
import { ModelSource, type SourceOptions } from '../../src/model/source.ts';
import { GuestSource } from '../../src/save/guest-source.ts';
import type { Element, Output, Source } from '../../src/save/interfaces.ts';
import { openOutput } from '../../src/save/output/open-output.ts';
import { AWAKE_AT_ONCE, costsOf, SECOND } from '../support/model-world.ts';

const PAGE_BYTES = 4096;
const STAGING_BYTES = 256 * 1024;
/** Word, and the one block's name once. */
const NAME_BYTES = 4;
const ZERO_BYTES = 9;
const NORMAL_BYTES = 4104;

// one memory for all guests: an engine reserves gigabytes of addresses for each
const arena = new Arena();

/** A machine with one CPU and one thread, where a burst takes what it takes. */
function machine() {
  const kernel = new Kernel();
  const cpus = new Cpus(kernel, { count: 1, slice_ns: SECOND, switch_ns: 0 });
  return { kernel, thread: cpus.thread('main', AWAKE_AT_ONCE) };
}

/** A source of the model whose costs are 0 unless said; every mechanism is on unless said. */
function modelSource(ram: ModelRam, some: Partial<SourceOptions> = {}) {
  const { kernel, thread } = machine();
  const source = new ModelSource({
    ...{ ram, thread, lock: undefined, costs: costsOf(), staging_bytes: STAGING_BYTES },
    ...{ is_running: false, walks: 0, sync_cost: true, zero_records: true, faults: true },
    dear_touch_ns: undefined,
    onPaused: () => undefined,
    ...some,
  });
  return { kernel, thread, source };
}

const STILL = { dirty_bytes_per_s: 0, set_share: 0, growth_bytes_per_s: 0, seed: 1 };

function ramOf(stretches: readonly Stretch[], some: Partial<RamOptions> = {}): ModelRam {
  const pages = stretches.reduce((sum, { count }) => sum + count, 0);
  return new ModelRam({ ...STILL, pages, stretches, ...some });
}

/** Stretches one behind the other. */
function stretchesOf(...parts: readonly [count: number, kind: PageKind][]): Stretch[] {
  let first = 0;
  return parts.map(([count, kind]) => {
    first += count;
    return { first: first - count, count, kind };
  });
}

interface PairOptions {
  readonly pages: number;
  readonly content_pages: number;
  readonly seed: number;
  readonly dirty_bytes_per_s: number;
  readonly set_share: number;
  readonly growth_bytes_per_s: number;
}

/** A real guest and a modelled one that hold the same, and are told the same. */
class Pair {
  readonly guest: Guest;
  readonly real: { readonly source: Source; readonly output: Output };
  readonly model: ModelSource;
  /** A guest of the model that writes the same; all that it ever has dirty is what it wrote last. */
  readonly #shadow: ModelRam;
  #now_ns = 0;

  constructor({ pages, content_pages, seed, ...writes }: PairOptions) {
    const zero_share = (pages - content_pages) / pages;
    this.guest = new Guest([{ name: 'ram', bytes: pages * PAGE_BYTES }], arena);
    fillContent(this.guest.ram(this.guest.largestBlock()), { ...parseWorkload('idle'), zero_share }, seed);
    const output = openOutput(this.guest, { staging_bytes: STAGING_BYTES });
    this.real = { source: new GuestSource(this.guest), output };
    const stretches = layoutGuest({
      ...{ pages, content_pages, seed, layout: 'runs' },
      islands: 0,
      touched_share: 0.3,
    });
    this.#shadow = new ModelRam({ pages, stretches, seed, ...writes });
    const ram = new ModelRam({ pages, stretches, seed, ...writes });
    this.model = modelSource(ram, { is_running: true }).source;
    this.model.runUntil(0);
    this.#shadow.runUntil(0);
    for (const source of [this.real.source, this.model]) source.markAllDirty();
  }

  /** Lets the guest write for so long, and fetches what it has written. */
  writeAndSync(for_ns: number): void {
    this.#now_ns += for_ns;
    this.model.runUntil(this.#now_ns);
    this.#shadow.runUntil(this.#now_ns);
    this.#shadow.syncDirty();
    const block = this.guest.largestBlock();
    for (let page = this.#shadow.nextDirty(0); page < block.pages; page = this.#shadow.nextDirty(page)) {
      this.#shadow.sent(page);
      this.guest.ram(block)[page * PAGE_BYTES + (page % PAGE_BYTES)] = 1;
      this.guest.logWrite(block, page);
    }
    for (const source of [this.real.source, this.model]) source.syncDirty();
  }

  /** Encodes in both; says what both gave. */
  encode(room_bytes: number, budget_pages: number): [real: object, model: object] {
    const model_parts = { source: this.model, output: this.model };
    const [real, model] = [this.real, model_parts].map(({ source, output }) => ({
      bytes: output.encode(0, room_bytes, budget_pages),
      normal: output.encoded.normal,
      zero: output.encoded.zero,
      others: output.encoded.xbzrle + output.encoded.skipped,
      dirty_pages: source.dirty_pages,
    }));
    return [real ?? {}, model ?? {}];
  }
}

const rooms = fc.oneof(
  fc.nat(STAGING_BYTES),
  fc.nat(60),
  // at the edges of records: with the name, without it, and of a few of them
  fc
    .tuple(fc.nat(3), fc.nat(8), fc.integer({ min: -1, max: NAME_BYTES + 1 }))
    .map(([normal, zero, more]) => Math.max(0, normal * NORMAL_BYTES + zero * ZERO_BYTES + more)),
);
const steps = fc.array(
  fc.record({
    room_bytes: rooms,
    budget_pages: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 1_024 })),
    write_ns: fc.option(fc.nat(20_000_000), { nil: undefined, freq: 2 }),
  }),
  { minLength: 5, maxLength: 60, size: 'max' },
);
const guests = fc
  .record({
    pages: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 1_500 })),
    content: fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true })),
    seed: fc.nat(1_000_000),
    dirty_bytes_per_s: fc.constantFrom(0, 1e6, 30e6),
    set_share: fc.constantFrom(0.1, 0.5, 1),
    growth_bytes_per_s: fc.constantFrom(0, 1e6, 20e6),
  })
  .map(({ content, ...guest }) => ({ ...guest, content_pages: Math.round(guest.pages * content) }));

test('any calls of encode, with writes between them, give what the real encoder gives, call by call', () => {
  let calls = 0;
  let rewritten = 0;
  fc.assert(
    fc.property(guests, steps, (options, list) => {
      const pair = new Pair(options);
      for (const { room_bytes, budget_pages, write_ns } of list) {
        if (write_ns !== undefined) {
          const before = pair.real.source.dirty_pages;
          pair.writeAndSync(write_ns);
          rewritten += pair.real.source.dirty_pages - before;
        }
        const [real, model] = pair.encode(room_bytes, budget_pages);
        assert.equal(model, real, `room ${room_bytes}, budget ${budget_pages}`);
        calls++;
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(calls > 2_000 && rewritten > 2_000, `${calls} calls and ${rewritten} pages prove little`);
});

test('a guest of any size is sent whole in the same records, however small the pieces', () => {
  const random = new Prng(7);
  for (const pages of [1, 2, 63, 64, 65, 1_023, 1_025, 4_100]) {
    const content_pages = random.below(pages + 1);
    const pair = new Pair({ ...STILL, pages, content_pages, seed: pages });
    let bytes = 0;
    for (let i = 0; pair.real.source.dirty_pages > 0; i++) {
      const [real, model] = pair.encode(NORMAL_BYTES + random.below(40_000), 1 + random.below(300));
      assert.equal(model, real, `${pages} pages, call ${i}`);
      bytes += 'bytes' in model && typeof model.bytes === 'number' ? model.bytes : 0;
    }
    const zero_pages = pages - content_pages;
    assert.is(bytes, content_pages * NORMAL_BYTES + zero_pages * ZERO_BYTES + NAME_BYTES);
    assert.is(pair.model.dirty_pages, 0);
  }
});

test('the elements around the records are as long as those of a real save', () => {
  const elements: readonly Element[] = ['begin', 'part', 'end', 'close', 'tail'];
  for (const pages of [1, 300, 70_000]) {
    const guest = new Guest([{ name: 'ram', bytes: pages * PAGE_BYTES }], new Arena());
    const real = openOutput(guest);
    const { source } = modelSource(ramOf(stretchesOf([pages, 'zero'])));
    for (const element of elements) {
      const size = real.elementBytes(element);
      assert.is(source.elementBytes(element), size, element);
      for (const [from, room_bytes] of [
        [0, 1_000],
        [0, 3],
        [size - 2, 1_000],
        [size, 5],
      ] as const) {
        assert.is(
          source.stageElement(element, from, 0, room_bytes),
          real.stageElement(element, from, 0, room_bytes),
          `${element} from ${from}`,
        );
      }
    }
    assert.is(source.ram_bytes, guest.ram_bytes);
    assert.is(source.page_bytes, 4096);
  }
});

test('a guest runs until it is paused, and writes nothing after', () => {
  let paused = 0;
  const ram = ramOf(stretchesOf([100, 'content']), { dirty_bytes_per_s: 10 * PAGE_BYTES, set_share: 1 });
  const { source } = modelSource(ram, { is_running: true, onPaused: () => paused++ });
  source.runUntil(0);
  source.runUntil(SECOND / 2);
  source.syncDirty();
  const written = source.dirty_pages;
  assert.ok(written > 0 && written <= 5);
  assert.is(source.is_running, true);
  source.pause(SECOND);
  assert.equal([source.is_running, paused], [false, 1]);
  source.syncDirty();
  const at_pause = source.dirty_pages;
  assert.ok(at_pause > written, 'what was due by the pause is written');
  source.runUntil(9 * SECOND);
  source.syncDirty();
  assert.is(source.dirty_pages, at_pause);
});

test('a guest that does not run writes nothing', () => {
  const ram = ramOf(stretchesOf([100, 'content']), { dirty_bytes_per_s: 1e9, set_share: 1 });
  const { source } = modelSource(ram);
  source.runUntil(0);
  source.pause(SECOND);
  source.syncDirty();
  assert.equal([source.is_running, source.dirty_pages], [false, 0]);
});

/** Costs of which each sum shows what it is made of. */
const COSTS = costsOf({
  encode_call_ns: 1,
  reset_page_ns: 1_000,
  zero_page_ns: 100_000,
  zero_hot_page_ns: 10_000_000,
  normal_page_ns: 1_000_000_000,
  fault_ns: 100_000_000_000,
});
const DEAR_NS = 7e12;

/** What one encode of all pages takes, page by page as `kinds` has it. */
function encodeNs(stretches: readonly Stretch[], some: Partial<SourceOptions> = {}): number {
  const { kernel, source } = modelSource(ramOf(stretches), { costs: COSTS, ...some });
  source.markAllDirty();
  source.encode(0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  assert.is(source.dirty_pages, 0);
  return kernel.now();
}

const THREE_KINDS = stretchesOf([3, 'content'], [4, 'zero'], [5, 'untouched']);
/** The call, twelve resets, three content pages, four cold zero ones. */
const BASE_NS = 1 + 12_000 + 3_000_000_000 + 400_000;

test('a page costs a reset and what its kind does; the first read of a never-touched one a fault besides', () => {
  assert.is(encodeNs(THREE_KINDS), BASE_NS + 5 * 10_000_000 + 5 * 100_000_000_000);
});

test('a call costs the same whether it finds anything or not', () => {
  const { kernel, source } = modelSource(ramOf(THREE_KINDS), { costs: COSTS });
  assert.is(source.encode(0, 100_000, 100), 0);
  assert.is(kernel.now(), 1);
  source.markAllDirty();
  assert.is(source.encode(0, 5, 100), 0, 'no room for a record');
  assert.is(kernel.now(), 2);
});

test('without faults never-touched memory is still hot, and has no fault', () => {
  assert.is(encodeNs(THREE_KINDS, { faults: false }), BASE_NS + 5 * 10_000_000);
});

test('without zero records every page is copied, and still faults', () => {
  const whole_ns = 1 + 12_000 + 12_000_000_000 + 5 * 100_000_000_000;
  assert.is(encodeNs(THREE_KINDS, { zero_records: false }), whole_ns);
});

test('a dear touch comes once in 2 MiB in place of the faults, and leaves no page hot', () => {
  // 12 pages in the first 2 MiB
  assert.is(encodeNs(THREE_KINDS, { dear_touch_ns: DEAR_NS }), BASE_NS + 5 * 100_000 + DEAR_NS);
  assert.is(encodeNs(THREE_KINDS, { dear_touch_ns: DEAR_NS, faults: false }), BASE_NS + 5 * 100_000);
  // never-touched pages from 511 to 1,024: in three pieces of 2 MiB, of which the middle one is theirs alone
  const wide = stretchesOf([511, 'zero'], [514, 'untouched']);
  const wide_ns = 1 + 1_025 * (1_000 + 100_000);
  assert.is(encodeNs(wide, { dear_touch_ns: DEAR_NS }), wide_ns + 3 * DEAR_NS);
  // content in between does not make it touched twice
  const parted = stretchesOf([10, 'untouched'], [20, 'content'], [10, 'untouched']);
  const parted_ns = 1 + 40_000 + 20 * 1_000_000_000 + 20 * 100_000;
  assert.is(encodeNs(parted, { dear_touch_ns: DEAR_NS }), parted_ns + DEAR_NS);
});

test('faults and dear touches are of the first read: in any number of calls they sum to the same', () => {
  const stretches = stretchesOf([300, 'untouched'], [40, 'content'], [900, 'untouched'], [60, 'zero']);
  for (const dear_touch_ns of [undefined, DEAR_NS]) {
    const { kernel, source } = modelSource(ramOf(stretches), { costs: COSTS, dear_touch_ns });
    source.markAllDirty();
    let calls = 0;
    for (; source.dirty_pages > 0; calls++) source.encode(0, 5_000 + 97 * (calls % 50), 1 + (calls % 70));
    assert.is(kernel.now(), encodeNs(stretches, { dear_touch_ns }) + calls - 1);
  }
});

test('a page that was written is content: it costs a reset and a copy, and no fault', () => {
  const { kernel, source } = modelSource(
    ramOf(stretchesOf([8, 'untouched']), { growth_bytes_per_s: PAGE_BYTES }),
    { costs: COSTS, is_running: true },
  );
  source.runUntil(0);
  source.runUntil(3 * SECOND);
  source.syncDirty();
  assert.is(source.encode(0, 100_000, 100), NAME_BYTES + 3 * NORMAL_BYTES);
  assert.is(kernel.now(), 1 + 3 * (1_000 + 1_000_000_000));
});

const SYNC_COSTS = costsOf({ sync_call_ns: 1_000_000, sync_page_ns: 100, walk_page_ns: 3 });

test('a sync costs its call, and each page that of the sync and of every walk', () => {
  for (const [walks, page_ns] of [
    [0, 100],
    [1, 103],
    [2, 106],
    [5, 115],
  ] as const) {
    const { kernel, source } = modelSource(ramOf(THREE_KINDS), { costs: SYNC_COSTS, walks });
    source.syncDirty();
    assert.is(kernel.now(), 1_000_000 + 12 * page_ns);
    source.syncDirty();
    assert.is(kernel.now(), 2 * (1_000_000 + 12 * page_ns), 'with nothing written too');
  }
});

test('without the cost of syncs a sync takes no time, and fetches what was written', () => {
  const ram = ramOf(THREE_KINDS, { dirty_bytes_per_s: 10 * PAGE_BYTES, set_share: 1 });
  const some = { costs: SYNC_COSTS, walks: 2, sync_cost: false, is_running: true };
  const { kernel, source } = modelSource(ram, some);
  source.runUntil(0);
  source.runUntil(SECOND);
  source.syncDirty();
  assert.is(kernel.now(), 0);
  assert.ok(source.dirty_pages > 0);
});

test('where the loop has a thread of its own, a sync waits for the big lock, and holds it for its time', () => {
  const { kernel, thread } = machine();
  const lock = new BigLock(thread);
  const ram = ramOf(THREE_KINDS);
  const source = modelSource(ram, { thread, lock, costs: SYNC_COSTS, walks: 1 }).source;
  let is_held_within = false;
  lock.mutex.take(() => kernel.at(500, () => lock.mutex.release()));
  kernel.at(600, () => {
    is_held_within = lock.mutex.is_held;
  });
  source.syncDirty();
  assert.is(is_held_within, true);
  assert.is(kernel.now(), 500 + 1_000_000 + 12 * 103);
  assert.is(lock.mutex.is_held, false);
});

test('marking all dirty takes no time', () => {
  const { kernel, source } = modelSource(ramOf(THREE_KINDS), { costs: COSTS });
  source.markAllDirty();
  assert.equal([kernel.now(), source.dirty_pages], [0, 12]);
});

test.run();
