import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Arena } from '../../src/core/arena.ts';
import { PagepipeError } from '../../src/errors.ts';
import { Guest } from '../../src/guest/guest.ts';
import { fillContent } from '../../src/guest/synthetic/content.ts';
import { parseWorkload } from '../../src/guest/synthetic/workload.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { slice } from '../../src/policy/slice.ts';
import { tokenBucket } from '../../src/policy/token-bucket.ts';
import { unlimited } from '../../src/policy/unlimited.ts';
import { window } from '../../src/policy/window.ts';
import { readRamStream, recordsOf } from '../ref/ram-reader.ts';
import { TAKE_ALL, type Take, type Turn, VirtualClock, World } from '../support/fake-world.ts';

const PAGE_BYTES = 4096;
/** Word, longest name, head of XBZRLE, page. */
const RECORD_BYTES_MAX = 8 + 256 + 3 + 4096;
/** Head of a section, EOS word and footer: what an iterate may add to its records. */
const SECTION_BYTES = 5 + 13;
const STAGING_BYTES_MIN = RECORD_BYTES_MAX + SECTION_BYTES;

// one memory for all guests: an engine reserves gigabytes of addresses for each
const arena = new Arena();

function makeGuest(block_pages: readonly number[], zero_share = 0.5, seed = 1): Guest {
  const specs = block_pages.map((pages, i) => ({ name: `block.${i}`, bytes: pages * PAGE_BYTES }));
  const guest = new Guest(specs, arena);
  const workload = { ...parseWorkload('idle'), zero_share };
  for (const block of guest.blocks) fillContent(guest.ram(block), workload, seed + block.index);
  return guest;
}

const limits: fc.Arbitrary<Policy> = fc
  .record({
    kind: fc.constantFrom('unlimited', 'window', 'bucket'),
    limit: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1_000, max: 100_000_000 })),
    burst: fc.integer({ min: 1, max: 200_000 }),
  })
  .map(({ kind, limit, burst }) => {
    if (kind === 'unlimited') return unlimited;
    return kind === 'window' ? window(limit) : tokenBucket(limit, burst);
  });

/** Short writes, EAGAINs with and without a channel that is ready again at once, and one that gets on. */
const takes: fc.Arbitrary<Take[]> = fc
  .array(
    fc.record({
      bytes: fc.oneof(fc.constant(0), fc.nat(20), fc.nat(10_000), fc.constant(Number.POSITIVE_INFINITY)),
      is_ready_after: fc.boolean(),
      cost_ns: fc.nat(500_000),
    }),
    { maxLength: 12 },
  )
  .map((list) => [...list, { bytes: 700, is_ready_after: false, cost_ns: 1_000 }]);

const writes = fc
  .array(fc.record({ after_ns: fc.nat(3_000_000), page: fc.nat(60), byte: fc.nat(255) }), { maxLength: 40 })
  .map((list) => {
    let at_ns = 0;
    return list.map(({ after_ns, page, byte }) => {
      at_ns += after_ns;
      return { at_ns, page, byte };
    });
  });

const worlds = fc.record({
  block_pages: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 3 }),
  seed: fc.nat(),
  limit: limits,
  slice_ns: fc.option(fc.integer({ min: 1, max: 2_000_000 }), { nil: Number.POSITIVE_INFINITY }),
  options: fc.record({
    takes,
    writes: fc.option(writes, { nil: undefined }),
    staging_bytes: fc.integer({ min: STAGING_BYTES_MIN, max: 40_000 }),
    encode_ns: fc.nat(100_000),
    rest_ns: fc.nat(1_000_000),
    loop: fc.record({
      complete: fc.constantFrom('turns' as const, 'blocking' as const),
      max_rounds: fc.constantFrom(1, 3, Number.POSITIVE_INFINITY),
      downtime_limit_ns: fc.constantFrom(0, 300_000_000),
    }),
  }),
});

/** Saves in any world, for what must hold in all of them. */
function inAnyWorld(check: (world: World, guest: Guest, slice_ns: number) => void, num_runs = 80): void {
  const saveAndCheck = fc.property(worlds, ({ block_pages, seed, limit, slice_ns, options }) => {
    const guest = makeGuest(block_pages, 0.4, seed);
    const policy = slice_ns === Number.POSITIVE_INFINITY ? limit : slice(limit, slice_ns);
    check(new World(guest, { ...options, policy }).run(), guest, slice_ns);
  });
  fc.assert(saveAndCheck, { numRuns: num_runs });
}

