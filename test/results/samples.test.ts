/** Samples out of documents: one, several, arrays, cells, benches; what is none of them is refused by its path. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PagepipeError } from '../../src/errors.ts';
import { parseSamples } from '../../src/results/samples.ts';

const PHASE = { p50_ms: 1, p99_ms: 2, max_ms: 3 };
const RESULT = {
  schema: 'pagepipe/result/1',
  world: 'real',
  wall_ms: 10,
  downtime_ms: 0.5,
  guest_bytes: 4096,
  stream_bytes: 100,
  guest_bytes_per_s: 409_600,
  phases: { iterate: PHASE },
  blackout_ms: { p50: 1, p99: 2, max: 3 },
  options: { policy: 'window', size_bytes: 4096, slice_ms: null, seed: 3, output: 'a.mig' },
  machine: { cpu: 'x' },
};
const CELL = { schema: 'pagepipe/cell/1', cell: { 'policy.slice': '5ms', seed: 3 }, result: RESULT };
const BENCH = {
  schema: 'pagepipe/bench/1',
  cases: [
    { name: 'zero', bytes: 100, samples: [1, 2] },
    { name: 'normal', bytes: 100, samples: [4] },
  ],
  machine: {},
};

const parse = (document: unknown) => parseSamples(JSON.stringify(document), 'f.json');

test('a result: its case is its options without what makes a sample, its figures by their paths', () => {
  assert.equal(parse(RESULT), [
    {
      kind: 'result',
      case: { policy: 'window', size_bytes: 4096, slice_ms: null },
      world: 'real',
      seed: 3,
      machine: { cpu: 'x' },
      figures: {
        guest_bytes_per_s: 409_600,
        wall_ms: 10,
        downtime_ms: 0.5,
        'phases.iterate.p50_ms': 1,
        'phases.iterate.p99_ms': 2,
        'phases.iterate.max_ms': 3,
        'blackout_ms.p50': 1,
        'blackout_ms.p99': 2,
        'blackout_ms.max': 3,
        stream_bytes: 100,
      },
    },
  ]);
});

test('a guest whose size is not among the options has it in its case all the same', () => {
  const [found] = parse({ ...RESULT, options: { arrangement: 'plain file' } });
  assert.equal(found?.case, { arrangement: 'plain file', guest_bytes: 4096 });
});

test('a cell: its case is the cell, without the seed', () => {
  const [found] = parse(CELL);
  assert.equal(found?.case, { 'policy.slice': '5ms' });
  assert.is(found?.seed, 3);
});

test('a bench: a sample for each time', () => {
  assert.equal(
    parse(BENCH).map(({ case: of, figures }) => [of, figures]),
    [
      [{ name: 'zero' }, { bytes_per_s: 100, seconds: 1 }],
      [{ name: 'zero' }, { bytes_per_s: 50, seconds: 2 }],
      [{ name: 'normal' }, { bytes_per_s: 25, seconds: 4 }],
    ],
  );
});

test('several documents: an array, one a line, one behind the other as they are printed, arrays of them', () => {
  const pretty = `${JSON.stringify(RESULT, null, 2)}\n`;
  const line = `${JSON.stringify(CELL)}\n`;
  const count = (text: string): number => parseSamples(text, 'f').length;
  assert.is(count(JSON.stringify([RESULT, RESULT])), 2);
  assert.is(count(JSON.stringify([RESULT, RESULT], null, 2)), 2);
  assert.is(count(line.repeat(3)), 3);
  assert.is(count(`\n${line}\n\n${line}`), 2);
  assert.is(count(line.replaceAll('\n', '\r\n').repeat(2)), 2);
  assert.is(count(pretty.repeat(3)), 3);
  assert.is(count(`${JSON.stringify([RESULT, CELL], null, 2)}\n`.repeat(2)), 4);
  assert.is(count(pretty + line), 2);
});

/** The document with the value at a path replaced; undefined takes it away. */
function changed(document: unknown, path: string, value: unknown): unknown {
  const copy = JSON.parse(JSON.stringify(document));
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let at = copy;
  for (const key of keys) at = at[key];
  at[last] = value;
  return copy;
}

