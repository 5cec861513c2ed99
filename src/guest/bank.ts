/** One memory of a guest, with the part of each block that stands in it. */
import type { Arena } from '../core/arena.ts';
import { LAYOUT } from '../core/core.ts';
import { fail } from '../errors.ts';

/** The unit of the dirty bitmap. */
export const PAGE_BYTES: number = LAYOUT.PAGE_SIZE;
const BITS_A_BYTE = 8;
/**
 * Room behind a guest for what saves and loads need, so that the memory need not grow for them: growing one of
 * 1 GiB takes 4 ms (measured), and detaches every view of it. Nobody writes there before, so it takes no memory.
 */
const HEADROOM_BYTES = 2 * 2 ** 20;
/** What an arena aligns to. */
const ALIGNMENT_BYTES = 64;

/** A block to be made: its name (one character a byte) and its length in bytes, whole pages. */
export interface BlockSpec {
  readonly name: string;
  readonly bytes: number;
}

/** Pages `first` to `first + pages` of a block, in the memory of one bank. */
export interface Part {
  readonly bank: Bank;
  readonly block_index: number;
  readonly first: number;
  readonly pages: number;
  /** Where page `first` stands. */
  readonly host: number;
  /** The bitmap of pages that are still to be sent. */
  readonly dirty: number;
  /** The bitmap of pages written since the last dirty sync. */
  readonly log: number;
}

/** How many records of each kind a block has had. */
export interface PageKinds {
  readonly normal: number;
  readonly zero: number;
  /** Records of one repeated byte that is not zero; only ever read, never written. */
  readonly fill: number;
  readonly xbzrle: number;
}

/** Which pages of a block stand in a bank. */
export interface Placing {
  readonly spec: BlockSpec;
  readonly first: number;
  readonly pages: number;
}

/** Where a part stands in its bank's memory. */
export interface Place {
  readonly first: number;
  readonly pages: number;
  readonly host: number;
  readonly dirty: number;
  readonly log: number;
  /** The block's name, as it stands on the wire. */
  readonly idstr: number;
}

/** A bank as another thread can be told of it; its RAM is shared, not copied. */
export interface SharedBank {
  readonly memory: Arena['memory'];
  /** One for each block. */
  readonly places: readonly Place[];
}

/**
 * A memory, and the block table in it that the core works on. The table names every block of the guest, so
 * that a block has the same index in each bank; what stands elsewhere has no pages here.
 */
export class Bank {
  readonly arena: Arena;
  /** The block table, as assembly/layout.ts draws it. */
  readonly table: number;
  readonly parts: readonly Part[];
  readonly #places: readonly Place[];

  private constructor(arena: Arena, table: number, places: readonly Place[]) {
    this.arena = arena;
    this.table = table;
    this.#places = places;
    this.parts = places.map(({ idstr: _, ...place }, block_index) => ({ bank: this, block_index, ...place }));
  }

  /** Makes room for the parts in an arena, and the table of them. @throws as `allocTable`; `memory-full` */
  static make(arena: Arena, placings: readonly Placing[]): Bank {
    arena.reserve(bytesOf(placings) + HEADROOM_BYTES);
    const specs = placings.map(({ spec }) => spec);
    const table = allocTable(arena, specs);
    const places = placings.map(({ first, pages }, index) => {
      const bitmap_bytes = arena.core.bitmapSize(pages);
      return {
        first,
        pages,
        dirty: arena.alloc(bitmap_bytes),
        log: arena.alloc(bitmap_bytes),
        host: arena.alloc(pages * PAGE_BYTES, PAGE_BYTES),
        idstr: arena.core.u32(table + index * LAYOUT.BLOCK_SIZE + LAYOUT.BLOCK_IDSTR),
      };
    });
    writeTable(arena, table, specs, places);
    return new Bank(arena, table, places);
  }

  /** Another thread's bank: the same RAM and bitmaps, and a table, so counters, of its own. @throws `memory-full` */
  static attach(arena: Arena, specs: readonly BlockSpec[], places: readonly Place[]): Bank {
    const table = arena.alloc(Math.max(1, specs.length) * LAYOUT.BLOCK_SIZE);
    writeTable(arena, table, specs, places);
    return new Bank(arena, table, places);
  }

