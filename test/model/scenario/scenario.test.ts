/** Scenarios: every field refused on its own, settings on every path, draws that do not shift each other. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  drawScenario,
  findScenario,
  parseScenario,
  SCENARIO_NAMES,
  type Scenario,
  scenarioDocument,
  withSetting,
} from '../../../src/model/index.ts';
import { drawnOnly } from '../../../src/model/scenario/scenario.ts';
import {
  asJson,
  changed,
  isJsonObject,
  type Json,
  leavesOf,
  objectsOf,
  refusalOf,
  valueAt,
} from '../../support/document.ts';

const DOCUMENT = asJson(scenarioDocument('thread-2011'));
const PATHS = leavesOf(DOCUMENT);

const parse = (document: unknown): Scenario => parseScenario(document, 'f.json');
const refused = (path: string, value: Json | undefined): string =>
  refusalOf(() => parse(changed(DOCUMENT, path, value)));

test('there are as many paths as the schema has fields', () => {
  assert.is(PATHS.length, 60);
});

test('all built-in scenarios are taken as documents, and are what is found by their names', () => {
  for (const name of SCENARIO_NAMES) {
    assert.equal(parse(asJson(scenarioDocument(name))), findScenario(name));
    assert.is(findScenario(name).name, name);
  }
});

for (const path of PATHS) {
  test(`${path}: refused with the wrong type, or where it is missing, by its path`, () => {
    const begins = (text: string): void => assert.ok(text.startsWith(`f.json: ${path}: `), text);
    const wrong = typeof valueAt(DOCUMENT, path) === 'boolean' ? 1 : true;
    for (const value of [null, wrong, {}]) {
      const text = refused(path, value);
      begins(text);
      assert.match(text, /: (true|null|1|an object) is not taken: give ("|[a[]|true or false)/);
      assert.ok(text.length < 120, text);
    }
    assert.is(refused(path, undefined), `f.json: ${path}: missing: add it`);
    assert.match(
      refused(path, []),
      new RegExp(`^f\\.json: ${path}(\\.0)?: (a list is not taken|missing): give `),
    );
    assert.is(refused(`${path}_x`, 1), `f.json: ${path}_x: not known: leave it out`);
  });
}

test('objects are refused where they are missing, or something else', () => {
  for (const path of objectsOf(DOCUMENT)) {
    assert.is(refused(path, undefined), `f.json: ${path}: missing: add it`);
    assert.is(refused(path, 3), `f.json: ${path}: 3 is not taken: give an object`);
    assert.match(refused(path, []), new RegExp(`^f\\.json: ${path}\\.[a-z]+: missing: add it$`));
  }
  for (const document of [null, 3, 'x']) {
    assert.match(
      refusalOf(() => parse(document)),
      /^f\.json: (null|3|"x") is not taken: give an object$/,
    );
  }
});

const SIZE = ['guest.size', 'loop.staging', 'output.block', 'disk.cache'];
const DURATION = ['policy.slice', 'policy.target', 'loop.downtime'];
const RATE = ['policy.limit', 'output.rate'];
const WHOLE = ['guest.vcpus', 'output.slots', 'output.piece', 'cpu.count', 'cpu.nice', 'loop.max_rounds'];
const SHARE = ['disk.seek_share', 'disk.stall_share'];
const RANGES: Readonly<Record<string, readonly string[]>> = {
  size: ['guest.content'],
  duration: ['guest.dear_touch', 'disk.latency', 'cpu.slice', 'cpu.busy', 'cpu.free'],
  rate: ['guest.dirty', 'guest.growth', 'disk.rate'],
  whole: ['guest.islands', 'loop.walks', 'cpu.load'],
  share: ['guest.touched', 'guest.set', 'guest.vcpu_busy'],
};

/** Of each form: two values that are taken, in order, and what is refused with its words. */
const FORMS: Readonly<Record<string, readonly [low: Json, high: Json, refused: readonly [Json, RegExp][]]>> =
  {
    size: [
      '64KiB',
      '1MiB',
      [
        ['1s', /"1s" is not a size/],
        [-1, /"-1" is not a size/],
        ['1e9TiB', /not a size/],
      ],
    ],
    duration: [
      '20us',
      '1ms',
      [
        ['1KiB', /is not a duration: give .* ns, us, ms, s, min/],
        [5, /"5" is not a dur/],
      ],
    ],
    rate: [
      '1MiB/s',
      '1GB/s',
      [
        ['1MiB', /is not a rate/],
        ['0B/s', /is not a rate/],
        [5, /"5" is not a rate/],
      ],
    ],
    whole: [
      1,
      4,
      [
        [1.5, /1\.5 is no whole number: give one/],
        [-21, /-21 is too little: give at least -?\d+/],
      ],
    ],
    share: [
      0.1,
      0.5,
      [
        [1.5, /1\.5 is too much: give at most 1/],
        [-0.1, /-0\.1 is too little: give at least 0/],
      ],
    ],
  };

