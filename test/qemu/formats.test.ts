/** XBZRLE and mapped-ram: real QEMUs read what we write, and we read what they write. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  Dirtier,
  fillContent,
  Guest,
  parseWorkload,
  readStreamFile,
  type SavedTo,
  saveTo,
  slice,
  window,
} from '../../src/node.ts';
import { builtPackage } from '../support/built.ts';
import { inFolder } from '../support/folder.ts';
import { PEERS, peerRequirement, QEMU_10 } from '../support/peers.ts';
import { loadIntoNone, Qemu } from '../support/qemu.ts';
import { testWith } from '../support/requirements.ts';

const MIB = 2 ** 20;
const RAM_BYTES = 32 * MIB;

/** Saves a guest that goes on writing over several rounds. */
async function saveDirtying(
  path: string,
  workload: string,
  form: { form?: 'mapped-ram'; xbzrle_cache_bytes?: number; direct?: boolean },
): Promise<{ guest: Guest; saved: SavedTo }> {
  const guest = new Guest([{ name: 'ram', bytes: RAM_BYTES }]);
  const block = guest.largestBlock();
  const spec = parseWorkload(workload);
  fillContent(guest.ram(block), spec, 3);
  const running = new Dirtier(
    () => guest.ram(block),
    spec,
    3,
    (page) => guest.logWrite(block, page),
  );
  const saved = await saveTo(guest, path, {
    ...{ via: 'file', direct: false, force: false, ...form },
    ...{ policy: slice(window(60 * MIB), 5_000_000), running, downtime_limit_ns: 1, max_rounds: 6 },
  });
  return { guest, saved };
}

const formats = suite('forms of output');

for (const peer of PEERS) {
  // the second cache is smaller than the working set: pages push each other out
  for (const xbzrle_cache_bytes of [64 * MIB, MIB]) {
    testWith(
      formats,
      peerRequirement(peer),
      `${peer.name} takes six rounds of XBZRLE with a cache of ${xbzrle_cache_bytes / MIB} MiB`,
      inFolder(async (folder) => {
        const path = join(folder, 'x.mig');
        const workload = 'steady,set=4MiB,dirty=40MiB/s,change=word';
        const { guest, saved } = await saveDirtying(path, workload, { xbzrle_cache_bytes });
        assert.ok((saved.xbzrle_cache?.bytes ?? 0) > 0, 'pages went as changes');
        const { ram, stderr } = await loadIntoNone(peer, path, RAM_BYTES);
        assert.is(stderr, '');
        assert.ok(ram?.equals(guest.ram(guest.largestBlock())), 'pmemsave is the RAM at the pause');
        const ours = (await readStreamFile(path)).guest;
        assert.ok(ram?.equals(ours.ram(ours.largestBlock())), 'we read the same');
      }),
    );
  }
}

for (const direct of [false, true]) {
  testWith(
    formats,
    peerRequirement(QEMU_10),
    `QEMU 10 takes our mapped-ram file, ${direct ? 'O_DIRECT' : 'buffered'}`,
    inFolder(async (folder) => {
      const path = join(folder, 'm.mig');
      const { guest } = await saveDirtying(path, 'steady,zero=80%,set=4MiB,dirty=40MiB/s', {
        form: 'mapped-ram',
        direct,
      });
      assert.ok(statSync(path).blocks * 512 < RAM_BYTES / 2, 'zero pages are holes');
      const { ram, stderr } = await loadIntoNone(QEMU_10, path, RAM_BYTES, 'mapped-ram');
      assert.is(stderr, '');
      assert.ok(ram?.equals(guest.ram(guest.largestBlock())), 'pmemsave is the RAM at the pause');
      const ours = (await readStreamFile(path)).guest;
      assert.ok(ram?.equals(ours.ram(ours.largestBlock())), 'we read the same');
    }),
  );
}

for (const direct of [false, true]) {
  testWith(
    formats,
    peerRequirement(QEMU_10),
    `QEMU 10 takes the mapped-ram file of three channels, ${direct ? 'O_DIRECT' : 'buffered'}`,
    inFolder(async (folder) => {
      const built = await builtPackage();
      const path = join(folder, 'c.mig');
      const guest = new built.Guest([{ name: 'ram', bytes: RAM_BYTES }], { shared: true });
      const block = guest.largestBlock();
      const spec = built.parseWorkload('steady,zero=80%,set=4MiB,dirty=40MiB/s');
      built.fillContent(guest.ram(block), spec, 3);
      const log = (page: number) => guest.logWrite(block, page);
      const running = new built.Dirtier(() => guest.ram(block), spec, 3, log);
      const options = { direct, force: false, writers: 3, running, downtime_limit_ns: 1, max_rounds: 6 };
      await built.saveByWriters(guest, path, options);
      assert.ok(statSync(path).blocks * 512 < RAM_BYTES / 2, 'zero pages are holes');
      const { ram, stderr } = await loadIntoNone(QEMU_10, path, RAM_BYTES, 'mapped-ram');
      assert.is(stderr, '');
      assert.ok(ram?.equals(guest.ram(block)), 'pmemsave is the RAM at the pause');
    }),
  );
}

testWith(
  formats,
  peerRequirement(QEMU_10),
  'we take a mapped-ram file of QEMU 10',
  inFolder(async (folder) => {
    const ours = join(folder, 'ours.mig');
    const theirs = join(folder, 'theirs.mig');
    const { guest } = await saveDirtying(ours, 'steady,set=4MiB,dirty=40MiB/s', {});
    const args = ['-M', 'none', '-m', `size=${RAM_BYTES / 1024}k`, '-S', '-incoming', 'defer'];
    await Qemu.with(QEMU_10, args, async (qemu) => {
      await qemu.migrateFrom(ours);
      await qemu.migrationEnd();
      const { status } = await qemu.migrateTo(theirs, 'mapped-ram');
      assert.is(status, 'completed');
    });
    const loaded = (await readStreamFile(theirs)).guest;
    assert.ok(
      Buffer.from(guest.ram(guest.largestBlock())).equals(loaded.ram(loaded.largestBlock())),
      'the RAM that QEMU was given',
    );
    assert.is(readFileSync(theirs).subarray(0, 4).toString(), 'QEVM');
  }),
);

formats.run();
