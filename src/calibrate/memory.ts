/** What do walks over the guest's bookkeeping take, and moving bytes in memory? */
import { type Sample, sampleOf } from './encode.ts';
import { medianOrNaN, time_ns } from './numbers.ts';

const PAGE_BYTES = 4096;
const SMALL_PAGES = 64;
const LARGE_PAGES = 2 ** 18;
const MOVED_BYTES = 16 * 2 ** 20;
/** The bit that QEMU of 2011 asked for, in its byte a page. */
const MIGRATION_DIRTY_FLAG = 0x08;
const SMALL_SYNCS = 200;
const LARGE_SYNCS = 8;
const WALKS = 4;
const MOVES = 4;

export interface MemoryCosts {
  readonly sync_call_ns: number;
  readonly sync_page_ns: number;
  readonly walk_page_ns: number;
  readonly memmove_byte_ns: number;
}

export class MemoryQuestion {
  // no RAM of theirs is ever touched: only the bitmaps are
  readonly #small = sampleOf(SMALL_PAGES * PAGE_BYTES, 'none');
  readonly #large = sampleOf(LARGE_PAGES * PAGE_BYTES, 'none');
  readonly #flags = new Uint8Array(LARGE_PAGES).fill(0xff);
  readonly #backlog = new Uint8Array(MOVED_BYTES).fill(1);

  round(): MemoryCosts {
    const small_ns = sync_ns(this.#small, SMALL_SYNCS);
    const large_ns = sync_ns(this.#large, LARGE_SYNCS);
    const sync_page_ns = Math.max(0, (large_ns - small_ns) / (LARGE_PAGES - SMALL_PAGES));
    return {
      sync_page_ns,
      sync_call_ns: Math.max(0, small_ns - SMALL_PAGES * sync_page_ns),
      walk_page_ns: repeat_ns(WALKS, () => countDirty(this.#flags)) / LARGE_PAGES,
      memmove_byte_ns:
        repeat_ns(MOVES, () => this.#backlog.copyWithin(0, PAGE_BYTES)) / (MOVED_BYTES - PAGE_BYTES),
    };
  }
}

function sync_ns({ source, output }: Sample, times: number): number {
  source.markAllDirty();
  return repeat_ns(times, () => {
    source.syncDirty();
    output.synced();
  });
}

function repeat_ns(times: number, run: () => void): number {
  return medianOrNaN(Array.from({ length: times }, () => time_ns(run)));
}

/** A byte a page, as phys_dirty was. */
function countDirty(flags: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < flags.length; i++) {
    if (((flags[i] ?? 0) & MIGRATION_DIRTY_FLAG) !== 0) count++;
  }
  return count;
}
