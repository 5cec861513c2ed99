/** A synthetic guest at work: rewrites pages of its working set, by the clock. */

import { PAGE_BYTES } from '../guest.ts';
import { fillRandom } from './content.ts';
import { Prng } from './prng.ts';
import { runsOf } from './runs.ts';
import type { WorkloadSpec } from './workload.ts';

const NS_PER_S = 1_000_000_000n;
/** With so many writes a page due, all but e^-8 (0.03 %) of the set are hit: then each is written once. */
const WRITES_A_PAGE_MAX = 8;
/** What `change=word` changes: so many places of four bytes. */
const WORDS_CHANGED = 4;

/**
 * Applies the writes that are due by the clock. `dirty_bytes_per_s` counts whole pages; what is left of a
 * page is carried, so that the rate is exact however often it is asked.
 *
 * The working set is the content pages from the first on, and then zero ones if it is larger than they are:
 * programs rewrite what they use. When more writes are due than the set can show, after a long stall, each
 * page of the set is written once instead: the work of one call is bounded.
 */
export class Dirtier {
  readonly #ram: () => Uint8Array;
  readonly #spec: WorkloadSpec;
  readonly #mark: (page: number) => void;
  readonly #random: Prng;
  readonly #set: Uint32Array;
  #start_ns = 0;
  #is_running = false;
  #due_pages = 0n;
  #written_pages = 0;

  /**
   * @param ram gives the RAM anew, since a view does not outlive the growth of its memory
   * @param mark is told of every page that is written
   */
  constructor(ram: () => Uint8Array, spec: WorkloadSpec, seed: number, mark: (page: number) => void) {
    this.#ram = ram;
    this.#spec = spec;
    this.#mark = mark;
    this.#random = new Prng(seed ^ 0xd1e7);
    this.#set = workingSet(ram().length, spec, seed);
  }

  /** Writes that were applied. */
  get written_pages(): number {
    return this.#written_pages;
  }

  start(now_ns: number): void {
    this.#start_ns = now_ns;
    this.#due_pages = 0n;
    this.#is_running = this.#set.length > 0;
  }

  /** Applies what is due by `now_ns`. */
  advance(now_ns: number): void {
    if (!this.#is_running) return;
    const written_bytes = (BigInt(now_ns - this.#start_ns) * BigInt(this.#spec.dirty_bytes_per_s)) / NS_PER_S;
    const due_pages = written_bytes / BigInt(PAGE_BYTES);
    const writes = Number(due_pages - this.#due_pages);
    this.#due_pages = due_pages;
    const ram = this.#ram();
    if (writes > this.#set.length * WRITES_A_PAGE_MAX) {
      for (const page of this.#set) this.#write(ram, page);
      return;
    }
    for (let i = 0; i < writes; i++) this.#write(ram, this.#set[this.#random.below(this.#set.length)] ?? 0);
  }

  /** The guest stands still from now on. */
  stop(): void {
    this.#is_running = false;
  }

  #write(ram: Uint8Array, page: number): void {
    const words = new Uint32Array(ram.buffer, ram.byteOffset + page * PAGE_BYTES, PAGE_BYTES / 4);
    if (this.#spec.change === 'page') {
      fillRandom(words, this.#random);
    } else {
      for (let i = 0; i < WORDS_CHANGED; i++)
        words[this.#random.below(words.length)] = this.#random.nextU32();
    }
    this.#mark(page);
    this.#written_pages++;
  }
}

/** The pages that are rewritten: content first, in order, then zero pages. */
function workingSet(ram_bytes: number, spec: WorkloadSpec, seed: number): Uint32Array {
  if (spec.dirty_bytes_per_s === 0) return new Uint32Array(0);
  const set = new Uint32Array(Math.floor(Math.min(spec.set_bytes, ram_bytes) / PAGE_BYTES));
  const runs = runsOf(ram_bytes / PAGE_BYTES, spec.zero_share, seed);
  let fill = 0;
  for (const run of [...runs.filter((r) => !r.is_zero), ...runs.filter((r) => r.is_zero)]) {
    for (let page = run.first; page < run.first + run.count && fill < set.length; page++) set[fill++] = page;
  }
  return set;
}
