import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isSameOutput, isStandardOutput } from '../../../src/node/output/same-output.ts';
import { inFolder } from '../../support/folder.ts';

test(
  'one file is one output by each of its spellings, whether it is there or not',
  inFolder((folder) => {
    mkdirSync(join(folder, 'sub'));
    symlinkSync('sub', join(folder, 'link'));
    const spellings = ['sub/x', 'sub/../sub/./x', 'link/x'].map((name) => `${folder}/${name}`);
    const all = [...spellings, relative('.', join(folder, 'sub/x'))];
    for (const there of [false, true]) {
      if (there) {
        writeFileSync(join(folder, 'sub/x'), '');
        symlinkSync('sub/x', join(folder, 'y'));
        all.push(join(folder, 'y'));
      }
      for (const one of all) {
        for (const other of all) assert.ok(isSameOutput(one, other), `${one} and ${other}`);
        assert.not.ok(isSameOutput(one, join(folder, 'x')));
        assert.not.ok(isSameOutput(one, join(folder, 'sub/z')));
      }
    }
  }),
);

test('a folder that is missing has no files in common with another', () => {
  assert.ok(isSameOutput('no/where/x', './no/where/x'));
  assert.not.ok(isSameOutput('no/where/x', 'no/x'));
});

test('descriptors by their numbers; a command has each its own input', () => {
  for (const name of ['-', '/dev/stdout', '/dev/fd/1', '/proc/self/fd/1']) {
    assert.ok(isStandardOutput(name));
    assert.ok(isSameOutput('-', name));
    assert.not.ok(isSameOutput('/dev/stderr', name));
  }
  for (const name of ['/dev/stderr', '/dev/fd/2', 'exec:cat', './-']) assert.not.ok(isStandardOutput(name));
  assert.not.ok(isSameOutput('exec:cat', 'exec:cat'));
});

test.run();
