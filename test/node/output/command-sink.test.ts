import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CommandSink } from '../../../src/node/output/command-sink.ts';
import type { Sink } from '../../../src/node/output/sink.ts';
import { isAlive, onlyOpen, openDescriptors, pour, startPouring, stop } from '../../support/children.ts';
import { assertFile, failure, inFolder, noise, withVariable } from '../../support/folder.ts';
import { eventually, inTime, LAST_RESORT_MS, ticks } from '../../support/patience.ts';

const MIB = 2 ** 20;
const LONG_BYTES = 3 * MIB + 17;

/** Sends and finishes, and aborts when that fails, as `saveTo` does. */
async function save(command: string, stream: Uint8Array, grace_ms?: number): Promise<void> {
  const sink: Sink = new CommandSink(command, grace_ms);
  try {
    await pour(sink, stream);
    await sink.finish(stream.length);
  } catch (cause) {
    await sink.abort();
    throw cause;
  }
}

/** A path in single quotes, for the shell. */
function quoted(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`;
}

test(
  'cat > file: the file is the stream, however long',
  inFolder(async (folder) => {
    for (const total of [0, 1, 4096, 65_536, 65_537, LONG_BYTES]) {
      const path = join(folder, `it's ${total} bytes`);
      await save(`cat > ${quoted(path)}`, noise(total));
      assertFile(path, noise(total));
    }
  }),
);

test(
  'a whole pipeline of the shell is waited for, not only its first part',
  inFolder(async (folder) => {
    const path = join(folder, 'out');
    await save(`cat | (cat; sleep 0.1) > ${quoted(path)}`, noise(LONG_BYTES));
    assertFile(path, noise(LONG_BYTES));
  }),
);

test(
  'a slow command makes the pipe full: EAGAIN is counted, and every byte arrives',
  inFolder(async (folder) => {
    const path = join(folder, 'out');
    const go = join(folder, 'go');
    const wait = `while [ ! -e ${quoted(go)} ]; do sleep 0.01; done`;
    const sink: Sink = new CommandSink(`${wait}; cat > ${quoted(path)}`);
    const { channel, poured } = startPouring(sink, noise(LONG_BYTES));
    await eventually('EAGAIN', () => channel.eagain >= 1);
    await ticks();
    writeFileSync(go, '');
    await poured;
    const report = await sink.finish(LONG_BYTES);
    assert.ok(report.sync_ms >= 0);
    assert.is(report.is_direct, undefined);
    assertFile(path, noise(LONG_BYTES));
  }),
);

test('a command that fails after it has read everything', async () => {
  const error = await failure('command-failed', () => save('cat > /dev/null; exit 3', noise(LONG_BYTES)));
  assert.is(error.detail.how, 'ended with status 3');
  assert.is(error.detail.command, 'cat > /dev/null; exit 3');
});

test('a command that is not found', async () => {
  const error = await failure('command-failed', () =>
    save('/nowhere/at/all 2> /dev/null', noise(LONG_BYTES)),
  );
  assert.is(error.detail.how, 'ended with status 127');
});

test('a command that fails early', async () => {
  const error = await failure('command-failed', () =>
    save('head -c 1000 > /dev/null; exit 5', noise(LONG_BYTES)),
  );
  assert.is(error.detail.how, 'ended with status 5');
});

test('a command that a signal ends', async () => {
  const error = await failure('command-failed', () => save('kill -TERM $$', noise(LONG_BYTES)));
  assert.is(error.detail.how, 'was ended by SIGTERM');
});

test('a command that is content with a part of the stream has not stored it', async () => {
  const error = await failure('command-closed', () => save('head -c 1000 > /dev/null', noise(LONG_BYTES)));
  const bytes = Number(error.detail.bytes);
  assert.ok(bytes >= 1000 && bytes < LONG_BYTES, `${bytes}`);
});

test('a command that closes its input and ends a little later', async () => {
  await failure('command-closed', () => save('exec 0< /dev/null; sleep 0.1', noise(LONG_BYTES)));
});

test(
  'an abort ends the shell and all that it started, stopped or not',
  inFolder(async (folder) => {
    const path = join(folder, 'pids');
    const sink = new CommandSink(`sleep 100 & sleep 100 & echo $$ $! > ${quoted(path)}; wait`);
    await pour(sink, noise(10));
    const pids = () => readFileSync(path, 'utf8').trim().split(' ').map(Number);
    await eventually('the command runs', () => readdirSync(folder).length === 1 && pids().length === 2);
    const [shell = 0, sleeper = 0] = pids();
    assert.ok(isAlive(shell) && isAlive(sleeper));
    await stop(shell);
    await sink.abort();
    assert.is(isAlive(shell), false);
    await eventually('what it started is gone', () => !isAlive(sleeper));
    await sink.abort();
  }),
);

test('an abort after the command has ended is no error', async () => {
  const sink: Sink = new CommandSink('cat > /dev/null');
  await pour(sink, noise(10));
  await sink.finish(10);
  await sink.abort();
});

test(
  'the command holds nothing of ours but the pipe: when it ends nothing is open',
  inFolder(async (folder) => {
    const open_before = openDescriptors();
    await withVariable('TMPDIR', folder, () => save('cat > /dev/null', noise(LONG_BYTES)));
    await onlyOpen(open_before);
    assert.equal(readdirSync(folder), []);
  }),
);

test(
  'without mkfifo no command is started',
  inFolder(async (folder) => {
    const proof = join(folder, 'started');
    await withVariable('PATH', folder, () =>
      failure('no-fifo', () => new CommandSink(`: > ${quoted(proof)}`)),
    );
    assert.equal(readdirSync(folder), []);
  }),
);

test(
  'a command that closes its input and goes on is ended after a short time, with all that it started',
  inFolder(async (folder) => {
    const path = join(folder, 'pids');
    // its processes are there before it closes its input, so that none is ended before it has told
    const command = `sleep 100000 & echo $$ $! > ${quoted(path)}; exec 0< /dev/null; wait`;
    await failure('command-closed', () => inTime('a command', save(command, noise(LONG_BYTES))));
    const pids = readFileSync(path, 'utf8').trim().split(' ').map(Number);
    assert.is(pids.length, 2);
    await eventually('both are gone', () => !pids.some(isAlive));
  }),
);

test('a command that closes its input and says a little later why is heard', async () => {
  const error = await failure('command-failed', () =>
    save('exec 0< /dev/null; sleep 0.1; exit 9', noise(LONG_BYTES), LAST_RESORT_MS),
  );
  assert.is(error.detail.how, 'ended with status 9');
});

test.run();
