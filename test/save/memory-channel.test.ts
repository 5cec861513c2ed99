/** A stream kept in memory: what it is put into, and how much is copied for it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Guest } from '../../src/guest/guest.ts';
import { loadStream } from '../../src/load/load.ts';
import { unlimited } from '../../src/policy/unlimited.ts';
import { MemoryChannel } from '../../src/save/memory-channel.ts';
import { saveToMemory } from '../../src/save/save-to-memory.ts';
import { copiesOf, sum } from '../support/copies.ts';
import { assertBytes, failure, noise } from '../support/folder.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
/** What a join copies between two turns of the event loop. */
const PIECE_BYTES = MIB;

test('no offer copies more than it was offered, however long the stream already is', async () => {
  const staging = noise(64 * KIB);
  const channel = new MemoryChannel(staging);
  for (const [start, end] of offers(5 * MIB)) {
    const copies = await copiesOf(() => assert.is(channel.offer(start, end), end - start));
    assert.is(sum(copies), end - start);
  }
});

test('the stream is what was offered, in an array of just its size', async () => {
  for (const bytes of [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 5 * MIB]) {
    const staging = noise(64 * KIB);
    const channel = new MemoryChannel(staging);
    const wanted = [...offers(bytes)].map(([start, end]) => {
      channel.offer(start, end);
      return staging.slice(start, end);
    });
    assertBytes(channel.bytes(), Buffer.concat(wanted), 'the stream so far');
    const stream = await channel.joined(() => Promise.resolve());
    assertBytes(stream, Buffer.concat(wanted), 'the stream');
    assert.is(stream.buffer.byteLength, bytes);
  }
});

test('a join copies a piece at a time, and lets others have their turn between two', async () => {
  const channel = new MemoryChannel(noise(64 * KIB));
  for (const [start, end] of offers(5 * MIB)) channel.offer(start, end);
  let turns = 0;
  const copies = await copiesOf(async () => {
    await channel.joined(async () => {
      turns++;
    });
  });
  assert.is(sum(copies), 5 * MIB);
  assert.ok(
    copies.every((bytes) => bytes <= PIECE_BYTES),
    `${copies}`,
  );
  assert.is(turns, 4);
});

test('into a given array: nothing is joined, and the stream is a view of its beginning', async () => {
  const staging = noise(64 * KIB);
  const into = new Uint8Array(100 * KIB);
  const channel = new MemoryChannel(staging, into);
  channel.offer(0, 64 * KIB);
  channel.offer(10, 1000);
  const copies = await copiesOf(async () => {
    const stream = await channel.joined(() => Promise.resolve());
    assert.is(stream.buffer, into.buffer);
    assert.is(stream.length, 64 * KIB + 990);
  });
  assert.equal(copies, []);
  assertBytes(into.subarray(0, 64 * KIB), staging, 'the first offer');
  assertBytes(into.subarray(64 * KIB, 64 * KIB + 990), staging.subarray(10, 1000), 'the second offer');
  assert.ok(into.subarray(64 * KIB + 990).every((byte) => byte === 0));
});

test('an array that is full to its last byte is enough, and one byte less is told', async () => {
  const staging = noise(1000);
  new MemoryChannel(staging, new Uint8Array(1000)).offer(0, 1000);
  const error = await failure('into-too-small', () =>
    new MemoryChannel(staging, new Uint8Array(999)).offer(0, 1000),
  );
  assert.is(error.detail.bytes, 999);
});

function guestOf(bytes: number): Guest {
  const guest = new Guest([{ name: 'ram', bytes }]);
  guest.ram(guest.largestBlock()).set(noise(bytes, 3));
  return guest;
}

test('a whole save copies each byte of its stream once, and once more to join it', async () => {
  const guest = guestOf(8 * MIB);
  let stream_bytes = 0;
  const copies = await copiesOf(async () => {
    stream_bytes = (await saveToMemory(guest, { policy: unlimited })).stream.length;
  });
  assert.ok(stream_bytes > 8 * MIB);
  // the heads of the stream are put together in small arrays
  assert.ok(sum(copies) < 2 * stream_bytes + 64 * KIB, `${sum(copies)} bytes copied of ${stream_bytes}`);
  assert.ok(Math.max(...copies) <= PIECE_BYTES);
});

test('a save into an array gives the bytes of one without, and copies each once', async () => {
  const guest = guestOf(2 * MIB);
  const { stream: wanted } = await saveToMemory(guest, { policy: unlimited });
  const into = new Uint8Array(3 * MIB).fill(0xee);
  const copies = await copiesOf(async () => {
    const { stream, stream_bytes } = await saveToMemory(guest, { policy: unlimited, into });
    assert.is(stream.buffer, into.buffer);
    assert.is(stream.length, stream_bytes);
  });
  assert.ok(sum(copies) < wanted.length + 64 * KIB, `${sum(copies)} bytes copied`);
  assertBytes(into.subarray(0, wanted.length), wanted, 'the stream');
  assert.ok(into.subarray(wanted.length).every((byte) => byte === 0xee));
  const { guest: again } = loadStream(into.subarray(0, wanted.length));
  assertBytes(again.ram(again.largestBlock()), guest.ram(guest.largestBlock()), 'the RAM');
});

test('a save into an array that is too small says so', async () => {
  const guest = guestOf(2 * MIB);
  await failure('into-too-small', () =>
    saveToMemory(guest, { policy: unlimited, into: new Uint8Array(2 * MIB) }),
  );
});

/** Ranges of a staging buffer of 64 KiB that come to so many bytes: whole ones, and odd ones between. */
function* offers(bytes: number): Generator<readonly [start: number, end: number]> {
  const sizes = [64 * KIB, 1, 40_961, 64 * KIB, 64 * KIB];
  for (let done = 0, i = 0; done < bytes; i++) {
    const size = Math.min(sizes[i % sizes.length] ?? 1, bytes - done);
    yield [64 * KIB - size, 64 * KIB];
    done += size;
  }
}

test.run();
