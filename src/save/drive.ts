/** The driver of the save loop for a real event loop. */
import { fail } from '../errors.ts';
import { nextTurn, sleepUntil } from './event-loop.ts';
import type { Channel, Clock, Wait } from './interfaces.ts';
import type { Save } from './save.ts';

/** A channel of the real world: the driver can wait for it. */
export interface AsyncChannel extends Channel {
  /** Resolves when the channel can take bytes again; rejects when it never will. */
  whenReady(): Promise<void>;
}

/** Is told of every turn of the loop, to account for its time. */
export interface TurnWatch {
  turnBegins(): void;
  /** @param write_ns what the turn spent in offers to the channel */
  turnEnded(turn_ns: number, write_ns: number): void;
}

/** Rejects when the signal is aborted, also where it is already, and never resolves. */
function whenAborted(signal: AbortSignal): { promise: Promise<never>; forget: () => void } {
  let forget = (): void => undefined;
  const promise = new Promise<never>((_resolve, reject) => {
    const onAbort = () => reject(fail('interrupted', {}));
    // aborted in the turn of the event loop before the wait, it says so no more
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort);
    forget = () => signal.removeEventListener('abort', onAbort);
  });
  return { promise, forget };
}

/**
 * Runs a save to its end. The event loop has its turn after every call of the loop, whatever the call said:
 * a channel's "ready" may come without one (a socket that finds room at once calls back in a microtask), and
 * then nothing else would ever run.
 *
 * @throws `interrupted` when the signal is aborted; whatever the channel fails with
 */
export async function drive(
  save: Save,
  channel: AsyncChannel,
  clock: Clock,
  signal: AbortSignal | undefined,
  watch?: TurnWatch | undefined,
): Promise<void> {
  for (;;) {
    if (signal?.aborted) throw fail('interrupted', {});
    const wait = watch === undefined ? save.turn() : watchedTurn(save, clock, watch);
    if (wait.kind === 'done') return;
    await nextTurn();
    if (wait.kind === 'writable') await readyOrAborted(channel, signal);
    if (wait.kind === 'until') await sleepUntil(clock, wait.at_ns, signal);
  }
}

function watchedTurn(save: Save, clock: Clock, watch: TurnWatch): Wait {
  watch.turnBegins();
  const began_ns = clock.now();
  const before_ns = save.write_ns;
  const wait = save.turn();
  watch.turnEnded(clock.now() - began_ns, save.write_ns - before_ns);
  return wait;
}

async function readyOrAborted(channel: AsyncChannel, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return channel.whenReady();
  const aborted = whenAborted(signal);
  try {
    await Promise.race([channel.whenReady(), aborted.promise]);
  } finally {
    aborted.forget();
  }
}
