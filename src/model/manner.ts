/** What QEMU did until 1.2, 1.4 and 1.5 otherwise than it does today. */
import type { Encoded, Manner } from '../save/interfaces.ts';

export interface MannerOptions {
  readonly page_bytes: number;
  readonly downtime_limit_ns: number;
  /** Dirty sync when little is left, or in every iterate, as QEMU did before 1.2. */
  readonly sync?: 'round' | 'iterate' | undefined;
  /** Bandwidth by what the channel took in 100 ms, or by the time of the send loop, as QEMU did before 1.4. */
  readonly estimate?: 'period' | 'copy' | undefined;
  /** Begin sends the head alone, or pages too, as QEMU did before 1.2. */
  readonly begin?: 'head' | 'pages' | undefined;
  /** QEMU drained its buffer in close until 1.5. */
  readonly close?: (() => void) | undefined;
}

/**
 * The manner that the options describe; without any of them that of today.
 *
 * @example mannerOf({ page_bytes: 4096, downtime_limit_ns: 30_000_000, sync: 'iterate', estimate: 'copy' })
 */
export function mannerOf(options: MannerOptions): Manner {
  const bandwidth = new CopyBandwidth(options.page_bytes, options.downtime_limit_ns);
  const is_by_copy = options.estimate === 'copy';
  return {
    syncs_each_iterate: options.sync === 'iterate',
    begins_with_pages: options.begin === 'pages',
    sendBegins: (now_ns) => bandwidth.begin(now_ns),
    sent: (encoded, now_ns) => bandwidth.sent(encoded, now_ns),
    completes: (remaining_bytes) => (is_by_copy ? remaining_bytes <= bandwidth.threshold_bytes : undefined),
    close: () => options.close?.(),
  };
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
  sent(pages: Pick<Encoded, 'normal' | 'zero'>, now_ns: number): void {
    this.#bytes += pages.normal * this.#page_bytes + pages.zero * COUNTED_ZERO_BYTES;
    this.#span_ns = now_ns - this.#began_ns;
  }

  /** RAM that can be sent within the downtime limit, by the last send loop; 0 if that sent nothing. */
  get threshold_bytes(): number {
    if (this.#bytes === 0) return 0;
    return (this.#bytes * this.#downtime_limit_ns) / Math.max(1, this.#span_ns);
  }
}
