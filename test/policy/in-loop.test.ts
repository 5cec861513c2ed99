/** The policies at work in the save loop: what a turn gives on, and when it ends. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Arena } from '../../src/core/arena.ts';
import { Guest } from '../../src/guest/guest.ts';
import { slice } from '../../src/policy/slice.ts';
import { tokenBucket } from '../../src/policy/token-bucket.ts';
import { unlimited } from '../../src/policy/unlimited.ts';
import { window } from '../../src/policy/window.ts';
import { TAKE_ALL, VirtualClock, World } from '../support/fake-world.ts';

const PAGE_BYTES = 4096;
const RECORD_BYTES_MAX = 4363;
const arena = new Arena();

/** Content in the first pages, zero in the others. */
function makeGuest(content_pages: number, zero_pages: number): Guest {
  const guest = new Guest([{ name: 'ram', bytes: (content_pages + zero_pages) * PAGE_BYTES }], arena);
  for (let page = 0; page < content_pages; page++) guest.ram(guest.largestBlock())[page * PAGE_BYTES] = 1;
  return guest;
}

test('without slice and limit and with a channel that takes all, one iterate sends all', () => {
  const world = new World(makeGuest(300, 2700), { policy: unlimited, encode_ns: 1_000_000_000 }).run();
  assert.is(world.turnsIn('iterate').length, 1);
  // and no encode covers more than 1,024 pages
  assert.ok(world.output.encodes.every((call) => call.budget_pages <= 1024 && call.pages <= 1024));
});

test('a slice ends an iterate after the encode during which it is over, at == too', () => {
  const encodesPerIterate = (slice_ns: number): number[] => {
    const policy = slice(unlimited, slice_ns);
    const options = { policy, encode_ns: 1_000, staging_bytes: 200_000 };
    const world = new World(makeGuest(0, 9 * 1024), options).run();
    return world.turnsIn('iterate').map((turn) => turn.encodes.length);
  };
  assert.equal(encodesPerIterate(2_999), [3, 3, 3]);
  assert.equal(encodesPerIterate(3_000), [3, 3, 3]);
  assert.equal(encodesPerIterate(3_001), [4, 4, 1]);
});

/** Bytes of records that were given on in each period of the grid. */
function bytesByPeriod(world: World, began_ns: number, period_ns: number): Map<number, number> {
  const periods = new Map<number, number>();
  for (const { began_ns: at_ns, bytes } of world.output.encodes) {
    const period = Math.floor((at_ns - began_ns) / period_ns);
    periods.set(period, (periods.get(period) ?? 0) + bytes);
  }
  return periods;
}

test('no window gives on more than its budget, but for the end of one record and its section', () => {
  const rates = fc.integer({ min: 1, max: 400 }).map((n) => n * 1_000);
  fc.assert(
    fc.property(rates, fc.nat(9_000), fc.nat(30_000_000), (limit, bytes, rest_ns) => {
      const clock = new VirtualClock(123_456_789);
      const policy = window(limit);
      const takes = [TAKE_ALL, { bytes: 1 + bytes, is_ready_after: false, cost_ns: 0 }];
      const world = new World(makeGuest(28, 12), { policy, takes, rest_ns, clock }).run();
      for (const [period, given] of bytesByPeriod(world, 123_456_789, 100_000_000)) {
        // one byte of budget lets a record begin
        const bytes_max = limit / 10 - 1 + RECORD_BYTES_MAX;
        assert.ok(given <= bytes_max, `window ${period}: ${given} of ${limit / 10}`);
      }
    }),
  );
});

test('no turn gives on more than a token bucket allows', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1_000, max: 10_000_000 }),
      fc.integer({ min: 1, max: 100_000 }),
      (rate, burst) => {
        const clock = new VirtualClock(7);
        const policy = tokenBucket(rate, burst);
        const world = new World(makeGuest(42, 18), {
          policy,
          clock,
          encode_ns: 1_000,
          rest_ns: 40_000,
        }).run();
        let sent = 0n;
        for (const call of world.output.encodes) {
          sent += BigInt(call.bytes);
          const earned = (BigInt(rate) * BigInt(call.began_ns - 7)) / 1_000_000_000n;
          assert.ok(sent < BigInt(burst) + earned + BigInt(RECORD_BYTES_MAX), `${sent} at ${call.began_ns}`);
        }
      },
    ),
  );
});

test('a room is the allowance, but never so small that no record fits', () => {
  const world = new World(makeGuest(30, 0), { policy: window(100_000) }).run();
  const rooms = world.output.encodes.map((call) => call.room_bytes);
  // 10,000 a window; the head of the section is counted after the question
  assert.equal(rooms.slice(0, 2), [10_000, RECORD_BYTES_MAX]);
  assert.ok(rooms.every((room) => room >= RECORD_BYTES_MAX && room <= 10_000));
});

test.run();
