/** `sweep`: the same lines whoever runs them, and a file that goes on where it was ended, however. */
import { statSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { assertRefused, assertWidth, inPlace, type Place } from '../support/cli.ts';
import { assertNames } from '../support/leftovers.ts';
import { eventually } from '../support/patience.ts';

const BASE = ['sweep', 'thread-2011', '--set', 'guest.size=16MiB', '--set', 'guest.content=2MiB'] as const;
/** Twelve cells, some milliseconds each. */
const SMALL = [...BASE, '--vary', 'policy.slice=5ms,off', '--vary', 'seed=1..6'] as const;
/** A test sees the first of these. */
const LONG = ['sweep', 'thread-2011', '--vary', 'seed=1..5000'] as const;

const CELL_KEYS = ['schema', 'sweep', 'index', 'cells', 'cell', 'result'];

function linesOf(text: string): string[] {
  assert.ok(text === '' || text.endsWith('\n'), 'whole lines');
  return text.split('\n').slice(0, -1);
}

const sizeOf = (place: Place, name: string): number =>
  statSync(place.path(name), { throwIfNoEntry: false })?.size ?? 0;

async function whole(place: Place): Promise<Buffer> {
  await place.done([...SMALL, '-o', 'whole.ndjson']);
  return place.read('whole.ndjson');
}

test('a line a cell, in order, readable by the owner alone; the summary of people', () =>
  inPlace(async (place) => {
    const text = await place.done([...SMALL, '-o', 'out.ndjson']);
    assert.match(text, /^model: the longest blackout is least, /);
    assert.match(text, /\n {2}file {6}out\.ndjson: 12 cells in /);
    assert.match(text, /^5ms .*\n +10-90 % .*\noff .*\n +10-90 % .*\n$/m);
    assertWidth(text);
    const cells = linesOf(place.read('out.ndjson').toString()).map((line) => JSON.parse(line));
    cells.forEach((cell, index) => {
      assert.equal(Object.keys(cell), CELL_KEYS);
      assert.is(cell.schema, 'pagepipe/cell/1');
      assert.is(cell.sweep, cells[0].sweep);
      assert.equal([cell.index, cell.cells], [index, 12]);
      assert.equal(cell.cell, { 'policy.slice': index < 6 ? '5ms' : 'off', seed: (index % 6) + 1 });
      assert.is(cell.result.schema, 'pagepipe/result/1');
      assert.is(cell.result.options.seed, cell.cell.seed);
    });
    assert.is(cells.length, 12);
    assert.is(statSync(place.path('out.ndjson')).mode & 0o777, 0o600);
  }));

test('a cell is what simulate gives', () =>
  inPlace(async (place) => {
    const [, , ...set] = BASE;
    const simulate = [
      'simulate',
      'thread-2011',
      ...set,
      '--set',
      'policy.slice=5ms',
      '--seed',
      '4',
      '--json',
    ];
    const one = await place.done([...BASE, '--vary', 'policy.slice=5ms', '--seed', '4', '-o', '-']);
    assert.equal(JSON.parse(one).result, JSON.parse(await place.done(simulate)));
  }));

test('one job, two jobs and standard output: the same to the byte', () =>
  inPlace(async (place) => {
    const expected = await whole(place);
    await place.done([...SMALL, '--jobs', '1', '-o', 'one.ndjson']);
    await place.done([...SMALL, '--jobs', '2', '-o', 'two.ndjson']);
    const { status, stdout, stderr } = await place.run([...SMALL, '--jobs', '3', '-o', '-']);
    assert.is(status, 0);
    assert.match(stderr, /^model: .*\n(.*\n)* {2}file {6}standard output: 12 cells/);
    for (const bytes of [place.read('one.ndjson'), place.read('two.ndjson'), stdout]) {
      assert.ok(bytes.equals(expected));
    }
  }));

test('shards are a partition; their files, put together, are the whole, and go on as one', () =>
  inPlace(async (place) => {
    const expected = linesOf((await whole(place)).toString());
    const shards = await Promise.all(
      [0, 1, 2].map((i) => place.done([...SMALL, '--shard', `${i}/3`, '-o', '-']).then(linesOf)),
    );
    assert.equal(
      shards.map(({ length }) => length),
      [4, 4, 4],
    );
    assert.equal(shards.flat().sort(), expected.toSorted());
    shards.forEach((lines, i) => {
      assert.equal(
        lines,
        expected.filter((_, index) => index % 3 === i),
      );
    });
    // one of the three is missing: only its cells are run, whatever shard the others were of
    const merged = [...(shards[0] ?? []), ...(shards[2] ?? [])];
    place.write('all.ndjson', `${merged.join('\n')}\n`);
    const document = JSON.parse(await place.done([...SMALL, '-o', 'all.ndjson', '--json']));
    assert.equal([document.cells, document.done, document.skipped], [12, 4, 8]);
    assert.equal(linesOf(place.read('all.ndjson').toString()), [...merged, ...(shards[1] ?? [])]);
    const text = await place.done([...SMALL, '--shard', '1/3', '-o', 'all.ndjson']);
    assert.match(text, /nothing to do, all 4 cells of shard 1\/3 are there$/m);
  }));

test('--json: one document; nothing to do is no failure, and leaves the file as it is', () =>
  inPlace(async (place) => {
    const keys = ['schema', 'cells', 'done', 'skipped', 'file', 'wall_ms'];
    const first = JSON.parse(await place.done([...SMALL, '-o', 'out.ndjson', '--json']));
    assert.equal(Object.keys(first), keys);
    const { wall_ms, ...counts } = first;
    assert.ok(wall_ms > 0);
    const schema = 'pagepipe/sweep/1';
    assert.equal(counts, { schema, cells: 12, done: 12, skipped: 0, file: 'out.ndjson' });
    const before = place.read('out.ndjson');
    const again = JSON.parse(await place.done([...SMALL, '-o', 'out.ndjson', '--json']));
    assert.equal([again.done, again.skipped], [0, 12]);
    assert.match(await place.done([...SMALL, '-o', 'out.ndjson']), /nothing to do, all 12 cells are there$/m);
    assert.ok(place.read('out.ndjson').equals(before));
    const { stdout, stderr } = await place.run([...SMALL, '-o', '-', '--json']);
    assert.ok(stdout.equals(before));
    assert.is(JSON.parse(stderr).done, 12);
  }));

test('kill -9 in the middle: the same command goes on, and the file is that of a run without it', () =>
  inPlace(async (place) => {
    const args = [...BASE, '--vary', 'seed=1..80'];
    const expected = await place.done([...args, '-o', '-']);
    let left_bytes = expected.length;
    // on a busy machine it may be over before it is killed: then once more
    for (let tries = 0; left_bytes === expected.length; tries++) {
      assert.ok(tries < 20, 'never in the middle');
      const started = place.start([...args, '-o', 'out.ndjson', '--force']);
      await eventually('some lines', () => sizeOf(place, 'out.ndjson') > 5000);
      started.child.kill('SIGKILL');
      await started.ended;
      left_bytes = sizeOf(place, 'out.ndjson');
    }
    await place.done([...args, '-o', 'out.ndjson']);
    assert.is(place.read('out.ndjson').toString(), expected);
  }));

test('Ctrl-C in the middle: whole lines stay, it says how many, and the same command goes on', () =>
  inPlace(async (place) => {
    const started = place.start([...LONG, '-o', 'out.ndjson']);
    await eventually('a line', () => sizeOf(place, 'out.ndjson') > 0);
    started.child.kill('SIGINT');
    const ended = await started.ended;
    const lines = linesOf(place.read('out.ndjson').toString());
    assertRefused(ended, {
      status: 130,
      says: new RegExp(
        `interrupted; ${lines.length} of 5000 cells are in out\\.ndjson: the same command goes on`,
      ),
    });
    assert.ok(lines.length > 0);
    assertNames(place.folder, ['out.ndjson']);
  }));

test('Ctrl-C while standard output goes nowhere', () =>
  inPlace(async (place) => {
    const started = place.start([...LONG, '-o', '-']);
    await new Promise((resolve) => started.child.stdout?.once('data', resolve));
    started.child.kill('SIGINT');
    const { status, stderr } = await started.ended;
    assert.is(status, 130);
    assert.match(stderr, /^pagepipe: interrupted after \d+ of 5000 cells: with -o FILE [^\n]+\n$/);
  }));

test("another sweep's file is refused, and kept; so is a file of somebody's; --force begins anew", () =>
  inPlace(async (place) => {
    const expected = await whole(place);
    const lines = linesOf(expected.toString());
    const [line = ''] = lines;
    const others: readonly (readonly [name: string, content: string, says: RegExp])[] = [
      ['no line', 'precious', /line 1 is of another sweep: .*another -o, or add --force/],
      ['another', line.replace(/"sweep":"..../, '"sweep":"ffff'), /line 1 is of another sweep/],
      ['another, a line', `${line.replace(/"sweep":"..../, '"sweep":"ffff')}\n`, /line 1 is of another/],
      ['text', `${line}\nprecious\n`, /line 2 is no line of a sweep/],
      ['two in one', `${line}\n${line.slice(0, 99)}${line}\n`, /line 2 is no line of a sweep/],
      ['no such cell', `${line.replace('"index":0', '"index":12')}\n`, /line 1 is no line of a sweep/],
    ];
    for (const [name, content, says] of others) {
      place.write('out.ndjson', content);
      const names = ['out.ndjson', 'whole.ndjson'];
      await place.refused([...SMALL, '-o', 'out.ndjson'], { status: 2, says, names });
      assert.is(place.read('out.ndjson').toString(), content, name);
    }
    await place.done([...SMALL, '-o', 'out.ndjson', '--force']);
    assert.ok(place.read('out.ndjson').equals(expected));
    assert.is(statSync(place.path('out.ndjson')).mode & 0o777, 0o600);
  }));

const WRONG: readonly (readonly [args: readonly string[], says: RegExp])[] = [
  [[], /sweep needs --vary, such as policy\.slice=20ms,50ms: add it/],
  [['--vary', 'policy.slice'], /lacks a key or a value: give key=a,b,c/],
  [['--vary', 'seed=1..9', '--seed', '1'], /--seed and --vary seed contradict/],
  [['--vary', 'guest.size=1MiB,2MiB'], /--set guest\.size and --vary guest\.size contradict/],
  [['--vary', 'costs=host-2011', '--costs', 'host-2011'], /--costs and --vary costs contradict/],
  [['--vary', 'costs=host-2011,host-1970'], /there is no set of costs "host-1970"/],
  [['--vary', 'seed=1', '--jobs', '0'], /--jobs 0: give a whole number from 1 up/],
  ...['4/4', '-1/4', '0/0', '1/2/3'].map(
    (shard) => [['--vary', 'seed=1', `--shard=${shard}`], /--shard .*: give I\/N with I from 0/] as const,
  ),
];

test('exit 2: wrong usage, before anything is made', () =>
  inPlace(async (place) => {
    await Promise.all(
      WRONG.map(([args, says]) => place.refused([...BASE, '-o', 'x', ...args], { status: 2, says })),
    );
    const { status, stderr } = await place.run([...BASE, '--vary', 'policy.slice=1ms,2', '-o', 'x']);
    assert.is(status, 2);
    assert.match(stderr, /^pagepipe: thread-2011 with policy\.slice=2: policy\.slice: "2" is not a duration/);
    assertNames(place.folder, []);
  }));

test('exit 1: what cannot be written', () =>
  inPlace(async (place) => {
    const args = [...BASE, '--vary', 'seed=1..3', '-o'];
    await place.refused([...args, 'gone/x'], { status: 1, says: /the folder gone does not exist/ });
    await place.refused([...args, 'exec:cat'], { status: 1, says: /lines go to a file/ });
    await place.refused([...args, '.'], { status: 1, says: /directory/ });
    await place.refused([...args, '/dev/full'], { status: 1, says: /no space left for \/dev\/full/ });
  }));

test.run();
