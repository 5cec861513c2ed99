import { spawnSync } from 'node:child_process';
import { mkdirSync, openSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readText, writeText } from '../../../src/node/output/text-file.ts';
import { failure, inFolder } from '../../support/folder.ts';

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

/** Waits until a part file is there, and no longer than that: the commit is still to come then. */
async function partIn(folder: string): Promise<void> {
  for (let turns = 0; !readdirSync(folder).some((name) => name.endsWith('.part')); turns++) {
    assert.ok(turns < 100, 'there was no part file');
    await Promise.resolve();
  }
}

test(
  'a name that is taken meanwhile is told as what it is, and nothing is left',
  inFolder(async (folder) => {
    const path = join(folder, 'log');
    const written = failure('output-refused', () => writeText(path, 'new', { force: true }));
    await partIn(folder);
    mkdirSync(path);
    await written;
    assert.equal(readdirSync(folder), ['log']);
    const file = join(folder, 'file');
    const kept = failure('output-exists', () => writeText(file, 'new', KEEP));
    await partIn(folder);
    writeFileSync(file, 'old');
    await kept;
    assert.is(readFileSync(file, 'utf8'), 'old');
  }),
);

/** Writes a long text to `-` and prints a line, in a process of its own that works in a folder. */
const WRITE_TO_STDOUT = `
  const { writeText } = await import(process.env.TEST_MODULE);
  process.chdir(process.env.TEST_FOLDER);
  // Node makes a pipe non-blocking when it is first printed to
  process.stdout.write('');
  await writeText('-', 'x'.repeat(300_000), { force: false });
  process.stdout.write('later');
`;

test(
  '- is standard output, also when it is full for a while, and makes no file',
  inFolder((folder) => {
    const node = [process.execPath, ...process.execArgv, '--input-type=module', '--eval', WRITE_TO_STDOUT];
    // a real pipe, which no child of Node has
    const { stdout, stderr } = spawnSync('/bin/sh', ['-c', '"$@" | { sleep 0.5; cat; }', 'sh', ...node], {
      encoding: 'utf8',
      env: {
        ...process.env,
        TEST_MODULE: new URL('../../../src/node/output/text-file.ts', import.meta.url).href,
        TEST_FOLDER: folder,
      },
    });
    assert.is(stderr, '');
    assert.is(stdout.length, 300_000 + 'later'.length);
    assert.ok(stdout.endsWith('xlater'));
    assert.equal(readdirSync(folder), []);
  }),
);

test(
  'an open descriptor is written from where it stands; a command is no file',
  inFolder(async (folder) => {
    const path = join(folder, 'log');
    const fd = openSync(path, 'w');
    writeSync(fd, 'before ');
    await writeText(`/dev/fd/${fd}`, 'text', KEEP);
    assert.is(readFileSync(path, 'utf8'), 'before text');
    await failure('output-refused', () => writeText('exec:cat', 'text', KEEP));
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
