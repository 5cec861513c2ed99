/** ARM's `virt`, whose streams say the bits of a page: a real QEMU's guest is read, carried over, and goes on. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mainMemory, readGuest, readStreamFile, saveTo, unlimited } from '../../src/node.ts';
import { ARM_RAM_BYTES, COUNTER_OFFSET, recordArm, resumeArm } from '../support/arm-guest.ts';
import { assertBytes, inFolder } from '../support/folder.ts';
import { ARM_PEERS, peerRequirement } from '../support/peers.ts';
import { testWith } from '../support/requirements.ts';

/** As QEMU writes it: 05, idstr, version 1, 12. */
const TARGET_PAGE_BITS = Buffer.from('\x05\x1econfiguration/target-page-bits\0\0\0\x01\0\0\0\x0c', 'latin1');

const arm = suite('aarch64 virt');

for (const peer of ARM_PEERS) {
  testWith(
    arm,
    peerRequirement(peer),
    `${peer.name}: a guest that counts is read to the byte, carried over, and goes on from where it was`,
    inFolder(async (folder) => {
      const recorded = join(folder, 'recorded.mig');
      const ram = await recordArm(peer, folder, recorded);
      assert.ok(readFileSync(recorded).includes(TARGET_PAGE_BITS), 'QEMU says the bits of a page');

      const { guest, facts } = await readStreamFile(recorded);
      assert.match(facts.machine, /^virt-/);
      assert.is(facts.target_page_bits, 12);
      const main = mainMemory(guest.blocks);
      assert.equal([main.name, main.bytes], ['mach-virt.ram', ARM_RAM_BYTES]);
      assert.ok(guest.largestBlock().bytes > main.bytes, 'its flash is larger than its RAM');
      assertBytes(guest.ram(main), ram, 'RAM');

      const read = await readGuest(recorded);
      assert.equal(read.missing, []);
      const count = ram.readUInt32LE(COUNTER_OFFSET);
      for (const form of peer.is_modern ? (['stream', 'mapped-ram'] as const) : (['stream'] as const)) {
        const carried = join(folder, `${form}.mig`);
        const options = { via: 'file', direct: false, force: false, policy: unlimited, form } as const;
        await saveTo(read.guest, carried, { ...options, origin: read.origin });
        assert.ok(readFileSync(carried).includes(TARGET_PAGE_BITS), 'we say them too');
        const [first = 0, second, third] = await resumeArm(peer, folder, carried, form);
        // it may have been stopped between counting and saying so
        assert.ok(first === count || first === count + 1, `${form} goes on with ${first} after ${count}`);
        assert.equal([second, third], [first + 1, first + 2]);
      }
    }),
  );
}

arm.run();
