import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Fifo, makeFifo } from '../../../src/node/output/fifo.ts';
import { onlyOpen, openDescriptors } from '../../support/children.ts';
import { failure, inFolder, withVariable } from '../../support/folder.ts';

const PERMISSIONS = 0o777;

/** The flags that a descriptor is open with (proc(5)). */
function flagsOf(fd: number): number {
  const octal = /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
  return Number.parseInt(octal ?? '', 8);
}

function closeBoth(fifo: Fifo): void {
  closeSync(fifo.write_fd);
  closeSync(fifo.read_fd);
}

test('the writing end is non-blocking, the reading end blocks; it is the owner’s alone', () => {
  const fifo = makeFifo();
  assert.ok(fstatSync(fifo.write_fd).isFIFO());
  assert.is(fstatSync(fifo.write_fd).ino, fstatSync(fifo.read_fd).ino);
  assert.is(fstatSync(fifo.write_fd).mode & PERMISSIONS, 0o600);
  assert.is(flagsOf(fifo.write_fd) & constants.O_NONBLOCK, constants.O_NONBLOCK);
  assert.is(flagsOf(fifo.read_fd) & constants.O_NONBLOCK, 0);
  closeBoth(fifo);
});

test(
  'it has no name any more when it is returned, and no third end is open',
  inFolder(async (folder) => {
    const open_before = openDescriptors();
    const fifo = await withVariable('TMPDIR', folder, makeFifo);
    assert.equal(readdirSync(folder), []);
    assert.is(fstatSync(fifo.write_fd).nlink, 0);
    closeBoth(fifo);
    await onlyOpen(open_before);
  }),
);

test(
  'without mkfifo, or where mkfifo fails, it says so and leaves no folder',
  inFolder(async (folder) => {
    const temporary = join(folder, 'temporary');
    mkdirSync(temporary);
    await withVariable('TMPDIR', temporary, async () => {
      const missing = await withVariable('PATH', folder, () => failure('no-fifo', makeFifo));
      assert.match(missing.message, /no such file/);
    });
    assert.equal(readdirSync(temporary), []);
  }),
);

test(
  'a folder for temporary files that is not there is refused',
  inFolder(async (folder) => {
    const absent = join(folder, 'absent');
    await withVariable('TMPDIR', absent, () => failure('no-fifo', makeFifo));
  }),
);

/** Makes a FIFO where `mkfifo` is this line of shell, which gets its arguments. */
async function makeWith(folder: string, line: string): Promise<Error> {
  const program = join(folder, 'mkfifo');
  writeFileSync(program, `#!/bin/sh\n${line}\n`, { mode: 0o700 });
  const temporary = join(folder, 'temporary');
  mkdirSync(temporary, { recursive: true });
  const path = `${folder}:${process.env.PATH}`;
  const open_before = openDescriptors();
  const error = await withVariable('TMPDIR', temporary, () =>
    withVariable('PATH', path, () => failure('no-fifo', makeFifo)),
  );
  assert.equal(readdirSync(temporary), []);
  await onlyOpen(open_before);
  return error;
}

test(
  'what cannot be opened is no FIFO, and neither a folder nor an end of it is left',
  inFolder(async (folder) => {
    assert.match((await makeWith(folder, 'exit 0')).message, /no such file/);
    // a folder can be opened to read, and then not to write
    assert.match((await makeWith(folder, 'mkdir "$3"')).message, /on a directory/);
  }),
);

test(
  'what mkfifo prints is told in one line',
  inFolder(async (folder) => {
    assert.match((await makeWith(folder, 'printf "a\\nb\\n" >&2; exit 1')).message, /\(a b\)/);
    assert.match((await makeWith(folder, 'exit 1')).message, /\(mkfifo failed\)/);
  }),
);

test.run();
