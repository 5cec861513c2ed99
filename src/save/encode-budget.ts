/** How many pages one encode may cover. */

const PAGES_MIN = 64;
const PAGES_MAX = 1024;
/** About so much is to go by between two looks at the clock and the policy. */
const TARGET_NS = 100_000;

/**
 * So many pages that clock and policy are asked about every 100 us, by how long the last encode took: 1,024 pages
 * of zeros take a core of today 50 us, and took one of 2011 two milliseconds, or twenty where touching memory
 * is dear. Never under 64, at which QEMU looks at the clock (migration/ram.c, ram_save_iterate).
 */
export class EncodeBudget {
  readonly #fixed: number | undefined;
  #pages = PAGES_MAX;

  /** @param fixed the same number of pages always */
  constructor(fixed: number | undefined) {
    this.#fixed = fixed;
  }

  get pages(): number {
    return this.#fixed ?? this.#pages;
  }

  /** Takes note of how long an encode of so many pages took. */
  used(pages: number, took_ns: number): void {
    if (took_ns > 2 * TARGET_NS && pages > PAGES_MIN) this.#pages = Math.max(PAGES_MIN, this.#pages / 2);
    else if (took_ns < TARGET_NS && pages === this.#pages) this.#pages = Math.min(PAGES_MAX, this.#pages * 2);
  }
}