test('whatever the channel takes, whatever the policy: the stream gives the RAM as of the pause', () => {
  inAnyWorld((world, guest) => {
    const stream = readRamStream(world.channel.bytes());
    for (const block of guest.blocks) {
      const pages = stream.ram.get(block.name) ?? [];
      assert.is(pages.length, block.pages);
      const ram = world.ram_at_pause.get(block.name) ?? new Uint8Array(0);
      pages.forEach((page, i) => {
        const wanted = ram.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES);
        assert.ok(page !== undefined && Buffer.compare(page, wanted) === 0, `${block.name}, page ${i}`);
      });
    }
    assert.is(guest.dirty_pages, 0);
    assert.is(world.source.is_running, false);
  });
});

test('the counters are what went over', () => {
  inAnyWorld((world) => {
    const bytes = world.channel.bytes();
    const stream = readRamStream(bytes);
    const records = recordsOf(stream);
    const zero = records.filter((record) => record.is_zero).length;
    const stats = world.counters.stats(world.source.dirty_pages, world.save.wall_ns);
    assert.is(stats.duplicate, zero);
    assert.is(stats.normal, records.length - zero);
    assert.is(stats['normal-bytes'], (records.length - zero) * PAGE_BYTES);
    assert.is(stats.transferred, stream.record_bytes);
    assert.is(stats.remaining, 0);
    assert.is(stats['dirty-sync-count'], world.source.syncs.length);
    assert.is(world.save.stream_bytes, bytes.length);
  });
});

/** Why this iterate may have ended, seen from outside. */
function reasonsToEnd(turn: Turn, slice_ns: number): string[] {
  const is_short = turn.offers.some((offer) => offer.taken_bytes < offer.offered_bytes);
  return [
    ...(is_short || !turn.is_ready_after ? ['eagain'] : []),
    ...(turn.wait.kind === 'until' ? ['limit'] : []),
    ...(turn.ended_ns - turn.began_ns >= slice_ns ? ['slice'] : []),
    ...(turn.left_pages === 0 ? ['nothing left'] : []),
  ];
}

test('an iterate ends at EAGAIN or a short write, at the limit, at the slice, or with nothing left', () => {
  const seen = new Set<string>();
  inAnyWorld((world, _guest, slice_ns) => {
    for (const turn of world.turnsIn('iterate')) {
      const reasons = reasonsToEnd(turn, slice_ns);
      assert.ok(reasons.length > 0, `${turn.wait.kind}, ${turn.left_pages} pages left`);
      for (const reason of reasons) seen.add(reason);
    }
  });
  assert.is(seen.size, 4, [...seen].join(', '));
});

test('an iterate asks the channel no more after it took less than was offered, but for the end', () => {
  inAnyWorld((world) => {
    for (const turn of world.turnsIn('iterate')) {
      const first_short = turn.offers.findIndex((offer) => offer.taken_bytes < offer.offered_bytes);
      // the flush that ends an iterate is one more, where the channel is ready again
      assert.ok(first_short === -1 || turn.offers.length <= first_short + 2);
    }
  });
});

test('begin goes over once, however little of it the channel takes', () => {
  const reluctant: Take[][] = [
    [{ bytes: 7, is_ready_after: false, cost_ns: 0 }, TAKE_ALL],
    [{ bytes: 0, is_ready_after: false, cost_ns: 0 }, TAKE_ALL],
    // takes it whole, and cannot take more for now
    [{ ...TAKE_ALL, is_ready_after: false }, TAKE_ALL],
  ];
  for (const script of reluctant) {
    const world = new World(makeGuest([3], 0), { policy: unlimited, takes: script }).run(1_000);
    assert.is(recordsOf(readRamStream(world.channel.bytes())).length, 3);
  }
});

