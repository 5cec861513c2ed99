/** The options that make the loop what it was in QEMU of 2011, each alone and all together. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Arena } from '../../src/core/arena.ts';
import { Guest } from '../../src/guest/guest.ts';
import { fillContent } from '../../src/guest/synthetic/content.ts';
import { parseWorkload } from '../../src/guest/synthetic/workload.ts';
import { loadStream } from '../../src/load/load.ts';
import { CopyBandwidth } from '../../src/model/manner.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { slice } from '../../src/policy/slice.ts';
import { unlimited } from '../../src/policy/unlimited.ts';
import { window } from '../../src/policy/window.ts';
import { GuestSource } from '../../src/save/guest-source.ts';
import { openOutput } from '../../src/save/output/open-output.ts';
import { Save } from '../../src/save/save.ts';
import { RamCounters } from '../../src/stats/counters.ts';
import { Spans } from '../../src/stats/spans.ts';
import { type PageRecord, readRamStream, recordsOf } from '../ref/ram-reader.ts';
import {
  type GuestWrite,
  type LoopSettings,
  mannerFor,
  ScriptedChannel,
  TAKE_ALL,
  type Take,
  type Turn,
  VirtualClock,
  World,
} from '../support/fake-world.ts';
import { assertBytes } from '../support/folder.ts';

const PAGE_BYTES = 4096;
/** QEMU's manner before 1.2, but for its buffer. */
const MANNER_2011: LoopSettings = {
  sync: 'iterate',
  estimate: 'copy',
  begin: 'pages',
  complete: 'blocking',
  encode_pages: 64,
  downtime_limit_ns: 30_000_000,
};
const DEFAULTS: LoopSettings = { sync: 'round', estimate: 'period', begin: 'head' };

// one memory for all guests: an engine reserves gigabytes of addresses for each
const arena = new Arena();

function makeGuest(pages: number, zero_share = 0, seed = 1): Guest {
  const guest = new Guest([{ name: 'pc.ram', bytes: pages * PAGE_BYTES }], arena);
  fillContent(guest.ram(guest.largestBlock()), { ...parseWorkload('idle'), zero_share }, seed);
  return guest;
}

/** Much less than an offer: most turns only get rid of what is staged. */
const TRICKLE: readonly Take[] = [{ bytes: 700, is_ready_after: false, cost_ns: 0 }];

/** Takes an offer whole and of the next so much, in turn. */
const reluctant = (bytes: number, cost_ns = 0): Take[] => [
  TAKE_ALL,
  { bytes, is_ready_after: false, cost_ns },
];

/** One page after another, at equal distances. */
function writesEvery(every_ns: number, count: number): GuestWrite[] {
  return Array.from({ length: count }, (_, i) => ({
    at_ns: i * every_ns,
    page: (i * 13) % 97,
    byte: i % 256,
  }));
}

test("sync 'iterate': one sync in every iterate, in those that send nothing too", () => {
  const options = { policy: unlimited, takes: TRICKLE, writes: writesEvery(1_000, 500) };
  const world = new World(makeGuest(60), {
    ...options,
    rest_ns: 1_000,
    // by copying too, for the estimate by periods syncs of its own
    loop: { sync: 'iterate', estimate: 'copy', downtime_limit_ns: 0 },
  }).run();
  const iterates = world.turnsIn('iterate');
  for (const { syncs } of iterates) assert.is(syncs.length, 1);
  assert.ok(iterates.filter(({ encodes }) => encodes.length === 0).length > 50);
  assert.ok(iterates.filter(({ encodes }) => encodes.length > 0).length > 5);
  // one in begin, and one after the pause
  const stats = world.counters.stats(0, 1);
  assert.is(stats['dirty-sync-count'], iterates.length + 2);
  assert.equal(
    world.turnsIn('complete').map(({ syncs }) => syncs.length),
    world.turnsIn('complete').map((_, i) => (i === 0 ? 1 : 0)),
  );
});

