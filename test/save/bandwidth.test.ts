import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Arena } from '../../src/core/arena.ts';
import { Guest } from '../../src/guest/guest.ts';
import { unlimited } from '../../src/policy/unlimited.ts';
import { window } from '../../src/policy/window.ts';
import { Bandwidth } from '../../src/save/bandwidth.ts';
import { DOWNTIME_LIMIT_NS } from '../../src/save/run-save.ts';
import { readRamStream, recordsOf } from '../ref/ram-reader.ts';
import { type GuestWrite, TAKE_ALL, type Turn, World } from '../support/fake-world.ts';

const PAGE_BYTES = 4096;
const PERIOD_NS = 100_000_000;
const arena = new Arena();

function makeGuest(pages: number): Guest {
  const guest = new Guest([{ name: 'pc.ram', bytes: pages * PAGE_BYTES }], arena);
  guest.ram(guest.largestBlock()).fill(0xa5);
  for (let page = 0; page < pages; page++) guest.ram(guest.largestBlock())[page * PAGE_BYTES] = page % 7;
  return guest;
}

/** `count` writes, one after another at equal distances, each to the next of `pages` pages. */
function writesEvery(every_ns: number, count: number, pages: number): GuestWrite[] {
  return Array.from({ length: count }, (_, i) => ({
    at_ns: (i + 1) * every_ns,
    page: (i * 13) % pages,
    byte: i % 256,
  }));
}

test('there is no estimate before a period of 100 ms is over, at == there is', () => {
  const bandwidth = new Bandwidth(50, 300_000_000);
  bandwidth.update(50 + PERIOD_NS - 1, 1_000_000);
  assert.is(bandwidth.threshold_bytes, 0);
  bandwidth.update(50 + PERIOD_NS, 1_000_000);
  // 10 MB/s for 0.3 s
  assert.is(bandwidth.threshold_bytes, 3_000_000);
});

test('each estimate is of its own period only', () => {
  const bandwidth = new Bandwidth(0, 1_000_000_000);
  bandwidth.update(PERIOD_NS, 100);
  assert.is(bandwidth.threshold_bytes, 1_000);
  bandwidth.update(PERIOD_NS + 99_999_999, 5_000);
  assert.is(bandwidth.threshold_bytes, 1_000);
  bandwidth.update(3 * PERIOD_NS, 5_100);
  assert.is(bandwidth.threshold_bytes, 25_000);
  bandwidth.update(4 * PERIOD_NS, 5_100);
  assert.is(bandwidth.threshold_bytes, 0);
});

/** The oracle: the rate over the last period that was 100 ms or more, in whole numbers. */
class EstimateInFull {
  #periods: { ns: bigint; bytes: bigint }[] = [];
  #since = { at_ns: 0, bytes: 0 };

  constructor(began_ns: number) {
    this.#since.at_ns = began_ns;
  }

