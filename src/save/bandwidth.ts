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
