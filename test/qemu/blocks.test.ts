/** Streams of real QEMUs in which main memory is not simply the largest block, or pages are missing. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  inspectStream,
  loadStream,
  mainMemory,
  missingPages,
  readGuest,
  readStreamFile,
} from '../../src/node.ts';
import { failure, inFolder } from '../support/folder.ts';
import { PEERS, type Peer, peerRequirement } from '../support/peers.ts';
import { Qemu } from '../support/qemu.ts';
import { assertRefusal } from '../support/reading.ts';
import { testWith } from '../support/requirements.ts';

const MIB = 2 ** 20;
const PAGE_BYTES = 4096;

function backend(id: string, mib: number): string[] {
  return ['-object', `memory-backend-ram,id=${id},size=${mib}M`];
}

/** Records a machine that never ran. @returns the path of its stream */
async function record(peer: Peer, folder: string, args: readonly string[]): Promise<string> {
  const path = join(folder, 'recorded.mig');
  await Qemu.with(peer, [...args, '-S'], async (qemu) => {
    const { status } = await qemu.migrateTo(path);
    assert.is(status, 'completed', qemu.stderr);
  });
  return path;
}

/** A page of RAM that is not zero. */
const MARKED = ['-M', 'pc', '-m', '16M', '-device', 'loader,addr=0x800000,data=0x4b52414d,data-len=4'];

/** Every channel of a multifd migration, by what it begins with. */
function multifdChannels(peer: Peer, folder: string): Promise<Buffer[]> {
  const path = join(folder, 'socket');
  const channels: Promise<Buffer>[] = [];
  const server = createServer((socket) => {
    const pieces: Buffer[] = [];
    socket.on('data', (piece) => pieces.push(piece));
    // QEMU may reset what it is done with
    const ended = new Promise<Buffer>((resolve) => {
      socket.on('error', () => undefined).on('close', () => resolve(Buffer.concat(pieces)));
    });
    channels.push(ended);
  }).listen(path);
  return Qemu.with(peer, [...MARKED, '-S'], async (qemu) => {
    await qemu.setCapability('multifd');
    await qemu.execute('migrate-set-parameters', { 'multifd-channels': 2, 'max-bandwidth': 2 ** 40 });
    await qemu.execute('migrate', { uri: `unix:${path}` });
    const { status } = await qemu.migrationEnd();
    assert.is(status, 'completed', qemu.stderr);
  })
    .then(() => Promise.all(channels))
    .finally(() => server.close());
}

const blocks = suite('blocks of real machines');

for (const peer of PEERS) {
  const need = peerRequirement(peer);

  testWith(
    blocks,
    need,
    `${peer.name}: two NUMA nodes are no single main memory`,
    inFolder(async (folder) => {
      const nodes = ['ram-node0', 'ram-node1'];
      const path = await record(peer, folder, [
        ...['-M', 'q35', '-m', '16M', ...nodes.flatMap((id) => backend(id, 8))],
        ...nodes.flatMap((id) => ['-numa', `node,memdev=${id}`]),
      ]);
      const { guest } = await readStreamFile(path);
      const { detail } = await failure('main-memory', () => mainMemory(guest.blocks));
      assert.equal(
        detail.blocks,
        nodes.map((name) => ({ name, bytes: 8 * MIB })),
      );
    }),
  );

  testWith(
    blocks,
    need,
    `${peer.name}: a DIMM and an NVDIMM, larger than the RAM beside them, are not taken for it`,
    inFolder(async (folder) => {
      const path = await record(peer, folder, [
        ...['-M', 'pc,nvdimm=on', '-m', '16M,maxmem=1G,slots=2'],
        ...[...backend('d0', 32), '-device', 'pc-dimm,memdev=d0'],
        ...[...backend('n0', 32), '-device', 'nvdimm,memdev=n0'],
      ]);
      const { guest } = await readStreamFile(path);
      const { message } = await failure('main-memory', () => mainMemory(guest.blocks));
      for (const name of ['pc.ram', 'd0', 'n0']) assert.match(message, `"${name}"`);
    }),
  );

  testWith(
    blocks,
    need,
    `${peer.name}: the RAM of machines that have larger blocks`,
    inFolder(async (folder) => {
      const path = await record(peer, folder, [
        ...['-M', 'pc,memory-backend=mine', '-m', '8M', ...backend('mine', 8)],
        ...['-device', 'VGA,vgamem_mb=16'],
      ]);
      const { guest } = await readStreamFile(path);
      assert.is(guest.largestBlock().name, '0000:00:02.0/vga.vram');
      assert.is(mainMemory(guest.blocks).name, 'mine');
    }),
  );

  testWith(
    blocks,
    need,
    `${peer.name}: what a virtio-mem device has unplugged may be missing`,
    inFolder(async (folder) => {
      const path = await record(peer, folder, [
        ...['-M', 'pc', '-m', '16M,maxmem=1G,slots=2', ...backend('vm0', 32)],
        ...['-device', 'virtio-mem-pci,memdev=vm0,requested-size=0'],
      ]);
      const { guest, facts } = await readStreamFile(path);
      assert.is(mainMemory(guest.blocks).name, 'pc.ram');
      const pages = (32 * MIB) / PAGE_BYTES;
      const wanted = { block: '0000:00:02.0/vm0', missing: pages, pages, is_virtio_mem: true };
      assert.equal(missingPages(facts), [wanted]);
      assert.is(inspectStream(readFileSync(path)).looks_like_multifd, false);
      // since QEMU 8.0 the device has a section before RAM
      if (peer.is_modern) await failure('section-not-carried', () => readGuest(path));
      else assert.equal((await readGuest(path)).missing, [wanted]);
    }),
  );

  testWith(
    blocks,
    need,
    `${peer.name}: the channels of a multifd migration are told by their names`,
    inFolder(async (folder) => {
      const channels = await multifdChannels(peer, folder);
      assert.is(channels.length, 3);
      for (const channel of channels) {
        const path = join(folder, 'channel');
        writeFileSync(path, channel);
        if (channel.subarray(0, 4).toString() !== 'QEVM') {
          for (const read of [loadStream, inspectStream])
            assertRefusal(() => read(channel), 'foreign-file', {
              name: 'a data channel of a multifd migration',
            });
          await failure('foreign-file', () => readGuest(path));
        } else if (peer.is_modern) {
          for (const read of [loadStream, inspectStream])
            assertRefusal(() => read(channel), 'multifd', { word: 0x200n });
          await failure('multifd', () => readGuest(path));
        } else {
          assertRefusal(() => loadStream(channel), 'missing-pages', { block: 'pc.ram', is_multifd: true });
          await failure('missing-pages', () => readGuest(path));
          assert.is(inspectStream(channel).looks_like_multifd, true);
        }
      }
    }),
  );
}

blocks.run();
