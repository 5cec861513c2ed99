/** Ctrl-C and its like, and a helper that dies or stops, in the middle of a slow save. */
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { assertRefused, inPlace, type Place, type Started } from '../support/cli.ts';
import { assertNames, assertNoProcesses, type FoundProcess, processesIn } from '../support/leftovers.ts';
import { eventually, until } from '../support/patience.ts';

/** Sixteen seconds of work, of which a test sees the first tenths. */
const SLOW = ['save', '--workload', 'idle,zero=0%', '--size', '64MiB', '--limit', '4MiB/s'] as const;

/** Starts a save and waits until its output has grown: it is in the middle then. */
async function startSlow(place: Place, options: readonly string[]): Promise<Started> {
  const started = place.start([...SLOW, ...options, '-o', 'out.mig']);
  await until('a part of the output', () => readdirSync(place.folder).find((name) => isFilling(place, name)));
  return started;
}

function isFilling(place: Place, name: string): boolean {
  return name.endsWith('.part') && (statSync(place.path(name), { throwIfNoEntry: false })?.size ?? 0) > 0;
}

function helperOf(place: Place, { child }: Started): FoundProcess {
  const others = processesIn(place.folder).filter(({ pid }) => pid !== child.pid);
  assert.is(others.length, 1, 'one helper');
  const [helper] = others;
  if (helper === undefined) throw new Error('there is no helper');
  assert.match(helper.command, /helper/);
  return helper;
}

function assertGone(place: Place, names: readonly string[] = []): void {
  assertNames(place.folder, names);
  assertNames(place.temporary, []);
  assertNoProcesses(place.folder);
}

const ARRANGEMENTS: readonly (readonly string[])[] = [
  ['--via', 'pipe'],
  ['--via', 'pipe', '--direct'],
  ['--via', 'file'],
  ['--thread', '--via', 'pipe'],
  ['--thread', '--via', 'file'],
];

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  for (const options of ARRANGEMENTS) {
    test(`${signal} in the middle of a save ${options.join(' ')}`, () =>
      inPlace(async (place) => {
        const started = await startSlow(place, options);
        started.child.kill(signal);
        const ended = await started.ended;
        assertRefused(ended, {
          status: 128 + constants.signals[signal],
          says: /interrupted; nothing was left/,
        });
        assertGone(place);
      }));
  }
}

test('the status of Ctrl-C is 130', () => assert.is(128 + constants.signals.SIGINT, 130));

test('Ctrl-C as a terminal gives it, to the helper too', () =>
  inPlace(async (place) => {
    const started = await startSlow(place, ['--via', 'pipe']);
    const helper = helperOf(place, started);
    process.kill(helper.pid, 'SIGINT');
    started.child.kill('SIGINT');
    assertRefused(await started.ended, { status: 130, says: /interrupted; nothing was left/ });
    assertGone(place);
  }));

test('Ctrl-C keeps the file that --force was to replace', () =>
  inPlace(async (place) => {
    place.write('out.mig', 'precious');
    const started = await startSlow(place, ['--force']);
    started.child.kill('SIGINT');
    assertRefused(await started.ended, { status: 130, says: /interrupted/ });
    assertGone(place, ['out.mig']);
    assert.is(place.read('out.mig').toString(), 'precious');
  }));

test('Ctrl-C leaves neither the kept RAM nor the trace', () =>
  inPlace(async (place) => {
    const started = await startSlow(place, ['--keep-ram', 'kept.ram', '--trace', 'log', '--json']);
    started.child.kill('SIGINT');
    assertRefused(await started.ended, { status: 130, says: /interrupted/ });
    assertGone(place);
  }));

test('Ctrl-C while the RAM is written beside a stream that is whole keeps the stream, and says so', () =>
  inPlace(async (place) => {
    // nobody reads it
    execFileSync('mkfifo', [place.path('fifo')]);
    const args = ['save', '--workload', 'idle', '--size', '1MiB', '-o', 'out.mig', '--keep-ram', 'fifo'];
    const started = place.start(args);
    await eventually('the stream', () => sizeOf(place, 'out.mig') > 0);
    started.child.kill('SIGINT');
    const says = /interrupted; the stream out\.mig is whole: keep it or rerun/;
    assertRefused(await started.ended, { status: 130, says });
    rmSync(place.path('fifo'));
    assertGone(place, ['out.mig']);
    await place.done(['inspect', 'out.mig']);
  }));

