/** The file of a sweep and its workers, without the command line around them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findCosts, scenarioDocument, withSetting } from '../../src/model/index.ts';
import { parseAxes } from '../../src/sweep/axes.ts';
import { CellFile } from '../../src/sweep/cell-file.ts';
import { runCell, Sweep, type SweepSetup } from '../../src/sweep/sweep.ts';
import { sweepId } from '../../src/sweep/sweep-id.ts';
import { inFolder, withVariable } from '../support/folder.ts';

type PoolModule = typeof import('../../src/sweep/pool.ts');

function setupOf(): SweepSetup {
  const settings = ['guest.size=4MiB', 'guest.content=1MiB'];
  const document = settings.reduce<unknown>(withSetting, scenarioDocument('thread-2011'));
  const plan = { document, word: 'thread-2011', axes: parseAxes(['seed=1..5'], 1) };
  const costs = { 'host-2011': findCosts('host-2011') };
  return { plan, costs, id: sweepId({ plan, costs }) };
}

const setup = setupOf();
const sweep = new Sweep(setup.plan);
const lines = Array.from({ length: sweep.cells }, (_, index) => runCell(sweep, setup, index));
const whole = lines.join('');

/** Goes on with a file; gives the cells that were there. */
async function goOn(path: string): Promise<number[]> {
  const found: number[] = [];
  const expected = {
    id: setup.id,
    cells: sweep.cells,
    onLine: (line: { index: number }) => found.push(line.index),
  };
  const file = new CellFile(path, { force: false }, expected);
  for (const [index, line] of lines.entries()) if (!found.includes(index)) await file.append(line);
  await file.finish();
  return found;
}

/** Thousands of files, each synced: on a disk that takes long. */
const inMemory =
  (run: (folder: string) => Promise<void>): (() => Promise<void>) =>
  () =>
    withVariable('TMPDIR', '/dev/shm', inFolder(run));

test(
  'a file that is cut at any byte of its last two lines goes on to the same bytes',
  inMemory(async (folder) => {
    const path = join(folder, 'out.ndjson');
    const from = whole.length - (lines.at(-1)?.length ?? 0) - (lines.at(-2)?.length ?? 0);
    for (let cut = from; cut <= whole.length; cut++) {
      writeFileSync(path, whole.slice(0, cut));
      const found = await goOn(path);
      assert.is(readFileSync(path, 'utf8'), whole, `cut at ${cut}`);
      assert.is(found.length, whole.slice(0, cut).split('\n').length - 1);
    }
  }),
);

test(
  'the first line cut, and lines that are there twice',
  inFolder(async (folder) => {
    const path = join(folder, 'out.ndjson');
    for (const cut of [0, 1, 30, 60, 90, 500]) {
      writeFileSync(path, whole.slice(0, cut));
      assert.equal(await goOn(path), []);
      assert.is(readFileSync(path, 'utf8'), whole);
    }
    writeFileSync(path, `${lines[2]}${lines[2]}`);
    assert.equal(await goOn(path), [2, 2]);
    assert.is(readFileSync(path, 'utf8'), [2, 2, 0, 1, 3, 4].map((index) => lines[index]).join(''));
  }),
);

test(
  'lines in a file that is read in several pieces',
  inFolder(async (folder) => {
    const path = join(folder, 'out.ndjson');
    const times = Math.ceil((2.5 * 2 ** 20) / whole.length);
    writeFileSync(path, whole.repeat(times));
    assert.is((await goOn(path)).length, times * lines.length);
  }),
);

async function all(given: AsyncIterable<string>): Promise<string[]> {
  const list: string[] = [];
  for await (const line of given) list.push(line);
  return list;
}

/** The built one: in TypeScript the threads of some Nodes cannot be started. */
async function builtPool(): Promise<PoolModule> {
  const pool: PoolModule = await import(new URL('../../dist/sweep/pool.js', import.meta.url).href);
  return pool;
}

test('the workers give every line, in the order that was asked for', async () => {
  const { runCells } = await builtPool();
  const options = { jobs: 3, signal: new AbortController().signal };
  const given = await all(runCells(setup, [4, 0, 3], options));
  assert.equal(given, [lines[4], lines[0], lines[3]]);
});

test('a cell that fails: the lines before it are given, then it is told which', async () => {
  const { runCells } = await builtPool();
  // the second scenario's costs are missing, as no check lets pass
  const plan = { ...setup.plan, axes: parseAxes(['costs=host-2011,none', 'seed=1..2'], 1) };
  const options = { jobs: 2, signal: new AbortController().signal };
  const given: string[] = [];
  try {
    for await (const line of runCells({ ...setup, plan }, [0, 1, 2, 3], options)) given.push(line);
    assert.unreachable();
  } catch (error) {
    assert.match(
      String(error),
      /cell 2 \(costs=none seed=1\) failed \(in the model the costs none are missing\)/,
    );
  }
  assert.is(given.length, 2);
});

test('an abort ends it, without an error', async () => {
  const { runCells } = await builtPool();
  const controller = new AbortController();
  controller.abort();
  const given = await all(runCells(setup, [0, 1], { jobs: 2, signal: controller.signal }));
  assert.equal(given, []);
});

test.run();
