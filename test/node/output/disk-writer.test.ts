import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdirSync, openSync, readSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { codeOf } from '../../../src/node/os-error.ts';
import {
  alignedBuffer,
  DISK_BLOCK_BYTES,
  type DiskTimes,
  DiskWriter,
} from '../../../src/node/output/disk-writer.ts';
import { makeFifo } from '../../../src/node/output/fifo.ts';
import { assertFile, inFolder, noise } from '../../support/folder.ts';
import { type Requirement, testWith } from '../../support/requirements.ts';

const MIB = DISK_BLOCK_BYTES;
/** On both sides of what O_DIRECT may ask for (512, 4096) and of the block. */
const TOTALS = [0, 1, 511, 512, 513, 4095, 4096, 4097, MIB - 1, MIB, MIB + 1, 3 * MIB + 17];

/** Writes a stream as the helper does: whole blocks, a shorter one last, then the trim. */
function writeStream(writer: DiskWriter, stream: Uint8Array): void {
  const buffer = alignedBuffer(MIB);
  for (let at = 0; at < stream.length; at += MIB) {
    const piece = stream.subarray(at, at + MIB);
    buffer.set(piece);
    writer.writeBlock(buffer, piece.length);
  }
  writer.trim();
}

/** A path to an empty file, as OutputFile makes one. */
function emptyFile(folder: string, name: string): string {
  const path = join(folder, name);
  writeFileSync(path, '');
  return path;
}

/** Whether the folder for temporary files, where these tests write, takes O_DIRECT. */
async function directFolder(): Promise<Requirement> {
  let found: Requirement = { path: 'O_DIRECT' };
  await inFolder((folder) => {
    const writer = new DiskWriter({ path: emptyFile(folder, 'probe') }, { direct: true });
    if (!writer.is_direct) found = { missing: `O_DIRECT: ${writer.direct_refusal}; set TMPDIR to a disk` };
    closeSync(writer.fd);
  })();
  return found;
}

function assertTimes(times: DiskTimes, writes: number): void {
  assert.is(times.writes, writes);
  assert.is(
    times.log2_us.reduce((sum, row) => sum + row.count, 0),
    writes,
  );
  assert.ok(times.max_ms >= 0 && times.max_ms <= times.sum_ms);
  assert.ok(times.sum_ms <= Math.max(1, writes) * times.max_ms);
}

function writesAllTotals(direct: boolean): (folder: string) => void {
  return (folder) => {
    for (const total of TOTALS) {
      const path = emptyFile(folder, `${total}`);
      const stream = noise(total, total);
      const writer = new DiskWriter({ path }, { direct });
      writeStream(writer, stream);
      closeSync(writer.fd);
      assert.is(writer.is_direct, direct, `${total} bytes`);
      assert.is(writer.direct_refusal, undefined);
      assert.is(writer.written_bytes, total);
      assertFile(path, stream);
      assertTimes(writer.times, Math.ceil(total / MIB));
    }
  };
}

test('buffered: every total is written to the byte', inFolder(writesAllTotals(false)));

testWith(
  test,
  await directFolder(),
  'O_DIRECT: every total is written to the byte, the padding is cut off',
  inFolder(writesAllTotals(true)),
);

testWith(
  test,
  await directFolder(),
  'O_DIRECT: the padding is zeros, never what the buffer held before',
  inFolder((folder) => {
    const path = emptyFile(folder, 'padded');
    const buffer = alignedBuffer(MIB).fill(0xaa);
    const writer = new DiskWriter({ path }, { direct: true });
    writer.writeBlock(buffer, 4097);
    // the file before the trim is what a crash would leave
    assertFile(path, new Uint8Array(8192).fill(0xaa, 0, 4097));
    writer.trim();
    closeSync(writer.fd);
    assert.is(statSync(path).size, 4097);
  }),
);

testWith(
  test,
  await directFolder(),
  'O_DIRECT: a first write that is refused goes on buffered, and says so',
  inFolder((folder) => {
    const path = emptyFile(folder, 'refused');
    const stream = noise(5000);
    // an odd address is what any disk refuses, as some file systems refuse every address
    const odd = alignedBuffer(MIB + 1).subarray(1);
    odd.set(stream);
    const writer = new DiskWriter({ path }, { direct: true });
    const first_fd = writer.fd;
    assert.is(writer.is_direct, true);
    writer.writeBlock(odd, stream.length);
    writer.trim();
    assert.is(writer.is_direct, false);
    assert.match(writer.direct_refusal ?? '', /refuses O_DIRECT writes/);
    closeSync(writer.fd);
    assertFile(path, stream);
    assert.throws(() => closeSync(first_fd), /EBADF/);
  }),
);

