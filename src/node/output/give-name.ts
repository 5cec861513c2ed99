/** How an output gets its name once it is whole. */
import { link, lstat, rename, unlink } from 'node:fs/promises';
import { fail, PagepipeError } from '../../errors.ts';
import { codeOf, reasonOf } from '../os-error.ts';
import { nameTaken } from './destination.ts';

/** What link(2) says where the file system knows no hard links, or no more of them. */
const NO_LINKS: readonly (string | undefined)[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/**
 * Gives a file its name; without `force` never in the place of another that came to have it meanwhile, for
 * link(2) refuses a name that is taken, where rename(2) replaces. Where there are no links a last look has to
 * do, which leaves a moment open.
 *
 * @param linkFile another link(2), for tests
 * @returns whether nothing had the name
 * @throws `output-exists`, `output-refused`
 */
export async function giveName(
  part_path: string,
  path: string,
  options: { force: boolean },
  linkFile: typeof link = link,
): Promise<boolean> {
  try {
    const state = await tryLink(part_path, path, linkFile);
    if (state === 'taken' && !options.force) throw nameTaken(path);
    // rename(2) does nothing where both are names of one file
    if (state === 'linked') await unlink(part_path);
    else await rename(part_path, path);
    return state !== 'taken';
  } catch (cause) {
    if (cause instanceof PagepipeError) throw cause;
    throw fail('output-refused', { path, reason: reasonOf(cause) }, cause);
  }
}

/** Links the file to its name, or finds out whether something has it. */
async function tryLink(
  part_path: string,
  path: string,
  linkFile: typeof link,
): Promise<'linked' | 'free' | 'taken'> {
  try {
    await linkFile(part_path, path);
    return 'linked';
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return 'taken';
    if (!NO_LINKS.includes(codeOf(cause))) throw cause;
    return (await isTaken(path)) ? 'taken' : 'free';
  }
}

async function isTaken(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw cause;
    return false;
  }
}
