/** The cache of pages as they were last sent, in a guest's memory. */
import type { Arena } from '../../core/arena.ts';
import { LAYOUT } from '../../core/core.ts';
import { fail } from '../../errors.ts';
import type { XbzrleCacheStats } from '../../stats/counters.ts';

/** QEMU's default for xbzrle-cache-size since 2.11. */
export const XBZRLE_CACHE_BYTES = 64 * 2 ** 20;

/**
 * Pages as the reader has them, direct-mapped with ages; drawn in assembly/layout.ts. It is used from the
 * second round on: in the first every page is new to the reader.
 */
export class XbzrleCache {
  /** Where the core finds it. */
  readonly address: number;
  readonly #arena: Arena;
  readonly #bytes: number;

  /**
   * @param bytes a power of two, at least a page, as QEMU has it
   * @throws `usage-xbzrle-cache` for any other; `memory-full`
   */
  constructor(arena: Arena, bytes: number) {
    const slots = bytes / LAYOUT.PAGE_SIZE;
    if (!Number.isInteger(Math.log2(slots)) || slots < 1) {
      throw fail('usage-xbzrle-cache', { bytes, page_bytes: LAYOUT.PAGE_SIZE });
    }
    this.#arena = arena;
    this.#bytes = bytes;
    this.address = arena.alloc(LAYOUT.CACHE_HEAD_SIZE);
    const { core } = arena;
    core.setU32(this.address + LAYOUT.CACHE_SLOTS, slots);
    core.setU32(this.address + LAYOUT.CACHE_TAGS, arena.alloc(slots * LAYOUT.TAG_SIZE));
    core.setU32(this.address + LAYOUT.CACHE_DATA, arena.alloc(bytes, LAYOUT.PAGE_SIZE));
  }

  /** A dirty sync: pages grow older. */
  setGeneration(dirty_syncs: number): void {
    this.#arena.core.setU32(this.address + LAYOUT.CACHE_GENERATION, dirty_syncs);
  }

  /** The guest stands still: each page goes once more at most, and is not kept. */
  setLastStage(): void {
    this.#arena.core.setU32(this.address + LAYOUT.CACHE_LAST_STAGE, 1);
  }

  /**
   * Its counters as query-migrate has them. The two rates are over the whole save, where QEMU's are over
   * about the last second (migration/ram.c, migration_update_rates).
   *
   * @param sent_pages pages of all kinds that were sent
   */
  stats(sent_pages: number): XbzrleCacheStats {
    const counter = (offset: number): number => this.#arena.core.u64(this.address + offset);
    const pages = counter(LAYOUT.CACHE_PAGES);
    const bytes = counter(LAYOUT.CACHE_BYTES);
    const miss = counter(LAYOUT.CACHE_MISS);
    return {
      'cache-size': this.#bytes,
      bytes,
      pages,
      'cache-miss': miss,
      'cache-miss-rate': sent_pages === 0 ? 0 : miss / sent_pages,
      'encoding-rate': bytes === 0 ? 0 : (pages * LAYOUT.PAGE_SIZE) / bytes,
      overflow: counter(LAYOUT.CACHE_OVERFLOW),
    };
  }
}
