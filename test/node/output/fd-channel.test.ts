import { once } from 'node:events';
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fail } from '../../../src/errors.ts';
import { FdChannel } from '../../../src/node/output/fd-channel.ts';
import { type Fifo, makeFifo } from '../../../src/node/output/fifo.ts';
import { offerAll } from '../../support/children.ts';
import { assertBytes, assertFile, failure, inFolder, noise } from '../../support/folder.ts';
import { inTime, LAST_RESORT_MS, ticks } from '../../support/patience.ts';

/** What a pipe holds when it is filled by one write (pipe(7)). */
const PIPE_BYTES = 65_536;

/** Both ends in this process: a read of what is known to be in the pipe does not block. */
interface Rig {
  readonly fifo: Fifo;
  readonly staging: Uint8Array<ArrayBuffer>;
  readonly channel: FdChannel;
  read(bytes: number): Uint8Array;
  closeReader(): void;
}

/** Wraps a test: it gets a channel on a real FIFO, whose ends are closed whatever happens. */
function onFifo(staging: Uint8Array<ArrayBuffer>, run: (rig: Rig) => Promise<void> | void) {
  return async () => {
    const fifo = makeFifo();
    const channel = new FdChannel(fifo.write_fd, staging, { path: 'the pipe' });
    let has_reader = true;
    const closeReader = () => {
      if (has_reader) closeSync(fifo.read_fd);
      has_reader = false;
    };
    try {
      await run({ fifo, staging, channel, read: (bytes) => readFrom(fifo.read_fd, bytes), closeReader });
    } finally {
      closeReader();
      if (channel.socket === undefined) closeSync(fifo.write_fd);
      else channel.socket.destroy();
    }
  };
}

function readFrom(fd: number, bytes: number): Uint8Array {
  const read = new Uint8Array(bytes);
  let fill = 0;
  while (fill < bytes) fill += readSync(fd, read, fill, bytes - fill, null);
  return read;
}

/** Sends pieces one after the other, and reads whatever is in the pipe each time that it is full. */
async function sendPieces(rig: Rig, pieces: readonly Uint8Array[]): Promise<Uint8Array> {
  const read: Uint8Array[] = [];
  let read_bytes = 0;
  const drain = () => {
    const bytes = rig.channel.written_bytes - read_bytes;
    if (bytes > 0) read.push(rig.read(bytes));
    read_bytes += bytes;
  };
  for (const piece of pieces) {
    rig.staging.set(piece);
    for (let at = 0; at < piece.length; ) {
      at += rig.channel.offer(at, piece.length);
      if (rig.channel.is_ready) continue;
      drain();
      await rig.channel.whenReady();
    }
  }
  drain();
  return Buffer.concat(read);
}

test(
  'a full pipe: the short write and the EAGAIN after it are counted, once each',
  onFifo(noise(PIPE_BYTES * 2), ({ channel, staging, read }) => {
    assert.is(channel.offer(0, staging.length), PIPE_BYTES);
    assert.is(channel.is_ready, false);
    assert.is(channel.short_writes, 1);
    assert.is(channel.eagain, 1);
    assert.is(channel.written_bytes, PIPE_BYTES);
    assertBytes(read(PIPE_BYTES), staging.subarray(0, PIPE_BYTES));
  }),
);

test(
  'a pipe that is just filled says nothing yet; the next offer finds EAGAIN and no short write',
  onFifo(noise(PIPE_BYTES + 1), ({ channel }) => {
    assert.is(channel.offer(0, PIPE_BYTES), PIPE_BYTES);
    assert.is(channel.is_ready, true);
    assert.is(channel.offer(PIPE_BYTES, PIPE_BYTES + 1), 0);
    assert.is(channel.is_ready, false);
    assert.equal([channel.eagain, channel.short_writes], [1, 0]);
  }),
);

test(
  'while nobody reads, the wait goes on and the event loop with it',
  onFifo(noise(PIPE_BYTES * 2), async ({ channel, staging, read }) => {
    const taken = channel.offer(0, staging.length);
    let is_over = false;
    const ready = channel.whenReady().then(() => {
      is_over = true;
    });
    await ticks();
    assert.is(is_over, false, 'the wait ended with a full pipe');
    read(4096 * 2);
    await ready;
    assert.is(channel.is_ready, true);
    assert.is(channel.eagain, 1, 'a wait is no try');
    assert.is(channel.written_bytes, taken + 4096, 'the piece that the wait wrote');
  }),
);

test(
  'what the wait wrote counts as taken when the same bytes are offered again',
  onFifo(noise(PIPE_BYTES * 2), async (rig) => {
    const sent = await sendPieces(rig, [noise(PIPE_BYTES * 2)]);
    assertBytes(sent, noise(PIPE_BYTES * 2));
  }),
);

