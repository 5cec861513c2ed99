/** Real QEMUs load what we save for a machine without devices, and hold the same RAM. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  Dirtier,
  fillContent,
  Guest,
  parseWorkload,
  saveTo,
  slice,
  unlimited,
  window,
} from '../../src/node.ts';
import { inFolder } from '../support/folder.ts';
import { PEERS, peerRequirement } from '../support/peers.ts';
import { loadIntoNone } from '../support/qemu.ts';
import { testWith } from '../support/requirements.ts';

const MIB = 2 ** 20;
const TO_FILE = { via: 'file', direct: false, force: false } as const;
/** Where the version of RAM's section stands: behind header, configuration `none`, 01, id, "ram", instance. */
const RAM_VERSION_OFFSET = 8 + 1 + 4 + 'none'.length + 1 + 4 + 1 + 'ram'.length + 4;

function guestOf(bytes: number): Guest {
  const guest = new Guest([{ name: 'ram', bytes }]);
  fillContent(guest.ram(guest.largestBlock()), parseWorkload('idle'), bytes);
  return guest;
}

const inQemu = suite('qemu -M none');

for (const peer of PEERS) {
  const need = peerRequirement(peer);

  // 8 KiB is the least that QEMU takes; 80 MiB is more than one window, staging or read buffer
  for (const bytes of [8192, 80 * MIB]) {
    testWith(
      inQemu,
      need,
      `${peer.name} takes ${bytes / 1024} KiB without a warning`,
      inFolder(async (folder) => {
        const path = join(folder, 'out.mig');
        const guest = guestOf(bytes);
        await saveTo(guest, path, { ...TO_FILE, policy: unlimited });
        const { status, ram, stderr } = await loadIntoNone(peer, path, bytes);
        assert.is(stderr, '');
        assert.is(status, 'completed');
        assert.ok(ram?.equals(guest.ram(guest.largestBlock())), 'pmemsave is the RAM that was saved');
      }),
    );
  }

  testWith(
    inQemu,
    need,
    `${peer.name} takes a guest that ran, over several rounds`,
    inFolder(async (folder) => {
      const path = join(folder, 'out.mig');
      const guest = guestOf(32 * MIB);
      const block = guest.largestBlock();
      const spec = parseWorkload('steady,set=4MiB,dirty=20MiB/s');
      const running = new Dirtier(
        () => guest.ram(block),
        spec,
        1,
        (page) => guest.logWrite(block, page),
      );
      const policy = slice(window(100 * MIB), 5_000_000);
      const { counters } = await saveTo(guest, path, {
        ...TO_FILE,
        policy,
        running,
        downtime_limit_ns: 1,
        max_rounds: 3,
      });
      assert.ok(counters.stats(0, 1)['dirty-sync-count'] > 3, 'there were rounds');
      const { ram, stderr } = await loadIntoNone(peer, path, guest.ram_bytes);
      assert.is(stderr, '');
      assert.ok(ram?.equals(guest.ram(block)), 'pmemsave is the RAM at the moment of the pause');
    }),
  );

  testWith(
    inQemu,
    need,
    `${peer.name} refuses another version of RAM's section`,
    inFolder(async (folder) => {
      const path = join(folder, 'out.mig');
      await saveTo(guestOf(8192), path, { ...TO_FILE, policy: unlimited });
      const stream = readFileSync(path);
      assert.is(stream.readUInt32BE(RAM_VERSION_OFFSET), 4);
      stream.writeUInt32BE(5, RAM_VERSION_OFFSET);
      writeFileSync(path, stream);
      const { status, stderr } = await loadIntoNone(peer, path, 8192);
      assert.is(status, 'failed');
      assert.match(stderr, /version/);
    }),
  );
}

inQemu.run();
