/** A save that ends in memory: what a page or an embedder does. */
import type { Guest } from '../guest/guest.ts';
import { nextTurn } from './event-loop.ts';
import { MemoryChannel } from './memory-channel.ts';
import { runSave, type SaveFigures, type SaveOptions } from './run-save.ts';

/** A stream, and what its save measured. */
export interface Saved extends SaveFigures {
  readonly stream: Uint8Array<ArrayBuffer>;
}

export interface MemorySaveOptions extends SaveOptions {
  /**
   * What the stream is written into, from its beginning; `stream` is then a view of it. Without it the stream is kept
   * in pieces and joined at the end, so that all of its memory is written for the first time twice.
   */
  readonly into?: Uint8Array<ArrayBuffer> | undefined;
}

/**
 * Saves a guest into memory.
 *
 * @throws `into-too-small`, which leaves the beginning of the stream in `into`
 * @example
 * const { stream, wall_ns } = await saveToMemory(guest, { policy: slice(unlimited, 50_000_000) });
 */
export async function saveToMemory(guest: Guest, options: MemorySaveOptions): Promise<Saved> {
  let channel: MemoryChannel | undefined;
  let stream = new Uint8Array(0);
  const figures = await runSave(
    guest,
    options,
    (staging) => {
      channel = new MemoryChannel(staging, options.into);
      return channel;
    },
    async () => {
      if (channel !== undefined) stream = await channel.joined(nextTurn);
    },
  );
  return { ...figures, stream };
}
