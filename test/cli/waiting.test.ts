/** Inputs that give nothing and outputs that nobody reads: Ctrl-C ends the wait. */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { assertRefused, inPlace, type Place, type Started, until } from '../support/cli.ts';
import { assertNames, processesIn } from '../support/leftovers.ts';

const GUEST = ['save', '--workload', 'idle', '--size', '1MiB'] as const;
const ENDS_WITHIN_MS = 2000;

async function interrupt(place: Place, { child, ended }: Started): Promise<void> {
  const before_ms = performance.now();
  child.kill('SIGINT');
  const timer = setTimeout(() => place.killAll(), ENDS_WITHIN_MS);
  const how = await ended;
  clearTimeout(timer);
  assertRefused(how, { status: 130, says: /interrupted/ });
  assert.ok(performance.now() - before_ms < ENDS_WITHIN_MS, 'ends within 2 s');
}

/** SIGINT's bit in the masks of proc(5). */
const SIGINT_BIT = 1n << 1n;

/** Whether a process has a handler of its own for Ctrl-C. */
function catchesInterrupt(pid: number): boolean {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  return (BigInt(`0x${caught}`) & SIGINT_BIT) !== 0n;
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

/** Waits until the command has come to its own work, and waits there. */
async function startedUp(place: Place, { child }: Started): Promise<void> {
  await until('node', () =>
    processesIn(place.folder).find(({ pid }) => pid === child.pid && catchesInterrupt(pid)),
  );
  // on a busy machine starting takes as long as it takes: it waits when it computes no more
  let before = cpuTicks(child.pid);
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    const now = cpuTicks(child.pid);
    if (now - before <= QUIET_TICKS_MAX) return;
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
      const started = place.start(args, { stdin: fd });
      await startedUp(place, started);
      execFileSync('rm', [fifo]);
      await interrupt(place, started).finally(() => closeSync(fd));
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
      const started = place.start([...GUEST, '-o', 'fifo', ...options]);
      await startedUp(place, started);
      await interrupt(place, started);
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