test("sync 'iterate': what the guest wrote before an iterate is sent in it", () => {
  const cut: Take = { bytes: 10_000, is_ready_after: false, cost_ns: 0 };
  const takes = [TAKE_ALL, cut, ...Array.from({ length: 20 }, () => TAKE_ALL)];
  const writes = [{ at_ns: 500, page: 0, byte: 7 }];
  const leftAfter = (loop: LoopSettings): number[] => {
    const world = new World(makeGuest(40), { policy: unlimited, takes, writes, rest_ns: 400, loop });
    world.turn();
    world.turn();
    world.clock.advance(1_000);
    world.channel.is_ready = true;
    const { encodes } = world.turn();
    return [encodes.reduce((sum, { pages }) => sum + pages, 0), encodes.at(-1)?.left_pages ?? 0];
  };
  const [pages = 0] = leftAfter({ downtime_limit_ns: 0 });
  const limit = { downtime_limit_ns: 0 };
  assert.equal(leftAfter(limit), [pages, 0], "in today's manner it is seen when the round is over");
  assert.equal(leftAfter({ ...limit, sync: 'iterate' }), [pages + 1, 0]);
});

test("sync 'round': none but where little is left", () => {
  const world = new World(makeGuest(60), { policy: unlimited, takes: TRICKLE, loop: DEFAULTS }).run();
  const iterates = world.turnsIn('iterate');
  assert.is(iterates.length > 50, true);
  assert.is(
    iterates.reduce((sum, { syncs }) => sum + syncs.length, 0),
    1,
  );
});

test('the estimate by copying: page bytes, and 1 for a page of zeros, by the time of the last send loop', () => {
  const estimate = new CopyBandwidth(PAGE_BYTES, 30_000_000);
  assert.is(estimate.threshold_bytes, 0);
  estimate.begin(1_000);
  assert.is(estimate.threshold_bytes, 0, 'nothing sent');
  estimate.sent({ normal: 10, zero: 0 }, 41_960);
  // a byte a nanosecond
  assert.is(estimate.threshold_bytes, 30_000_000);
  estimate.sent({ normal: 0, zero: 40_960 }, 82_920);
  assert.is(estimate.threshold_bytes, 30_000_000, 'sums over the loop');
  estimate.begin(100_000);
  estimate.sent({ normal: 0, zero: 100 }, 101_000);
  assert.is(estimate.threshold_bytes, 3_000_000, 'of the last loop alone');
  estimate.begin(500_000);
  estimate.sent({ normal: 1, zero: 0 }, 500_000);
  assert.is(estimate.threshold_bytes, 4096 * 30_000_000, 'a loop of no time took a nanosecond');
  estimate.begin(600_000);
  assert.is(estimate.threshold_bytes, 0);
});

/** What may be left after a turn, by the book: the rate of its encodes, from the first to the last. */
function mayBeLeft({ encodes }: Turn, limit_ns: number): number {
  const normal = encodes.reduce((sum, { pages }) => sum + pages, 0);
  const span_ns = (encodes.at(-1)?.ended_ns ?? 0) - (encodes[0]?.began_ns ?? 0);
  return (normal * PAGE_BYTES * limit_ns) / Math.max(1, span_ns);
}

test("estimate 'copy': the guest is paused when the rest would take the limit at the rate of copying", () => {
  const worlds = fc.record({
    limit_ns: fc.constantFrom(0, 1_000, 100_000, 1_000_000, 30_000_000),
    take_bytes: fc.integer({ min: 4_200, max: 60_000 }),
    write_ns: fc.nat(200_000),
    encode_ns: fc.nat(50_000),
    encode_ns_per_byte: fc.constantFrom(0, 1, 3),
    begin: fc.constantFrom('head' as const, 'pages' as const),
    is_running: fc.boolean(),
  });
  const seen = { early: 0, whole: 0 };
  fc.assert(
    fc.property(worlds, ({ limit_ns, take_bytes, write_ns, begin, is_running, ...costs }) => {
      const world = new World(makeGuest(120), {
        policy: unlimited,
        takes: reluctant(take_bytes, write_ns),
        ...costs,
        // no page is ever zero
        writes: is_running ? writesEvery(100_000, 20).map((write) => ({ ...write, byte: 1 })) : undefined,
        loop: { estimate: 'copy', sync: 'iterate', begin, downtime_limit_ns: limit_ns },
      }).run();
      for (const turn of world.turns) {
        if (turn.phase === 'complete' || turn.encodes.length === 0) continue;
        const left_bytes = (turn.encodes.at(-1)?.left_pages ?? 0) * PAGE_BYTES;
        const is_little = left_bytes <= mayBeLeft(turn, limit_ns);
        assert.is(turn.phase_after === 'complete', is_little, `${left_bytes} bytes left`);
        if (is_little) seen[left_bytes > 0 ? 'early' : 'whole']++;
      }
    }),
    { numRuns: 80 },
  );
  assert.ok(seen.early > 15 && seen.whole > 5, `${seen.early} early, ${seen.whole} with nothing left`);
});

