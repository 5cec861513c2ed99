/** What `-o` names: a file that appears when it is whole, something written in place, or a command. */
import { lstatSync, type Stats, statSync } from 'node:fs';
import { fail, type PagepipeError } from '../../errors.ts';
import { reasonOf } from '../os-error.ts';

export type Destination =
  /** A regular file, replaced by renaming. */
  | { readonly kind: 'file'; readonly path: string }
  /** A device or a FIFO, written in place. */
  | { readonly kind: 'in-place'; readonly path: string }
  /** A descriptor of this process: `-`, `/dev/stdout`, `/dev/fd/N`. */
  | { readonly kind: 'descriptor'; readonly fd: number; readonly path: string }
  /** `exec:COMMAND`, QEMU's own form (migration/exec.c). */
  | { readonly kind: 'command'; readonly command: string };

/** What a sink of ours opens; a command is started. */
export type OpenDestination = Exclude<Destination, { kind: 'command' }>;

export const NO_FILE = 'it is no regular file';
const EXEC = 'exec:';
const DESCRIPTOR_PATH = /^\/(?:dev|proc\/self)\/fd\/(\d+)$/;
const STANDARD_PATHS: Readonly<Record<string, number>> = { '-': 1, '/dev/stdout': 1, '/dev/stderr': 2 };

/** @throws `output-refused` where the path cannot be looked at */
export function parseDestination(text: string): Destination {
  if (text.startsWith(EXEC)) return { kind: 'command', command: text.slice(EXEC.length) };
  const number = STANDARD_PATHS[text] ?? DESCRIPTOR_PATH.exec(text)?.[1];
  if (number !== undefined) return { kind: 'descriptor', fd: Number(number), path: text };
  const stat = lookAt(text);
  const is_special = stat !== undefined && !stat.isFile() && !stat.isDirectory();
  return { kind: is_special ? 'in-place' : 'file', path: text };
}

/**
 * What is at a path; undefined if there is nothing.
 *
 * @throws `output-refused` where that cannot be told: a file in the place of a folder, a name too long, a loop
 * of links, a folder that may not be searched
 */
export function lookAt(path: string, links: 'follow' | 'as they are' = 'follow'): Stats | undefined {
  try {
    return (links === 'follow' ? statSync : lstatSync)(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw fail('output-refused', { path, reason: reasonOf(cause) }, cause);
  }
}

/** Why nothing new can have a name that is taken. */
export function nameTaken(path: string): PagepipeError {
  if (lookAt(path)?.isFile() === false) return fail('output-refused', { path, reason: NO_FILE });
  return fail('output-exists', { path });
}