function messageOf(parseIt: () => unknown): string {
  try {
    parseIt();
  } catch (error) {
    if (error instanceof PagepipeError && error.is_usage) return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}

const REFUSED: readonly [document: unknown, path: string, value: unknown, message: string][] = [
  [
    RESULT,
    'schema',
    undefined,
    'schema: missing: give what save, simulate, demo or bench --json printed, or sweep wrote',
  ],
  [
    RESULT,
    'schema',
    'x',
    'schema: is "x": give what save, simulate, demo or bench --json printed, or sweep wrote',
  ],
  [RESULT, 'world', 'log', 'world: has no throughput: give what save, simulate or demo printed with --json'],
  [RESULT, 'world', 3, 'world: is 3: give a text, as it was printed'],
  [RESULT, 'wall_ms', 'fast', 'wall_ms: is "fast": give a number from 0 up, as it was printed'],
  [RESULT, 'wall_ms', -1, 'wall_ms: is -1: give a number from 0 up, as it was printed'],
  [RESULT, 'phases', [], 'phases.iterate.p50_ms: missing: give a number from 0 up, as it was printed'],
  [
    RESULT,
    'phases.iterate.max_ms',
    null,
    'phases.iterate.max_ms: is null: give a number from 0 up, as it was printed',
  ],
  [
    RESULT,
    'blackout_ms.p99',
    {},
    'blackout_ms.p99: is an object: give a number from 0 up, as it was printed',
  ],
  [RESULT, 'options', 'none', 'options: is "none": give an object, as it was printed'],
  [
    RESULT,
    'options.policy',
    [1],
    'options.policy: is a list: give a text, a number, true, false or null, as it was printed',
  ],
  [
    RESULT,
    'options',
    { '\x1b[2J': {} },
    'options."\\u001b[2J": is an object: give a text, a number, true, false or null, as it was printed',
  ],
  [RESULT, 'machine', undefined, 'machine: missing: give an object, as it was printed'],
  [CELL, 'cell', undefined, 'cell: missing: give an object, as it was printed'],
  [CELL, 'result.schema', 'x', 'result.schema: is "x": give pagepipe/result/1'],
  [
    CELL,
    'result.stream_bytes',
    true,
    'result.stream_bytes: is true: give a number from 0 up, as it was printed',
  ],
  [
    [RESULT, RESULT],
    '1.wall_ms',
    undefined,
    '1.wall_ms: missing: give a number from 0 up, as it was printed',
  ],
  [BENCH, 'cases', {}, 'cases: is an object: give a list, as it was printed'],
  [BENCH, 'cases.0.samples.1', 0, 'cases.0.samples.1: is 0 seconds, which is no time: measure it again'],
  [BENCH, 'cases.1.name', 3, 'cases.1.name: is 3: give a text, as it was printed'],
];

for (const [document, path, value, message] of REFUSED) {
  test(`refused: ${path} is ${JSON.stringify(value)}`, () => {
    assert.is(
      messageOf(() => parse(changed(document, path, value))),
      `f.json: ${message}`,
    );
  });
}

test('refused: no JSON, nothing at all, no sample, a line that was cut', () => {
  const line = JSON.stringify(CELL);
  const message = (text: string): string => messageOf(() => parseSamples(text, 'f'));
  assert.is(message(' \n'), 'f: is empty: give what --json printed');
  assert.is(message('[]'), 'f: holds no sample: give what --json printed');
  assert.is(message('hello'), 'f: is no JSON: mend it, or leave it out');
  assert.is(message('{"schema": '), 'f: is no JSON: mend it, or leave it out');
  assert.is(
    message(`${line}\n${line}\n${line.slice(0, 50)}`),
    'f: line 3: is no JSON: mend it, or leave it out',
  );
  const broken = JSON.stringify(changed(CELL, 'result.wall_ms', []));
  assert.is(
    message(`${line}\n${broken}\n`),
    'f: line 2: result.wall_ms: is a list: give a number from 0 up, as it was printed',
  );
  assert.match(message('3'), /^f: schema: missing: /);
  assert.match(message(JSON.stringify({ schema: 'y'.repeat(1000) })), /^f: schema: is "y{30}…": give/);
});

test.run();
