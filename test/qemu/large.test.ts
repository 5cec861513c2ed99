/** A guest of 5 GiB, more than one memory holds: QEMU loads it, and holds the same bytes. */
import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Guest,
  inspectFile,
  MEMORY_BYTES_MAX,
  readGuest,
  readStreamFile,
  saveTo,
  unlimited,
} from '../../src/node.ts';
import { inFolder, noise } from '../support/folder.ts';
import { PEERS, type Peer, peerRequirement, QEMU_10 } from '../support/peers.ts';
import { Qemu } from '../support/qemu.ts';
import { testWith } from '../support/requirements.ts';

const GIB = 2 ** 30;
const RAM_BYTES = 5 * GIB;
const PAGE_BYTES = 4096;
const DUMP_BYTES = 64 * 2 ** 20;
/** Read into, over and over: fresh memory of 5 GiB would take half a minute. */
const piece = Buffer.alloc(4 * 2 ** 20);
/** Where something stands: both ends, both sides of the first memory's end, and in between. */
const WRITTEN = [
  0,
  GIB + 12_345 * PAGE_BYTES,
  MEMORY_BYTES_MAX - PAGE_BYTES,
  MEMORY_BYTES_MAX,
  4 * GIB,
  RAM_BYTES - PAGE_BYTES,
];

/** A sparse raw image. */
function makeImage(path: string): void {
  const fd = openSync(path, 'w');
  ftruncateSync(fd, RAM_BYTES);
  for (const at of WRITTEN) writeSync(fd, noise(PAGE_BYTES, 1 + at / PAGE_BYTES), 0, PAGE_BYTES, at);
  closeSync(fd);
}

/** Fails where RAM from byte `at` on differs from a guest's. */
function assertSame(ram: Buffer, guest: Guest, at: number): void {
  const block = guest.largestBlock();
  for (let done = 0; done < ram.length; ) {
    const pages = guest.pages(block, (at + done) / PAGE_BYTES, (ram.length - done) / PAGE_BYTES);
    assert.ok(ram.subarray(done, done + pages.length).equals(pages), `from byte ${at + done} on`);
    done += pages.length;
  }
}

/** Holds a raw image, or a piece of one, against the guest's RAM from byte `at` on. */
function assertIsImage(path: string, bytes: number, guest: Guest, at: number): void {
  const fd = openSync(path, 'r');
  try {
    for (let done = 0; done < bytes; done += piece.length) {
      assert.is(readSync(fd, piece, 0, piece.length, done), piece.length);
      assertSame(piece, guest, at + done);
    }
  } finally {
    closeSync(fd);
  }
}

/** Loads into QEMU, and holds its RAM against the guest's, piece by piece: a whole dump takes a minute. */
function assertLoads(peer: Peer, stream: string, form: 'stream' | 'mapped-ram', guest: Guest): Promise<void> {
  const args = ['-M', 'none', '-m', `size=${RAM_BYTES / 2 ** 20}M`, '-S', '-incoming', 'defer'];
  return Qemu.with(peer, args, async (qemu) => {
    await qemu.migrateFrom(stream, form);
    const { status } = await qemu.migrationEnd();
    assert.is(status, 'completed', qemu.stderr);
    assert.is(qemu.stderr, '');
    const filename = join(qemu.folder, 'ram');
    for (let val = 0; val < RAM_BYTES; val += DUMP_BYTES) {
      await qemu.execute('pmemsave', { val, size: DUMP_BYTES, filename });
      assertIsImage(filename, DUMP_BYTES, guest, val);
    }
  });
}

const large = suite('a guest of 5 GiB');

for (const peer of PEERS) {
  for (const form of peer === QEMU_10 ? (['stream', 'mapped-ram'] as const) : (['stream'] as const)) {
    testWith(
      large,
      peerRequirement(peer),
      `${peer.name} takes it as ${form}`,
      inFolder(async (folder) => {
        const image = join(folder, 'guest.ram');
        const output = join(folder, 'guest.mig');
        makeImage(image);
        const { guest } = await readGuest(image);
        assert.is(guest.banks.length, 2);
        await saveTo(guest, output, { via: 'file', direct: false, force: false, form, policy: unlimited });
        await assertLoads(peer, output, form, guest);
        assertIsImage(image, RAM_BYTES, (await readStreamFile(output)).guest, 0);
        const { pages } = await inspectFile(output);
        assert.is(pages.normal, WRITTEN.length);
      }),
    );
  }
}

large.run();
