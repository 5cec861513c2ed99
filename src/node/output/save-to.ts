/** Saves a guest to a file, a descriptor or a command, for real. */
import type { Guest } from '../../guest/guest.ts';
import type { OutputForm } from '../../save/output/open-output.ts';
import { runSave, type SaveFigures, type SaveOptions } from '../../save/run-save.ts';
import { HelperSink } from '../helper/helper-sink.ts';
import { CommandSink } from './command-sink.ts';
import { parseDestination } from './destination.ts';
import { FileSink } from './file-sink.ts';
import { MappedSink } from './mapped-sink.ts';
import type { Sink, SinkOptions, SinkReport } from './sink.ts';

export interface OutputOptions {
  /** A plain descriptor, or a non-blocking FIFO with a helper process behind it. */
  readonly via: 'file' | 'pipe';
  /** O_DIRECT at the disk end. */
  readonly direct: boolean;
  /** Replace a file that exists. */
  readonly force: boolean;
}

/** What a save measured, and what became of its output. */
export interface SavedTo extends SaveFigures {
  readonly sink: SinkReport;
}

async function openSink(
  output: string,
  options: OutputOptions & SinkOptions & { form?: OutputForm | undefined },
): Promise<Sink> {
  const destination = parseDestination(output);
  if (options.form === 'mapped-ram') return new MappedSink(destination, options);
  if (destination.kind === 'command') return new CommandSink(destination.command);
  return (options.via === 'pipe' ? HelperSink : FileSink).open(destination, options);
}

/**
 * Saves a guest.
 *
 * @param output a path, `-` for standard output, or `exec:COMMAND`
 * @throws what the output can fail with; then nothing is left of it
 * @example
 * await saveTo(guest, 'guest.mig', { via: 'pipe', direct: true, force: false, policy: unlimited });
 */
export async function saveTo(
  guest: Guest,
  output: string,
  options: OutputOptions & SaveOptions,
): Promise<SavedTo> {
  const sink = await openSink(output, options);
  let report: SinkReport = { sync_ms: 0 };
  try {
    const figures = await runSave(
      guest,
      options,
      (staging, placements) => sink.openChannel(staging, placements),
      async (stream_bytes) => {
        report = await sink.finish(stream_bytes);
      },
    );
    return { ...figures, sink: report };
  } catch (cause) {
    await sink.abort();
    throw cause;
  }
}
