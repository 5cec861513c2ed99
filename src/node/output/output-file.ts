/** An output that appears under its name only when it is whole: written beside it, synced, renamed. */
import { randomBytes } from 'node:crypto';
import { accessSync, closeSync, constants, fstatSync, openSync, realpathSync, unlinkSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail } from '../../errors.ts';
import { codeOf, reasonOf, writeFailure } from '../os-error.ts';
import { lookAt, NO_FILE, nameTaken, parseDestination } from './destination.ts';
import { giveName } from './give-name.ts';

/** RAM holds secrets: only the owner may read what is written. */
const OWNER_ONLY = 0o600;
/** So many that no two parts have one name. */
const PART_RANDOM_BYTES = 8;

export class OutputFile {
  /** The name it is to have; of a symbolic link, what it points to. */
  readonly path: string;
  /** The name it has until it is whole; of one length, so that every name that the file may have will do. */
  readonly part_path: string;
  readonly #force: boolean;
  #is_part = true;
  /** Whether it has its name, and nothing had it before. */
  #is_new = false;

  /**
   * Makes the part file, empty.
   *
   * @throws `output-exists`, `output-folder-missing`, `output-refused`
   */
  constructor(path: string, options: { force: boolean }) {
    this.path = targetOf(path, options.force);
    this.#force = options.force;
    const random = randomBytes(PART_RANDOM_BYTES).toString('hex');
    this.part_path = join(dirname(this.path), `.pagepipe-${random}.part`);
    try {
      closeSync(
        openSync(this.part_path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, OWNER_ONLY),
      );
    } catch (cause) {
      throw openFailure(path, cause);
    }
  }

  /**
   * Gives it its name; what it holds was synced before. The name itself is synced too.
   *
   * @throws `output-exists` where a file came to have the name meanwhile, and there is no force;
   * `output-refused`, `write-failed`
   */
  async commit(): Promise<void> {
    this.#is_new = await giveName(this.part_path, this.path, { force: this.#force });
    this.#is_part = false;
    try {
      await syncFolder(dirname(this.path));
    } catch (cause) {
      this.takeBack();
      throw writeFailure(this.path, 0, cause);
    }
  }

  /** Removes the part file, unless it has got its name. */
  discard(): void {
    if (!this.#is_part) return;
    this.#is_part = false;
    unlinkIfThere(this.part_path);
  }

  /** Removes the file again that a commit has made; one that it has replaced stays replaced. */
  takeBack(): void {
    if (!this.#is_new) return;
    this.#is_new = false;
    unlinkIfThere(this.path);
  }
}

/** Gives all their names, or, if one is refused, takes those back that are new. */
export async function commitAll(outputs: readonly OutputFile[]): Promise<void> {
  try {
    for (const output of outputs) await output.commit();
  } catch (cause) {
    for (const output of outputs) output.takeBack();
    throw cause;
  }
}

/**
 * Whether an output can be made at all, before long work is done for it: a part file is made and removed
 * again, for nothing else tells whether a folder takes files. What cannot be known before (space) is found
 * when it is made.
 *
 * @throws `output-exists`, `output-folder-missing`, `output-refused`
 */
export function checkOutput(output: string, options: { force: boolean }): void {
  const destination = parseDestination(output);
  if (destination.kind === 'file') new OutputFile(destination.path, options).discard();
  try {
    if (destination.kind === 'in-place') accessSync(destination.path, constants.W_OK);
    if (destination.kind === 'descriptor') fstatSync(destination.fd);
  } catch (cause) {
    throw fail('output-refused', { path: output, reason: reasonOf(cause) }, cause);
  }
}

/** The path to be replaced or made. */
function targetOf(path: string, force: boolean): string {
  const stat = lookAt(path);
  if (stat?.isFile() === false) throw fail('output-refused', { path, reason: NO_FILE });
  // also a link that points to nothing has the name
  if (!force && lookAt(path, 'as they are') !== undefined) throw nameTaken(path);
  if (stat === undefined) return path;
  try {
    return realpathSync(path);
  } catch (cause) {
    throw fail('output-refused', { path, reason: reasonOf(cause) }, cause);
  }
}

/** Why nothing can be made at a path. */
export function openFailure(path: string, cause: unknown): Error {
  // a folder such as /proc is there and takes no files all the same
  if (codeOf(cause) === 'ENOENT' && lookAt(dirname(path)) === undefined) return folderMissing(path, cause);
  const reason = codeOf(cause) === 'ENOENT' ? 'its folder takes no files' : reasonOf(cause);
  return fail('output-refused', { path, reason }, cause);
}

function folderMissing(path: string, cause?: unknown): Error {
  return fail('output-folder-missing', { path, folder: dirname(path) }, cause);
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw cause;
  }
}

async function syncFolder(path: string): Promise<void> {
  let folder: FileHandle;
  try {
    folder = await open(path, constants.O_RDONLY);
  } catch {
    // a folder that may be written may still not be read, and then it cannot be synced
    return;
  }
  try {
    await folder.sync();
  } catch (cause) {
    // some file systems sync no folders (fsync(2), EINVAL)
    if (codeOf(cause) !== 'EINVAL') throw cause;
  } finally {
    await folder.close();
  }
}