test('pieces of any size arrive whole and in order', async () => {
  const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 200_000 }), fc.constantFrom(4095, 4096, 4097)), {
    minLength: 1,
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(sizes, async (list) => {
      const pieces = list.map((bytes, i) => noise(bytes, i + 1));
      const run = onFifo(new Uint8Array(200_000), async (rig) => {
        assertBytes(await sendPieces(rig, pieces), Buffer.concat(pieces));
        assert.is(rig.channel.written_bytes, Buffer.concat(pieces).length);
      });
      await run();
    }),
    { numRuns: 20 },
  );
});

test(
  'a pipe that fills again and again counts every EAGAIN',
  onFifo(new Uint8Array(PIPE_BYTES), async (rig) => {
    const pieces = Array.from({ length: 20 }, (_, i) => noise(PIPE_BYTES, i));
    assertBytes(await sendPieces(rig, pieces), Buffer.concat(pieces));
    assert.ok(rig.channel.eagain >= 10, `${rig.channel.eagain} EAGAINs`);
  }),
);

test(
  'a reader that is gone before the first write is an error of the wait, not of the offer',
  onFifo(noise(100), async ({ channel, closeReader }) => {
    closeReader();
    assert.is(channel.offer(0, 100), 0);
    assert.is(channel.is_ready, false);
    assert.is(channel.eagain, 0);
    const error = await failure('reader-closed', () => channel.whenReady());
    assert.equal(error.detail, { path: 'the pipe', offset: 0 });
    // asked once more it is still so
    await failure('reader-closed', () => channel.whenReady());
  }),
);

test(
  'a reader that goes while the channel waits ends the wait',
  onFifo(noise(PIPE_BYTES * 2), async ({ channel, staging, closeReader }) => {
    channel.offer(0, staging.length);
    const refused = failure('reader-closed', () => channel.whenReady());
    await ticks();
    closeReader();
    assert.is((await refused).detail.offset, PIPE_BYTES);
    // the socket's own error event comes a turn later: unheard, it would end the process
    const { socket } = channel;
    assert.ok(socket);
    if (!socket.closed) await once(socket, 'close');
  }),
);

test(
  'a channel that is abandoned touches the number of its descriptor no more',
  onFifo(noise(PIPE_BYTES * 2), async ({ fifo, staging, read }) => {
    // it would try for as long as the test lasts
    const channel = new FdChannel(fifo.write_fd, staging, { path: 'the pipe', try_ms: LAST_RESORT_MS });
    channel.offer(0, staging.length);
    const waiting = failure('interrupted', () => channel.whenReady());
    await ticks(3);
    channel.abandon();
    read(PIPE_BYTES);
    await inTime('the wait', waiting);
    assert.is(channel.written_bytes, PIPE_BYTES);
    assert.is(channel.socket, undefined);
  }),
);

test('whoever knows why the reader is gone is asked', async () => {
  const fifo = makeFifo();
  const why = fail('helper-ended', { how: 'was tired', bytes: 0 });
  const channel = new FdChannel(fifo.write_fd, noise(10), {
    path: 'the pipe',
    whyBroken: () => Promise.resolve(why),
  });
  closeSync(fifo.read_fd);
  channel.offer(0, 10);
  assert.is(await failure('helper-ended', () => channel.whenReady()), why);
  closeSync(fifo.write_fd);
});

test(
  'block: returns when there is room again, with some of the rest written',
  onFifo(noise(PIPE_BYTES + 4096), ({ channel, staging, read }) => {
    const taken = channel.offer(0, staging.length);
    const first = read(4096);
    channel.block();
    assert.is(channel.is_ready, true);
    assert.is(channel.written_bytes, staging.length);
    assert.is(taken + channel.offer(taken, staging.length), staging.length);
    assertBytes(Buffer.concat([first, read(PIPE_BYTES)]), staging);
  }),
);

test(
  'block: a reader that is gone ends it',
  onFifo(noise(PIPE_BYTES * 2), async ({ channel, staging, closeReader }) => {
    channel.offer(0, staging.length);
    closeReader();
    await failure('reader-closed', () => channel.block());
  }),
);

test(
  'a plain file takes everything and never says EAGAIN',
  inFolder(async (folder) => {
    const path = join(folder, 'out');
    const bytes = noise(3_000_017);
    const fd = openSync(path, 'w');
    const channel = new FdChannel(fd, bytes, { path });
    await offerAll(channel, bytes.length);
    closeSync(fd);
    assertFile(path, bytes);
    assert.equal([channel.eagain, channel.short_writes], [0, 0]);
  }),
);

test('a full disk is named, with the offset', async () => {
  const fd = openSync('/dev/full', 'w');
  const channel = new FdChannel(fd, noise(10), { path: 'guest.mig' });
  const error = await failure('disk-full', () => channel.offer(0, 10));
  assert.equal([error.detail.path, error.detail.offset], ['guest.mig', 0]);
  closeSync(fd);
});

test.run();