test('every quantity is refused in another form or out of its range, and taken in its own', () => {
  const single = { size: SIZE, duration: DURATION, rate: RATE, whole: WHOLE, share: SHARE };
  for (const [form, paths] of Object.entries(single)) {
    const [, , wrong] = FORMS[form] ?? ['', '', []];
    for (const path of paths) {
      for (const [value, says] of wrong) {
        const text = refused(path, value);
        assert.ok(text.startsWith(`f.json: ${path}: `), text);
        assert.match(text, says);
      }
    }
  }
});

test('every range is a value or its two ends, in order, each in its form', () => {
  for (const [form, paths] of Object.entries(RANGES)) {
    const [low, high, wrong] = FORMS[form] ?? ['', '', []];
    for (const path of paths) {
      for (const value of [low, high, [low, high], [low, low]]) parse(changed(DOCUMENT, path, value));
      assert.is(refused(path, [high, low]), `f.json: ${path}: its lower end is above its upper: swap them`);
      assert.match(refused(path, [low]), new RegExp(`^f\\.json: ${path}\\.1: missing: give `));
      assert.is(refused(path, [low, high, high]), `f.json: ${path}.2: not known: leave it out`);
      for (const [value, says] of wrong) {
        assert.match(refused(path, value), says, path);
        assert.match(refused(path, value), new RegExp(`^f\\.json: ${path}: `));
        assert.match(refused(path, [low, value]), says, path);
        assert.match(refused(path, [low, value]), new RegExp(`^f\\.json: ${path}\\.1: `));
      }
    }
  }
});

test('the list that covers the ranges covers all that are drawn', () => {
  const ranges = Object.values(RANGES).flat().sort();
  const isDrawn = (path: string): boolean => {
    const two = Object.values(FORMS).map(([low, high]) => [low, high]);
    return two.some((value) => {
      try {
        const scenario = parse(changed(DOCUMENT, path, value));
        return path in drawnOnly(scenario, drawScenario(scenario, 1));
      } catch {
        return false;
      }
    });
  };
  assert.equal(PATHS.filter(isDrawn).sort(), ranges);
});

test('seeks and stalls are two ends in order, drawn for each write', () => {
  for (const path of ['disk.seek', 'disk.stall']) {
    parse(changed(DOCUMENT, path, ['1ms', '1ms']));
    assert.is(refused(path, ['2ms', '1ms']), `f.json: ${path}: its lower end is above its upper: swap them`);
    assert.match(refused(path, '1ms'), /"1ms" is not taken: give \[lowest, highest\]/);
  }
});

test('words are those of their lists, and the ones for none', () => {
  const words = ['guest.layout', 'loop.sync', 'loop.estimate', 'loop.restart', 'loop.begin', 'loop.complete'];
  for (const path of [...words, 'policy.name', 'output.via', 'output.reader']) {
    assert.match(refused(path, 'maybe'), /: "maybe" is not taken: give "[a-z-]+"( or "[a-z-]+")+$/);
  }
  assert.match(refused('loop.encode_pages', 'maybe'), /give "adapted" or a number$/);
  assert.match(refused('loop.max_rounds', 0), /0 is too little: give at least 1$/);
});

