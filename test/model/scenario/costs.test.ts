/** Sets of costs: every field refused on its own; draws that do not shift each other. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  COST_MEANINGS,
  COST_SET_NAMES,
  type CostSet,
  drawCosts,
  findCosts,
  mapCosts,
  parseCosts,
} from '../../../src/model/index.ts';
import { asJson, changed, type Json, refusalOf } from '../../support/document.ts';

const DOCUMENT = asJson(findCosts('host-2011'));
const NAMES = Object.keys(COST_MEANINGS);

const parse = (document: unknown): CostSet => parseCosts(document, 'f.json');
const refused = (path: string, value: Json | undefined): string =>
  refusalOf(() => parse(changed(DOCUMENT, path, value)));

test('all built-in sets are taken as documents, and every cost has its ground', () => {
  for (const name of COST_SET_NAMES) {
    const set = findCosts(name);
    assert.equal(parse(asJson(set)), set);
    for (const { ground } of Object.values(set.costs)) assert.ok(ground.length > 5);
  }
});

test('every cost: refused where it is missing, of the wrong type, without a ground, below 0 or too much', () => {
  for (const name of NAMES) {
    const path = `costs.${name}`;
    const value = `${path}.value`;
    assert.is(refused(path, undefined), `f.json: ${path}: missing: add it`);
    assert.is(refused(path, 3), `f.json: ${path}: 3 is not taken: give an object`);
    assert.is(refused(value, undefined), `f.json: ${value}: missing: add it`);
    for (const wrong of [null, '5', true, {}]) {
      assert.match(
        refused(value, wrong),
        new RegExp(`^f\\.json: ${value}: .* is not taken: give a number or \\[`),
      );
    }
    assert.is(refused(value, -1), `f.json: ${value}: -1 is too little: give at least 0`);
    assert.is(
      refused(value, 2e12),
      `f.json: ${value}: 2000000000000 is too much: give at most 1000000000000`,
    );
    assert.is(refused(value, [2, 1]), `f.json: ${value}: its lower end is above its upper: swap them`);
    assert.is(refused(value, [1]), `f.json: ${value}.1: missing: give a number`);
    assert.is(refused(value, [1, 2, 3]), `f.json: ${value}.2: not known: leave it out`);
    assert.is(refused(value, [1, 'x']), `f.json: ${value}.1: "x" is not taken: give a number`);
    assert.is(refused(value, [-1, 2]), `f.json: ${value}.0: -1 is too little: give at least 0`);
    assert.is(refused(`${path}.ground`, undefined), `f.json: ${path}.ground: missing: add it`);
    assert.is(refused(`${path}.ground`, ''), `f.json: ${path}.ground: is empty: give a text`);
    assert.is(refused(`${path}.ground`, 3), `f.json: ${path}.ground: 3 is not taken: give a text`);
    assert.is(refused(`${path}.unit`, 'ns'), `f.json: ${path}.unit: not known: leave it out`);
  }
});

test('the rest of a set: refused by its path', () => {
  assert.is(
    refused('schema', 'pagepipe/costs/2'),
    'f.json: schema: "pagepipe/costs/2" is not taken: give "pagepipe/costs/1"',
  );
  assert.is(refused('name', ''), 'f.json: name: is empty: give a text');
  assert.is(refused('name', undefined), 'f.json: name: missing: add it');
  assert.is(refused('about', 3), 'f.json: about: 3 is not taken: give a text');
  assert.is(refused('machine', 3), 'f.json: machine: 3 is not taken: give an object');
  assert.is(
    refused('machine', { cpu: null }),
    'f.json: machine.cpu: null is not taken: give a text or a number or true or false',
  );
  assert.is(refused('costs', undefined), 'f.json: costs: missing: add it');
  assert.is(
    refused('costs.magic_ns', { value: 1, ground: 'x' }),
    'f.json: costs.magic_ns: not known: leave it out',
  );
  assert.is(refused('extra', 1), 'f.json: extra: not known: leave it out');
  parse(
    changed(changed(DOCUMENT, 'machine', { cpu: 'x', cpus: 2, smt: true }), '$schema', 'costs.schema.json'),
  );
});

test('a number is drawn as it is, a range between its ends, and the same by the same seed', () => {
  const set = findCosts('host-2011');
  for (let seed = 0; seed < 50; seed++) {
    const costs = drawCosts(set, seed);
    assert.equal(drawCosts(set, seed), costs);
    mapCosts((name) => {
      const { value } = set.costs[name];
      if (typeof value === 'number') assert.is(costs[name], value);
      else assert.ok(costs[name] >= value[0] && costs[name] <= value[1], name);
    });
  }
  assert.not.equal(drawCosts(set, 1), drawCosts(set, 2));
});

test('changing one cost never shifts what another draws', () => {
  const before = drawCosts(parse(DOCUMENT), 7);
  for (const name of NAMES) {
    const after = drawCosts(parse(changed(DOCUMENT, `costs.${name}.value`, [5, 6])), 7);
    assert.equal({ ...after, [name]: 0 }, { ...before, [name]: 0 }, name);
  }
});

test.run();
