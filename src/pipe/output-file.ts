/** An output that appears under its name only when it is whole: written beside it, synced, renamed. */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync, realpathSync, statSync, unlinkSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fail } from '../errors.ts';
import { parseDestination } from './destination.ts';
import { codeOf, reasonOf } from './os-error.ts';

/** RAM holds secrets: only the owner may read what is written. */
const OWNER_ONLY = 0o600;

export class OutputFile {
  /** The name it is to have; of a symbolic link, what it points to. */
  readonly path: string;
  /** The name it has until it is whole. */
  readonly part_path: string;
  #is_open = true;

  /**
   * Makes the part file, empty.
   *
   * @throws `output-exists`, `output-folder-missing`, `output-refused`
   */
  constructor(path: string, options: { force: boolean }) {
    this.path = existingTarget(path, options.force);
    const suffix = `${process.pid}-${randomBytes(4).toString('hex')}`;
    this.part_path = join(dirname(this.path), `.${basename(this.path)}.${suffix}.part`);
    try {
      closeSync(
        openSync(this.part_path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, OWNER_ONLY),
      );
    } catch (cause) {
      throw openFailure(path, cause);
    }
  }

  /** Gives it its name; what it holds was synced before. The rename itself is synced too. */
  async commit(): Promise<void> {
    try {
      await rename(this.part_path, this.path);
    } catch (cause) {
      throw fail('output-refused', { path: this.path, reason: reasonOf(cause) }, cause);
    }
    this.#is_open = false;
    const folder = await open(dirname(this.path), constants.O_RDONLY);
    try {
      await folder.sync();
    } catch (cause) {
      // some file systems sync no folders (fsync(2), EINVAL)
      if (codeOf(cause) !== 'EINVAL') throw cause;
    } finally {
      await folder.close();
    }
  }

  /** Removes the part file, unless it has got its name. */
  discard(): void {
    if (!this.#is_open) return;
    this.#is_open = false;
    try {
      unlinkSync(this.part_path);
    } catch (cause) {
      if (codeOf(cause) !== 'ENOENT') throw cause;
    }
  }
}

/**
 * Whether an output can be made at all, before long work is done for it: that it may be replaced, and that
 * its folder is there. What cannot be known before (permissions, space) is found when it is made.
 *
 * @throws `output-exists`, `output-folder-missing`, `output-refused`
 */
export function checkOutput(output: string, options: { force: boolean }): void {
  const destination = parseDestination(output);
  if (destination.kind !== 'file') return;
  const path = existingTarget(destination.path, options.force);
  const folder = statSync(dirname(path), { throwIfNoEntry: false });
  if (folder?.isDirectory() !== true) throw fail('output-folder-missing', { path, folder: dirname(path) });
}

/** The path to be replaced or made. */
function existingTarget(path: string, force: boolean): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return path;
  if (!stat.isFile()) throw fail('output-refused', { path, reason: 'it is no regular file' });
  if (!force) throw fail('output-exists', { path });
  return realpathSync(path);
}

function openFailure(path: string, cause: unknown): Error {
  if (codeOf(cause) === 'ENOENT')
    return fail('output-folder-missing', { path, folder: dirname(path) }, cause);
  return fail('output-refused', { path, reason: reasonOf(cause) }, cause);
}