test('a short write ends the iterate, and what was left goes first', () => {
  const script: Take[] = [TAKE_ALL, { bytes: 5_000, is_ready_after: false, cost_ns: 0 }, TAKE_ALL];
  const world = new World(makeGuest([64], 0), { policy: unlimited, takes: script });
  assert.is(world.turn().phase, 'begin');
  const cut = world.turn();
  assert.is(cut.wait.kind, 'writable');
  assert.equal(
    cut.offers.map((offer) => offer.taken_bytes),
    [5_000],
  );
  const encoded = world.output.encodes.length;
  // turned although the channel is not ready: nothing happens
  const early = world.turn();
  assert.equal([early.wait.kind, early.offers.length, early.encodes.length], ['writable', 0, 0]);
  world.channel.is_ready = true;
  const next = world.turn();
  assert.is(next.offers[0]?.taken_bytes, (cut.offers[0]?.offered_bytes ?? 0) - 5_000 + SECTION_BYTES - 5);
  assert.ok(world.output.encodes.length > encoded);
});

test('a channel that is ready again at once is asked at the next turn, not waited for', () => {
  const script: Take[] = [TAKE_ALL, { bytes: 100, is_ready_after: true, cost_ns: 0 }, { ...TAKE_ALL }];
  const world = new World(makeGuest([64], 0), { policy: unlimited, takes: script });
  world.turn();
  assert.is(world.turn().wait.kind, 'again');
});

test('complete is one span from the pause to the last byte, by turns or blocking', () => {
  const script: Take[] = [TAKE_ALL, { bytes: 3_000, is_ready_after: false, cost_ns: 10 }];
  for (const complete of ['turns', 'blocking'] as const) {
    const late = Array.from({ length: 20 }, (_, page) => ({ at_ns: 1, page, byte: 9 }));
    const loop = { complete, max_rounds: 1 };
    const options = { policy: unlimited, takes: script, writes: late, loop, rest_ns: 1_000 };
    const world = new World(makeGuest([20], 0), options).run();
    const spans = world.spans.list.filter((span) => span.phase === 'complete');
    const turns = world.turnsIn('complete');
    assert.is(spans.length, 1, complete);
    assert.is(spans[0]?.start_ns, turns[0]?.began_ns);
    assert.is(spans[0]?.end_ns, turns.at(-1)?.ended_ns);
    assert.is(world.save.downtime_ns, (spans[0]?.end_ns ?? 0) - (spans[0]?.start_ns ?? 0));
    assert.is(world.save.wall_ns, (spans[0]?.end_ns ?? 0) - 1_000_000);
    assert.is(turns.length === 1, complete === 'blocking', 'blocking is one call');
    assert.is(world.channel.blocked > 0, complete === 'blocking');
  }
});

test('a clock that shows 0 at the pause is a clock like any other', () => {
  const clock = new VirtualClock(0);
  const script: Take[] = [TAKE_ALL, { bytes: 3_000, is_ready_after: false, cost_ns: 0 }];
  const world = new World(makeGuest([4], 0), { policy: unlimited, takes: script, clock }).run();
  assert.is(world.spans.list.filter((span) => span.phase === 'complete').length, 1);
});

test('every turn of begin and iterate is a span; done stays done', () => {
  inAnyWorld((world) => {
    for (const phase of ['begin', 'iterate'] as const) {
      const spans = world.spans.list.filter((span) => span.phase === phase);
      const turns = world.turnsIn(phase).map((turn) => [turn.began_ns, turn.ended_ns]);
      assert.equal(
        spans.map((span) => [span.start_ns, span.end_ns]),
        turns,
      );
    }
    const wall_ns = world.save.wall_ns;
    world.clock.advance(5);
    assert.equal(world.save.turn(), { kind: 'done' });
    assert.is(world.save.wall_ns, wall_ns);
  }, 40);
});

test('a guest without blocks is a stream without pages', () => {
  const world = new World(makeGuest([]), { policy: unlimited }).run();
  assert.is(recordsOf(readRamStream(world.channel.bytes())).length, 0);
});

test('a count of dirty pages that the bitmap does not bear out is an error, not an endless loop', () => {
  const guest = makeGuest([3]);
  const world = new World(guest, { policy: unlimited });
  world.turn();
  guest.sentPages(-1);
  assert.throws(
    () => world.run(),
    (e: unknown) => e instanceof PagepipeError && e.code === 'internal-dirty-count',
  );
});

test('staging takes one record and its section, and not a byte less', () => {
  const options = { policy: unlimited, staging_bytes: STAGING_BYTES_MIN };
  new World(makeGuest([5], 0), options).run();
  assert.throws(
    () => new World(makeGuest([5], 0), { ...options, staging_bytes: STAGING_BYTES_MIN - 1 }),
    (e: unknown) => e instanceof PagepipeError && e.code === 'usage-staging',
  );
});

test.run();
