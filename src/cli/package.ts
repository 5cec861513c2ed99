/** What is known of an installed package or a checkout of pagepipe. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BuildFacts } from '../index.ts';

/** The folder of the package that this program belongs to. */
export const PACKAGE_FOLDER = fileURLToPath(new URL('../../', import.meta.url));

/** The version in a folder's package.json. @throws what the system says where there is none */
async function versionIn(folder: string): Promise<string> {
  const { version }: { version: string } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  return version;
}

export function packageVersion(): Promise<string> {
  return versionIn(PACKAGE_FOLDER);
}

/** The commit of a checkout, with `-dirty` where something was changed; null in an installed package. */
async function commitOf(folder: string): Promise<string | null> {
  // git looks in the folders above, too: an installed package is in somebody else's checkout
  const run = promisify(execFile);
  try {
    const git = async (...args: readonly string[]): Promise<string> =>
      (await run('git', ['-C', folder, ...args])).stdout.trim();
    if ((await git('rev-parse', '--show-prefix')) !== '') return null;
    return await git('describe', '--always', '--dirty', '--exclude=*');
  } catch {
    return null;
  }
}

/** What a result says of the build in a folder: its version and commit, as far as they are known. */
export async function buildFacts(folder: string): Promise<BuildFacts> {
  const [version, commit] = await Promise.all([versionIn(folder).catch(() => null), commitOf(folder)]);
  return { version, commit };
}
