/**
 * How fast is a whole load of a stream into memory that is written already, beside a real QEMU's? Before every
 * load both have 1 GiB of ones as RAM, all of it mapped; both read the same file in memory (/dev/shm) through a
 * `cat`, and are timed from the command to load to its end; QEMU starts shell and `cat` within, here the shell
 * waits already. Shown too:
 * pagepipe reading the file itself, and a stream that is in memory.
 */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Guest, loadStream, readStreamFile, saveTo, unlimited } from '../src/node.ts';
import { BLOCK_NAME, QemuMachine } from './qemu/machine.ts';
import { type QemuPeer, qemuPeers } from './qemu/peers.ts';
import {
  fillImage,
  guestOf,
  inMemoryFolder,
  isSame,
  isSameFile,
  KIND_NAMES,
  type Kind,
  RAM_BYTES,
  writeImage,
  writtenGuest,
} from './ram-images.ts';
import { type Contender, interleaved, linesOf } from './rounds.ts';

const ROUNDS = 5;

/** Loads with a guest full of ones before; only the load is timed. */
async function timed(guest: Guest, load: () => Promise<unknown>): Promise<number> {
  guest.ram(guest.largestBlock()).fill(1);
  const began_ms = performance.now();
  await load();
  return (performance.now() - began_ms) / 1e3;
}

/**
 * From `cat` by a FIFO, as QEMU has it from `exec:cat FILE`. The shell is started before the RAM is filled, and
 * waits for the FIFO's reader: to start a process makes all memory copy-on-write, and the load would be charged
 * with a fault for each page (measured: 80 ms).
 */
async function fromCat(stream: string, guest: Guest): Promise<number> {
  const fifo = `${stream}.fifo`;
  const cat = spawn('/bin/sh', ['-c', `exec cat "${stream}" > "${fifo}"`], { stdio: 'inherit' });
  const exited = new Promise((resolve) => cat.on('exit', resolve));
  return timed(guest, async () => {
    await readStreamFile(fifo, { into: guest });
    await exited;
  });
}

/** A QEMU loads once in its life: each run has one of its own, whose start is not timed. */
async function qemuLoad(peer: QemuPeer, ram: string, stream: string): Promise<number> {
  fillImage(ram);
  const options = ['-incoming', 'defer'];
  return QemuMachine.with(peer, { path: ram, bytes: RAM_BYTES }, options, (machine) =>
    machine.loadFrom(`cat ${stream}`),
  );
}

async function benchKind(kind: Kind, folder: string, peers: readonly QemuPeer[]): Promise<void> {
  const image = join(folder, 'image');
  const stream = join(folder, 'stream');
  const ram = join(folder, 'ram');
  writeImage(image, kind);
  const saved = guestOf(image, BLOCK_NAME);
  const options = { via: 'file', direct: false, force: false, policy: unlimited } as const;
  await saveTo(saved, stream, options);
  spawnSync('mkfifo', [`${stream}.fifo`]);
  const bytes = readFileSync(stream);
  const guest = writtenGuest(BLOCK_NAME);
  const ours: Contender[] = [
    { name: 'pagepipe, from cat', run: () => fromCat(stream, guest) },
    { name: 'pagepipe, the file', run: () => timed(guest, () => readStreamFile(stream, { into: guest })) },
    {
      name: 'pagepipe, a stream in memory',
      run: () => timed(guest, async () => loadStream(bytes, { into: guest })),
    },
  ];
  for (const { name, run } of ours) {
    await run();
    if (!isSame(guest, image)) throw new Error(`${name} loaded other RAM than was saved`);
  }
  writeImage(ram, 'zero');
  for (const peer of peers) {
    await qemuLoad(peer, ram, stream);
    if (!isSameFile(ram, image)) throw new Error(`${peer.name} loaded other RAM than was saved`);
  }
  const theirs = peers.map((peer) => ({ name: peer.name, run: () => qemuLoad(peer, ram, stream) }));
  const rounds = await interleaved([...ours, ...theirs], ROUNDS);
  process.stdout.write(`${kind}\n${linesOf(rounds, RAM_BYTES).join('\n')}\n`);
}

export async function benchWholeLoad(): Promise<void> {
  const what = 'How fast is a whole load of 1 GiB into RAM that is written already?';
  process.stdout.write(`${what} GB/s of guest RAM, median (range)\n`);
  // one peer: each of its loads is a QEMU of its own, and the RAM written anew
  const peers = qemuPeers().slice(0, 1);
  for (const kind of KIND_NAMES) await inMemoryFolder((folder) => benchKind(kind, folder, peers));
  process.stdout.write('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await benchWholeLoad();