test('a helper that is killed fails the save', () =>
  inPlace(async (place) => {
    const started = await startSlow(place, ['--via', 'pipe']);
    process.kill(helperOf(place, started).pid, 'SIGKILL');
    const says = /the helper was ended by SIGKILL after \d+ bytes: nothing was left behind, run it again/;
    assertRefused(await started.ended, { status: 1, says });
    assertGone(place);
  }));

test('a save that is killed leaves no helper, no file and no stack trace', () =>
  inPlace(async (place) => {
    const started = await startSlow(place, ['--via', 'pipe']);
    // the helper is late, so that all ends of its pipes are gone for certain when it finds out
    const { pid } = helperOf(place, started);
    process.kill(pid, 'SIGSTOP');
    started.child.kill('SIGKILL');
    await new Promise((resolve) => started.child.once('exit', resolve));
    process.kill(pid, 'SIGCONT');
    const { stderr } = await started.ended;
    await eventually('the helper to go', () => processesIn(place.folder).length === 0);
    assert.is(stderr, '');
    assertGone(place);
  }));

test('a helper that is stopped does not hold up Ctrl-C', () =>
  inPlace(async (place) => {
    const started = await startSlow(place, ['--via', 'pipe']);
    const { pid } = helperOf(place, started);
    process.kill(pid, 'SIGSTOP');
    await until('the helper to stop', () => processesIn(place.folder).find((found) => found.state === 'T'));
    started.child.kill('SIGINT');
    assertRefused(await started.ended, { status: 130, says: /interrupted; nothing was left/ });
    assertGone(place);
  }));

test('a helper that is stopped and goes on only delays the save', () =>
  inPlace(async (place) => {
    const args = ['save', '--workload', 'idle,zero=0%', '--size', '8MiB', '--limit', '2MiB/s'];
    const started = place.start([...args, '-o', 'out.mig', '--keep-ram', 'kept.ram']);
    await until('a part', () => readdirSync(place.folder).find((name) => isFilling(place, name)));
    const { pid } = helperOf(place, started);
    process.kill(pid, 'SIGSTOP');
    await until('the helper to stop', () => processesIn(place.folder).find((found) => found.state === 'T'));
    process.kill(pid, 'SIGCONT');
    const { status, stderr } = await started.ended;
    assert.is(status, 0, stderr);
    await place.done(['load', 'out.mig', '-o', 'loaded.ram']);
    assert.ok(place.read('loaded.ram').equals(place.read('kept.ram')));
  }));

test('Ctrl-C ends the command behind exec: too', () =>
  inPlace(async (place) => {
    const started = place.start([...SLOW, '-o', 'exec:cat > out.mig; echo over > over']);
    await eventually('the first bytes', () => sizeOf(place, 'out.mig') > 0);
    started.child.kill('SIGINT');
    assertRefused(await started.ended, { status: 130, says: /interrupted/ });
    assertNoProcesses(place.folder);
  }));

function sizeOf(place: Place, name: string): number {
  return statSync(place.path(name), { throwIfNoEntry: false })?.size ?? 0;
}

test('Ctrl-C in the middle of -o -', () =>
  inPlace(async (place) => {
    const started = place.start([...SLOW, '-o', '-']);
    await new Promise((resolve) => started.child.stdout?.once('data', resolve));
    started.child.kill('SIGINT');
    const { status, stderr } = await started.ended;
    assert.is(status, 130);
    assert.match(stderr, /^pagepipe: interrupted[^\n]+\n$/);
    assertGone(place);
  }));

test('Ctrl-C in the middle of the demo', () =>
  inPlace(async (place) => {
    const started = place.start(['demo', '--size', '64MiB', '--dir', '.', '--json']);
    await until('its files', () => readdirSync(place.folder)[0]);
    started.child.kill('SIGINT');
    const { status, stdout, stderr } = await started.ended;
    assert.is(status, 130);
    assert.is(stdout.toString(), '');
    assert.match(stderr, /^pagepipe: interrupted[^\n]+$/m);
    assertGone(place);
  }));

test.run();
