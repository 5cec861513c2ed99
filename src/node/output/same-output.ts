/** Where outputs meet, however they are spelled. */
import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseDestination } from './destination.ts';

/** Whether an output is this process's standard output: `-`, `/dev/stdout`, `/dev/fd/1`. */
export function isStandardOutput(output: string): boolean {
  const destination = parseDestination(output);
  return destination.kind === 'descriptor' && destination.fd === 1;
}

/** Whether two outputs are one descriptor or one file, so that one would be written over the other. */
export function isSameOutput(one: string, other: string): boolean {
  const name = nameOf(one);
  return name !== undefined && name === nameOf(other);
}

/** One name for all spellings; undefined for a command, of which each is its own. */
function nameOf(output: string): string | undefined {
  const destination = parseDestination(output);
  if (destination.kind === 'command') return undefined;
  if (destination.kind === 'descriptor') return `/dev/fd/${destination.fd}`;
  const { path } = destination;
  // a file that is not there yet has a folder that is
  return realPath(path) ?? join(realPath(dirname(path)) ?? resolve(dirname(path)), basename(path));
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
