import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseDestination } from '../../../src/node/output/destination.ts';
import type { DiskTimes } from '../../../src/node/output/disk-writer.ts';
import { isAlive, onlyOpen, openDescriptors, pidOf, pour, stop } from '../../support/children.ts';
import { assertFile, inFolder, noise, withVariable } from '../../support/folder.ts';
import { ticks } from '../../support/patience.ts';

// as it is built: a helper in TypeScript takes three times as long to start
const { HelperSink }: typeof import('../../../src/node/helper/helper-sink.ts') = await import(
  new URL('../../../dist/node/helper/helper-sink.js', import.meta.url).href
);
type HelperSink = import('../../../src/node/helper/helper-sink.ts').HelperSink;

const MIB = 2 ** 20;
const TOTALS = [0, 1, 511, 512, 4095, 4096, 4097, MIB - 1, MIB, MIB + 1, 3 * MIB + 17];
/** More than a pipe and a helper's first block hold together. */
const LONG_BYTES = 3 * MIB + 17;
const BUFFERED = { force: false, direct: false };

function openHelper(path: string, options = BUFFERED): Promise<HelperSink> {
  const destination = parseDestination(path);
  if (destination.kind === 'command') throw new Error('a helper writes to no command');
  return HelperSink.open(destination, options);
}

/** Saves `total` bytes through a helper, and looks at all that it reports. */
async function savesTotal(folder: string, total: number, direct: boolean): Promise<void> {
  const path = join(folder, `${total}`);
  const stream = noise(total, total);
  const sink = await openHelper(path, { force: false, direct });
  await pour(sink, stream, 100_000);
  const { disk, ...report } = await sink.finish(total);
  assertFile(path, stream);
  assert.is(isAlive(pidOf(sink)), false, 'the helper is still there');
  assert.ok(report.sync_ms >= 0);
  assert.is(report.is_direct ?? false, direct && report.direct_refusal === undefined);
  if (disk === undefined) throw new Error('the helper did not report its writes');
  assertTimes(disk, total);
}

/** The helper writes whole blocks, however the pieces came, and times each write. */
function assertTimes(disk: DiskTimes, total: number): void {
  assert.is(disk.writes, Math.ceil(total / MIB));
  assert.is(
    disk.log2_us.reduce((sum, row) => sum + row.count, 0),
    disk.writes,
  );
  assert.is(disk.sum_ms > 0, total > 0);
  assert.ok(disk.max_ms <= disk.sum_ms);
}

/** Runs for all totals, two at a time: a helper takes its while to start. */
async function forAllTotals(run: (total: number) => Promise<void>): Promise<void> {
  const left = [...TOTALS];
  const work = async () => {
    for (let total = left.shift(); total !== undefined; total = left.shift()) await run(total);
  };
  await Promise.all([work(), work()]);
}

for (const direct of [false, true]) {
  test(
    `${direct ? 'by O_DIRECT' : 'buffered'}: every total arrives to the byte, and the writes are reported`,
    inFolder(async (folder) => {
      await forAllTotals((total) => savesTotal(folder, total, direct));
      assert.is(readdirSync(folder).length, TOTALS.length, 'something was left behind');
    }),
  );
}

test('where O_DIRECT is refused the report says why, and that it was not used', async () => {
  const sink = await openHelper('/dev/null', { force: false, direct: true });
  await pour(sink, noise(MIB + 1));
  const report = await sink.finish(MIB + 1);
  assert.is(report.is_direct, false);
  assert.match(report.direct_refusal ?? '', /does not know O_DIRECT/);
});

test(
  'no descriptor, no FIFO and no process is left of a save',
  inFolder(async (folder) => {
    const open_before = openDescriptors();
    await withVariable('TMPDIR', folder, async () => {
      const sink = await openHelper(join(folder, 'out'));
      await pour(sink, noise(LONG_BYTES));
      await sink.finish(LONG_BYTES);
      assert.is(isAlive(pidOf(sink)), false);
    });
    await onlyOpen(open_before);
    assert.equal(
      readdirSync(folder).filter((name) => name.startsWith('pagepipe-')),
      [],
    );
  }),
);

