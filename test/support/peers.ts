/** The real QEMUs that tests hold pagepipe against. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Requirement, requirement } from './requirements.ts';

/** One QEMU: what stands before its arguments on the command line. */
export interface Peer {
  readonly name: string;
  readonly command: readonly string[];
  /** From QEMU 9.0 on: mapped-ram is known, and a guest that runs while it is migrated loses no write. */
  readonly is_modern: boolean;
}

/** The QEMU of this Debian. */
export const QEMU_HERE: Peer = {
  name: 'the QEMU in the PATH',
  command: ['qemu-system-x86_64'],
  is_modern: false,
};

/** A folder with a whole Debian 13, as fetch-qemu10.sh makes it. */
const TRIXIE = process.env.PAGEPIPE_TRIXIE_DIR ?? join(homedir(), '.cache', 'pagepipe', 'trixie');

const LOADER = join(TRIXIE, 'lib64/ld-linux-x86-64.so.2');

/** Run by that Debian's own loader and libraries: neither root nor a chroot is needed, paths mean the same. */
export const QEMU_10: Peer = {
  name: 'QEMU 10',
  command: [
    LOADER,
    ...[
      '--library-path',
      `${join(TRIXIE, 'usr/lib/x86_64-linux-gnu')}:${join(TRIXIE, 'lib/x86_64-linux-gnu')}`,
    ],
    join(TRIXIE, 'usr/bin/qemu-system-x86_64'),
    ...['share/qemu', 'share/seabios', 'lib/ipxe/qemu'].flatMap((path) => ['-L', join(TRIXIE, 'usr', path)]),
  ],
  is_modern: true,
};

export const PEERS: readonly Peer[] = [QEMU_HERE, QEMU_10];

/** What has to be there for a peer to run. */
export function peerRequirement(peer: Peer): Requirement {
  if (peer === QEMU_HERE) return requirement('qemu-system-x86_64');
  if (existsSync(LOADER)) return { path: LOADER };
  return { missing: 'no QEMU 10; on Debian, as root: sh test/support/fetch-qemu10.sh' };
}
