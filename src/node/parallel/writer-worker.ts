/** One channel of a mapped-ram save, in a thread of its own. See pipe/mapped-channels.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { plainError } from '../../errors.ts';
import { RangeChannel } from './range-channel.ts';
import type { ChannelSetup, FromChannel, ToChannel } from './writer-protocol.ts';

const setup: ChannelSetup = workerData;

function tell(message: FromChannel): void {
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
  const channel = new RangeChannel(setup);
  parentPort?.on('message', (message: ToChannel) => {
    if (message === 'round') return attempt(() => tell({ type: 'synced', ...channel.round() }));
    channel.close();
    parentPort?.close();
  });
  tell({ type: 'opened' });
});
