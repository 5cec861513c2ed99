/** Reads a guest from a migration stream. */
import { Arena } from '../core/arena.ts';
import { Guest } from '../guest/guest.ts';
import type { StreamOrigin } from './ram-source.ts';
import { type StreamFacts, StreamReader } from './read-stream.ts';

/** A guest, and what its stream said beside its RAM. */
export interface Loaded {
  readonly guest: Guest;
  readonly facts: StreamFacts;
  readonly origin: StreamOrigin;
}

/** Reads a guest piece by piece: fill `reader.window` and call `reader.step`, then `end`. */
export class GuestLoader {
  readonly reader: StreamReader;
  #guest: Guest | undefined;

  constructor() {
    const arena = new Arena();
    this.reader = new StreamReader(arena, (blocks) => {
      this.#guest = new Guest(blocks, arena);
      return this.#guest.table;
    });
  }

  /** Says that the input has ended. @throws `stream-cut` and whatever else was wrong with it */
  end(): Loaded {
    const facts = this.reader.end();
    const { machine, ram_section_id, tail } = facts;
    return { guest: this.#guest ?? new Guest([]), facts, origin: { machine, ram_section_id, tail } };
  }
}

/**
 * Reads a guest from a migration stream in memory.
 *
 * @example
 * const { guest } = loadStream(bytes);
 * const ram = guest.ram(guest.largestBlock());
 */
export function loadStream(bytes: Uint8Array): Loaded {
  const loader = new GuestLoader();
  loader.reader.readFrom(bytes);
  return loader.end();
}
