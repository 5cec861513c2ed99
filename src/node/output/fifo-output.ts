/** A FIFO that somebody else made, and somebody is to read, as an output. */
import { constants, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail } from '../../errors.ts';
import { codeOf, reasonOf } from '../os-error.ts';
import { type Destination, lookAt } from './destination.ts';

/** How often it is tried whether a reader has come. */
const RETRY_MS = 20;

/**
 * Opens an output that is a FIFO, non-blocking; undefined for any other. A plain open(2) would wait in the
 * kernel until somebody reads, for ever if nobody does, and no signal and no event would get through.
 *
 * @throws `output-refused`; `interrupted` when the signal is aborted before a reader has come
 */
export async function openFifoOutput(
  destination: Destination,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  if (destination.kind !== 'in-place' || !isFifo(destination.path)) return undefined;
  for (;;) {
    if (signal?.aborted) throw fail('interrupted', {});
    const fd = openIfRead(destination.path);
    if (fd !== undefined) return fd;
    // an abort ends the sleep, and is told above
    await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
  }
}

function isFifo(path: string): boolean {
  return lookAt(path)?.isFIFO() === true;
}

/** Opens a FIFO that somebody reads; undefined if nobody does. */
function openIfRead(path: string): number | undefined {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (cause) {
    // fifo(7); of a socket or a device without a driver, which may stand there by now, it means no for good
    if (codeOf(cause) === 'ENXIO' && isFifo(path)) return undefined;
    throw fail('output-refused', { path, reason: reasonOf(cause) }, cause);
  }
}
