/** Writes at a place of a file. */
import { writeSync } from 'node:fs';
import { writeFailure } from '../os-error.ts';

/**
 * Writes all of a piece at `file_offset`, and blocks until it is taken; returns how often the kernel took less.
 *
 * @param path the name that the error gives the file
 * @throws `disk-full`, `write-failed`
 */
export function writeAllAt(
  { fd, path }: { readonly fd: number; readonly path: string },
  piece: Uint8Array,
  file_offset: number,
): number {
  let done = 0;
  let short_writes = 0;
  while (done < piece.length) {
    try {
      done += writeSync(fd, piece, done, piece.length - done, file_offset + done);
    } catch (cause) {
      throw writeFailure(path, file_offset + done, cause);
    }
    if (done < piece.length) short_writes++;
  }
  return short_writes;
}
