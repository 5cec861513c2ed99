/** A progress bar over the reading of an input. */
import type { ReadOptions } from '../node/input/input.ts';
import { ProgressBar } from './terminal.ts';

/** Runs `read` with a bar that shows how far it is, where the size of the input is known. */
export async function readingBar<T>(
  label: string,
  read: (onProgress: NonNullable<ReadOptions['onProgress']>) => Promise<T>,
): Promise<T> {
  let done_bytes = 0;
  let bar: ProgressBar | undefined;
  try {
    return await read((read_bytes, total_bytes) => {
      done_bytes = read_bytes;
      if (total_bytes === undefined) return;
      bar ??= new ProgressBar(label, {
        total_bytes,
        done_bytes: () => done_bytes,
        moved_bytes: () => done_bytes,
      });
    });
  } finally {
    bar?.stop();
  }
}
