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
import { PEERS, peerRequirement } from '../support/peers.ts';
import { allOf, guestFiles, testWith } from '../support/requirements.ts';

/** Main memory of a q35 machine, as QEMU names it. */
const MAIN = 'pc.ram';

function sameAsDump(guest: Guest, ram_path: string): boolean {
  return readFileSync(ram_path).equals(guest.ram(guest.blockNamed(MAIN)));
}

const linux = suite('a recorded Linux guest');

for (const peer of PEERS) {
  const files = guestFiles();
  const need = allOf(peerRequirement(peer), files);
  const folderOf = () => ('path' in files ? files.path : '');

  testWith(linux, need, `${peer.name}: load gives back the RAM that QEMU dumped`, async () => {
    const { stream_path, ram_path } = await recordedGuest(peer, folderOf());
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
      const { stream_path, ram_path } = await recordedGuest(peer, folderOf());
      const { guest, origin } = await readGuest(stream_path);
      const path = join(folder, 'again.mig');
      await saveTo(guest, path, {
        ...{ via: 'pipe', direct: true, force: false },
        policy: slice(unlimited, 5_000_000),
        origin,
      });
      assert.ok(sameAsDump((await readStreamFile(path)).guest, ram_path));
      const [first = 0, second = 0] = await resumeGuest(peer, folderOf(), path);
      assert.ok(first > 0, 'it goes on where it stood, it does not boot');
      assert.is(second, first + 1);
    }),
  );

  testWith(linux, need, `${peer.name}: inspect lists every device section by the description`, async () => {
    const { stream_path } = await recordedGuest(peer, folderOf());
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

linux.run();
