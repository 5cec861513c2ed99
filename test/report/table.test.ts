import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Column, formatTable, wrap } from '../../src/report/table.ts';

const COLUMNS: readonly Column[] = [
  { title: 'name', align: 'left' },
  { title: 'n', align: 'right' },
  { title: 'what', align: 'left' },
];

test('columns are as wide as their widest cell, and no line ends in spaces', () => {
  const rows = [
    ['ram', '16,384', 'normal'],
    ['pc.bios', '64', ''],
  ];
  assert.is(
    formatTable(COLUMNS, rows),
    ['name          n  what', '-------  ------  ------', 'ram      16,384  normal', 'pc.bios      64'].join(
      '\n',
    ),
  );
});

test('no rows, and a row that is too short', () => {
  assert.is(formatTable(COLUMNS, []), 'name  n  what\n----  -  ----');
  assert.is(formatTable(COLUMNS, [['a']]), 'name  n  what\n----  -  ----\na');
});

test('a paragraph breaks at spaces, at the width and not before', () => {
  assert.is(wrap('one two three', 7), 'one two\nthree');
  assert.is(wrap('one two three', 6), 'one\ntwo\nthree');
  assert.is(wrap('one two three', 13), 'one two three');
});

test('a word that is longer than the width has its own line', () => {
  assert.is(wrap('a unbreakable b', 5), 'a\nunbreakable\nb');
  assert.is(wrap('unbreakable', 5), 'unbreakable');
  assert.is(wrap('', 5), '');
});

test.run();
