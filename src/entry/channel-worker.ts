/** One channel of a mapped-ram save, in a thread of its own. See pipe/mapped-channels.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { PagepipeError } from '../errors.ts';
import type { ChannelSetup, FromChannel, ToChannel } from '../pipe/channel-protocol.ts';
import { codeOf, reasonOf } from '../pipe/os-error.ts';
import { RangeChannel } from './channels/range-channel.ts';

const setup: ChannelSetup = workerData;

function tell(message: FromChannel): void {
  parentPort?.postMessage(message);
}

/** What the operating system refused; whatever else goes wrong ends the thread, and so the save. */
function tellFailure(error: unknown): void {
  const is_write = error instanceof PagepipeError;
  const cause = is_write ? error.cause : error;
  const code = codeOf(cause);
  if (code === undefined) throw error;
  const offset = is_write && typeof error.detail.offset === 'number' ? error.detail.offset : undefined;
  tell({ type: 'failed', offset, code, reason: reasonOf(cause) });
}

function attempt(run: () => void): void {
  try {
    run();
  } catch (error) {
    tellFailure(error);
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
