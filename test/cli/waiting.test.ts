/** Inputs that give nothing and outputs that nobody reads: Ctrl-C ends the wait. */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { assertRefused, inPlace, type Place, type RunOptions, type Started } from '../support/cli.ts';
import { assertNames } from '../support/leftovers.ts';

const GUEST = ['save', '--workload', 'idle', '--size', '1MiB'] as const;

async function interrupt({ child, ended }: Started): Promise<void> {
  child.kill('SIGINT');
  assertRefused(await ended, { status: 130, says: /interrupted/ });
}

/** CPU time of all threads of a process, in ticks of 10 ms: utime and stime of proc(5). */
function cpuTicks(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** A process that waits may look now and then whether it is over. */
const QUIET_MS = 400;
const QUIET_TICKS_MAX = 1;

/**
 * Starts a command and returns when it waits: it hears Ctrl-C, and computes no more. Where a busy machine gave it no
 * time and it is called off before it waits, it is to end alike.
 */
async function startWaiting(
  place: Place,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Started> {
  const started = await place.startInterruptible(args, options);
  const { pid } = started.child;
  for (let before = cpuTicks(pid); ; ) {
    await sleep(QUIET_MS);
    const now = cpuTicks(pid);
    if (now - before <= QUIET_TICKS_MAX) return started;
    before = now;
  }
}

for (const args of [
  ['load', '-', '-o', 'ram'],
  ['inspect', '-'],
  ['save', '--ram', '-', '-o', 'out.mig'],
]) {
  test(`Ctrl-C ends ${args[0]} while nothing comes on standard input`, () =>
    inPlace(async (place) => {
      const fifo = `${place.temporary}/fifo`;
      execFileSync('mkfifo', [fifo]);
      const fd = openSync(fifo, constants.O_RDWR);
      const started = await startWaiting(place, args, { stdin: fd });
      execFileSync('rm', [fifo]);
      await interrupt(started).finally(() => closeSync(fd));
      assertNames(place.folder, []);
    }));
}

for (const options of [
  ['--via', 'file'],
  ['--via', 'pipe'],
  ['--via', 'file', '--thread'],
  ['--via', 'pipe', '--thread'],
]) {
  test(`Ctrl-C ends a save into a FIFO that nobody reads, ${options.join(' ')}`, () =>
    inPlace(async (place) => {
      execFileSync('mkfifo', [place.path('fifo')]);
      const started = await startWaiting(place, [...GUEST, '-o', 'fifo', ...options]);
      await interrupt(started);
      execFileSync('rm', [place.path('fifo')]);
    }));
}

test('standard input may be a socket, as that of a child of Node is', () =>
  inPlace(async (place) => {
    await place.done([...GUEST, '-o', 'in.mig']);
    const { child, ended } = place.start(['inspect', '-', '--json'], { stdin: 'socket' });
    child.stdin?.end(place.read('in.mig'));
    const { status, stderr } = await ended;
    assert.is(status, 0, stderr);
  }));

test.run();