test(
  'until it is whole the file has another name',
  inFolder(async (folder) => {
    const sink = await openHelper(join(folder, 'out'));
    await pour(sink, noise(1000));
    const [part, ...others] = readdirSync(folder);
    assert.match(part ?? '', /^\.pagepipe-[0-9a-f]+\.part$/);
    assert.equal(others, []);
    await sink.finish(1000);
    assert.equal(readdirSync(folder), ['out']);
  }),
);

test(
  'an open descriptor is handed on, and written from where it stands',
  inFolder(async (folder) => {
    const path = join(folder, 'descriptor');
    const fd = openSync(path, 'w');
    const sink = await openHelper(`/dev/fd/${fd}`);
    await pour(sink, noise(70_000));
    await sink.finish(70_000);
    closeSync(fd);
    assertFile(path, noise(70_000));
  }),
);

test(
  'a helper that stands still is waited for: the event loop lives, and then the file is whole',
  inFolder(async (folder) => {
    const path = join(folder, 'out');
    const stream = noise(LONG_BYTES);
    const sink = await openHelper(path);
    await stop(pidOf(sink));
    let is_sent = false;
    const sent = pour(sink, stream).then((channel) => {
      is_sent = true;
      return channel;
    });
    await ticks();
    assert.is(is_sent, false, 'all was sent to a helper that stands');
    process.kill(pidOf(sink), 'SIGCONT');
    const channel = await sent;
    await sink.finish(stream.length);
    assertFile(path, stream);
    assert.ok(channel.eagain >= 1);
    assert.ok(channel.short_writes >= 1);
  }),
);

test(
  'the end is waited for too, when everything is in the pipe of a helper that stands',
  inFolder(async (folder) => {
    const path = join(folder, 'out');
    const sink = await openHelper(path);
    await stop(pidOf(sink));
    await pour(sink, noise(1000));
    let is_over = false;
    const finished = sink.finish(1000).then(() => {
      is_over = true;
    });
    await ticks();
    assert.is(is_over, false, 'it said that a file is whole which is not written');
    assert.is(readdirSync(folder).includes('out'), false);
    process.kill(pidOf(sink), 'SIGCONT');
    await finished;
    assertFile(path, noise(1000));
  }),
);

test(
  'Ctrl-C and a hangup reach the helper too, and it goes on: the save decides',
  inFolder(async (folder) => {
    const path = join(folder, 'out');
    const sink = await openHelper(path);
    for (const signal of ['SIGINT', 'SIGHUP'] as const) process.kill(pidOf(sink), signal);
    await pour(sink, noise(LONG_BYTES));
    await sink.finish(LONG_BYTES);
    assertFile(path, noise(LONG_BYTES));
  }),
);

test(
  'Node’s options that are about the program alone do not reach the helper',
  inFolder((folder) => {
    const script = `
      const { HelperSink } = await import(process.env.TEST_SINK);
      const destination = { kind: 'file', path: process.env.TEST_PATH };
      const sink = await HelperSink.open(destination, { force: false, direct: false });
      await sink.finish(0);
    `;
    const path = join(folder, 'out');
    const args = [...process.execArgv, '--input-type=module', '--stack-trace-limit=5', '--eval', script];
    const { status, stderr } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      env: {
        ...process.env,
        TEST_SINK: new URL('../../../src/node/helper/helper-sink.ts', import.meta.url).href,
        TEST_PATH: path,
      },
    });
    assert.is(stderr, '');
    assert.is(status, 0);
    assertFile(path, noise(0));
  }),
);

test(
  'with force the old file stands until the new one is whole',
  inFolder(async (folder) => {
    const path = join(folder, 'out');
    const first = await openHelper(path);
    await first.finish(0);
    const second = await openHelper(path, { force: true, direct: false });
    await pour(second, noise(5000));
    assert.is(readFileSync(path).length, 0);
    await second.finish(5000);
    assertFile(path, noise(5000));
  }),
);

test.run();
