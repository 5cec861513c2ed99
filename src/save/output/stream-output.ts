/** A save in the form of a QEMU migration stream. */

import { LAYOUT } from '../../core/core.ts';
import { fail } from '../../errors.ts';
import { RAM_SECTION_ID } from '../../format/constants.ts';
import type { StreamOrigin } from '../../format/origin.ts';
import { beginElements, deviceLessTail, endHead, partHead, sectionClose } from '../../format/writer.ts';
import type { Guest } from '../../guest/guest.ts';
import type { XbzrleCacheStats } from '../../stats/counters.ts';
import type { Element, Encoded } from '../interfaces.ts';
import { BankWalk } from './bank-walk.ts';
import type { OutputFormat, StagingBuffer } from './output-format.ts';
import { XbzrleCache } from './xbzrle-cache.ts';

/** From this dirty sync on a round is not the first. */
const XBZRLE_FROM_SYNC = 2;

export interface StreamOutputOptions {
  readonly machine: string;
  readonly origin?: StreamOrigin | undefined;
  /** Pages that were sent before go as what has changed in them, by a cache of so many bytes. */
  readonly xbzrle_cache_bytes?: number | undefined;
}

export class StreamOutput implements OutputFormat {
  readonly record_bytes_max = LAYOUT.RECORD_SIZE_MAX;
  readonly placements = undefined;
  readonly #guest: Guest;
  readonly #staging: StagingBuffer;
  readonly #walk: BankWalk;
  readonly #elements: Readonly<Record<Element, Uint8Array<ArrayBuffer>>>;
  readonly #cache: XbzrleCache | undefined;
  #dirty_syncs = 0;
  #sent_later = 0;

  /** @throws `usage-xbzrle-guest` where the guest stands in several memories; `usage-xbzrle-cache` */
  constructor(guest: Guest, staging: StagingBuffer, options: StreamOutputOptions) {
    this.#guest = guest;
    this.#staging = staging;
    this.#walk = new BankWalk(guest, staging, 0);
    const { origin, xbzrle_cache_bytes } = options;
    const section_id = origin?.ram_section_id ?? RAM_SECTION_ID;
    this.#elements = {
      begin: beginElements({
        machine: options.machine,
        ram_section_id: section_id,
        blocks: guest.blocks,
        target_page_bits: origin?.target_page_bits,
      }),
      part: partHead(section_id),
      end: endHead(section_id),
      close: sectionClose(section_id),
      tail: origin?.tail ?? deviceLessTail(LAYOUT.PAGE_SIZE),
    };
    if (xbzrle_cache_bytes !== undefined) {
      if (guest.banks.length > 1) throw fail('usage-xbzrle-guest', { bytes: guest.ram_bytes });
      this.#cache = new XbzrleCache(guest.arena, xbzrle_cache_bytes);
    }
  }

  get encoded(): Encoded {
    return this.#walk.encoded;
  }

  get xbzrle_stats(): XbzrleCacheStats | undefined {
    return this.#cache?.stats(this.#sent_later);
  }

  get staging_bytes(): number {
    return this.#staging.bytes;
  }

  staging(): Uint8Array {
    return this.#staging.view();
  }

  elementBytes(element: Element): number {
    return this.#elements[element].length;
  }

  stageElement(element: Element, from: number, at: number, room_bytes: number): number {
    return this.#staging.write(at, this.#elements[element].subarray(from, from + room_bytes));
  }

  encode(at: number, room_bytes: number, budget_pages: number): number {
    const block_count = this.#guest.blocks.length;
    const bytes = this.#walk.encode(at, room_bytes, (core, { state, table }, out) =>
      core.encode(state, table, block_count, out, room_bytes, budget_pages),
    );
    const { normal, zero, xbzrle } = this.encoded;
    if (this.#dirty_syncs >= XBZRLE_FROM_SYNC) this.#sent_later += normal + zero + xbzrle;
    return bytes;
  }

  synced(): void {
    this.#dirty_syncs++;
    if (this.#cache === undefined) return;
    this.#cache.setGeneration(this.#dirty_syncs);
    // not in the first round: all pages are new to the reader (migration/ram.c, find_dirty_block)
    if (this.#dirty_syncs === XBZRLE_FROM_SYNC) {
      this.#guest.arena.core.setU32(this.#walk.state + LAYOUT.ENCODE_CACHE, this.#cache.address);
    }
  }

  paused(): void {
    this.#cache?.setLastStage();
  }
}