test('what does not go together is refused', () => {
  assert.is(
    refused('policy.name', 'window'),
    'f.json: policy.limit: this policy needs a rate: give one, such as 32MiB/s',
  );
  for (const size of [0, 5000, '6KiB']) {
    assert.match(refused('guest.size', size), /guest\.size: not whole pages: give a multiple of 4096 bytes/);
  }
  assert.match(refused('loop.staging', '4KiB'), /4096 is too little: give at least 8192/);
  assert.match(refused('cpu.slice', '0ns'), /too short: give at least 10us/);
});

test('a refusal is one line without what steers a terminal, however long the text', () => {
  const nasty = `\x1b[2J\n${'y'.repeat(10_000)}`;
  for (const path of ['guest.layout', 'guest.size', 'guest.dirty', 'schema', 'policy.slice']) {
    const text = refused(path, nasty);
    assert.not.ok(text.includes('\n') || text.includes('\x1b'), text);
    assert.ok(text.length < 200, text);
  }
  assert.is(refused('guest.\x1b\n', 1), 'f.json: guest.\\u001b\\u000a: not known: leave it out');
});

/** A value of the right form for a path, other than the one that is there, as `--set` takes it. */
function otherSetting(path: string, value: Json | undefined): string {
  if (path === 'schema') return 'pagepipe/scenario/1';
  if (typeof value === 'boolean') return String(!value);
  if (path === 'guest.size') return '64MiB';
  if (path === 'policy.limit' || path === 'output.rate') return '5MiB/s';
  if (path === 'policy.slice') return '7ms';
  if (path === 'guest.dear_touch') return '[1us,2us]';
  if (path === 'loop.max_rounds') return '3';
  if (Array.isArray(value)) return JSON.stringify([value[0], value[0]]);
  const words: Readonly<Record<string, string>> = {
    'guest.layout': 'runs',
    'loop.sync': 'round',
    'loop.estimate': 'period',
    'loop.restart': 'tick',
    'loop.begin': 'head',
    'loop.complete': 'turns',
    'loop.encode_pages': 'adapted',
    'policy.name': 'adaptive',
    'output.via': 'file',
    'output.reader': 'discard',
    'loop.staging': '64KiB',
    'output.block': '64KiB',
    'disk.cache': '64KiB',
    'output.piece': '4096',
  };
  const word = words[path];
  if (word !== undefined) return word;
  if (typeof value === 'string') return value.endsWith('s') && /^\d/.test(value) ? '11us' : 'another';
  return String(typeof value === 'number' && value < 1 && value > 0 ? 0.25 : 3);
}

for (const path of PATHS) {
  test(`--set ${path} changes it and nothing else`, () => {
    const value = otherSetting(path, valueAt(DOCUMENT, path));
    const document = asJson({ all: withSetting(DOCUMENT, `${path}=${value}`) });
    const all = isJsonObject(document) ? document.all : undefined;
    assert.ok(all !== undefined);
    const [before, after] = [parse(DOCUMENT), parse(all)];
    assert.equal(changed(all, path, valueAt(DOCUMENT, path)), DOCUMENT);
    if (path !== 'schema') assert.not.equal(after, before);
  });
}

test('settings: numbers, true and false, lists with and without quotes, texts', () => {
  const set = (setting: string): Json | undefined => {
    const document = asJson({ all: withSetting(DOCUMENT, setting) });
    return isJsonObject(document) ? valueAt(document.all ?? null, setting.split('=')[0] ?? '') : undefined;
  };
  assert.is(set('cpu.nice=-5'), -5);
  assert.is(set('guest.touched=0.25'), 0.25);
  assert.is(set('guest.touched=.25'), 0.25);
  assert.is(set('guest.touched=25e-2'), 0.25);
  assert.is(set('guest.zero_records=false'), false);
  assert.equal(set('guest.touched=[0.1, 0.2]'), [0.1, 0.2]);
  assert.equal(set('disk.rate=["60MB/s","100MB/s"]'), ['60MB/s', '100MB/s']);
  assert.equal(set('disk.rate=[60MB/s, 100MB/s]'), ['60MB/s', '100MB/s']);
  assert.equal(set('disk.rate=[]'), []);
  assert.is(set('policy.slice=20ms'), '20ms');
  assert.is(set('about=a = b, [c'), 'a = b, [c');
  assert.is(set('name="5"'), '5');
  assert.is(set('about='), '');
});

