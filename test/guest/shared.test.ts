/** One guest in several threads: the same RAM and bitmaps, counters of its own in each, and ranges that no two have. */
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Arena, MEMORY_BYTES_MAX } from '../../src/core/arena.ts';
import { Guest } from '../../src/guest/guest.ts';
import { fillContent } from '../../src/guest/synthetic/content.ts';
import { parseWorkload } from '../../src/guest/synthetic/workload.ts';
import { loadStream } from '../../src/load/load.ts';
import { readGuest } from '../../src/node/input/input.ts';
import { saveTo } from '../../src/node/output/save-to.ts';
import { unlimited } from '../../src/policy/unlimited.ts';
import { type Saved, saveToMemory } from '../../src/save/save-to-memory.ts';
import { assertBytes, failure, inFolder } from '../support/folder.ts';
import { threadUrl } from '../support/thread-url.ts';
import type { SharedJob } from './shared-worker.ts';

const MIB = 2 ** 20;
const WORKER = new URL('./shared-worker.ts', import.meta.url);

function sharedGuest(...bytes: readonly number[]): Guest {
  return new Guest(
    bytes.map((size, i) => ({ name: `block ${i}`, bytes: size })),
    { shared: true },
  );
}

async function inWorker(job: SharedJob): Promise<readonly number[]> {
  const worker = new Worker(threadUrl(WORKER), { workerData: job });
  try {
    const [addresses]: readonly number[][] = await once(worker, 'message');
    return addresses ?? [];
  } finally {
    await worker.terminate();
  }
}

/** A job for so many threads. */
function jobOf(guest: Guest, threads = 1): SharedJob {
  const gate = guest.arena.alloc(4);
  return { guest: guest.share(), gate, threads, allocs: 0, alloc_bytes: 0, byte: 0x5a, pages: [] };
}

test('what another thread writes and logs is seen here, by the next dirty sync', async () => {
  const guest = sharedGuest(MIB, 4096);
  const [block] = guest.blocks;
  assert.ok(block);
  await inWorker({ ...jobOf(guest), pages: [0, 7, 63, 64, 255] });
  assert.is(guest.dirty_pages, 0);
  assert.is(guest.syncDirty(), 5);
  assert.is(guest.dirty_pages, 5);
  assert.ok(guest.pages(block, 64, 1).every((byte) => byte === 0x5a));
  assert.ok(guest.isZero(block, 65));
});

test('threads that allocate at once are given ranges of their own, also while the memory grows', async () => {
  const guest = sharedGuest(4096);
  const job = { ...jobOf(guest, 2), allocs: 5000, alloc_bytes: 1000 };
  const bytes = [0x11, 0x22];
  const given = await Promise.all(bytes.map((byte) => inWorker({ ...job, byte })));
  assert.is(new Set(given.flat()).size, 10_000);
  given.forEach((addresses, i) => {
    for (const address of addresses) {
      const range = guest.arena.bytes(address, 1000);
      // the pages of the guest would show it too
      assert.ok(
        range.every((byte) => byte === bytes[i]),
        `a range of thread ${i} at ${address}`,
      );
    }
  });
  assert.ok(guest.isZero(guest.largestBlock(), 0));
});

test('an attached guest has blocks and RAM of the first, and counters of its own', async () => {
  const guest = sharedGuest(3 * MIB, MIB);
  const attached = Guest.attach(guest.share());
  assert.equal(
    attached.blocks.map(({ name, bytes, host, dirty, log }) => ({ name, bytes, host, dirty, log })),
    guest.blocks.map(({ name, bytes, host, dirty, log }) => ({ name, bytes, host, dirty, log })),
  );
  fillContent(guest.ram(guest.largestBlock()), parseWorkload('idle'), 3);
  const saved = await saveToMemory(attached, { policy: unlimited });
  assert.is(attached.kinds(attached.largestBlock()).normal, saved.counters.stats(0, 0).normal);
  assert.is(guest.kinds(guest.largestBlock()).normal, 0);
  assert.ok(Buffer.from(guest.ram(guest.largestBlock())).equals(ramOf(saved)));
});

test('a guest of two memories is attached to as a whole', () => {
  const guest = sharedGuest(MEMORY_BYTES_MAX + 64 * 4096);
  const attached = Guest.attach(guest.share());
  assert.is(attached.banks.length, 2);
  const [block] = guest.blocks;
  const [other] = attached.blocks;
  assert.ok(block && other);
  guest.pages(block, block.pages - 1, 1).fill(9);
  attached.logWrite(other, other.pages - 1);
  assert.is(guest.syncDirty(), 1);
  assert.is(attached.pages(other, other.pages - 1, 1)[4095], 9);
});

test('a guest that is not shared cannot be given to another thread, and says what to do', async () => {
  const guest = new Guest([{ name: 'ram', bytes: 4096 }], new Arena());
  assert.is(guest.is_shared, false);
  const error = await failure('guest-not-shared', () => guest.share());
  assert.match(error.message, /shared: true/);
});

function ramOf({ stream }: Pick<Saved, 'stream'>, shared = false): Buffer {
  const { guest } = loadStream(stream, { shared });
  return Buffer.from(guest.ram(guest.largestBlock()).slice());
}

test('the stream of a shared guest is that of one that is not, to the byte, and loads as either', async () => {
  const [plain, shared] = [false, true].map((is_shared) => {
    const guest = new Guest([{ name: 'ram', bytes: 8 * MIB }], { shared: is_shared });
    fillContent(guest.ram(guest.largestBlock()), parseWorkload('idle'), 7);
    return guest;
  });
  assert.ok(plain && shared);
  const of_plain = await saveToMemory(plain, { policy: unlimited });
  const of_shared = await saveToMemory(shared, { policy: unlimited });
  assertBytes(of_shared.stream, of_plain.stream, 'the stream');
  const ram = Buffer.from(plain.ram(plain.largestBlock()));
  assert.ok(ramOf(of_shared).equals(ram));
  assert.ok(ramOf(of_shared, true).equals(ram));
});

test(
  'images, streams and mapped-ram files are written from shared memory and read into it',
  inFolder(async (folder) => {
    const guest = sharedGuest(8 * MIB);
    fillContent(guest.ram(guest.largestBlock()), parseWorkload('idle'), 7);
    const ram = Buffer.from(guest.ram(guest.largestBlock()));
    for (const via of ['file', 'pipe'] as const) {
      for (const direct of [false, true]) {
        for (const form of ['stream', 'mapped-ram'] as const) {
          const path = join(folder, `${via} ${direct} ${form}`);
          const policy = unlimited;
          await saveTo(guest, path, { via, direct, form, force: false, policy });
          const read = await readGuest(path, { shared: true });
          assert.ok(read.guest.is_shared);
          assertBytes(read.guest.ram(read.guest.largestBlock()), ram, path);
        }
      }
    }
  }),
);

test.run();