  update(at_ns: number, bytes: number): void {
    if (at_ns < this.#since.at_ns + PERIOD_NS) return;
    this.#periods.push({ ns: BigInt(at_ns - this.#since.at_ns), bytes: BigInt(bytes - this.#since.bytes) });
    this.#since = { at_ns, bytes };
  }

  threshold(limit_ns: number): number {
    const last = this.#periods.at(-1) ?? { ns: 1n, bytes: 0n };
    return Number((last.bytes * BigInt(limit_ns)) / last.ns);
  }
}

test('the threshold is rate x limit, to the byte that doubles leave', () => {
  const steps = fc.array(fc.tuple(fc.nat(200_000_000), fc.nat(1_000_000_000)), { maxLength: 30 });
  fc.assert(
    fc.property(steps, fc.nat(2_000_000_000), (list, limit_ns) => {
      const [bandwidth, oracle] = [new Bandwidth(9, limit_ns), new EstimateInFull(9)];
      let [at_ns, bytes] = [9, 0];
      for (const [ns, more] of list) {
        at_ns += ns;
        bytes += more;
        bandwidth.update(at_ns, bytes);
        oracle.update(at_ns, bytes);
        assert.ok(Math.abs(bandwidth.threshold_bytes - oracle.threshold(limit_ns)) <= 1);
      }
    }),
  );
});

test('the loop uses QEMU 2.1 and later downtime limit', () => {
  assert.is(DOWNTIME_LIMIT_NS, 300_000_000);
});

/** Checks each iterate of a world against the rule: sync only under the threshold, judge by the fresh count. */
function checkDecisions(world: World, limit_ns: number, max_rounds: number): void {
  const oracle = new EstimateInFull(1_000_000);
  let rounds = 1;
  for (const turn of world.turns) {
    oracle.update(turn.began_ns, turn.stream_bytes);
    if (turn.phase !== 'iterate') continue;
    const [sync, ...more] = turn.syncs;
    assert.is(more.length, 0);
    const threshold_bytes = oracle.threshold(limit_ns);
    // an iterate whose channel is blocked from the start decides nothing
    if (turn.encodes.length > 0) {
      assert.is(sync !== undefined, turn.left_pages * PAGE_BYTES <= threshold_bytes);
    }
    if (sync === undefined) continue;
    const is_little = sync.after_pages * PAGE_BYTES <= threshold_bytes;
    const is_over = is_little || rounds >= max_rounds;
    assert.is(turn.phase_after === 'complete', is_over);
    if (is_over) assert.is(world.save.converged, is_little);
    else rounds++;
  }
}

test('a running guest is paused by the downtime rule, and not before', () => {
  const worlds = fc.record({
    every_ns: fc.integer({ min: 1_000, max: 400_000 }),
    limit_ns: fc.constantFrom(0, 1_000_000, 30_000_000, 300_000_000),
    max_rounds: fc.constantFrom(1, 2, 5, Number.POSITIVE_INFINITY),
    rest_ns: fc.nat(2_000_000),
    // bytes between EAGAINs
    take_bytes: fc.integer({ min: 2_000, max: 40_000 }),
  });
  fc.assert(
    fc.property(worlds, ({ every_ns, limit_ns, max_rounds, rest_ns, take_bytes }) => {
      const world = new World(makeGuest(300), {
        policy: unlimited,
        takes: [TAKE_ALL, { bytes: take_bytes, is_ready_after: false, cost_ns: 300_000 }],
        writes: writesEvery(every_ns, 1_500, 300),
        loop: { downtime_limit_ns: limit_ns, max_rounds },
        rest_ns,
      }).run();
      checkDecisions(world, limit_ns, max_rounds);
    }),
    { numRuns: 60 },
  );
});

/**
 * A running guest in its second iterate, which the channel cuts short; the estimate then is 1000 bytes/s to
 * the byte, since the clock was set so. Gives that iterate.
 */
function secondIterate(limit_ns: number, writes: readonly GuestWrite[]): Turn {
  const takes = [TAKE_ALL, { bytes: 50_000, is_ready_after: false, cost_ns: 0 }];
  const loop = { downtime_limit_ns: limit_ns };
  const world = new World(makeGuest(100), { policy: unlimited, takes, writes, loop, staging_bytes: 60_000 });
  world.turn();
  world.channel.is_ready = true;
  world.turn();
  world.channel.is_ready = true;
  world.clock.advanceTo(1_000_000 + world.save.stream_bytes * 1_000_000);
  return world.turn();
}

test('what is left at the threshold exactly is little, a byte over is not', () => {
  const { left_pages } = secondIterate(0, []);
  assert.ok(left_pages > 10 && left_pages < 90);
  const exact_ns = left_pages * PAGE_BYTES * 1_000_000;
  assert.is(secondIterate(exact_ns, []).phase_after, 'complete');
  const over = secondIterate(exact_ns - 1_000_000, []);
  assert.equal([over.phase_after, over.syncs.length], ['iterate', 0]);
});

test('what the guest wrote meanwhile counts: little by the old count, too much by the fresh one', () => {
  const exact_ns = secondIterate(0, []).left_pages * PAGE_BYTES * 1_000_000;
  // page 0 was sent by the first iterate
  const turn = secondIterate(exact_ns, [{ at_ns: 1, page: 0, byte: 1 }]);
  assert.equal([turn.phase_after, turn.syncs.length], ['iterate', 1]);
  const more_ns = exact_ns + PAGE_BYTES * 1_000_000;
  assert.is(secondIterate(more_ns, [{ at_ns: 1, page: 0, byte: 1 }]).phase_after, 'complete');
});

test('a paused guest is sent whole by iterates, in one round, whatever the downtime limit', () => {
  const world = new World(makeGuest(300), {
    policy: window(1_000_000),
    loop: { downtime_limit_ns: Number.MAX_SAFE_INTEGER },
  }).run();
  const stream = readRamStream(world.channel.bytes());
  const pages = recordsOf(stream).map((record) => record.page);
  assert.equal(
    pages,
    Array.from({ length: 300 }, (_, page) => page),
    'each page once, in order',
  );
  const end = stream.sections.at(-1);
  assert.equal([end?.kind, end?.records.length], ['end', 0]);
  assert.is(world.save.converged, true);
  // one in begin, one when nothing is left, one in complete
  assert.is(world.source.syncs.length, 3);
});

test('a running guest that writes nothing is one round too, where no downtime is allowed', () => {
  const loop = { downtime_limit_ns: 0 };
  const world = new World(makeGuest(50), { policy: unlimited, writes: [], loop }).run();
  assert.is(recordsOf(readRamStream(world.channel.bytes())).length, 50);
  assert.is(world.save.converged, true);
});

/** A guest that rewrites all its pages faster than they are sent. */
function hotWorld(max_rounds: number): World {
  const takes = [TAKE_ALL, { ...TAKE_ALL, cost_ns: 1_000_000 }];
  const writes = writesEvery(1_000, 100_000, 40);
  return new World(makeGuest(40), {
    policy: unlimited,
    takes,
    writes,
    loop: { max_rounds, downtime_limit_ns: 0 },
  });
}

test('max_rounds pauses a guest that would never be done', () => {
  for (const max_rounds of [1, 2, 3, 7]) {
    const world = hotWorld(max_rounds).run();
    assert.is(world.save.converged, false);
    // one in begin, one at the end of each round, one in complete
    assert.is(world.source.syncs.length, max_rounds + 2);
    assert.is(world.turnsIn('iterate').length, max_rounds);
    assert.ok(world.turnsIn('complete').some((turn) => turn.encodes.length > 0));
    const stream = readRamStream(world.channel.bytes());
    assert.is(recordsOf(stream).length, 40 * (max_rounds + 1));
  }
});

test('a page that is written before it is sent is sent once in its round', () => {
  // all before the first iterate: the log is fetched when the round is over
  const early = Array.from({ length: 40 }, (_, page) => ({ at_ns: 0, page, byte: page }));
  const world = new World(makeGuest(40), {
    policy: unlimited,
    writes: early,
    loop: { downtime_limit_ns: 0 },
  });
  world.run();
  const sections = readRamStream(world.channel.bytes()).sections;
  for (const { records } of sections) {
    assert.is(new Set(records.map((record) => record.page)).size, records.length);
  }
});

test.run();
