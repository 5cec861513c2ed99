/** Short texts in and out; they are written the way all outputs are: under their names only when whole. */
import { readFile } from 'node:fs/promises';
import { fail } from '../../errors.ts';
import { reasonOf } from '../os-error.ts';
import { parseDestination } from './destination.ts';
import { FileSink } from './file-sink.ts';

/**
 * Writes a text; `-` is standard output.
 *
 * @throws `output-exists`, `output-folder-missing`, `output-refused`, `disk-full`, `write-failed`
 */
export async function writeText(path: string, text: string, options: { force: boolean }): Promise<void> {
  const destination = parseDestination(path);
  if (destination.kind === 'command') throw fail('output-refused', { path, reason: 'a text goes to a file' });
  const sink = await FileSink.open(destination, { ...options, direct: false });
  const bytes = new TextEncoder().encode(text);
  try {
    const channel = sink.openChannel(bytes);
    let at = 0;
    while (at < bytes.length) {
      at += channel.offer(at, bytes.length);
      if (!channel.is_ready) await channel.whenReady();
    }
    await sink.finish(bytes.length);
  } catch (cause) {
    await sink.abort();
    throw cause;
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
