/** QEMU's estimate of the bandwidth, and what may be left to send while the guest stands still. */

/** How often the estimate is made anew (QEMU, migration/migration.c, BUFFER_DELAY). */
const PERIOD_NS = 100_000_000;
const NS_PER_S = 1_000_000_000;

/**
 * Bandwidth over the last period of at least 100 ms, as migration_update_counters has it: bytes that the
 * channel took by the time that went by. Like QEMU's it is a rate of bytes on the wire that is held
 * against a rest counted in bytes of RAM, so zero pages make it look small and the rest large.
 */
export class Bandwidth {
  readonly #downtime_limit_ns: number;
  #since_ns: number;
  #since_bytes = 0;
  #bytes_per_s = 0;

  constructor(now_ns: number, downtime_limit_ns: number) {
    this.#since_ns = now_ns;
    this.#downtime_limit_ns = downtime_limit_ns;
  }

  /** Makes the estimate anew if a period is over. */
  update(now_ns: number, transferred_bytes: number): void {
    const span_ns = now_ns - this.#since_ns;
    if (span_ns < PERIOD_NS) return;
    this.#bytes_per_s = ((transferred_bytes - this.#since_bytes) * NS_PER_S) / span_ns;
    this.#since_ns = now_ns;
    this.#since_bytes = transferred_bytes;
  }

  /** RAM that can be sent within the downtime limit; 0 until there is an estimate. */
  get threshold_bytes(): number {
    return Math.floor((this.#bytes_per_s * this.#downtime_limit_ns) / NS_PER_S);
  }
}

/** What QEMU counted for a zero page before 1.4, header and all (arch_init.c, ram_save_block). */
const COUNTED_ZERO_BYTES = 1;

/**
 * QEMU's estimate until 1.4 (arch_init.c, ram_save_live): bytes by the time of the send loop, page bytes alone,
 * 1 for a page of zeros. It is the rate of copying into a pipe or a buffer, not of the disk behind it: a few
 * GB/s where the disk does a tenth of one, so that complete begins with much left.
 */
export class CopyBandwidth {
  readonly #page_bytes: number;
  readonly #downtime_limit_ns: number;
  #began_ns = 0;
  #bytes = 0;
  #span_ns = 0;

  constructor(page_bytes: number, downtime_limit_ns: number) {
    this.#page_bytes = page_bytes;
    this.#downtime_limit_ns = downtime_limit_ns;
  }

  /** A send loop begins. */
  begin(now_ns: number): void {
    this.#began_ns = now_ns;
    this.#bytes = 0;
    this.#span_ns = 0;
  }

  /** It has sent so many pages more. */
  sent(pages: { readonly normal: number; readonly zero: number }, now_ns: number): void {
    this.#bytes += pages.normal * this.#page_bytes + pages.zero * COUNTED_ZERO_BYTES;
    this.#span_ns = now_ns - this.#began_ns;
  }

  /** RAM that can be sent within the downtime limit, by the last send loop; 0 if that sent nothing. */
  get threshold_bytes(): number {
    if (this.#bytes === 0) return 0;
    return (this.#bytes * this.#downtime_limit_ns) / Math.max(1, this.#span_ns);
  }
}
