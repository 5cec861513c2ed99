/** What was sent, counted by QEMU's names (qapi/migration.json, MigrationStats). */

/** `ram` of the result document, as query-migrate has it. */
export interface RamStats {
  /** RAM in bytes. */
  readonly total: number;
  /** Bytes of page records, heads of sections left out. */
  readonly transferred: number;
  /** Zero pages. */
  readonly duplicate: number;
  readonly normal: number;
  readonly 'normal-bytes': number;
  readonly remaining: number;
  readonly 'dirty-sync-count': number;
  readonly 'page-size': number;
  /** Megabits (10^6) a second over the whole save, to three decimals. */
  readonly mbps: number;
}

/** `xbzrle-cache` of the result document, as query-migrate has it. */
export interface XbzrleCacheStats {
  /** In bytes. */
  readonly 'cache-size': number;
  /** Bytes of XBZRLE records. */
  readonly bytes: number;
  readonly pages: number;
  readonly 'cache-miss': number;
  readonly 'cache-miss-rate': number;
  readonly 'encoding-rate': number;
  /** Pages whose difference was longer than the page. */
  readonly overflow: number;
}

/** The counters in plain values: what another thread is given. */
export interface RamCounts {
  readonly transferred_bytes: number;
  readonly duplicate_pages: number;
  readonly normal_pages: number;
  readonly dirty_syncs: number;
}

const NOTHING_COUNTED: RamCounts = {
  transferred_bytes: 0,
  duplicate_pages: 0,
  normal_pages: 0,
  dirty_syncs: 0,
};

/**
 * The counters of one save.
 *
 * @example
 * const counters = new RamCounters(guest.ram_bytes, 4096);
 * counters.count({ normal: 1, zero: 7, bytes: 4104 + 7 * 9 });
 * counters.stats(0, wall_ns).duplicate; // 7
 */
export class RamCounters {
  readonly #total_bytes: number;
  readonly #page_bytes: number;
  #transferred_bytes: number;
  #duplicate_pages: number;
  #normal_pages: number;
  #dirty_syncs: number;

  /** @param counted what another thread has counted already */
  constructor(total_bytes: number, page_bytes: number, counted: RamCounts = NOTHING_COUNTED) {
    this.#total_bytes = total_bytes;
    this.#page_bytes = page_bytes;
    this.#transferred_bytes = counted.transferred_bytes;
    this.#duplicate_pages = counted.duplicate_pages;
    this.#normal_pages = counted.normal_pages;
    this.#dirty_syncs = counted.dirty_syncs;
  }

  get counts(): RamCounts {
    return {
      transferred_bytes: this.#transferred_bytes,
      duplicate_pages: this.#duplicate_pages,
      normal_pages: this.#normal_pages,
      dirty_syncs: this.#dirty_syncs,
    };
  }

  /** Counts what one encode wrote. */
  count(encoded: { normal: number; zero: number; bytes: number }): void {
    this.#normal_pages += encoded.normal;
    this.#duplicate_pages += encoded.zero;
    this.#transferred_bytes += encoded.bytes;
  }

  /** Counts a dirty sync, as QEMU 7.2 does: one in begin, one a round, one in complete. */
  countDirtySync(): void {
    this.#dirty_syncs++;
  }

  /** The counters when `remaining_pages` are left and `wall_ns` have gone by. */
  stats(remaining_pages: number, wall_ns: number): RamStats {
    return {
      total: this.#total_bytes,
      transferred: this.#transferred_bytes,
      duplicate: this.#duplicate_pages,
      normal: this.#normal_pages,
      'normal-bytes': this.#normal_pages * this.#page_bytes,
      remaining: remaining_pages * this.#page_bytes,
      'dirty-sync-count': this.#dirty_syncs,
      'page-size': this.#page_bytes,
      mbps: wall_ns === 0 ? 0 : Math.round((this.#transferred_bytes * 8e6) / wall_ns) / 1000,
    };
  }
}
