/** One writer of a mapped-ram save, in a thread of its own. See pipe/mapped-writers.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { plainError } from '../../errors.ts';
import { RangeWriter } from './range-writer.ts';
import type { FromWriter, ToWriter, WriterSetup } from './writer-protocol.ts';

const setup: WriterSetup = workerData;

function tell(message: FromWriter): void {
  parentPort?.postMessage(message);
}

function attempt(run: () => void): void {
  try {
    run();
  } catch (error) {
    tell({ type: 'failed', error: plainError(error) });
  }
}

attempt(() => {
  const writer = new RangeWriter(setup);
  parentPort?.on('message', (message: ToWriter) => {
    if (message === 'round') return attempt(() => tell({ type: 'synced', ...writer.round() }));
    writer.close();
    parentPort?.close();
  });
  tell({ type: 'opened' });
});
