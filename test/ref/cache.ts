/** The oracle of the cache of sent pages: a map from slot to page, as migration/page_cache.c of QEMU says. */

interface Held {
  page: number;
  age: number;
  bytes: Uint8Array;
}

export class PageCache {
  readonly slots: number;
  /** The count of dirty syncs. */
  generation = 0;
  /** The guest stands still: what is sent is not kept any more. */
  is_last_stage = false;
  pages = 0;
  bytes = 0;
  miss = 0;
  overflow = 0;
  readonly held = new Map<number, Held>();

  constructor(slots: number) {
    this.slots = slots;
  }

  /** The page as it was last sent, by its number in the guest; what is asked for is young again. */
  find(page: number): Uint8Array | undefined {
    const held = this.held.get(page % this.slots);
    if (held === undefined || held.page !== page) {
      this.miss++;
      return undefined;
    }
    held.age = this.generation;
    return held.bytes;
  }

  /** Keeps a page; another one in its slot goes once it was not asked for in two generations. */
  insert(page: number, bytes: Uint8Array): void {
    const held = this.held.get(page % this.slots);
    if (held !== undefined && held.page !== page && this.generation - held.age < 2) return;
    this.held.set(page % this.slots, { page, age: this.generation, bytes: bytes.slice() });
  }

  /** Replaces the bytes of a page that `find` has found. */
  update(page: number, bytes: Uint8Array): void {
    const held = this.held.get(page % this.slots);
    if (held?.page !== page) throw new Error(`page ${page} is not held`);
    held.bytes = bytes.slice();
  }
}