test("estimate 'copy': complete begins with nearly all left, where the pipe is full after a few pages", () => {
  const pausedWith = (loop: LoopSettings): number => {
    const guest = makeGuest(300);
    const options = { policy: unlimited, takes: reluctant(40_000), encode_ns_per_byte: 1 };
    const world = new World(guest, { ...options, loop }).run();
    return world.turnsIn('complete')[0]?.encodes[0]?.left_pages ?? 0;
  };
  assert.ok(pausedWith({ estimate: 'copy', downtime_limit_ns: 30_000_000 }) > 250);
  assert.is(
    pausedWith({ downtime_limit_ns: 30_000_000 }),
    0,
    'a guest that does not run is sent by iterates',
  );
});

test("begin 'pages': begin goes on to send pages in the same call, with one sync", () => {
  const takes = reluctant(3);
  for (const begin of ['pages', 'head'] as const) {
    const loop = { begin, sync: 'iterate', estimate: 'copy', downtime_limit_ns: 0 } as const;
    const world = new World(makeGuest(30), { policy: unlimited, loop }).run();
    const [turn, ...more] = world.turnsIn('begin');
    assert.equal([more.length, turn?.syncs.length], [0, 1]);
    assert.is((turn?.encodes.length ?? 0) > 0, begin === 'pages');
    const stream = readRamStream(world.channel.bytes());
    assert.is(recordsOf(stream).length, 30);
    // nothing is left for an iterate
    assert.is(world.turnsIn('iterate').length, begin === 'pages' ? 0 : 1);
    // as long as the head is not gone there are no pages
    const slow = new World(makeGuest(30), { policy: unlimited, takes: [...takes, TAKE_ALL], loop });
    assert.equal([slow.turn().phase, slow.turn().wait.kind], ['begin', 'writable']);
  }
});

test('encode_pages: every encode has that budget; without it, as many as take about 100 us', () => {
  for (const encode_pages of [1, 64, 700]) {
    const world = new World(makeGuest(800, 1), { policy: unlimited, loop: { encode_pages } }).run();
    for (const call of world.output.encodes) {
      assert.is(call.budget_pages, encode_pages);
      assert.ok(call.pages <= encode_pages);
    }
    assert.is(Math.max(...world.output.encodes.map(({ pages }) => pages)), encode_pages);
  }
  const slow = new World(makeGuest(4_096, 1), { policy: unlimited, encode_ns: 500_000 }).run();
  assert.equal(
    slow.output.encodes.slice(0, 6).map(({ budget_pages }) => budget_pages),
    [1024, 512, 256, 128, 64, 64],
  );
});

/** A save that closes its descriptor; the world of the other tests has no such thing. */
function closingWorld(close: (clock: VirtualClock, save: Save) => void, loop: LoopSettings = {}) {
  const clock = new VirtualClock();
  const guest = makeGuest(20);
  const source = new GuestSource(guest);
  const output = openOutput(guest);
  const channel = new ScriptedChannel(clock, output.staging(), [{ ...TAKE_ALL, cost_ns: 1_000 }]);
  const spans = new Spans();
  const counters = new RamCounters(source.ram_bytes, PAGE_BYTES);
  const policy = unlimited();
  const save: Save = new Save(
    {
      ...{ clock, source, output, channel, policy, spans, counters },
      manner: mannerFor(loop, () => close(clock, save)),
    },
    { downtime_limit_ns: 0, max_rounds: Number.POSITIVE_INFINITY, complete: 'turns', ...loop },
  );
  return { clock, save, spans, channel };
}

test('close is called once, when all is taken, and its time is no part of the save', () => {
  for (const loop of [DEFAULTS, MANNER_2011]) {
    let calls = 0;
    let stream_bytes = 0;
    const closing = (clock: VirtualClock, save: Save): void => {
      calls++;
      stream_bytes = save.stream_bytes;
      assert.equal([save.phase, save.close_ns], ['complete', 0]);
      clock.advance(7_000_000);
    };
    const { save, spans, channel, clock } = closingWorld(closing, loop);
    while (save.turn().kind !== 'done') assert.equal([calls, save.close_ns], [0, 0]);
    assert.equal([calls, stream_bytes], [1, channel.bytes().length]);
    assert.is(save.close_ns, 7_000_000);
    const complete = spans.list.at(-1);
    assert.is(complete?.phase, 'complete');
    assert.is(complete?.end_ns, clock.now() - 7_000_000);
    assert.is(save.wall_ns, clock.now() - 7_000_000 - 1_000_000);
    assert.is(save.downtime_ns, (complete?.end_ns ?? 0) - (complete?.start_ns ?? 0));
    clock.advance(9);
    save.turn();
    assert.equal([calls, save.close_ns], [1, 7_000_000]);
  }
});

