/** Saves a guest to a mapped-ram file by several writers at once. */

import type { StreamOrigin } from '../../format/origin.ts';
import type { Guest } from '../../guest/guest.ts';
import { MappedFile } from '../../save/output/mapped-file.ts';
import { machineOf } from '../../save/output/open-output.ts';
import { type RoundsOptions, saveByRounds } from '../../save/parallel/mapped-rounds.ts';
import { parseDestination } from '../output/destination.ts';
import { MappedSink } from '../output/mapped-sink.ts';
import type { SavedTo } from '../output/save-to.ts';
import type { SinkReport } from '../output/sink.ts';

/** QEMU takes 255 (qapi/migration.json, multifd-channels); into one file they wait for each other long before. */
export const WRITERS_MAX = 16;

export interface WritersOptions extends RoundsOptions {
  /** Threads that write, 1 to `WRITERS_MAX`. */
  readonly writers: number;
  /** O_DIRECT for the pages. */
  readonly direct: boolean;
  /** Replace a file that exists. */
  readonly force: boolean;
  /** Machine type named in the stream; the origin's own, else `none`. */
  readonly machine?: string | undefined;
  readonly origin?: StreamOrigin | undefined;
}

/**
 * Saves a guest in shared memory to a mapped-ram file: threads scan, test and write disjoint ranges of pages, and
 * the main loop goes on. There is no bandwidth limit. The threads are started before Begin.
 *
 * @param output a path; a regular file, or nothing yet
 * @throws what the output can fail with, and `guest-not-shared`; then nothing is left of it
 * @example
 * const guest = new Guest([{ name: 'ram', bytes: 2 ** 30 }], { shared: true });
 * await saveByWriters(guest, 'guest.map', { writers: 2, direct: false, force: false });
 */
export async function saveByWriters(guest: Guest, output: string, options: WritersOptions): Promise<SavedTo> {
  const sink = new MappedSink(parseDestination(output), options);
  let report: SinkReport = { sync_ms: 0 };
  try {
    const file = new MappedFile(guest, { machine: machineOf(options), origin: options.origin });
    const writers = await sink.startWriters(guest, file, options.writers);
    const writePiece = sink.writePiece.bind(sink);
    const figures = await saveByRounds({ guest, file, writers, writePiece }, options, async (bytes) => {
      report = await sink.finish(bytes);
    });
    return { ...figures, sink: report };
  } catch (cause) {
    await sink.abort();
    throw cause;
  }
}
