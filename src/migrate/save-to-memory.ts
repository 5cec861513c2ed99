/** A save that ends in memory: what a page or an embedder does. */
import type { Guest } from '../guest/guest.ts';
import { MemoryChannel } from './memory-channel.ts';
import { runSave, type SaveFigures, type SaveOptions } from './run-save.ts';

/** A stream, and what its save measured. */
export interface Saved extends SaveFigures {
  readonly stream: Uint8Array<ArrayBuffer>;
}

/**
 * Saves a guest into memory.
 *
 * @example
 * const { stream, wall_ns } = await saveToMemory(guest, { policy: slice(unlimited, 50_000_000) });
 */
export async function saveToMemory(guest: Guest, options: SaveOptions): Promise<Saved> {
  let channel: MemoryChannel | undefined;
  const figures = await runSave(guest, options, (staging) => {
    channel = new MemoryChannel(staging);
    return channel;
  });
  return { ...figures, stream: channel?.bytes() ?? new Uint8Array(0) };
}
