import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseDestination } from '../../../src/node/output/destination.ts';
import { makeFifo } from '../../../src/node/output/fifo.ts';
import { FileSink } from '../../../src/node/output/file-sink.ts';
import type { SinkOptions } from '../../../src/node/output/sink.ts';
import { pour, startPouring } from '../../support/children.ts';
import { assertFile, failure, inFolder, noise } from '../../support/folder.ts';
import { eventually } from '../../support/patience.ts';

const MIB = 2 ** 20;
const TOTALS = [0, 1, 511, 512, 4095, 4096, 4097, MIB - 1, MIB, MIB + 1, 3 * MIB + 17];

function openFile(path: string, options: Partial<SinkOptions> = {}): Promise<FileSink> {
  const destination = parseDestination(path);
  if (destination.kind === 'command') throw new Error('a file sink writes to no command');
  return FileSink.open(destination, { force: false, direct: false, ...options });
}

for (const direct of [false, true]) {
  test(
    `${direct ? 'by O_DIRECT' : 'buffered'}: every total is written to the byte, in pieces of any size`,
    inFolder(async (folder) => {
      for (const total of TOTALS) {
        for (const piece_bytes of [MIB, 100_001]) {
          const path = join(folder, `${total}-${piece_bytes}`);
          const sink = await openFile(path, { direct });
          const channel = await pour(sink, noise(total), piece_bytes);
          const report = await sink.finish(total);
          assertFile(path, noise(total));
          assert.equal([channel.eagain, channel.short_writes], [0, 0]);
          assert.is(report.disk?.writes, report.is_direct ? Math.ceil(total / MIB) : undefined);
        }
      }
      assert.is(readdirSync(folder).length, TOTALS.length * 2);
    }),
  );
}

test('where O_DIRECT is refused it is written without, and the report says why', async () => {
  const sink = await openFile('/dev/null', { direct: true });
  await pour(sink, noise(5000));
  const report = await sink.finish(5000);
  assert.is(report.is_direct, false);
  assert.match(report.direct_refusal ?? '', /does not know O_DIRECT/);
});

test(
  'an abort leaves nothing, and may come twice',
  inFolder(async (folder) => {
    for (const direct of [false, true]) {
      const sink = await openFile(join(folder, 'out'), { direct });
      await pour(sink, noise(MIB + 5));
      await sink.abort();
      await sink.abort();
      assert.equal(readdirSync(folder), []);
    }
  }),
);

test(
  'a file that exists, a missing folder',
  inFolder(async (folder) => {
    const path = join(folder, 'out');
    writeFileSync(path, 'old');
    await failure('output-exists', () => openFile(path));
    await failure('output-folder-missing', () => openFile(join(folder, 'no', 'out')));
    assert.is(readFileSync(path, 'utf8'), 'old');
    assert.equal(readdirSync(folder), ['out']);
  }),
);

test(
  'what cannot be opened is refused, and no part file is left',
  inFolder(async (folder) => {
    const path = join(folder, 'socket');
    const server = createServer().listen(path);
    await once(server, 'listening');
    const error = await failure('output-refused', () => openFile(path));
    assert.match(error.message, /no such device or address/);
    server.close();
  }),
);

test('a full disk is named', async () => {
  const sink = await openFile('/dev/full');
  const error = await failure('disk-full', () => pour(sink, noise(5000)));
  assert.equal([error.detail.path, error.detail.offset], ['/dev/full', 0]);
  await sink.abort();
});

test(
  'a descriptor of ours is written and then closed; nothing is renamed',
  inFolder(async (folder) => {
    const path = join(folder, 'out');
    const fd = openSync(path, 'w');
    const sink = await openFile(`/dev/fd/${fd}`);
    await pour(sink, noise(70_000));
    await sink.finish(70_000);
    assertFile(path, noise(70_000));
    assert.throws(() => fstatSync(fd), /EBADF/);
    assert.equal(readdirSync(folder), ['out']);
  }),
);

test(
  'a FIFO is written in place, to whoever reads it',
  inFolder(async (folder) => {
    const fifo = join(folder, 'fifo');
    const copy = join(folder, 'copy');
    spawnSync('mkfifo', [fifo]);
    const reader = spawn('/bin/sh', ['-c', 'exec cat "$1" > "$2"', 'sh', fifo, copy], { stdio: 'ignore' });
    const sink = await openFile(fifo);
    await pour(sink, noise(3 * MIB));
    await sink.finish(3 * MIB);
    await once(reader, 'exit');
    assertFile(copy, noise(3 * MIB));
    assert.equal(readdirSync(folder).sort(), ['copy', 'fifo']);
  }),
);

test(
  'a non-blocking descriptor says EAGAIN, is waited for, and is closed at the end',
  inFolder(async (folder) => {
    const { write_fd, read_fd } = makeFifo();
    const copy = join(folder, 'copy');
    const sink = await openFile(`/dev/fd/${write_fd}`);
    const { channel, poured } = startPouring(sink, noise(3 * MIB));
    await eventually('EAGAIN', () => channel.eagain >= 1);
    const reader = spawn('/bin/sh', ['-c', 'exec cat > "$1"', 'sh', copy], {
      stdio: [read_fd, 'ignore', 'ignore'],
    });
    closeSync(read_fd);
    await poured;
    await sink.finish(3 * MIB);
    // the reader ends only when the descriptor is closed
    await once(reader, 'exit');
    assertFile(copy, noise(3 * MIB));
  }),
);

test(
  'a reader of a FIFO that goes early is an error, not a signal',
  inFolder(async (folder) => {
    const fifo = join(folder, 'fifo');
    spawnSync('mkfifo', [fifo]);
    // opened to read as well, or the sink's blocking open would wait for ever
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const sink = await openFile(fifo);
    closeSync(reader);
    const error = await failure('reader-closed', () => pour(sink, noise(10)));
    assert.is(error.detail.path, fifo);
    await sink.abort();
    await eventually('the descriptor is closed', () => !openPaths().includes(fifo));
  }),
);

/** What this process has open, by name. */
function openPaths(): string[] {
  const listing = spawnSync('readlink', [
    '-e',
    ...readdirSync('/proc/self/fd').map((fd) => `/proc/${process.pid}/fd/${fd}`),
  ]);
  return listing.stdout.toString().split('\n');
}

test.run();
