/** What real QEMUs put into a stream beside RAM and devices: commands, a uuid, sections of unknown form. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Guest, inspectFile, PagepipeError, readGuest, readStreamFile } from '../../src/node.ts';
import { inFolder } from '../support/folder.ts';
import { LAST_RESORT_MS } from '../support/patience.ts';
import { PEERS, type Peer, peerRequirement } from '../support/peers.ts';
import { Qemu } from '../support/qemu.ts';
import { testWith } from '../support/requirements.ts';

const RAM_BYTES = 16 * 2 ** 20;
const DISK = 'driver=null-co,node-name=disk,size=67108864';
/** Between two looks at whether the firmware has written above 1 MiB. */
const LOOK_MS = 50;
const ZEROS = Buffer.alloc(RAM_BYTES);
/** Below this, what the processor sees is not all RAM: ROMs lie over it. */
const ROMS_END = 2 ** 20;
const UUID = '01234567-89ab-cdef-0123-456789abcdef';

/** Records a machine that only its firmware has run on, with these capabilities; gives its RAM too. */
function record(peer: Peer, path: string, capabilities: readonly string[]): Promise<Buffer> {
  const args = [
    ...['-M', 'q35', '-m', `${RAM_BYTES / 2 ** 20}M`, '-uuid', UUID, '-blockdev', DISK],
    ...['-device', 'virtio-blk-pci,drive=disk'],
  ];
  return Qemu.with(peer, args, async (qemu) => {
    await firmwareWrites(qemu);
    await qemu.execute('stop');
    const bitmap = { node: 'disk', name: 'backup' };
    await qemu.execute('block-dirty-bitmap-add', bitmap);
    for (const capability of capabilities) await qemu.setCapability(capability);
    const { status } = await qemu.migrateTo(path);
    assert.is(status, 'completed', qemu.stderr);
    return qemu.physicalMemory(RAM_BYTES);
  });
}

/** Whether nothing was written above the ROMs. */
function isZeroAbove(ram: Buffer): boolean {
  return ram.subarray(ROMS_END).equals(ZEROS.subarray(ROMS_END));
}

/** Returns once the firmware has written something that all of the machine sees. */
async function firmwareWrites(qemu: Qemu): Promise<void> {
  const deadline_ms = performance.now() + LAST_RESORT_MS;
  for (;;) {
    const ram = await qemu.physicalMemory(RAM_BYTES);
    if (!isZeroAbove(ram)) return;
    assert.ok(performance.now() < deadline_ms, 'the firmware never wrote anything');
    await sleep(LOOK_MS);
  }
}

function sameRam(guest: Guest, dump: Buffer): boolean {
  const ram = guest.ram(guest.blockNamed('pc.ram'));
  assert.ok(!isZeroAbove(dump), 'the firmware wrote something');
  return dump.subarray(ROMS_END).equals(ram.subarray(ROMS_END));
}

const elements = suite('elements of real streams');

for (const peer of PEERS) {
  const need = peerRequirement(peer);

  testWith(
    elements,
    need,
    `${peer.name}: a uuid is taken, and the command that QEMU 10 sends before END`,
    inFolder(async (folder) => {
      const path = join(folder, 'guest.mig');
      const ram = await record(peer, path, ['validate-uuid']);
      const { guest } = await readStreamFile(path);
      assert.ok(sameRam(guest, ram));
      const { guest: again, origin } = await readGuest(path);
      assert.is(again.ram_bytes, guest.ram_bytes);
      assert.ok((origin?.tail.length ?? 0) > 0);
    }),
  );

  testWith(
    elements,
    need,
    `${peer.name}: a dirty-bitmap section before the end of RAM is gone over, and not carried`,
    inFolder(async (folder) => {
      const path = join(folder, 'guest.mig');
      const ram = await record(peer, path, ['dirty-bitmaps']);
      const { sections } = await inspectFile(path);
      const found = sections.filter((section) => section.name === 'dirty-bitmap');
      assert.ok(found.length > 0, sections.map((section) => section.name).join(' '));
      assert.ok(found.every((section) => section.by_search === true));
      assert.is(sections.filter((section) => section.type === 'opaque').length, 0);
      const { guest } = await readStreamFile(path);
      assert.ok(sameRam(guest, ram));
      try {
        await readGuest(path);
        assert.unreachable('it cannot be carried over');
      } catch (error) {
        if (!(error instanceof PagepipeError)) throw error;
        assert.is(error.code, 'section-not-carried');
        assert.is(error.detail.offset, found[0]?.offset);
      }
    }),
  );
}

elements.run();
