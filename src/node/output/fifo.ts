/** A FIFO with a non-blocking writing end for the save loop and a blocking reading end for a process. */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail, PagepipeError } from '../../errors.ts';
import { reasonOf } from '../os-error.ts';

export interface Fifo {
  /** Non-blocking; the save loop's. */
  readonly write_fd: number;
  /** Blocking; to be given to the process that drains the pipe, and closed here then. */
  readonly read_fd: number;
}

/**
 * Makes a FIFO and opens both ends. Its name and folder are gone again before this returns, so that nothing
 * can be left behind, and nobody else can open it.
 *
 * A FIFO and not the pipe that child_process makes, for that is a UNIX socket and fills differently. The
 * order of the three opens is fifo(7)'s: a non-blocking reader always opens, then a non-blocking writer
 * does, and only then a blocking reader opens at once.
 *
 * @throws `no-fifo`
 */
export function makeFifo(): Fifo {
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(tmpdir(), 'pagepipe-'));
    return openBoth(namedFifo(folder));
  } catch (cause) {
    throw cause instanceof PagepipeError ? cause : fail('no-fifo', { reason: reasonOf(cause) }, cause);
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** Node has no mkfifo(3) of its own. */
function namedFifo(folder: string): string {
  const path = join(folder, 'fifo');
  const made = spawnSync('mkfifo', ['-m', '600', path], { encoding: 'utf8' });
  if (made.error !== undefined) throw made.error;
  if (made.status !== 0) throw fail('no-fifo', { reason: mkfifoReason(made.stderr) });
  return path;
}

/** What mkfifo printed, as part of one line. */
function mkfifoReason(printed: string): string {
  return printed.trim().replaceAll(/\s+/g, ' ') || 'mkfifo failed';
}

function openBoth(path: string): Fifo {
  const opened: number[] = [];
  const open = (flags: number): number => {
    const fd = openSync(path, flags);
    opened.push(fd);
    return fd;
  };
  try {
    const first_reader = open(constants.O_RDONLY | constants.O_NONBLOCK);
    const write_fd = open(constants.O_WRONLY | constants.O_NONBLOCK);
    const read_fd = open(constants.O_RDONLY);
    closeSync(first_reader);
    return { write_fd, read_fd };
  } catch (cause) {
    for (const fd of opened) closeSync(fd);
    throw cause;
  }
}
