import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cannotSync, codeOf, reasonOf, writeFailure } from '../../../src/node/os-error.ts';
import { parseDestination } from '../../../src/node/output/destination.ts';
import { failure, inFolder } from '../../support/folder.ts';

test('exec: takes the rest as it is', () => {
  assert.equal(parseDestination('exec:gzip -c > x'), { kind: 'command', command: 'gzip -c > x' });
  assert.equal(parseDestination('exec:'), { kind: 'command', command: '' });
  assert.equal(parseDestination('exec:exec:a'), { kind: 'command', command: 'exec:a' });
  // a file may be named like that with a folder before it
  assert.is(parseDestination('./exec:x').kind, 'file');
});

test('the names of descriptors', () => {
  const fds = { '-': 1, '/dev/stdout': 1, '/dev/stderr': 2, '/dev/fd/7': 7, '/proc/self/fd/12': 12 };
  for (const [path, fd] of Object.entries(fds)) {
    assert.equal(parseDestination(path), { kind: 'descriptor', fd, path });
  }
});

test('what only looks like a descriptor is a path', () => {
  for (const path of ['/dev/fd/', '/dev/fd/1x', './-', 'dev/fd/1', '/dev/fd/1/x']) {
    assert.is.not(kindOrCode(path), 'descriptor', path);
  }
});

function kindOrCode(path: string): string | undefined {
  try {
    return parseDestination(path).kind;
  } catch (error) {
    return codeOf(error);
  }
}

test(
  'a path that cannot be looked at is refused in one line',
  inFolder(async (folder) => {
    writeFileSync(join(folder, 'file'), '');
    symlinkSync('loop', join(folder, 'loop'));
    for (const path of [join(folder, 'file', 'x'), join(folder, 'x'.repeat(300)), join(folder, 'loop')]) {
      const error = await failure('output-refused', () => parseDestination(path));
      assert.is(error.detail.path, path);
    }
  }),
);

test(
  'devices and FIFOs are written in place, links to them too; files, folders and nothing are files',
  inFolder((folder) => {
    const at = (name: string) => join(folder, name);
    spawnSync('mkfifo', [at('fifo')]);
    writeFileSync(at('file'), '');
    mkdirSync(at('folder'));
    symlinkSync('fifo', at('link-to-fifo'));
    symlinkSync('file', at('link-to-file'));
    symlinkSync('nothing', at('link-to-nothing'));
    for (const path of ['/dev/null', at('fifo'), at('link-to-fifo')]) {
      assert.equal(parseDestination(path), { kind: 'in-place', path });
    }
    for (const name of ['file', 'folder', 'link-to-file', 'link-to-nothing', 'absent', '- x']) {
      assert.equal(parseDestination(at(name)), { kind: 'file', path: at(name) });
    }
  }),
);

/** An error as the system gives it. */
function systemError(code: string, errno: number): Error {
  return Object.assign(new Error(`${code}: what Node says, with a path`), { code, errno });
}

test('a system error has its code, and words without the path', () => {
  const error = systemError('ENOSPC', -28);
  assert.is(codeOf(error), 'ENOSPC');
  assert.is(reasonOf(error), 'no space left on device');
});

test('what is no system error keeps its own words and has no code', () => {
  assert.is(codeOf(new Error('x')), undefined);
  assert.is(codeOf(Object.assign(new Error('x'), { code: 7 })), undefined);
  assert.is(codeOf('ENOSPC'), undefined);
  assert.is(reasonOf(new Error('its words')), 'its words');
  assert.is(reasonOf(systemError('EODD', -99_999)), 'EODD: what Node says, with a path');
  assert.is(reasonOf('a text'), 'a text');
});

test('a full disk and a full quota are one thing, a reader that is gone another, all other failures of a write a third', () => {
  const full = systemError('ENOSPC', -28);
  assert.is(writeFailure('p', 7, full).code, 'disk-full');
  assert.is(writeFailure('p', 7, full).cause, full);
  assert.is(writeFailure('p', 7, systemError('EDQUOT', -122)).code, 'disk-full');
  const closed = writeFailure('-', 7, systemError('EPIPE', -32));
  assert.is(closed.code, 'reader-closed');
  assert.match(closed.message, /^the reader of standard output went away after 7 bytes: use one/);
  assert.is(writeFailure('p', 7, systemError('ECONNRESET', -104)).code, 'reader-closed');
  const failed = writeFailure('p', 7, systemError('EIO', -5));
  assert.is(failed.code, 'write-failed');
  assert.equal(failed.detail, { path: 'p', offset: 7, reason: 'i/o error' });
});

test('a sync that there is nothing for is told from one that failed', () => {
  assert.ok(cannotSync(systemError('EINVAL', -22)));
  assert.ok(cannotSync(systemError('EROFS', -30)));
  assert.not.ok(cannotSync(systemError('EIO', -5)));
  assert.not.ok(cannotSync(systemError('ENOSPC', -28)));
});

test.run();
