/** What a sweep is made of: its cells in order, their lines, and what is summed up of them. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findCosts, scenarioDocument, withSetting } from '../../src/model/index.ts';
import type { CellFigures } from '../../src/results/cells.ts';
import { CELLS_MAX, parseAxes, parseVary, splitValues } from '../../src/sweep/axes.ts';
import { lineHead, readCellLine } from '../../src/sweep/cell-line.ts';
import { summariseCells } from '../../src/sweep/summary.ts';
import { runCell, Sweep, type SweepPlan } from '../../src/sweep/sweep.ts';
import { sweepId } from '../../src/sweep/sweep-id.ts';

const SMALL = ['guest.size=64MiB', 'guest.content=8MiB'];
const costs = { 'host-2011': findCosts('host-2011') };

function planOf(vary: readonly string[], seed = 1): SweepPlan {
  const document = SMALL.reduce<unknown>(withSetting, scenarioDocument('thread-2011'));
  return { document, word: 'thread-2011', axes: parseAxes(vary, seed) };
}

function cellsOf(vary: readonly string[]): Record<string, unknown>[] {
  const sweep = new Sweep(planOf(vary));
  return Array.from({ length: sweep.cells }, (_, index) => sweep.cellOf(index));
}

test('values are split at commas, but not within brackets', () => {
  assert.equal(splitValues('a,b,c'), ['a', 'b', 'c']);
  assert.equal(splitValues('["1GiB","2GiB"],3GiB'), ['["1GiB","2GiB"]', '3GiB']);
  assert.equal(splitValues('[1,[2,3]],4'), ['[1,[2,3]]', '4']);
  assert.equal(splitValues('["]",1],2'), ['["]",1]', '2']);
  assert.equal(splitValues('{"a":1,"b":2},c'), ['{"a":1,"b":2}', 'c']);
  assert.equal(splitValues(''), ['']);
  assert.equal(splitValues('],a'), [']', 'a']);
});

test('texts without brackets and commas come back as they were', () => {
  const word = fc.stringMatching(/^[^,[\]{}]*$/);
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), (words) => {
      assert.equal(splitValues(words.join(',')), words);
    }),
  );
});

test('seeds are numbers and ranges', () => {
  assert.equal(parseVary('seed=1..3,7').values, ['1', '2', '3', '7']);
  assert.equal(parseVary('seed=0..0').values, ['0']);
  for (const text of ['seed=3..1', 'seed=a', 'seed=1..', 'seed=-1', 'seed=1.5', 'seed=1..9007199254740993']) {
    assert.throws(
      () => parseVary(text),
      (error: Error) => /is no seed: give whole/.test(error.message),
      text,
    );
  }
});

test('what is varied is refused where it is nothing, there twice, or too much', () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['policy.slice'], /lacks a key or a value/],
    [['=1,2'], /lacks a key or a value/],
    [['policy.slice='], /lacks a key or a value/],
    [['policy.slice=1ms,,2ms'], /lacks a key or a value/],
    [['policy.slice=1ms,1ms'], /has "policy.slice=1ms" twice/],
    [['seed=1..3,2'], /has "seed=2" twice/],
    [['seed=1', 'policy.slice=1ms', 'seed=2'], /has "seed" twice/],
    [[`seed=1..${CELLS_MAX + 1}`], /1000001 cells are more than/],
    [['seed=1..999999', 'policy.slice=1ms,2ms'], /1999998 cells are more than/],
  ];
  for (const [vary, says] of cases) {
    assert.throws(
      () => parseAxes(vary, 1),
      (error: Error) => says.test(error.message),
      vary.join(' '),
    );
  }
});

test('all combinations, in order, the last key fastest, with the values of the document', () => {
  assert.equal(cellsOf(['policy.slice=20ms,off', 'guest.touched=0,0.5', 'seed=1..2']), [
    { 'policy.slice': '20ms', 'guest.touched': 0, seed: 1 },
    { 'policy.slice': '20ms', 'guest.touched': 0, seed: 2 },
    { 'policy.slice': '20ms', 'guest.touched': 0.5, seed: 1 },
    { 'policy.slice': '20ms', 'guest.touched': 0.5, seed: 2 },
    { 'policy.slice': 'off', 'guest.touched': 0, seed: 1 },
    { 'policy.slice': 'off', 'guest.touched': 0, seed: 2 },
    { 'policy.slice': 'off', 'guest.touched': 0.5, seed: 1 },
    { 'policy.slice': 'off', 'guest.touched': 0.5, seed: 2 },
  ]);
  assert.equal(cellsOf(['guest.content=["1MiB","2MiB"],3MiB']), [
    { 'guest.content': ['1MiB', '2MiB'], seed: 1 },
    { 'guest.content': '3MiB', seed: 1 },
  ]);
});

test('the seed may stand anywhere: its cells are of the same combinations', () => {
  const settings = ['policy.slice=20ms,off', 'output.via=pipe,file'];
  for (const place of [0, 1, 2]) {
    const sweep = new Sweep(planOf(settings.toSpliced(place, 0, 'seed=5..7')));
    assert.is(sweep.cells, 12);
    assert.is(sweep.combinations, 4);
    for (let index = 0; index < sweep.cells; index++) {
      const cell = sweep.cellOf(index);
      const choices = sweep.choices(sweep.combinationOf(index));
      assert.equal(choices, [cell['policy.slice'], cell['output.via']]);
      assert.is(sweep.seedOf(index), cell.seed);
    }
  }
});

test('every combination is checked, and the error has its settings', () => {
  const wrong = (vary: readonly string[], says: RegExp): void =>
    assert.throws(
      () => new Sweep(planOf(vary)).check(),
      (error: Error) => says.test(error.message),
    );
  wrong(['policy.slice=20ms,50'], /^thread-2011 with policy.slice=50: policy.slice: .*not a duration/);
  wrong(['policy.slic=20ms'], /^"policy.slic=20ms": there is no "slic"/);
  wrong(['policy.name=unlimited,window', 'policy.slice=1ms'], /policy.name=window .*policy.limit: .*a rate/);
  const good = new Sweep(planOf(['policy.name=window', 'policy.limit=1MiB/s,2MiB/s'])).check();
  assert.equal([...good.keys()], ['host-2011']);
});

test('the hash is of the values, whatever the order of keys, and changes with all that matters', () => {
  const plan = planOf(['policy.slice=20ms,off']);
  const id = sweepId({ plan, costs });
  assert.match(id, /^[0-9a-f]{16}$/);
  const turned = Object.fromEntries(Object.entries(Object(plan.document)).reverse());
  assert.is(sweepId({ plan: { ...plan, document: turned, word: 'another name' }, costs }), id);
  const others = [
    { plan: planOf(['policy.slice=off,20ms']), costs },
    { plan: planOf(['policy.slice=20ms,off'], 2), costs },
    { plan: { ...plan, document: withSetting(plan.document, 'guest.touched=0.2') }, costs },
    { plan, costs: { 'host-2011': { ...findCosts('host-2011'), about: 'others' } } },
  ];
  assert.is(new Set([id, ...others.map(sweepId)]).size, others.length + 1);
});

test('a line is one line with stable keys, and is read back', () => {
  const plan = planOf(['policy.slice=20ms,off', 'seed=3']);
  const setup = { plan, costs, id: sweepId({ plan, costs }) };
  const line = runCell(new Sweep(plan), setup, 1);
  assert.is(runCell(new Sweep(plan), setup, 1), line);
  assert.is(line.indexOf('\n'), line.length - 1);
  assert.ok(line.startsWith(lineHead(setup.id)));
  const { result, ...rest }: Record<string, unknown> = JSON.parse(line);
  assert.equal(rest, {
    schema: 'pagepipe/cell/1',
    sweep: setup.id,
    index: 1,
    cells: 2,
    cell: { 'policy.slice': 'off', seed: 3 },
  });
  const read = readCellLine(line);
  const { wall_ms, phases, blackout_ms, guest_bytes_per_s } = Object(result);
  assert.equal(read, {
    sweep: setup.id,
    index: 1,
    figures: {
      wall_ms,
      iterate_max_ms: phases.iterate.max_ms,
      blackout_p99_ms: blackout_ms.p99,
      blackout_max_ms: blackout_ms.max,
      guest_bytes_per_s,
    },
  });
  for (const text of ['', '{}', 'x', line.slice(0, -2), '{"schema":"pagepipe/cell/1"}']) {
    assert.is(readCellLine(text), undefined);
  }
});

test('a row for each combination: median and percentiles over its seeds', () => {
  const sweep = new Sweep(planOf(['seed=1..11', 'policy.slice=20ms,off']));
  const cells = new Map<number, CellFigures>();
  for (let index = sweep.cells - 1; index >= 0; index--) {
    const value = sweep.seedOf(index) * (sweep.combinationOf(index) === 0 ? 1 : 100);
    cells.set(index, {
      wall_ms: value,
      iterate_max_ms: value,
      blackout_p99_ms: value,
      blackout_max_ms: value,
      guest_bytes_per_s: value,
    });
  }
  const rows = summariseCells(sweep, cells);
  assert.equal(
    rows.map(({ choices, seeds, figures }) => [choices, seeds, figures.wall_ms]),
    [
      [['20ms'], 11, { p10: 2, p50: 6, p90: 10 }],
      [['off'], 11, { p10: 200, p50: 600, p90: 1000 }],
    ],
  );
  cells.clear();
  assert.equal(summariseCells(sweep, cells), []);
});

test.run();
