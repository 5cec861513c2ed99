import { closeSync, constants, fstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Fifo, makeFifo } from '../../src/pipe/fifo.ts';
import { failure, inFolder, withVariable } from '../support/folder.ts';

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
    const open_before = readdirSync('/proc/self/fd').length;
    const fifo = await withVariable('TMPDIR', folder, makeFifo);
    assert.equal(readdirSync(folder), []);
    assert.is(fstatSync(fifo.write_fd).nlink, 0);
    closeBoth(fifo);
    assert.is(readdirSync('/proc/self/fd').length, open_before);
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

// mkdtempSync's own error comes out as it is: to be taken in when makeFifo words it
test.skip(
  'a folder for temporary files that is not there is refused',
  inFolder(async (folder) => {
    const absent = join(folder, 'absent');
    await withVariable('TMPDIR', absent, () => failure('no-fifo', makeFifo));
  }),
);

test.run();
