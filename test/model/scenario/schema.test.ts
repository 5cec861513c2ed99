/** The published JSON Schemas: fresh, true of every built-in document, and as strict as the program. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { publishedSchemas } from '../../../scripts/schemas.ts';
import { PagepipeError } from '../../../src/errors.ts';
import {
  COST_SET_NAMES,
  findCosts,
  parseCosts,
  parseScenario,
  SCENARIO_NAMES,
  scenarioDocument,
} from '../../../src/model/index.ts';
import { parseDuration, parseRate, parseSize } from '../../../src/units.ts';
import { asJson, changed, type Json, leavesOf, objectsOf, valueAt } from '../../support/document.ts';
import { isValid } from '../../support/json-schema.ts';

const read = (file: string): string => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
const SCENARIO = JSON.parse(read('docs/scenario.schema.json'));
const COSTS = JSON.parse(read('docs/costs.schema.json'));
const DOCUMENT = asJson(scenarioDocument('thread-2011'));
const COST_SET = asJson(findCosts('host-2011'));

/** Whether the program takes a document. */
function isTaken(parse: (document: unknown, file: string) => unknown, document: unknown): boolean {
  try {
    parse(document, 'f');
    return true;
  } catch (error) {
    if (error instanceof PagepipeError) return false;
    throw error;
  }
}

test('the files are as the schemas are now: npm run schemas', () => {
  for (const { file, text } of publishedSchemas()) assert.is(read(file), text, file);
});

test('they are in the package, and name no host', () => {
  const { files }: { files: string[] } = JSON.parse(read('package.json'));
  for (const { file, text } of publishedSchemas()) {
    assert.ok(files.some((path) => file.startsWith(`${path}/`)));
    const { $schema, ...rest } = JSON.parse(text);
    assert.is($schema, 'http://json-schema.org/draft-07/schema#');
    assert.match(rest.$id, /^urn:pagepipe:(scenario|costs):1$/);
    assert.not.match(JSON.stringify(rest), /https?:/);
  }
});

test('every built-in scenario and set of costs is as they say', () => {
  for (const name of SCENARIO_NAMES) assert.ok(isValid(asJson(scenarioDocument(name)), SCENARIO), name);
  for (const name of COST_SET_NAMES) assert.ok(isValid(asJson(findCosts(name)), COSTS), name);
  assert.ok(isValid(changed(DOCUMENT, '$schema', 'scenario.schema.json'), SCENARIO));
  assert.ok(isValid(changed(COST_SET, '$schema', 'costs.schema.json'), COSTS));
  assert.ok(isValid(changed(COST_SET, 'machine', { cpu: 'x', cpus: 2 }), COSTS));
});

/** A field of a schema, as it is described. */
interface Field {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Field>>;
}

test('every field has a description, but those that need none', () => {
  const undescribed: string[] = [];
  const look = ({ properties }: Field, path: string): void => {
    for (const [key, field] of Object.entries(properties ?? {})) {
      if (field.description === undefined && !('properties' in field)) undescribed.push(path + key);
      look(field, `${path}${key}.`);
    }
  };
  look(SCENARIO, '');
  look(COSTS, '');
  const plain = ['$schema', 'schema', 'policy.name', 'disk.rate', 'disk.stalls', 'cpu.count'];
  assert.equal(undescribed, [...plain, '$schema', 'schema']);
});

/** What no JSON Schema says, so that only the program refuses it. */
const ONLY_PROGRAM: readonly (readonly [path: string, value: Json])[] = [
  ['guest.size', 5000],
  ['guest.content', ['2MiB', '1MiB']],
  ['policy.name', 'window'],
  ['disk.rate', '0B/s'],
  ['cpu.slice', '1ns'],
  ['loop.staging', 100],
];

test('what is beyond a schema is refused by the program', () => {
  for (const [path, value] of ONLY_PROGRAM) {
    const document = changed(DOCUMENT, path, value);
    assert.ok(isValid(document, SCENARIO), path);
    assert.not.ok(isTaken(parseScenario, document), path);
  }
});

const VALUES: readonly (Json | undefined)[] = [
  undefined,
  null,
  true,
  'x',
  '',
  '5',
  '1.5',
  '1s',
  '1.5ms',
  '64KiB',
  '2GiB',
  '1MiB/s',
  'none',
  'off',
  'unlimited',
  'window',
  -30,
  -1,
  0,
  0.5,
  1,
  1.5,
  3,
  5000,
  1e300,
  {},
  [],
  [1],
  ['1MiB', '2MiB'],
  ['1s', '2s', '3s'],
  ['1MiB/s', 5],
  [0, 1],
  [0.1, 0.2],
  [1, null],
];

test('with any value at any path, the schema and the program agree, but for what is beyond a schema', () => {
  const compare = (
    document: Json,
    schema: Record<string, unknown>,
    parse: (document: unknown, file: string) => unknown,
  ): void => {
    for (const path of [...leavesOf(document), ...objectsOf(document), 'extra', 'cpu.extra']) {
      if (path.startsWith('cpu') && valueAt(document, 'cpu') === undefined) continue;
      for (const value of VALUES) {
        const other = changed(document, path, value);
        const what = `${path} ${JSON.stringify(value)}`;
        const is_valid = isValid(other, schema);
        if (isTaken(parse, other)) assert.ok(is_valid, what);
        else if (is_valid) assert.match(what, BEYOND);
      }
    }
  };
  compare(DOCUMENT, SCENARIO, parseScenario);
  compare(COST_SET, COSTS, parseCosts);
});

/** Values of the right form that are too small, no whole pages, or need another field. */
const BEYOND =
  /^(guest\.size (0|1|3|5000|"5")|policy\.name "window"|loop\.staging (0|1|3|5000|"5")|output\.block 0)$/;

test('the patterns of sizes, durations and rates are those of the parsers', () => {
  const amount = fc.oneof(
    fc.nat(2000).map(String),
    fc.constantFrom('1.5', '01', '1.', '.5', '-1', '', '1e3'),
  );
  const unit = fc.constantFrom(
    '',
    'B',
    'KiB',
    'MiB',
    'TB',
    'kB',
    'KB',
    'ns',
    'us',
    'ms',
    's',
    'min',
    'h',
    'b',
  );
  const tail = fc.constantFrom('', '/s', ' ', '/ms');
  const fields = { size: 'loop.staging', duration: 'loop.downtime', rate: 'output.rate' };
  const parsers = { size: parseSize, duration: parseDuration, rate: parseRate };
  fc.assert(
    fc.property(amount, unit, tail, (...parts) => {
      const text = parts.join('');
      for (const form of ['size', 'duration', 'rate'] as const) {
        // a rate of 0 is of the right form
        if (form === 'rate' && /^0+\D/.test(text)) continue;
        const is_valid = isValid(changed(DOCUMENT, fields[form], text), SCENARIO);
        assert.is(
          is_valid,
          isTaken(() => parsers[form](text), text),
          `${form} ${JSON.stringify(text)}`,
        );
      }
    }),
    { numRuns: 300 },
  );
});

test.run();
