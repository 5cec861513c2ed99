/** A real Linux guest under real QEMUs: what they record we load, and what we write they resume. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Guest,
  inspectFile,
  readGuest,
  readStreamFile,
  saveTo,
  slice,
  unlimited,
} from '../../src/node.ts';
import { inFolder } from '../support/folder.ts';
import { LINUX_RAM_BYTES, recordedGuest, resumeGuest } from '../support/linux-guest.ts';
import { PEERS, peerRequirement, QEMU_10 } from '../support/peers.ts';
import { allOf, guestFiles, testWith } from '../support/requirements.ts';

/** Main memory of a q35 machine, as QEMU names it. */
const MAIN = 'pc.ram';

function sameAsDump(guest: Guest, ram_path: string): boolean {
  return readFileSync(ram_path).equals(guest.ram(guest.blockNamed(MAIN)));
}

const files = guestFiles();
const modern = allOf(peerRequirement(QEMU_10), files);
const guest_folder = 'path' in files ? files.path : '';
const linux = suite('a recorded Linux guest');

for (const peer of PEERS) {
  const need = allOf(peerRequirement(peer), files);

  testWith(linux, need, `${peer.name}: load gives back the RAM that QEMU dumped`, async () => {
    const { stream_path, ram_path } = await recordedGuest(peer, guest_folder);
    const { guest } = await readStreamFile(stream_path);
    assert.is(guest.blockNamed(MAIN).bytes, LINUX_RAM_BYTES);
    assert.ok(guest.blocks.length > 1, 'a q35 machine has several blocks');
    assert.ok(sameAsDump(guest, ram_path));
  });

  testWith(
    linux,
    need,
    `${peer.name}: saved again it loads the same, and QEMU lets it go on`,
    inFolder(async (folder) => {
      const { stream_path, ram_path } = await recordedGuest(peer, guest_folder);
      const { guest, origin } = await readGuest(stream_path);
      const path = join(folder, 'again.mig');
      await saveTo(guest, path, {
        ...{ via: 'pipe', direct: true, force: false },
        policy: slice(unlimited, 5_000_000),
        origin,
      });
      assert.ok(sameAsDump((await readStreamFile(path)).guest, ram_path));
      const [first = 0, second = 0] = await resumeGuest(peer, guest_folder, path);
      assert.ok(first > 0, 'it goes on where it stood, it does not boot');
      assert.is(second, first + 1);
    }),
  );

  testWith(linux, need, `${peer.name}: inspect lists every device section by the description`, async () => {
    const { stream_path } = await recordedGuest(peer, guest_folder);
    const { sections, pages, blocks, stream_bytes } = await inspectFile(stream_path);
    assert.is(sections.filter((section) => section.type === 'opaque').length, 0);
    const names = sections.map((section) => section.name);
    for (const name of ['ram', 'cpu', 'timer', 'fw_cfg']) assert.ok(names.includes(name), name);
    const page_count = blocks.reduce((sum, block) => sum + block.used_bytes, 0) / 4096;
    assert.is(pages.normal + pages.zero, page_count, 'a stopped guest sends every page once');
    const last = sections.at(-1);
    assert.ok(last !== undefined && last.offset + last.bytes < stream_bytes);
  });
}

const TO_STREAM = { via: 'file', direct: false, force: false, policy: unlimited } as const;

testWith(
  linux,
  modern,
  'QEMU 10: a guest recorded while it ran, with XBZRLE, is the RAM it ended with',
  async () => {
    const { stream_path, ram_path } = await recordedGuest(QEMU_10, guest_folder, 'running');
    const { pages, rounds } = await inspectFile(stream_path);
    assert.ok(rounds > 1, 'there were rounds');
    assert.ok(pages.xbzrle > 0, 'pages went as changes');
    assert.ok(sameAsDump((await readStreamFile(stream_path)).guest, ram_path));
  },
);

testWith(
  linux,
  modern,
  'QEMU 10: a stream saved as mapped-ram resumes, and a mapped-ram file saved as a stream',
  inFolder(async (folder) => {
    for (const [how, form] of [
      ['stopped', 'mapped-ram'],
      ['mapped-ram', 'stream'],
    ] as const) {
      const { stream_path, ram_path } = await recordedGuest(QEMU_10, guest_folder, how);
      const { guest, origin } = await readGuest(stream_path);
      assert.ok(sameAsDump(guest, ram_path), how);
      const path = join(folder, form);
      await saveTo(guest, path, { ...TO_STREAM, form, origin });
      const [first = 0, second = 0] = await resumeGuest(QEMU_10, guest_folder, path, form);
      assert.ok(first > 0, 'it goes on where it stood');
      assert.is(second, first + 1);
    }
  }),
);

linux.run();
