/** Reads a guest from a migration stream. */
import { Arena, GUEST_BYTES_MAX } from '../core/arena.ts';
import { fail } from '../errors.ts';
import type { StreamOrigin } from '../format/origin.ts';
import type { BlockLength } from '../format/reader.ts';
import { type Block, Guest } from '../guest/guest.ts';
import { type MissingRule, missingPages, refuseMissing } from './missing-pages.ts';
import { type StreamFacts, StreamReader } from './read-stream.ts';

/** A guest, and what its stream said beside its RAM. */
export interface Loaded {
  readonly guest: Guest;
  readonly facts: StreamFacts;
  readonly origin: StreamOrigin;
}

export interface LoadOptions {
  /**
   * The guest whose RAM the stream's is to become, instead of a new one's: of the same blocks in the same order.
   * Every page of the stream is written over what was there; what it leaves out is made zero. Views
   * of its RAM that were made before are to be made again, for the load may have grown its memory; a load that
   * fails leaves a mixture.
   */
  readonly into?: Guest | undefined;
  /** Whether a new guest is to be in shared memory. */
  readonly shared?: boolean | undefined;
  /**
   * Pages that had no record: `refuse` the stream (the default), unless they are a virtio-mem device's, or take them
   * as `zero`; `missingPages` tells which they were.
   */
  readonly missing?: MissingRule | undefined;
}

/** Reads a guest piece by piece: fill `reader.window` and call `reader.step`, then `end`. */
export class GuestLoader {
  readonly reader: StreamReader;
  readonly #missing: MissingRule;
  #guest: Guest | undefined;

  constructor({ into, shared, missing = 'refuse' }: LoadOptions = {}) {
    this.#missing = missing;
    const arena = into?.arena ?? new Arena({ shared });
    this.reader = new StreamReader(arena, {
      ram_bytes_max: GUEST_BYTES_MAX,
      make: (blocks, offset) => {
        const guest = into ?? new Guest(blocks, arena);
        checkSameBlocks(guest, blocks, offset);
        this.#guest = guest;
        return {
          banks: guest.banks,
          pagesOf: (index, first, count) => guest.pages(blockAt(guest, index), first, count),
          clear: into && ((index, page) => clear(into, blockAt(into, index), page)),
        };
      },
    });
  }

  /** Says that the input has ended. @throws `stream-cut`, `missing-pages`, and whatever else was wrong with it */
  end(): Loaded {
    const facts = this.reader.end();
    const { machine, ram_section_id, target_page_bits, tail } = facts;
    checkAllHere(facts);
    if (this.#missing === 'refuse') refuseMissing(facts);
    const guest = this.#guest ?? new Guest([]);
    return { guest, facts, origin: { machine, ram_section_id, target_page_bits, tail } };
  }
}

/** With x-ignore-shared, blocks of shared memory are listed, and their pages are not in the stream. */
function checkAllHere(facts: StreamFacts): void {
  if (!facts.capabilities.includes('x-ignore-shared')) return;
  for (const { block, missing, pages } of missingPages(facts))
    if (missing === pages) throw fail('ram-not-here', { block });
}

function blockAt(guest: Guest, index: number): Block {
  const block = guest.blocks[index];
  if (block === undefined) throw fail('no-blocks', {});
  return block;
}

/** In the same order too: how often the pages were gone through is told by it. */
function checkSameBlocks(guest: Guest, blocks: readonly BlockLength[], offset: number): void {
  const count = Math.max(guest.blocks.length, blocks.length);
  for (let index = 0; index < count; index++) {
    const [wanted, found] = [guest.blocks[index], blocks[index]];
    if (wanted?.name === found?.name && wanted?.bytes === found?.bytes) continue;
    throw fail('into-blocks', { offset, index, wanted, found });
  }
}

/** Looks first, as QEMU does (ram_handle_zero): a page that nobody wrote takes no memory of the host. */
function clear(guest: Guest, block: Block, page: number): void {
  if (!guest.isZero(block, page)) guest.pages(block, page, 1).fill(0);
}

/**
 * Reads a guest from a migration stream in memory.
 *
 * @example
 * const { guest } = loadStream(bytes);
 * const ram = guest.ram(guest.largestBlock());
 * @example
 * loadStream(bytes, { into: guest }); // the RAM of a guest that is there, as it was when it was saved
 * @throws `into-blocks` where that guest has other blocks, `missing-pages`, and whatever is wrong with the stream
 */
export function loadStream(bytes: Uint8Array, options: LoadOptions = {}): Loaded {
  const loader = new GuestLoader(options);
  loader.reader.readWhole(bytes);
  return loader.end();
}