  /** What another thread has to be told. */
  share(): SharedBank {
    return { memory: this.arena.memory, places: this.#places };
  }
}

function writeTable(
  { core }: Arena,
  table: number,
  specs: readonly BlockSpec[],
  places: readonly Place[],
): void {
  places.forEach(({ first, pages, host, dirty, idstr }, index) => {
    const entry = table + index * LAYOUT.BLOCK_SIZE;
    const block_pages = (specs[index]?.bytes ?? 0) / PAGE_BYTES;
    core.setU32(entry + LAYOUT.BLOCK_HOST, host);
    core.setU32(entry + LAYOUT.BLOCK_BITMAP, dirty);
    core.setU32(entry + LAYOUT.BLOCK_IDSTR, idstr);
    core.setU32(entry + LAYOUT.BLOCK_PAGES, pages);
    core.setU32(entry + LAYOUT.BLOCK_FIRST, first);
    core.setU32(entry + LAYOUT.BLOCK_BEYOND, block_pages - first - pages);
  });
}

/** Enough for all that a bank allocates, with what lies between for alignment. */
function bytesOf(placings: readonly Placing[]): number {
  const entry_bytes = LAYOUT.BLOCK_SIZE + LAYOUT.IDSTR_SIZE_MAX + ALIGNMENT_BYTES;
  const pages = placings.reduce((sum, placing) => sum + placing.pages, 0);
  const parts = placings.filter((placing) => placing.pages > 0).length;
  const bitmap_bytes = Math.ceil(pages / BITS_A_BYTE) + parts * (8 + ALIGNMENT_BYTES);
  return placings.length * entry_bytes + 2 * bitmap_bytes + (pages + parts) * PAGE_BYTES;
}

/** The most RAM that a table is made for: a u32 counts the pages of a block. */
export const TABLE_BYTES_MAX = 2 ** 32 * PAGE_BYTES - PAGE_BYTES;

/**
 * A block table in an arena with names and page counts, and no RAM behind it yet: enough to read a stream
 * and count. Empty tables have an address too.
 *
 * @throws `block-name`, `image-size`, `guest-too-large`
 */
export function allocTable(arena: Arena, specs: readonly BlockSpec[]): number {
  const table = arena.alloc(Math.max(1, specs.length) * LAYOUT.BLOCK_SIZE);
  specs.forEach((spec, index) => {
    if (spec.bytes % PAGE_BYTES !== 0)
      throw fail('image-size', { bytes: spec.bytes, page_bytes: PAGE_BYTES });
    if (spec.bytes > TABLE_BYTES_MAX)
      throw fail('guest-too-large', { bytes: spec.bytes, bytes_max: TABLE_BYTES_MAX });
    const idstr = allocIdstr(arena, spec.name);
    const entry = table + index * LAYOUT.BLOCK_SIZE;
    arena.core.setU32(entry + LAYOUT.BLOCK_HOST, LAYOUT.NOWHERE);
    arena.core.setU32(entry + LAYOUT.BLOCK_PAGES, spec.bytes / PAGE_BYTES);
    arena.core.setU32(entry + LAYOUT.BLOCK_IDSTR, idstr);
  });
  return table;
}

/** A name as on the wire: its length in a byte, then one byte a character. */
function allocIdstr(arena: Arena, name: string): number {
  const bytes = Array.from(name, (char) => char.charCodeAt(0));
  const bytes_max = LAYOUT.IDSTR_SIZE_MAX - 1;
  if (bytes.length > bytes_max) throw fail('block-name', { block: name, bytes: bytes.length, bytes_max });
  if (bytes.some((byte) => byte > 0xff)) throw fail('name-latin1', { name });
  const idstr = arena.alloc(1 + bytes.length);
  arena.bytes(idstr, 1 + bytes.length).set([bytes.length, ...bytes]);
  return idstr;
}

/** The counters of one entry of a block table. */
export function blockKinds(arena: Arena, table: number, index: number): PageKinds {
  const entry = table + index * LAYOUT.BLOCK_SIZE;
  return {
    normal: arena.core.u64(entry + LAYOUT.BLOCK_NORMAL),
    zero: arena.core.u64(entry + LAYOUT.BLOCK_ZERO),
    fill: arena.core.u64(entry + LAYOUT.BLOCK_FILL),
    xbzrle: arena.core.u64(entry + LAYOUT.BLOCK_XBZRLE),
  };
}
