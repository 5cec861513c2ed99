/**
 * How fast is a whole save into a command, beside a real QEMU's of the same RAM? Both have the RAM in memory,
 * every page written; both are timed from the command to its end: shell, pipe and `cat` are started within.
 */
import { spawnSync } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatBytes, type Guest, readStreamFile, saveTo, unlimited } from '../src/node.ts';
import { BLOCK_NAME, QemuMachine } from './qemu/machine.ts';
import { type QemuPeer, qemuPeers } from './qemu/peers.ts';
import {
  guestOf,
  inMemoryFolder,
  isSame,
  KIND_NAMES,
  type Kind,
  RAM_BYTES,
  writeImage,
} from './ram-images.ts';
import { interleaved, linesOf } from './rounds.ts';

const ROUNDS = 7;
/** Two writers of the same pages may differ by what stands around them. */
const SIZE_TOLERANCE = 0.01;
const NOWHERE = 'exec:cat >/dev/null';
const TO_COMMAND = { via: 'pipe', direct: false, force: false } as const;
const COMMAND = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

async function ourSave(guest: Guest, output: string): Promise<number> {
  const began_ms = performance.now();
  await saveTo(guest, output, { ...TO_COMMAND, policy: unlimited });
  return (performance.now() - began_ms) / 1e3;
}

/** The command line as a whole: Node's start, reading the image, the save. */
function wholeCommand(image: string): Promise<number> {
  const began_ms = performance.now();
  const args = [COMMAND, 'save', '--ram', image, '-o', NOWHERE, '--json'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return Promise.resolve((performance.now() - began_ms) / 1e3);
}

/** A stream has to hold the RAM of the image. @returns its size in bytes */
async function checkedSize(stream: string, image: string): Promise<number> {
  const { guest } = await readStreamFile(stream);
  if (!isSame(guest, image)) throw new Error(`${stream} does not hold the RAM that was saved`);
  return statSync(stream).size;
}

/** Starts a machine of each peer on one image. */
function withMachines<T>(
  peers: readonly QemuPeer[],
  image: string,
  use: (machines: readonly QemuMachine[]) => Promise<T>,
): Promise<T> {
  const [peer, ...others] = peers;
  if (peer === undefined) return use([]);
  return QemuMachine.with(peer, { path: image, bytes: RAM_BYTES }, [], (machine) =>
    withMachines(others, image, (machines) => use([machine, ...machines])),
  );
}

async function benchKind(kind: Kind, folder: string, peers: readonly QemuPeer[]): Promise<void> {
  const image = join(folder, 'image');
  const stream = join(folder, 'stream');
  writeImage(image, kind);
  const guest = guestOf(image, BLOCK_NAME);
  await ourSave(guest, `exec:cat > ${stream}`);
  const bytes = await checkedSize(stream, image);
  const rounds = await withMachines(peers, image, async (machines) => {
    for (const machine of machines) {
      await machine.saveTo(`cat > ${stream}`);
      const its_bytes = await checkedSize(stream, image);
      if (Math.abs(its_bytes / bytes - 1) > SIZE_TOLERANCE) {
        throw new Error(`${machine.name} wrote ${its_bytes} bytes, pagepipe ${bytes}`);
      }
    }
    rmSync(stream);
    const contenders = [
      { name: 'saveTo', run: () => ourSave(guest, NOWHERE) },
      ...machines.map((machine) => ({ name: machine.name, run: () => machine.saveTo('cat >/dev/null') })),
      { name: 'pagepipe save, whole command', run: () => wholeCommand(image) },
    ];
    return interleaved(contenders, ROUNDS);
  });
  process.stdout.write(
    `${kind}, ${formatBytes(bytes)} on the wire\n${linesOf(rounds, RAM_BYTES).join('\n')}\n`,
  );
}

export async function benchSave(): Promise<void> {
  process.stdout.write(
    'How fast is a whole save of 1 GiB to `cat >/dev/null`? GB/s of guest RAM, median (range)\n',
  );
  const peers = qemuPeers();
  for (const kind of KIND_NAMES) await inMemoryFolder((folder) => benchKind(kind, folder, peers));
  process.stdout.write('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await benchSave();