test('what does not know O_DIRECT is opened without, and says so', () => {
  const writer = new DiskWriter({ path: '/dev/null' }, { direct: true });
  assert.is(writer.is_direct, false);
  assert.match(writer.direct_refusal ?? '', /does not know O_DIRECT/);
  writeStream(writer, noise(MIB + 1));
  assert.is(writer.written_bytes, MIB + 1);
  closeSync(writer.fd);
});

/** Mounts a ramfs, which does not know O_DIRECT, as newer tmpfs does; undefined where that is not allowed. */
function mounted(folder: string): boolean {
  mkdirSync(folder);
  return spawnSync('mount', ['-t', 'ramfs', 'ramfs', folder]).status === 0;
}

testWith(
  test,
  process.getuid?.() === 0 ? { path: 'mount' } : { missing: 'a ramfs can be mounted by root only' },
  'a file system that does not know O_DIRECT: the file is whole all the same',
  inFolder((folder) => {
    const ramfs = join(folder, 'ramfs');
    if (!mounted(ramfs)) return void process.stdout.write('skipped: no ramfs may be mounted here\n');
    try {
      const path = emptyFile(ramfs, 'file');
      const writer = new DiskWriter({ path }, { direct: true });
      assert.match(writer.direct_refusal ?? '', /does not know O_DIRECT/);
      writeStream(writer, noise(MIB + 513));
      closeSync(writer.fd);
      assertFile(path, noise(MIB + 513));
    } finally {
      spawnSync('umount', [ramfs]);
    }
  }),
);

test(
  'an open descriptor is written as it is, from where it stands',
  inFolder((folder) => {
    const path = join(folder, 'appended');
    writeFileSync(path, 'before ');
    const fd = openSync(path, 'a');
    const writer = new DiskWriter({ fd }, { direct: true });
    assert.is(writer.is_direct, false);
    assert.match(writer.direct_refusal ?? '', /open descriptor/);
    writeStream(writer, Buffer.from('and after'));
    closeSync(fd);
    assertFile(path, Buffer.from('before and after'));
  }),
);

test(
  'a non-blocking output that is full is waited for',
  inFolder(async (folder) => {
    const fifo = makeFifo();
    const stream = noise(MIB);
    const path = join(folder, 'read');
    // the wait blocks this thread, so the reader is another process, and a late one
    const reader = spawn('/bin/sh', ['-c', 'sleep 0.05; exec cat > "$1"', 'sh', path], {
      stdio: [fifo.read_fd, 'ignore', 'inherit'],
    });
    closeSync(fifo.read_fd);
    writeStream(new DiskWriter({ fd: fifo.write_fd }, { direct: false }), stream);
    closeSync(fifo.write_fd);
    await once(reader, 'exit');
    assertFile(path, stream);
  }),
);

test('a full disk is thrown as the system says it, and nothing counts as written', () => {
  const writer = new DiskWriter({ path: '/dev/full' }, { direct: false });
  let code: string | undefined;
  try {
    writeStream(writer, noise(10));
  } catch (error) {
    code = codeOf(error);
  }
  assert.is(code, 'ENOSPC');
  assert.is(writer.written_bytes, 0);
  closeSync(writer.fd);
});

test('a target that is not there is not made', () => {
  assert.throws(() => new DiskWriter({ path: '/nowhere/at/all' }, { direct: true }), /ENOENT/);
  assert.throws(() => new DiskWriter({ path: '/nowhere/at/all' }, { direct: false }), /ENOENT/);
});

test('an aligned buffer can be read into and is as long as was asked', () => {
  const buffer = alignedBuffer(DISK_BLOCK_BYTES);
  assert.is(buffer.length, DISK_BLOCK_BYTES);
  const fd = openSync('/dev/zero', constants.O_RDONLY);
  buffer.fill(1);
  assert.is(readSync(fd, buffer, 0, 4096, null), 4096);
  closeSync(fd);
  assert.equal([buffer[4095], buffer[4096]], [0, 1]);
});

test.run();