test('without a close there is no time of it', () => {
  assert.is(new World(makeGuest(3), { policy: unlimited }).run().save.close_ns, 0);
});

const policies: fc.Arbitrary<Policy> = fc.constantFrom(
  unlimited,
  slice(unlimited, 50_000),
  slice(window(3_000_000), 20_000),
);
const manners = fc.record({
  sync: fc.constantFrom(undefined, 'round' as const, 'iterate' as const),
  estimate: fc.constantFrom(undefined, 'period' as const, 'copy' as const),
  begin: fc.constantFrom(undefined, 'head' as const, 'pages' as const),
  complete: fc.constantFrom('turns' as const, 'blocking' as const),
  encode_pages: fc.constantFrom(undefined, 1, 64, 5_000),
  downtime_limit_ns: fc.constantFrom(0, 30_000_000),
});
const channels = fc
  .array(
    fc.record({
      bytes: fc.oneof(fc.constant(0), fc.nat(20_000), fc.constant(Number.POSITIVE_INFINITY)),
      is_ready_after: fc.boolean(),
      cost_ns: fc.nat(100_000),
    }),
    { maxLength: 8 },
  )
  .map((list) => [...list, { bytes: 5_000, is_ready_after: false, cost_ns: 500 }]);

const withoutSections = (records: readonly PageRecord[]): string =>
  records.map(({ page, is_zero, bytes }) => `${page} ${is_zero} ${bytes}`).join(', ');

test('of a guest that stands still every manner gives the same records and the same RAM', () => {
  const guests = fc.tuple(fc.integer({ min: 1, max: 150 }), fc.double({ min: 0, max: 1, noNaN: true }));
  fc.assert(
    fc.property(guests, manners, channels, policies, ([pages, zero_share], loop, takes, policy) => {
      const guest = makeGuest(pages, zero_share, pages);
      const today = new World(guest, { policy: unlimited }).run();
      const world = new World(guest, { policy, takes, loop, encode_ns: 3_000, rest_ns: 1_000 }).run();
      const stream = world.channel.bytes();
      assert.is(
        withoutSections(recordsOf(readRamStream(stream))),
        withoutSections(recordsOf(readRamStream(today.channel.bytes()))),
      );
      const { guest: loaded } = loadStream(stream);
      assertBytes(loaded.ram(loaded.largestBlock()), guest.ram(guest.largestBlock()));
      assert.is(world.save.stream_bytes, stream.length);
    }),
    { numRuns: 40 },
  );
});

test('of a guest that runs every manner gives the RAM as of the pause', () => {
  fc.assert(
    fc.property(
      manners,
      channels,
      policies,
      fc.integer({ min: 500, max: 50_000 }),
      (loop, takes, policy, every) => {
        const writes = writesEvery(every, 300);
        const guest = makeGuest(97, 0.4);
        const world = new World(guest, {
          ...{ policy, takes, writes, encode_ns: 3_000, rest_ns: 1_000 },
          loop: { ...loop, max_rounds: 5 },
        }).run(1_000_000);
        const { guest: loaded } = loadStream(world.channel.bytes());
        assertBytes(loaded.ram(loaded.largestBlock()), world.ram_at_pause.get('pc.ram') ?? new Uint8Array(0));
        assert.is(guest.dirty_pages, 0);
      },
    ),
    { numRuns: 30 },
  );
});

test("today's manner is what is not said", () => {
  fc.assert(
    fc.property(channels, policies, fc.integer({ min: 500, max: 50_000 }), (takes, policy, every_ns) => {
      const [said, unsaid] = [DEFAULTS, {}].map((loop) => {
        const writes = writesEvery(every_ns, 200);
        const options = { policy, takes, writes, encode_ns: 2_000, rest_ns: 1_000 };
        return new World(makeGuest(97, 0.4), { ...options, loop: { ...loop, max_rounds: 4 } }).run();
      });
      assertBytes(said?.channel.bytes() ?? new Uint8Array(1), unsaid?.channel.bytes() ?? new Uint8Array(0));
      assert.equal(said?.spans.list, unsaid?.spans.list);
    }),
    { numRuns: 15 },
  );
});

test.run();
