/** A guest's RAM in ranges of pages that writers take one by one: who is done first takes the next. */
import type { Core } from '../../core/core.ts';
import { LAYOUT } from '../../core/core.ts';
import type { Guest } from '../../guest/guest.ts';
import type { MappedFile } from '../output/mapped-file.ts';

/**
 * 4 MiB. A range of zero pages takes a core some 200 us, so that what the last writer still does when the others
 * are done is little, and what a claim costs is nothing. It is a multiple of 64 pages: a word of a bitmap belongs to
 * one writer alone.
 */
export const RANGE_PAGES = 1024;

/** A part of a block, in plain values: addresses in the memory of its bank, and its place in the file. */
export interface PartPlace {
  /** Index of the memory. */
  readonly bank: number;
  readonly pages: number;
  /** Where the first page stands. */
  readonly host: number;
  /** Bitmaps, 8-byte aligned: pages to be sent, and pages that the file holds. */
  readonly dirty: number;
  readonly present: number;
  /** Where the first page stands in the file. */
  readonly file_offset: number;
  /** How many ranges come before those of this part. */
  readonly first_range: number;
}

/** What one writer's core needs in one bank: addresses. */
export interface WriterArea {
  readonly state: number;
  /** A block table of one entry: the range in hand. */
  readonly table: number;
  readonly runs: number;
}

/** The most runs that a range can have: every other page. */
const RUNS_MAX = RANGE_PAGES / 2;
/**
 * A collect that found so much is written before the scan goes on: the pages are still in the cache, and O_DIRECT
 * gets writes of the helper's size.
 */
const COLLECT_BYTES_MAX = 2 ** 20;

/** How many ranges parts have in all. */
export function rangeCount(parts: readonly PartPlace[]): number {
  const last = parts.at(-1);
  return last === undefined ? 0 : last.first_range + Math.ceil(last.pages / RANGE_PAGES);
}

/** The parts of a guest's RAM, in the order of the file. */
export function placeParts(guest: Guest, file: MappedFile): PartPlace[] {
  let first_range = 0;
  return guest.blocks.flatMap((block) =>
    block.parts.map((part) => {
      const { pages, host, dirty } = part;
      const place = {
        ...{ bank: guest.banks.indexOf(part.bank), pages, host, dirty, first_range },
        present: file.presentOf(part),
        file_offset: file.placesOf(block.index).pages_offset + part.first * LAYOUT.PAGE_SIZE,
      };
      first_range += Math.ceil(pages / RANGE_PAGES);
      return place;
    }),
  );
}

/** Makes room for one writer in each bank. */
export function allocAreas(guest: Guest): WriterArea[] {
  return guest.banks.map(({ arena }) => ({
    state: arena.alloc(LAYOUT.ENCODE_STATE_SIZE),
    table: arena.alloc(LAYOUT.BLOCK_SIZE),
    runs: arena.alloc(RUNS_MAX * LAYOUT.RUN_SIZE),
  }));
}

/** Writes `bytes` bytes at `address` of a bank's memory to the file at `file_offset`. */
export type WritePages = (bank: number, address: number, bytes: number, file_offset: number) => void;

/** What became of the dirty pages of a range. */
export interface RangeCounts {
  readonly normal: number;
  readonly zero: number;
}

/**
 * One writer's walk over ranges: zero test, bitmaps and writes, with the guest's pages written from where they stand.
 *
 * @example
 * const walk = new RangeWalk(parts, areas, cores, (bank, address, bytes, file_offset) => …);
 * for (let range = next(); range < rangeCount(parts); range = next()) walk.send(range);
 */
export class RangeWalk {
  readonly #parts: readonly PartPlace[];
  readonly #areas: readonly WriterArea[];
  readonly #cores: readonly Core[];
  readonly #write: WritePages;

  /** @param cores of each bank */
  constructor(
    parts: readonly PartPlace[],
    areas: readonly WriterArea[],
    cores: readonly Core[],
    write: WritePages,
  ) {
    this.#parts = parts;
    this.#areas = areas;
    this.#cores = cores;
    this.#write = write;
  }

  /** Sends the dirty pages of a range. */
  send(range: number): RangeCounts {
    const part = this.#parts.findLast(({ first_range }) => first_range <= range);
    const area = this.#areas[part?.bank ?? -1];
    const core = this.#cores[part?.bank ?? -1];
    if (part === undefined || area === undefined || core === undefined) return { normal: 0, zero: 0 };
    const first = (range - part.first_range) * RANGE_PAGES;
    setEntry(core, area.table, part, first);
    let normal = 0;
    let zero = 0;
    do {
      core.collect(area.state, area.table, 1, 0, COLLECT_BYTES_MAX, RANGE_PAGES, area.runs, RUNS_MAX);
      normal += core.u32(area.state + LAYOUT.ENCODE_NORMAL);
      zero += core.u32(area.state + LAYOUT.ENCODE_ZERO);
      this.#writeRuns(core, area, part, first);
    } while (core.encodeStop(area.state) !== 'end');
    return { normal, zero };
  }

  #writeRuns(core: Core, { state, runs }: WriterArea, part: PartPlace, range_first: number): void {
    const run_count = core.u32(state + LAYOUT.ENCODE_RUNS);
    for (let i = 0; i < run_count; i++) {
      const run = runs + i * LAYOUT.RUN_SIZE;
      const from_bytes = (range_first + core.u32(run + LAYOUT.RUN_FIRST)) * LAYOUT.PAGE_SIZE;
      const bytes = core.u32(run + LAYOUT.RUN_COUNT) * LAYOUT.PAGE_SIZE;
      this.#write(part.bank, part.host + from_bytes, bytes, part.file_offset + from_bytes);
    }
  }
}

/** Makes the one entry of a writer's table the pages of a range from `first` on; counted from 0 in it. */
function setEntry(core: Core, entry: number, part: PartPlace, first: number): void {
  const bitmap_bytes = first / 8;
  core.setU32(entry + LAYOUT.BLOCK_HOST, part.host + first * LAYOUT.PAGE_SIZE);
  core.setU32(entry + LAYOUT.BLOCK_PAGES, Math.min(RANGE_PAGES, part.pages - first));
  core.setU32(entry + LAYOUT.BLOCK_BITMAP, part.dirty + bitmap_bytes);
  core.setU32(entry + LAYOUT.BLOCK_PRESENT, part.present + bitmap_bytes);
}
