import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readText, writeText } from '../../src/pipe/text-file.ts';
import { failure, inFolder } from '../support/folder.ts';

const KEEP = { force: false };

test(
  'what was written is read again, and nothing else is there',
  inFolder(async (folder) => {
    const path = join(folder, 'log');
    for (const text of ['', 'größe\n', 'x'.repeat(300_000)]) {
      await writeText(path, text, { force: true });
      assert.is(await readText(path), text);
    }
    assert.equal(readdirSync(folder), ['log']);
    assert.is(statSync(path).mode & 0o777, 0o600);
  }),
);

test(
  'a file that exists is left alone without force, a missing folder is named',
  inFolder(async (folder) => {
    const path = join(folder, 'log');
    writeFileSync(path, 'old');
    await failure('output-exists', () => writeText(path, 'new', KEEP));
    await failure('output-folder-missing', () => writeText(join(folder, 'no', 'log'), 'new', KEEP));
    await failure('output-refused', () => writeText(folder, 'new', { force: true }));
    assert.is(readFileSync(path, 'utf8'), 'old');
    assert.equal(readdirSync(folder), ['log']);
  }),
);

test('a device is written in place; a full one is a full disk', async () => {
  await writeText('/dev/null', 'gone', KEEP);
  const error = await failure('disk-full', () => writeText('/dev/full', 'x', KEEP));
  assert.is(error.detail.path, '/dev/full');
});

test(
  'what cannot be read is refused, in the words of the system',
  inFolder(async (folder) => {
    const missing = await failure('input-refused', () => readText(join(folder, 'no')));
    assert.match(missing.message, /no such file/);
    mkdirSync(join(folder, 'sub'));
    await failure('input-refused', () => readText(join(folder, 'sub')));
  }),
);

test.run();