test('settings that set nothing are refused, and the document is not changed', () => {
  const before = JSON.stringify(DOCUMENT);
  const refusal = (setting: string): string => refusalOf(() => withSetting(DOCUMENT, setting));
  for (const setting of ['', 'a', '=b', '=']) assert.match(refusal(setting), /sets nothing: give path=value/);
  assert.match(
    refusal('guest.sise=1'),
    /^"guest\.sise=1": there is no "sise"; give path=value with one of size, /,
  );
  assert.match(refusal('policy.slice.x=1'), /there is no "x"/);
  assert.match(refusal('guest.content.0=1'), /there is no "0"/);
  for (const key of ['__proto__', 'constructor', 'toString']) {
    assert.match(refusal(`${key}=1`), /there is no/);
    assert.match(refusal(`guest.${key}.x=1`), /there is no/);
  }
  assert.is(JSON.stringify(DOCUMENT), before);
});

/** Everything that a scenario draws, by its path. */
const drawn = (document: Json, seed: number) => {
  const scenario = parse(document);
  return drawnOnly(scenario, drawScenario(scenario, seed));
};

const DRAWN_PATHS = Object.keys(drawn(DOCUMENT, 1));

test('the same seed draws the same numbers, another one draws others', () => {
  assert.ok(DRAWN_PATHS.length >= 8);
  assert.equal(drawn(DOCUMENT, 5), drawn(DOCUMENT, 5));
  for (const path of DRAWN_PATHS) {
    const values = new Set(Array.from({ length: 20 }, (_, seed) => drawn(DOCUMENT, seed)[path]));
    assert.ok(values.size > 3, path);
  }
});

test('all that is drawn lies between its ends, whole where they are, and reaches near both', () => {
  const ends = parse(DOCUMENT);
  const isRange = (value: unknown): value is { low: number; high: number } =>
    typeof value === 'object' && value !== null && 'low' in value && 'high' in value;
  for (const path of DRAWN_PATHS) {
    const [part = '', key = ''] = path.split('.');
    const parts: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
      guest: ends.guest,
      disk: ends.disk,
      cpu: ends.cpu,
    };
    const range = parts[part]?.[key];
    assert.ok(isRange(range), path);
    const values = Array.from({ length: 200 }, (_, seed) => Number(drawn(DOCUMENT, seed)[path]));
    const width = range.high - range.low;
    for (const value of values) {
      assert.ok(value >= range.low && value <= range.high, `${path} ${value}`);
      if (Number.isInteger(range.low) && Number.isInteger(range.high))
        assert.ok(Number.isInteger(value), path);
    }
    assert.ok(
      Math.min(...values) < range.low + width * 0.2 && Math.max(...values) > range.high - width * 0.2,
      path,
    );
  }
});

test('changing one range, or anything else, never shifts what another draws', () => {
  const before = drawn(DOCUMENT, 3);
  for (const path of PATHS) {
    if (path === 'schema') continue;
    const value = otherSetting(path, valueAt(DOCUMENT, path));
    const document = asJson({ all: withSetting(DOCUMENT, `${path}=${value}`) });
    const after = drawn(isJsonObject(document) ? (document.all ?? null) : null, 3);
    const { [path]: _, ...others } = before;
    const { [path]: __, ...rest } = after;
    assert.equal(rest, others, path);
  }
});

test('switches: parsed, off, and no number shifted', () => {
  const switches = ['guest.zero_records', 'guest.faults', 'disk.stalls', 'cpu.contention', 'loop.sync_cost'];
  for (const path of switches) {
    const document = withSetting(DOCUMENT, `${path}=false`);
    const scenario = parse(document);
    assert.is(valueAt(asJson(scenario), path), false);
    assert.equal(drawnOnly(scenario, drawScenario(scenario, 3)), drawn(DOCUMENT, 3), path);
    assert.match(
      refusalOf(() => parse(withSetting(DOCUMENT, `${path}=off`))),
      /"off" is not taken: give true or false$/,
    );
  }
});

test.run();
