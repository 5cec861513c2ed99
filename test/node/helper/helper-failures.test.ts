import { fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PagepipeError } from '../../../src/errors.ts';
import { HelperSink } from '../../../src/node/helper/helper-sink.ts';
import { parseDestination } from '../../../src/node/output/destination.ts';
import { isAlive, pidOf, pour, processState, stop } from '../../support/children.ts';
import { failure, inFolder, noise, withVariable } from '../../support/folder.ts';
import { eventually, ticks } from '../../support/patience.ts';
import { testWith } from '../../support/requirements.ts';

const MIB = 2 ** 20;
const LONG_BYTES = 3 * MIB + 17;
const HELPER_FILE = fileURLToPath(new URL('../../../src/node/helper/helper-main.ts', import.meta.url));

function openHelper(path: string, options = { force: false, direct: false }): Promise<HelperSink> {
  const destination = parseDestination(path);
  if (destination.kind === 'command') throw new Error('a helper writes to no command');
  return HelperSink.open(destination, options);
}

/** Sends and finishes, and aborts when that fails, as `saveTo` does. */
async function save(sink: HelperSink, stream: Uint8Array): Promise<void> {
  try {
    await pour(sink, stream);
    await sink.finish(stream.length);
  } catch (cause) {
    await sink.abort();
    throw cause;
  }
}

function assertKilled(error: PagepipeError): void {
  assert.is(error.detail.how, 'was ended by SIGKILL');
}

test(
  'a helper that is killed while the pipe is full: said so, and no half file',
  inFolder(async (folder) => {
    const sink = await openHelper(join(folder, 'out'));
    await stop(pidOf(sink));
    const failed = failure('helper-ended', () => save(sink, noise(LONG_BYTES)));
    await ticks();
    process.kill(pidOf(sink), 'SIGKILL');
    const error = await failed;
    assertKilled(error);
    // what went into the pipe: all of it, and no more
    assert.is(error.detail.bytes, 65_536);
    assert.equal(readdirSync(folder), []);
  }),
);

test(
  'a helper that is killed before the first byte',
  inFolder(async (folder) => {
    const sink = await openHelper(join(folder, 'out'));
    process.kill(pidOf(sink), 'SIGKILL');
    // not only ended: until all its threads are gone too, it holds the pipe open
    await eventually('the helper is gone', () => processState(pidOf(sink)) === undefined);
    const error = await failure('helper-ended', () => save(sink, noise(10)));
    assertKilled(error);
    assert.is(error.detail.bytes, 0);
    assert.equal(readdirSync(folder), []);
  }),
);

test(
  'a helper that is killed when all is in the pipe and nothing on the disk',
  inFolder(async (folder) => {
    const sink = await openHelper(join(folder, 'out'));
    await stop(pidOf(sink));
    const failed = failure('helper-ended', () => save(sink, noise(1000)));
    await ticks();
    process.kill(pidOf(sink), 'SIGKILL');
    assertKilled(await failed);
    assert.equal(readdirSync(folder), []);
  }),
);

test(
  'a helper that is killed leaves the file as it was that was to be replaced',
  inFolder(async (folder) => {
    writeFileSync(join(folder, 'out'), 'old');
    const sink = await openHelper(join(folder, 'out'), { force: true, direct: false });
    process.kill(pidOf(sink), 'SIGKILL');
    await failure('helper-ended', () => save(sink, noise(LONG_BYTES)));
    assert.equal(readdirSync(folder), ['out']);
    assert.is(readFileSync(join(folder, 'out'), 'utf8'), 'old');
  }),
);

test(
  'a helper that ends before it has opened the output',
  inFolder(async (folder) => {
    const out = join(folder, 'out');
    mkdirSync(out);
    const early_end = join(folder, 'end.cjs');
    writeFileSync(early_end, 'process.exit(7)');
    const error = await withVariable('NODE_OPTIONS', `--require ${early_end}`, () =>
      failure('helper-ended', () => openHelper(join(out, 'guest.mig'))),
    );
    assert.is(error.detail.how, 'ended with status 7');
    assert.equal(readdirSync(out), []);
  }),
);

test(
  'a stream of another length than the helper wrote is no whole file',
  inFolder(async (folder) => {
    const sink = await openHelper(join(folder, 'out'));
    await pour(sink, noise(1000));
    const error = await failure('helper-short', () => sink.finish(1001));
    assert.equal([error.detail.written_bytes, error.detail.stream_bytes], [1000, 1001]);
    await sink.abort();
    assert.equal(readdirSync(folder), []);
  }),
);

test('a full disk is named, with the offset; by O_DIRECT too', async () => {
  for (const direct of [false, true]) {
    const sink = await openHelper('/dev/full', { force: false, direct });
    const error = await failure('disk-full', () => save(sink, noise(LONG_BYTES)));
    assert.equal([error.detail.path, error.detail.offset], ['/dev/full', 0]);
    assert.is(isAlive(pidOf(sink)), false);
  }
});

