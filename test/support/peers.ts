/** The real QEMUs that tests hold pagepipe against. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Program, type Requirement, requirement } from './requirements.ts';

/** One QEMU: what stands before its arguments on the command line. */
export interface Peer {
  readonly name: string;
  readonly command: readonly string[];
  /** From QEMU 9.0 on: mapped-ram is known, and a guest that runs while it is migrated loses no write. */
  readonly is_modern: boolean;
  /** What has to be there for it to run. */
  readonly need: Requirement;
}

type QemuProgram = Extract<Program, `qemu-system-${string}`>;

function peerHere(name: string, program: QemuProgram): Peer {
  return { name, command: [program], is_modern: false, need: requirement(program) };
}

/** A folder with a whole Debian 13, as fetch-qemu10.sh makes it. */
const TRIXIE = process.env.PAGEPIPE_TRIXIE_DIR ?? join(homedir(), '.cache', 'pagepipe', 'trixie');

const LOADER = join(TRIXIE, 'lib64/ld-linux-x86-64.so.2');
const LIBRARIES = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu'].map((path) => join(TRIXIE, path));
const FIRMWARE = ['share/qemu', 'share/seabios', 'lib/ipxe/qemu'].map((path) => join(TRIXIE, 'usr', path));

/** Run by that Debian's own loader and libraries: neither root nor a chroot is needed, paths mean the same. */
function peerInTrixie(name: string, program: QemuProgram): Peer {
  const path = join(TRIXIE, 'usr/bin', program);
  const missing = `no ${name}; on Debian, as root: sh test/support/fetch-qemu10.sh`;
  return {
    name,
    command: [LOADER, '--library-path', LIBRARIES.join(':'), path, ...FIRMWARE.flatMap((of) => ['-L', of])],
    is_modern: true,
    need: existsSync(path) ? { path } : { missing },
  };
}

/** The QEMU of this Debian. */
export const QEMU_HERE = peerHere('the QEMU in the PATH', 'qemu-system-x86_64');
export const QEMU_10 = peerInTrixie('QEMU 10', 'qemu-system-x86_64');
export const PEERS: readonly Peer[] = [QEMU_HERE, QEMU_10];

/** The same for ARM. */
export const ARM_PEERS: readonly Peer[] = [
  peerHere('the QEMU for ARM in the PATH', 'qemu-system-aarch64'),
  peerInTrixie('QEMU 10 for ARM', 'qemu-system-aarch64'),
];

/** What has to be there for a peer to run. */
export function peerRequirement(peer: Peer): Requirement {
  return peer.need;
}
