/** Which build a result is of: version and commit of a package or a checkout of pagepipe. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { BuildFacts } from '../results/bench.ts';
import { versionIn } from './version.ts';

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
  return { version: versionOrNull(folder), commit: await commitOf(folder) };
}

function versionOrNull(folder: string): string | null {
  try {
    return versionIn(folder);
  } catch {
    return null;
  }
}
