/** Short texts in and out; they are written the way all outputs are: under their names only when whole. */
import { readFile, writeFile } from 'node:fs/promises';
import { fail } from '../errors.ts';
import { parseDestination } from './destination.ts';
import { reasonOf, writeFailure } from './os-error.ts';
import { OutputFile } from './output-file.ts';

/** @throws `output-exists`, `output-folder-missing`, `output-refused`, `disk-full` */
export async function writeText(path: string, text: string, options: { force: boolean }): Promise<void> {
  const output = parseDestination(path).kind === 'file' ? new OutputFile(path, options) : undefined;
  try {
    await writeFile(output?.part_path ?? path, text, { flush: output !== undefined });
    await output?.commit();
  } catch (cause) {
    output?.discard();
    throw writeFailure(path, 0, cause);
  }
}

/** Reads a text; `-` is standard input. @throws `input-refused` */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path === '-' ? '/dev/stdin' : path, 'utf8');
  } catch (cause) {
    throw fail('input-refused', { path, reason: reasonOf(cause) }, cause);
  }
}
