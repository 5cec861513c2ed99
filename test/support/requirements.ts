/** What a test needs from the machine, and what is said when it is not there. */
import { accessSync, constants, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Where a needed thing is, or why not and how to get it. */
export type Requirement = { readonly path: string } | { readonly missing: string };

/** Programs that tests use, and the Debian package of each. */
const PACKAGES = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-system-aarch64': 'qemu-system-arm',
  chromium: 'chromium',
  mkfifo: 'coreutils',
} as const;

export type Program = keyof typeof PACKAGES;

function findProgram(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** A program in the PATH. */
export function requirement(name: Program): Requirement {
  const path = findProgram(name);
  if (path !== undefined) return { path };
  return { missing: `${name} is missing; on Debian: apt-get install ${PACKAGES[name]}` };
}

/** The folder with the kernel and initrd of the small Linux guest, by the rule of fetch-guest.sh. */
export function guestFiles(): Requirement {
  const path = process.env.PAGEPIPE_GUEST_DIR ?? join(homedir(), '.cache', 'pagepipe', 'guest');
  if (existsSync(join(path, 'vmlinuz')) && existsSync(join(path, 'initrd.gz'))) return { path };
  return { missing: 'no Linux guest; on Debian, as root: sh test/support/fetch-guest.sh' };
}

/** All of them; the first that is missing counts. */
export function allOf(...needs: readonly Requirement[]): Requirement {
  return needs.find((need) => 'missing' in need) ?? needs[0] ?? { missing: 'nothing was asked for' };
}

/** The part of a uvu suite that is needed here. */
interface Registers {
  (name: string, run: () => Promise<void> | void): void;
  skip(name?: string, run?: () => Promise<void> | void): void;
}

/**
 * Registers a test that needs something. Where that is missing the test is skipped and says so; under
 * CI=true it fails instead, for there everything is to be had.
 */
export function testWith(
  suite: Registers,
  need: Requirement,
  name: string,
  run: () => Promise<void> | void,
): void {
  if ('path' in need) {
    suite(name, run);
  } else if (process.env.CI === 'true') {
    suite(name, () => {
      throw new Error(need.missing);
    });
  } else {
    process.stdout.write(`skipped: ${name}: ${need.missing}\n`);
    suite.skip(name, run);
  }
}
