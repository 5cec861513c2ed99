/** The guest as the save loop sees it, in the model: lengths and page kinds, each charged with what it costs. */

import { RECORDS } from '../core/records.ts';
import { RAM_SECTION_ID } from '../format/constants.ts';
import { beginElements, deviceLessTail, endHead, idstr, partHead, sectionClose } from '../format/writer.ts';
import type { Element, Encoded, Output, Source } from '../save/interfaces.ts';
import type { Thread } from './machine/thread.ts';
import type { BigLock } from './migration-thread.ts';
import type { ModelRam } from './ram.ts';
import type { DrawnCosts } from './scenario/costs.ts';

/** The one block, as QEMU's machine `none` names it. */
const BLOCK = 'ram';
const HUGE_PAGES = 512;

export interface SourceOptions {
  readonly ram: ModelRam;
  readonly costs: DrawnCosts;
  /** The thread that the loop runs on. */
  readonly thread: Thread;
  /** Taken over a dirty sync where the loop is not on the main loop's thread. */
  readonly lock: BigLock | undefined;
  readonly staging_bytes: number;
  readonly is_running: boolean;
  readonly walks: number;
  readonly sync_cost: boolean;
  readonly zero_records: boolean;
  readonly faults: boolean;
  /** What the first read in 2 MiB of never-touched memory takes; undefined where pages are touched singly. */
  readonly dear_touch_ns: number | undefined;
  readonly onPaused: () => void;
}

/** The guest and its output in one, for in the model a page is only what it costs. */
export class ModelSource implements Source, Output {
  readonly page_bytes = RECORDS.page_bytes;
  readonly ram_bytes: number;
  readonly staging_bytes: number;
  readonly record_bytes_max: number;
  readonly #options: SourceOptions;
  readonly #element_bytes: Readonly<Record<Element, number>>;
  readonly #name_bytes = idstr(BLOCK).length;
  #is_paused = false;
  #is_named = false;
  #cursor = 0;
  /** The 2 MiB that were touched last. */
  #huge_touched = -1;
  encoded: Encoded = { normal: 0, zero: 0, xbzrle: 0, skipped: 0 };

  constructor(options: SourceOptions) {
    this.#options = options;
    this.ram_bytes = options.ram.pages * RECORDS.page_bytes;
    this.staging_bytes = options.staging_bytes;
    this.record_bytes_max = RECORDS.bytes_max;
    const blocks = [{ name: BLOCK, bytes: this.ram_bytes }];
    this.#element_bytes = {
      begin: beginElements({ machine: 'none', ram_section_id: RAM_SECTION_ID, blocks }).length,
      part: partHead(RAM_SECTION_ID).length,
      end: endHead(RAM_SECTION_ID).length,
      close: sectionClose(RAM_SECTION_ID).length,
      tail: deviceLessTail(RECORDS.page_bytes).length,
    };
  }

  get is_running(): boolean {
    return this.#options.is_running && !this.#is_paused;
  }

  get dirty_pages(): number {
    return this.#options.ram.dirty_pages;
  }

  runUntil(now_ns: number): void {
    if (this.is_running) this.#options.ram.runUntil(now_ns);
  }

  pause(now_ns: number): void {
    this.runUntil(now_ns);
    this.#is_paused = true;
    this.#options.onPaused();
  }

  markAllDirty(): void {
    this.#options.ram.markAllDirty();
  }

  syncDirty(): void {
    const { ram, costs, thread, lock, sync_cost, walks } = this.#options;
    ram.syncDirty();
    if (!sync_cost) return;
    const page_ns = costs.sync_page_ns + walks * costs.walk_page_ns;
    const spend = (): void => thread.spend(costs.sync_call_ns + ram.pages * page_ns);
    if (lock === undefined) spend();
    else lock.during(spend);
  }

  synced(): void {}

  paused(): void {}

  elementBytes(element: Element): number {
    return this.#element_bytes[element];
  }

  stageElement(element: Element, from: number, _at: number, room_bytes: number): number {
    return Math.min(this.#element_bytes[element] - from, room_bytes);
  }

  encode(_at: number, room_bytes: number, budget_pages: number): number {
    const { ram, costs, thread } = this.#options;
    let cost_ns = costs.encode_call_ns;
    let bytes = 0;
    let normal = 0;
    let zero = 0;
    for (;;) {
      const page = ram.nextDirty(this.#cursor);
      // where a call ends, the next goes on exactly there: at the page that it found and did not take, or anew
      this.#cursor = page === ram.pages ? 0 : page;
      if (page === ram.pages || normal + zero === budget_pages) break;
      const kind = ram.kindOf(page);
      const is_zero = kind !== 'content' && this.#options.zero_records;
      const record_bytes =
        (is_zero ? RECORDS.zero_bytes : RECORDS.normal_bytes) + (this.#is_named ? 0 : this.#name_bytes);
      if (bytes + record_bytes > room_bytes) break;
      ram.sent(page);
      this.#cursor = page + 1;
      this.#is_named = true;
      bytes += record_bytes;
      cost_ns += costs.reset_page_ns;
      if (kind === 'untouched') cost_ns += this.#touch_ns(page);
      if (is_zero) {
        zero++;
        cost_ns += this.#isHot(kind) ? costs.zero_hot_page_ns : costs.zero_page_ns;
      } else {
        normal++;
        cost_ns += costs.normal_page_ns;
      }
    }
    this.encoded = { normal, zero, xbzrle: 0, skipped: 0 };
    thread.spend(cost_ns);
    return bytes;
  }

  /** A never-touched page reads as the one page of zeros that the kernel has, unless it comes in 2 MiB. */
  #isHot(kind: string): boolean {
    return kind === 'untouched' && this.#options.dear_touch_ns === undefined;
  }

  /** What the first read of a never-touched page takes, besides. */
  #touch_ns(page: number): number {
    const { faults, dear_touch_ns, costs } = this.#options;
    if (!faults) return 0;
    if (dear_touch_ns === undefined) return costs.fault_ns;
    const huge = Math.floor(page / HUGE_PAGES);
    if (huge === this.#huge_touched) return 0;
    this.#huge_touched = huge;
    return dear_touch_ns;
  }
}
