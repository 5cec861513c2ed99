/** Starts a helper process behind a FIFO, and hands it its output if that is open already. */
import { type ChildProcess, fork, type StdioOptions } from 'node:child_process';
import { closeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fail } from '../../errors.ts';
import { reasonOf } from '../os-error.ts';
import type { OpenDestination } from '../output/destination.ts';
import type { DiskTarget } from '../output/disk-writer.ts';
import { makeFifo } from '../output/fifo.ts';
import { starterFile } from '../starter-file.ts';
import { HELPER_FIFO_FD, HELPER_OUTPUT_FD } from './helper-protocol.ts';

const HELPER_FILE = fileURLToPath(starterFile('./helper-main', import.meta.url));
/** The options of Node's that load what reads TypeScript; their value follows after `=` or by itself. */
const LOADER_OPTIONS: readonly string[] = [
  '--import',
  '--loader',
  '--experimental-loader',
  '--require',
  '-r',
];

export interface StartedHelper {
  readonly child: ChildProcess;
  /** The save's end of the FIFO that the helper reads. */
  readonly write_fd: number;
  /** Where the helper is to write. */
  readonly target: DiskTarget;
}

/**
 * @param fifo_fd the output where that is a FIFO, opened by the caller, who closes it then
 * @throws `no-fifo`, `helper-ended`
 */
export function startHelper(destination: OpenDestination, fifo_fd: number | undefined): StartedHelper {
  const fifo = makeFifo();
  const stdio: StdioOptions = [fifo.read_fd, 'ignore', 'inherit', 'ipc'];
  if (destination.kind === 'descriptor') stdio[HELPER_OUTPUT_FD] = destination.fd;
  if (fifo_fd !== undefined) stdio[HELPER_FIFO_FD] = fifo_fd;
  try {
    const child = fork(HELPER_FILE, [], { stdio, execArgv: helperExecArgv() });
    return { child, write_fd: fifo.write_fd, target: targetOf(destination, fifo_fd) };
  } catch (cause) {
    closeSync(fifo.write_fd);
    throw fail('helper-ended', { how: `could not be started (${reasonOf(cause)})`, bytes: 0 }, cause);
  } finally {
    closeSync(fifo.read_fd);
  }
}

function targetOf(destination: OpenDestination, fifo_fd: number | undefined): DiskTarget {
  if (fifo_fd !== undefined) return { fd: HELPER_FIFO_FD };
  return destination.kind === 'descriptor' ? { fd: HELPER_OUTPUT_FD } : { path: destination.path };
}

/**
 * The options of Node's own for a helper: none where it is compiled, else the loaders that this process has.
 * All others (`--input-type`, `--test`, `--inspect`) are about this process, and some are refused for a file.
 */
function helperExecArgv(): string[] {
  if (!HELPER_FILE.endsWith('.ts')) return [];
  return process.execArgv.filter((argument, i, all) => {
    const is_value = LOADER_OPTIONS.includes(all[i - 1] ?? '');
    return is_value || LOADER_OPTIONS.includes(argument.replace(/=.*/s, ''));
  });
}
