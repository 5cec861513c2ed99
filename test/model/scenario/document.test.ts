/** Documents from outside: which fault is named, where, and in which words. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as v from 'valibot';
import { checkDocument } from '../../../src/model/scenario/document.ts';
import { durations, rates, shares, size, sizes } from '../../../src/model/scenario/quantity.ts';
import { refusalOf } from '../../support/document.ts';

const says = (schema: v.GenericSchema, document: unknown): string =>
  refusalOf(() => checkDocument(schema, document, 'f')).replace(/^f: /, '');

test('what is right is given back, transformed', () => {
  assert.equal(checkDocument(v.strictObject({ a: size }), { a: '4KiB' }, 'f'), { a: 4096 });
  assert.equal(checkDocument(sizes, ['1KiB', 2048], 'f'), { low: 1024, high: 2048 });
  assert.equal(checkDocument(rates, '1MiB/s', 'f'), { low: 2 ** 20, high: 2 ** 20 });
  assert.equal(checkDocument(durations, ['1us', '1us'], 'f'), { low: 1000, high: 1000 });
});

test('of several faults the first is named', () => {
  assert.is(
    says(v.strictObject({ a: v.number(), b: v.number() }), { a: 'x', b: 'y' }),
    'a: "x" is not taken: give a number',
  );
});

test('forms in words: texts, numbers, switches, lists, objects, words, and their unions', () => {
  assert.is(says(v.string(), 1), '1 is not taken: give a text');
  assert.is(says(v.number(), 'x'), '"x" is not taken: give a number');
  assert.is(says(v.boolean(), 'x'), '"x" is not taken: give true or false');
  assert.is(says(v.strictTuple([v.number(), v.number()]), 1), '1 is not taken: give [lowest, highest]');
  assert.is(says(v.strictObject({}), 1), '1 is not taken: give an object');
  assert.is(says(v.picklist(['string', 'a | b']), 1), '1 is not taken: give "string" or "a | b"');
  assert.is(
    says(v.union([v.literal('none'), rates]), true),
    'true is not taken: give "none" or a quantity with its unit or [lowest, highest]',
  );
});

test('of a value that fits no form, the fault in the form that it is nearest to', () => {
  assert.is(says(shares, 2), '2 is too much: give at most 1');
  assert.is(says(shares, [0, 2]), '1: 2 is too much: give at most 1');
  assert.is(says(shares, [0.2, 0.1]), 'its lower end is above its upper: swap them');
  assert.match(says(v.union([v.literal('off'), durations]), '5'), /^"5" is not a duration: /);
  assert.match(says(v.union([v.literal('off'), durations]), ['1us', '5']), /^1: "5" is not a duration: /);
});

test('a long text is cut, and what steers a terminal is escaped', () => {
  assert.is(says(v.number(), '\x1b'.repeat(3)), '"\\u001b\\u001b\\u001b" is not taken: give a number');
  assert.ok(says(v.number(), 'y'.repeat(1e6)).length < 100);
  assert.ok(says(size, 'y'.repeat(1e6)).length < 200);
  assert.is(says(v.strictObject({}), { 'a\nb': 1 }), 'a\\u000ab: not known: leave it out');
});

test.run();
