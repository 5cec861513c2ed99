import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Arena } from '../../src/core/arena.ts';
import { Guest } from '../../src/guest/guest.ts';
import type { Element } from '../../src/save/interfaces.ts';
import { openOutput } from '../../src/save/output/open-output.ts';
import { Staging } from '../../src/save/staging.ts';
import { ScriptedChannel, TAKE_ALL, type Take, VirtualClock } from '../support/fake-world.ts';

const CLOSE_BYTES = 13;
const arena = new Arena();

/** A staging buffer alone; nothing is encoded, so a guest without blocks will do. */
function makeStaging(staging_bytes: number, takes: readonly Take[], machine = 'none') {
  const clock = new VirtualClock();
  const output = openOutput(new Guest([], arena), { machine, staging_bytes });
  const channel = new ScriptedChannel(clock, output.staging(), takes);
  return { output, channel, staging: new Staging(output, channel, clock), buffer: output.staging() };
}

type Parts = ReturnType<typeof makeStaging>;

/** The bytes of an element, asked for in one piece. */
function elementBytes({ output, buffer }: Parts, element: Element): Uint8Array {
  const kept = buffer.slice();
  const bytes = output.elementBytes(element);
  assert.is(output.stageElement(element, 0, 0, bytes), bytes);
  const whole = buffer.slice(0, bytes);
  buffer.set(kept);
  return whole;
}

/** Puts records at `fill`, as an encode does: counting bytes. */
function stageRecord({ staging, buffer }: Parts, bytes: number, first: number): void {
  for (let i = 0; i < bytes; i++) buffer[staging.fill + i] = (first + i) % 256;
  staging.staged(bytes);
}

const EAGAIN: Take = { bytes: 0, is_ready_after: false, cost_ns: 0 };

test('what is staged goes over once, in order, however it is taken', () => {
  const takes = fc.array(fc.record({ bytes: fc.nat(60), is_ready_after: fc.boolean(), cost_ns: fc.nat(9) }));
  const records = fc.array(fc.integer({ min: 1, max: 87 }), { maxLength: 30 });
  fc.assert(
    fc.property(takes, records, (script, sizes) => {
      const parts = makeStaging(100, [...script, TAKE_ALL]);
      const { staging, channel } = parts;
      let staged_bytes = 0;
      for (const bytes of sizes) {
        while (staging.room_bytes < bytes && !staging.flush()) channel.is_ready = true;
        stageRecord(parts, bytes, staged_bytes);
        staged_bytes += bytes;
      }
      while (!staging.flush()) channel.is_ready = true;
      const wanted = Uint8Array.from({ length: staged_bytes }, (_, i) => i % 256);
      assert.ok(Buffer.compare(channel.bytes(), wanted) === 0);
      assert.is(staging.taken_bytes, staged_bytes);
      assert.equal([staging.fill, staging.room_bytes], [0, 100 - CLOSE_BYTES]);
    }),
  );
});

test('an element longer than the buffer goes over in pieces, whatever is taken', () => {
  const takes = fc.array(fc.record({ bytes: fc.nat(50), is_ready_after: fc.boolean(), cost_ns: fc.nat(9) }));
  fc.assert(
    fc.property(takes, fc.integer({ min: CLOSE_BYTES + 1, max: 90 }), (script, staging_bytes) => {
      const machine = 'a machine with a name that is long'.repeat(6);
      const parts = makeStaging(staging_bytes, [...script, TAKE_ALL], machine);
      while (!parts.staging.sendLong('begin')) parts.channel.is_ready = true;
      while (!parts.staging.flush()) parts.channel.is_ready = true;
      const whole = makeStaging(1_000, [TAKE_ALL], machine);
      assert.ok(Buffer.compare(parts.channel.bytes(), elementBytes(whole, 'begin')) === 0);
    }),
  );
});

test('there is room to close a section when the buffer is full', () => {
  const parts = makeStaging(100, [EAGAIN]);
  stageRecord(parts, parts.staging.room_bytes, 0);
  assert.is(parts.staging.room_bytes, 0);
  assert.is(parts.staging.flush(), false);
  assert.is(parts.staging.stageShort('close'), CLOSE_BYTES);
  assert.is(parts.staging.fill, 100);
  const close = elementBytes(parts, 'close');
  assert.ok(Buffer.compare(parts.buffer.subarray(100 - CLOSE_BYTES), close) === 0);
});

test('an element may fill the last byte of room, and the next waits for the channel', () => {
  const parts = makeStaging(100, [EAGAIN, TAKE_ALL]);
  const { staging, channel } = parts;
  stageRecord(parts, 100 - CLOSE_BYTES - parts.output.elementBytes('tail'), 0);
  assert.is(staging.sendLong('tail'), true);
  assert.equal([staging.room_bytes, channel.offers.length], [0, 0]);
  assert.is(staging.sendLong('tail'), false);
  assert.is(channel.offers.length, 1);
});

test('flush says true only when all is taken and more would be', () => {
  const cases: [Take, boolean][] = [
    [TAKE_ALL, true],
    [{ ...TAKE_ALL, is_ready_after: false }, false],
    [{ bytes: 9, is_ready_after: true, cost_ns: 0 }, false],
    [EAGAIN, false],
  ];
  for (const [take, is_flushed] of cases) {
    const parts = makeStaging(100, [take]);
    stageRecord(parts, 10, 0);
    assert.is(parts.staging.flush(), is_flushed);
  }
});

test('nothing is offered to a channel that is not ready, and never nothing', () => {
  const parts = makeStaging(100, [TAKE_ALL]);
  assert.is(parts.staging.flush(), true);
  stageRecord(parts, 10, 0);
  parts.channel.is_ready = false;
  assert.is(parts.staging.flush(), false);
  assert.is(parts.channel.offers.length, 0);
});

test('the longest offer is kept, not the last', () => {
  const takes = [5, 70, 3].map((cost_ns) => ({ ...TAKE_ALL, cost_ns }));
  const parts = makeStaging(100, takes);
  for (let i = 0; i < 3; i++) {
    stageRecord(parts, 10, 0);
    parts.staging.flush();
  }
  assert.is(parts.staging.longest_offer_ns, 70);
});

test.run();
