/** A FIFO as the output: nobody reads it, somebody reads it late, or not to the end. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Guest } from '../../../src/guest/guest.ts';
import { HELPER_FIFO_FD } from '../../../src/node/helper/helper-protocol.ts';
import { HelperSink } from '../../../src/node/helper/helper-sink.ts';
import { parseDestination } from '../../../src/node/output/destination.ts';
import { FileSink } from '../../../src/node/output/file-sink.ts';
import { saveTo } from '../../../src/node/output/save-to.ts';
import type { Sink, SinkOptions } from '../../../src/node/output/sink.ts';
import { unlimited } from '../../../src/policy/unlimited.ts';
import { isAlive, onlyOpen, openDescriptors, pidOf, pour } from '../../support/children.ts';
import { assertFile, failure, inFolder, noise } from '../../support/folder.ts';
import { eventually, inTime, ticks } from '../../support/patience.ts';

const MIB = 2 ** 20;
const LONG_BYTES = 3 * MIB + 17;
const WAYS = ['file', 'pipe'] as const;

function makeFifoIn(folder: string): string {
  const path = join(folder, 'fifo');
  spawnSync('mkfifo', [path]);
  return path;
}

function openSink(via: 'file' | 'pipe', path: string, options: Partial<SinkOptions> = {}): Promise<Sink> {
  const destination = parseDestination(path);
  if (destination.kind === 'command') throw new Error('this is about a FIFO');
  return (via === 'pipe' ? HelperSink : FileSink).open(destination, {
    force: false,
    direct: false,
    ...options,
  });
}

/** Copies a FIFO to a file; resolves at its end, which comes when nobody holds it open to write any more. */
function copy(from: string, to: string): Promise<unknown> {
  return once(spawn('/bin/sh', ['-c', 'exec cat "$1" > "$2"', 'sh', from, to], { stdio: 'ignore' }), 'exit');
}

/** The children of a process (proc(5)). */
function childrenOf(pid: number): number[] {
  const listed = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
  return listed.split(' ').filter(Boolean).map(Number);
}

for (const via of WAYS) {
  for (const direct of [false, true]) {
    test(
      `a reader that comes late gets every byte and then the end: --via ${via}${direct ? ' --direct' : ''}`,
      inFolder(async (folder) => {
        const fifo = makeFifoIn(folder);
        const open_before = openDescriptors();
        const opening = openSink(via, fifo, { direct });
        await ticks();
        const copied = copy(fifo, join(folder, 'copy'));
        const sink = await opening;
        await pour(sink, noise(LONG_BYTES));
        const report = await sink.finish(LONG_BYTES);
        await copied;
        assertFile(join(folder, 'copy'), noise(LONG_BYTES));
        assert.is(report.is_direct ?? false, false);
        assert.is(report.direct_refusal !== undefined, direct);
        await onlyOpen(open_before);
        assert.equal(readdirSync(folder).sort(), ['copy', 'fifo']);
      }),
    );
  }

  test(
    `an abort ends the wait for a reader: --via ${via}`,
    inFolder(async (folder) => {
      const output = makeFifoIn(folder);
      const children_before = childrenOf(process.pid);
      const open_before = openDescriptors();
      const guest = new Guest([{ name: 'ram', bytes: MIB }]);
      for (const when of ['before', 'meanwhile']) {
        const abort = new AbortController();
        if (when === 'before') abort.abort();
        else void ticks().then(() => abort.abort());
        const { signal } = abort;
        const saving = saveTo(guest, output, { via, direct: false, force: false, policy: unlimited, signal });
        await inTime(
          'an abort',
          failure('interrupted', () => saving),
        );
      }
      const started = childrenOf(process.pid).filter((pid) => !children_before.includes(pid));
      assert.equal(started, []);
      await onlyOpen(open_before);
    }),
  );

  test(
    `a save that is killed while nobody reads leaves no helper: --via ${via}`,
    inFolder(async (folder) => {
      const parent = spawn(
        process.execPath,
        [...process.execArgv, '--input-type=module', '--eval', OPEN_AND_WAIT],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
          env: {
            ...process.env,
            TEST_MODULE: new URL('../../../src/node/output/save-to.ts', import.meta.url).href,
            TEST_GUEST: new URL('../../../src/guest/guest.ts', import.meta.url).href,
            TEST_POLICY: new URL('../../../src/policy/unlimited.ts', import.meta.url).href,
            TEST_PATH: makeFifoIn(folder),
            TEST_VIA: via,
          },
        },
      );
      await once(parent.stdout, 'data');
      const children = childrenOf(pidOf(parent));
      parent.kill('SIGKILL');
      await once(parent, 'exit');
      await eventually('nothing runs any more', () => !children.some(isAlive));
    }),
  );

  test(
    `a FIFO that is removed while nobody reads it is refused: --via ${via}`,
    inFolder(async (folder) => {
      const fifo = makeFifoIn(folder);
      const refused = failure('output-refused', () => openSink(via, fifo));
      // the first look at it is made at once
      await ticks();
      rmSync(fifo);
      assert.match((await refused).message, /no such file/);
      assert.equal(readdirSync(folder), []);
    }),
  );

  test(
    `a reader that goes early is an error: --via ${via}`,
    inFolder(async (folder) => {
      const fifo = makeFifoIn(folder);
      const ended = once(spawn('head', ['-c', '1000', fifo], { stdio: 'ignore' }), 'exit');
      const sink = await openSink(via, fifo);
      const error = await failure('reader-closed', async () => {
        await pour(sink, noise(LONG_BYTES));
        await sink.finish(LONG_BYTES);
      });
      assert.ok(Number(error.detail.offset) >= 1000);
      await sink.abort();
      await ended;
      assert.equal(readdirSync(folder), ['fifo']);
    }),
  );
}

/** A save in a process of its own. */
const OPEN_AND_WAIT = `
  const { saveTo } = await import(process.env.TEST_MODULE);
  const { Guest } = await import(process.env.TEST_GUEST);
  const { unlimited: policy } = await import(process.env.TEST_POLICY);
  const { TEST_PATH, TEST_VIA: via } = process.env;
  // said in a wait of its own: what it starts before it waits has been started by then
  let turns = 0;
  const timer = setInterval(() => {
    if (++turns < 20) return;
    clearInterval(timer);
    process.stdout.write('waiting');
  }, 5);
  await saveTo(new Guest([{ name: 'ram', bytes: 4096 }]), TEST_PATH, { via, direct: false, force: false, policy });
`;

// what HELPER_FIFO_FD relies on; not seen in a helper here, for tsx makes standard output non-blocking again
test(
  'a child of Node has a non-blocking FIFO as standard output that blocks, and need not poll it',
  inFolder(async (folder) => {
    const fifo = makeFifoIn(folder);
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
    const args = ['--eval', `process.stderr.write(fs.readFileSync('/proc/self/fdinfo/${HELPER_FIFO_FD}'))`];
    const { stderr } = spawnSync(process.execPath, args, { stdio: ['ignore', writer, 'pipe'] });
    const octal = /flags:\s+(\d+)/.exec(stderr.toString())?.[1] ?? '';
    assert.is(Number.parseInt(octal, 8) & (constants.O_WRONLY | constants.O_RDWR), constants.O_WRONLY);
    assert.is(Number.parseInt(octal, 8) & constants.O_NONBLOCK, 0);
    closeSync(reader);
    closeSync(writer);
  }),
);

test.run();