/** A file system of 2 MiB. */
function mountSmall(folder: string): boolean {
  mkdirSync(folder);
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder]).status === 0;
}

testWith(
  test,
  process.getuid?.() === 0 ? { path: 'mount' } : { missing: 'a small disk can be mounted by root only' },
  'a disk that fills up in the middle: the offset is where it was full, and nothing is left on it',
  inFolder(async (folder) => {
    const disk = join(folder, 'disk');
    if (!mountSmall(disk)) return void process.stdout.write('skipped: no tmpfs may be mounted here\n');
    try {
      const sink = await openHelper(join(disk, 'out'));
      const error = await failure('disk-full', () => save(sink, noise(LONG_BYTES)));
      assert.is(error.detail.offset, 2 * MIB);
      assert.equal(readdirSync(disk), []);
    } finally {
      spawnSync('umount', [disk]);
    }
  }),
);

testWith(
  test,
  process.getuid?.() === 0 ? { path: 'mount' } : { missing: 'a small disk can be mounted by root only' },
  'a helper whose disk is full when its save is gone removes the half file too',
  inFolder(async (folder) => {
    const disk = join(folder, 'disk');
    if (!mountSmall(disk)) return void process.stdout.write('skipped: no tmpfs may be mounted here\n');
    try {
      const part = join(disk, 'part');
      writeFileSync(part, '');
      const helper = fork(HELPER_FILE, [], { stdio: ['pipe', 'ignore', 'inherit', 'ipc'] });
      helper.send({ type: 'start', target: { path: part }, direct: false, is_part: true });
      await once(helper, 'message');
      helper.disconnect();
      helper.stdin?.on('error', () => undefined).end(noise(LONG_BYTES));
      assert.equal(await once(helper, 'exit'), [1, null]);
      assert.equal(readdirSync(disk), []);
    } finally {
      spawnSync('umount', [disk]);
    }
  }),
);

test(
  'an output that cannot be opened is refused, in the words of the system',
  inFolder(async (folder) => {
    const path = join(folder, 'socket');
    const server = createServer().listen(path);
    await once(server, 'listening');
    const error = await failure('output-refused', () => openHelper(path));
    assert.match(error.message, /no such device or address/);
    server.close();
  }),
);

test(
  'an output that exists starts no helper and makes no FIFO',
  inFolder(async (folder) => {
    const path = join(folder, 'out');
    writeFileSync(path, 'old');
    // a FIFO could not be made with this
    await withVariable('PATH', folder, () => failure('output-exists', () => openHelper(path)));
    assert.equal(readdirSync(folder), ['out']);
  }),
);

test(
  'without a FIFO the part file is gone too',
  inFolder(async (folder) => {
    await withVariable('PATH', folder, () => failure('no-fifo', () => openHelper(join(folder, 'out'))));
    assert.equal(readdirSync(folder), []);
  }),
);

for (const state of ['waits', 'stands still'] as const) {
  test(
    `an abort ends a helper that ${state}, and leaves nothing`,
    inFolder(async (folder) => {
      const sink = await openHelper(join(folder, 'out'));
      await pour(sink, noise(10));
      if (state === 'stands still') await stop(pidOf(sink));
      await sink.abort();
      assert.is(isAlive(pidOf(sink)), false);
      assert.equal(readdirSync(folder), []);
      // saveTo may abort after a finish that failed: once more does no harm
      await sink.abort();
    }),
  );
}

/** A save in a process of its own, which says its helper's process id and then waits for its end. */
const SAVE_AND_WAIT = `
  const { HelperSink } = await import(process.env.TEST_SINK);
  const destination = { kind: 'file', path: process.env.TEST_PATH };
  const sink = await HelperSink.open(destination, { force: false, direct: false });
  const staging = new Uint8Array(100000);
  const channel = sink.openChannel(staging);
  channel.offer(0, 1000);
  process.stdout.write(sink.pid + '\\n');
  setInterval(() => undefined, 1000);
`;

test(
  'a save that is killed: its helper ends by itself and removes the half file',
  inFolder(async (folder) => {
    const script = join(folder, 'save.mjs');
    const out = join(folder, 'out');
    writeFileSync(script, SAVE_AND_WAIT);
    mkdirSync(out);
    const parent = spawn(process.execPath, [...process.execArgv, script], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        TEST_SINK: new URL('../../../src/node/helper/helper-sink.ts', import.meta.url).href,
        TEST_PATH: join(out, 'guest.mig'),
      },
    });
    const [line] = await once(parent.stdout.setEncoding('utf8'), 'data');
    const helper_pid = Number(line);
    assert.ok(isAlive(helper_pid));
    assert.is(readdirSync(out).length, 1);
    parent.kill('SIGKILL');
    await eventually('the helper is gone', () => !isAlive(helper_pid));
    assert.equal(readdirSync(out), []);
  }),
);

test.run();
