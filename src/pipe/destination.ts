/** What `-o` names: a file that appears when it is whole, something written in place, or a command. */
import { statSync } from 'node:fs';

export type Destination =
  /** A regular file, replaced by renaming. */
  | { readonly kind: 'file'; readonly path: string }
  /** A device or a FIFO, written in place. */
  | { readonly kind: 'in-place'; readonly path: string }
  /** A descriptor of this process: `-`, `/dev/stdout`, `/dev/fd/N`. */
  | { readonly kind: 'descriptor'; readonly fd: number; readonly path: string }
  /** `exec:COMMAND`, QEMU's own form (migration/exec.c). */
  | { readonly kind: 'command'; readonly command: string };

const EXEC = 'exec:';
const DESCRIPTOR_PATH = /^\/(?:dev|proc\/self)\/fd\/(\d+)$/;
const STANDARD_PATHS: Readonly<Record<string, number>> = { '-': 1, '/dev/stdout': 1, '/dev/stderr': 2 };

export function parseDestination(text: string): Destination {
  if (text.startsWith(EXEC)) return { kind: 'command', command: text.slice(EXEC.length) };
  const number = STANDARD_PATHS[text] ?? DESCRIPTOR_PATH.exec(text)?.[1];
  if (number !== undefined) return { kind: 'descriptor', fd: Number(number), path: text };
  const stat = statSync(text, { throwIfNoEntry: false });
  const is_special = stat !== undefined && !stat.isFile() && !stat.isDirectory();
  return { kind: is_special ? 'in-place' : 'file', path: text };
}
