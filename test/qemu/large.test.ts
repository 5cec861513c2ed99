/** Guests that stand in several memories: QEMU loads them, and holds the same bytes. */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
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
import { patternPage } from '../ref/stream.ts';
import { guestInBanks, sendsOnly } from '../support/banks.ts';
import { inFolder, noise } from '../support/folder.ts';
import { PEERS, type Peer, peerRequirement, QEMU_10 } from '../support/peers.ts';
import { loadIntoNone, Qemu } from '../support/qemu.ts';
import { testWith } from '../support/requirements.ts';

const GIB = 2 ** 30;
const MIB = 2 ** 20;
const RAM_BYTES = 5 * GIB;
const PAGE_BYTES = 4096;
const PAGES = RAM_BYTES / PAGE_BYTES;
/** Where something stands: both ends, both sides of the first memory's end, and in between. */
const WRITTEN = [
  0,
  GIB + 12_345 * PAGE_BYTES,
  MEMORY_BYTES_MAX - PAGE_BYTES,
  MEMORY_BYTES_MAX,
  4 * GIB,
  RAM_BYTES - PAGE_BYTES,
].map((at) => at / PAGE_BYTES);
/** These are sent, and compared: what was written, and pages beside it. Where it costs memory, no more is read. */
const SENT = [...new Set(WRITTEN.flatMap((page) => Array.from({ length: 33 }, (_, i) => page - 16 + i)))]
  .filter((page) => page >= 0 && page < PAGES)
  .sort((one, other) => one - other);
const FORMS = [
  ...PEERS.map((peer) => ({ peer, form: 'stream' as const })),
  { peer: QEMU_10, form: 'mapped-ram' as const },
];
const TO_FILE = { via: 'file', direct: false, force: false } as const;

/** A sparse raw image. */
function makeImage(path: string): void {
  const fd = openSync(path, 'w');
  ftruncateSync(fd, RAM_BYTES);
  for (const page of WRITTEN) writeSync(fd, noise(PAGE_BYTES, 1 + page), 0, PAGE_BYTES, page * PAGE_BYTES);
  closeSync(fd);
}

/** Fails where a page of those that were sent is not what the image has there. */
async function assertIsImage(
  pageOf: (page: number) => Uint8Array | Promise<Uint8Array>,
  how: string,
): Promise<void> {
  for (const page of SENT) {
    const wanted = WRITTEN.includes(page) ? noise(PAGE_BYTES, 1 + page) : new Uint8Array(PAGE_BYTES);
    assert.is(Buffer.compare(await pageOf(page), wanted), 0, `page ${page}, ${how}`);
  }
}

/** Loads into QEMU, and holds its RAM against the image. */
function assertLoads(peer: Peer, stream: string, form: 'stream' | 'mapped-ram'): Promise<void> {
  const args = ['-M', 'none', '-m', `size=${RAM_BYTES / MIB}M`, '-S', '-incoming', 'defer'];
  return Qemu.with(peer, args, async (qemu) => {
    await qemu.migrateFrom(stream, form);
    const { status } = await qemu.migrationEnd();
    assert.is(status, 'completed', qemu.stderr);
    assert.is(qemu.stderr, '');
    const filename = join(qemu.folder, 'page');
    await assertIsImage(async (page) => {
      await qemu.execute('pmemsave', { val: page * PAGE_BYTES, size: PAGE_BYTES, filename });
      return readFileSync(filename);
    }, 'in QEMU');
  });
}

const pagesOf = (guest: Guest) => (page: number) => guest.pages(guest.largestBlock(), page, 1);

let made: Promise<Guest> | undefined;

/** The guest of 5 GiB, from an image; read once, for the holes of the image are read too. */
function readLarge(): Promise<Guest> {
  made ??= (async () => {
    let guest: Guest | undefined;
    await inFolder(async (folder) => {
      const image = join(folder, 'guest.ram');
      makeImage(image);
      guest = (await readGuest(image)).guest;
    })();
    if (guest === undefined) throw new Error('no guest was read');
    await assertIsImage(pagesOf(guest), 'as we read it');
    return guest;
  })();
  return made;
}

const large = suite('guests in several memories');

for (const { peer, form } of FORMS) {
  testWith(
    large,
    peerRequirement(peer),
    `${peer.name} takes 5 GiB as ${form}`,
    inFolder(async (folder) => {
      const output = join(folder, 'guest.mig');
      const guest = await readLarge();
      assert.is(guest.banks.length, 2);
      await saveTo(guest, output, { ...TO_FILE, form, policy: sendsOnly(guest, SENT) });
      await assertLoads(peer, output, form);
      await assertIsImage(
        pagesOf((await readStreamFile(output, { missing: 'zero' })).guest),
        'as we load it',
      );
      const { pages } = await inspectFile(output);
      assert.is(pages.normal, WRITTEN.length);
    }),
  );

  testWith(
    large,
    peerRequirement(peer),
    `${peer.name} takes all pages of nine memories as ${form}`,
    inFolder(async (folder) => {
      const output = join(folder, 'guest.mig');
      const bytes = 33 * MIB;
      const guest = guestInBanks([{ name: 'ram', bytes }], 1024);
      const { parts, pages } = guest.largestBlock();
      assert.is(parts.length, 9);
      for (let page = 0; page < pages; page++) {
        if (page % 5 < 2) guest.pages(guest.largestBlock(), page, 1).set(patternPage(page));
      }
      await saveTo(guest, output, { ...TO_FILE, form, policy: unlimited });
      const { status, ram, stderr } = await loadIntoNone(peer, output, bytes, form);
      assert.equal([status, stderr], ['completed', '']);
      assert.ok(ram?.equals(Buffer.concat(parts.map((part) => guest.partRam(part)))));
    }),
  );
}

large.run();
