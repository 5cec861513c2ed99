/** The real QEMUs that benches time beside pagepipe, where they are installed. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

export interface QemuPeer {
  readonly name: string;
  /** What stands before its arguments on the command line. */
  readonly command: readonly [string, ...string[]];
}

/** A folder with a whole Debian 13, as test/support/fetch-qemu10.sh makes it. */
const TRIXIE = process.env.PAGEPIPE_TRIXIE_DIR ?? join(homedir(), '.cache', 'pagepipe', 'trixie');
const PROGRAM = 'qemu-system-x86_64';

/** The path of a program in the PATH. */
export function inPath(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

function ofTrixie(): QemuPeer | undefined {
  const loader = join(TRIXIE, 'lib64/ld-linux-x86-64.so.2');
  if (!existsSync(loader)) return undefined;
  const libraries = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu'].map((path) => join(TRIXIE, path));
  const data = ['share/qemu', 'share/seabios'].flatMap((path) => ['-L', join(TRIXIE, 'usr', path)]);
  return {
    name: 'QEMU 10',
    command: [loader, '--library-path', libraries.join(':'), join(TRIXIE, 'usr/bin', PROGRAM), ...data],
  };
}

/** The QEMU in the PATH first, then Debian 13's; says on standard output what is missing and how to get it. */
export function qemuPeers(): QemuPeer[] {
  const here = inPath(PROGRAM);
  const trixie = ofTrixie();
  if (here === undefined)
    process.stdout.write(`no ${PROGRAM} here; on Debian: apt-get install qemu-system-x86\n`);
  if (trixie === undefined) process.stdout.write('no QEMU 10; on Debian: sh test/support/fetch-qemu10.sh\n');
  const peers: (QemuPeer | undefined)[] = [
    here === undefined ? undefined : { name: 'the QEMU here', command: [here] },
    trixie,
  ];
  return peers.filter((peer) => peer !== undefined);
}
