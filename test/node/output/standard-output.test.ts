/** The program's own standard output as the output: shared with all that it prints, and not ours to close. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, createReadStream } from 'node:fs';
import { text } from 'node:stream/consumers';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { makeFifo } from '../../../src/node/output/fifo.ts';
import { eventually } from '../../support/patience.ts';

const STREAM_BYTES = 300_000;
const PRINTED_LATER = 'printed later\n';

/** Fills its standard output, which is not read at first, says when that is full, and prints when the sink has ended. */
const WRITE = `
  import { fstatSync } from 'node:fs';
  import { setTimeout as sleep } from 'node:timers/promises';
  const { FileSink } = await import(process.env.TEST_SINK);
  // Node makes a pipe non-blocking when it is first printed to
  process.stdout.write('');
  const sink = await FileSink.open({ kind: 'descriptor', fd: 1, path: '-' }, { force: false, direct: false });
  const staging = new Uint8Array(${STREAM_BYTES}).fill(97);
  const channel = sink.openChannel(staging);
  let at = 0;
  const send = async () => {
    while (at < staging.length) {
      at += channel.offer(at, staging.length);
      if (channel.is_ready) continue;
      process.stderr.write('full');
      await channel.whenReady();
    }
  };
  try {
    if (process.env.TEST_END === 'abort') {
      // nobody reads before it has ended
      await Promise.race([send(), sleep(50)]);
      await sink.abort();
    } else {
      await send();
      await sink.finish(staging.length);
    }
  } catch (error) {
    process.stderr.write(error.code);
    await sink.abort();
  }
  // a socket closes its descriptor a turn later
  await sleep(10);
  process.stderr.write(fstatSync(1).isFIFO() ? ' open' : ' another');
  if (process.env.TEST_END !== 'broken') process.stdout.write(${JSON.stringify(PRINTED_LATER)});
`;

interface Outcome {
  /** What it said on standard error. */
  readonly said: string;
  /** What came out. */
  readonly wrote: string;
}

/** Runs the above into a pipe that is read, or closed, when it says that it is full; after an abort, when that is over. */
async function run(end: 'finish' | 'abort' | 'broken'): Promise<Outcome> {
  const { read_fd, write_fd } = makeFifo();
  const { read_fd: said_fd, write_fd: say_fd } = makeFifo();
  spawn(process.execPath, [...process.execArgv, '--input-type=module', '--eval', WRITE], {
    stdio: ['ignore', write_fd, say_fd],
    env: {
      ...process.env,
      TEST_SINK: new URL('../../../src/node/output/file-sink.ts', import.meta.url).href,
      TEST_END: end,
    },
  });
  closeSync(write_fd);
  closeSync(say_fd);
  const saying = createReadStream('', { fd: said_fd, encoding: 'utf8' });
  let said = '';
  saying.on('data', (piece) => {
    said += piece;
  });
  const ended = once(saying, 'end');
  const sign = end === 'abort' ? 'open' : 'full';
  await eventually(`"${sign}"`, () => said.includes(sign));
  const wrote = end === 'broken' ? '' : await text(createReadStream('', { fd: read_fd }));
  if (end === 'broken') closeSync(read_fd);
  await ended;
  return { said, wrote };
}

test('it is full, waited for, and open when the stream has ended: what is printed then comes after it', async () => {
  const { said, wrote } = await run('finish');
  assert.match(said, /^(full)+ open$/);
  assert.is(wrote.length, STREAM_BYTES + PRINTED_LATER.length);
  assert.ok(wrote.endsWith(`a${PRINTED_LATER}`));
});

test('an abort while it is full leaves it open, and the program ends', async () => {
  const { said, wrote } = await run('abort');
  assert.match(said, /^(full)+ open$/);
  assert.ok(wrote.length < STREAM_BYTES);
  assert.ok(wrote.endsWith(PRINTED_LATER));
});

test('a reader that goes leaves it open as well, or the next file would have its number', async () => {
  assert.match((await run('broken')).said, /^(full)+reader-closed open$/);
});

test.run();
