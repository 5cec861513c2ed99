/** Reads a guest from a migration stream. */
import { Arena, type ArenaOptions, GUEST_BYTES_MAX } from '../core/arena.ts';
import { fail } from '../errors.ts';
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

  /** @param options whether the guest is to be in shared memory */
  constructor(options: ArenaOptions = {}) {
    const arena = new Arena(options);
    this.reader = new StreamReader(arena, {
      ram_bytes_max: GUEST_BYTES_MAX,
      make: (blocks) => {
        const guest = new Guest(blocks, arena);
        this.#guest = guest;
        return { banks: guest.banks, pagesOf: (index, first, count) => pagesOf(guest, index, first, count) };
      },
    });
  }

  /** Says that the input has ended. @throws `stream-cut` and whatever else was wrong with it */
  end(): Loaded {
    const facts = this.reader.end();
    const { machine, ram_section_id, tail } = facts;
    const guest = this.#guest ?? new Guest([]);
    checkAllHere(guest, facts);
    return { guest, facts, origin: { machine, ram_section_id, tail } };
  }
}

function pagesOf(guest: Guest, index: number, first: number, count: number): Uint8Array {
  const block = guest.blocks[index];
  if (block === undefined) throw fail('no-blocks', {});
  return guest.pages(block, first, count);
}

/** With x-ignore-shared, blocks of shared memory are listed, and their pages are not in the stream. */
function checkAllHere(guest: Guest, { capabilities, mapped_counts }: StreamFacts): void {
  if (!capabilities.includes('x-ignore-shared')) return;
  for (const block of guest.blocks) {
    const { normal, zero, fill } = { fill: 0, ...(mapped_counts?.[block.index] ?? guest.kinds(block)) };
    if (normal + zero + fill === 0) throw fail('ram-not-here', { block: block.name });
  }
}

/**
 * Reads a guest from a migration stream in memory.
 *
 * @example
 * const { guest } = loadStream(bytes);
 * const ram = guest.ram(guest.largestBlock());
 */
export function loadStream(bytes: Uint8Array, options: ArenaOptions = {}): Loaded {
  const loader = new GuestLoader(options);
  loader.reader.readWhole(bytes);
  return loader.end();
}
