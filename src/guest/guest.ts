/** What is saved: named blocks of RAM, each with a dirty bitmap and a log of what was written since. */
import { Arena, GUEST_BYTES_MAX } from '../core/arena.ts';
import { LAYOUT } from '../core/core.ts';
import { fail } from '../errors.ts';

/** The unit of the dirty bitmap. */
export const PAGE_BYTES: number = LAYOUT.PAGE_SIZE;

/** A block to be made: its name (one character a byte) and its length in bytes, whole pages. */
export interface BlockSpec {
  readonly name: string;
  readonly bytes: number;
}

/** A named range of guest RAM, QEMU's RAMBlock; the addresses are in the guest's arena. */
export interface Block extends BlockSpec {
  readonly index: number;
  readonly pages: number;
  /** Where its first page stands. */
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
}

/**
 * A guest: RAM in blocks, in an arena of its own, and the table of them that the core works on.
 *
 * @example
 * const guest = new Guest([{ name: 'ram', bytes: 64 * 2 ** 20 }]);
 * guest.ram(guest.blockNamed('ram')).set(image);
 */
export class Guest {
  readonly arena: Arena;
  readonly blocks: readonly Block[];
  readonly ram_bytes: number;
  /** The block table, as assembly/layout.ts draws it. */
  readonly table: number;
  #dirty_pages = 0;

  /**
   * @throws `guest-too-large` over 4 GiB less 16 MiB; `image-size` where a block is not whole pages;
   *   `block-name` where a name is over 255 bytes; `memory-full`
   */
  constructor(specs: readonly BlockSpec[], arena: Arena = new Arena()) {
    this.arena = arena;
    this.ram_bytes = specs.reduce((sum, spec) => sum + spec.bytes, 0);
    if (this.ram_bytes > GUEST_BYTES_MAX) {
      throw fail('guest-too-large', { bytes: this.ram_bytes, bytes_max: GUEST_BYTES_MAX });
    }
    this.table = allocTable(arena, specs);
    this.blocks = specs.map((spec, index) => this.#place(spec, index));
  }

  /** The block of a name. @throws `no-such-block` */
  blockNamed(name: string): Block {
    const block = this.blocks.find((candidate) => candidate.name === name);
    if (block === undefined)
      throw fail('no-such-block', { block: name, blocks: this.blocks.map((b) => b.name) });
    return block;
  }

  /** The largest block: a machine's main memory. @throws `no-blocks` */
  largestBlock(): Block {
    const [first, ...rest] = this.blocks;
    if (first === undefined) throw fail('no-blocks', {});
    return rest.reduce((largest, block) => (block.bytes > largest.bytes ? block : largest), first);
  }

  /** A view of a block's RAM; valid until something is allocated in the guest's arena. */
  ram(block: Block): Uint8Array<ArrayBuffer> {
    return this.arena.bytes(block.host, block.bytes);
  }

  /** Whether a page is all zero. */
  isZero(block: Block, page: number): boolean {
    return this.arena.core.repeatedByte(block.host + page * PAGE_BYTES) === 0;
  }

  /** Logs a write to a page: the next dirty sync will see it. */
  logWrite(block: Block, page: number): void {
    this.arena.core.bitmapSet(block.log, page, 1);
  }

  /** Marks every page as still to be sent, as a save does at its begin. */
  markAllDirty(): void {
    for (const block of this.blocks) this.arena.core.bitmapSet(block.dirty, 0, block.pages);
    this.#dirty_pages = this.ram_bytes / PAGE_BYTES;
  }

  /** The dirty sync: what was logged is now to be sent. Returns how many pages came to it. */
  syncDirty(): number {
    let added = 0;
    for (const block of this.blocks) {
      added += this.arena.core.bitmapMerge(block.dirty, block.log, block.pages);
    }
    this.#dirty_pages += added;
    return added;
  }

  /** Pages that are still to be sent, as of the last dirty sync. */
  get dirty_pages(): number {
    return this.#dirty_pages;
  }

  /** Takes note that the core cleared `pages` dirty bits. */
  sentPages(pages: number): void {
    this.#dirty_pages -= pages;
  }

  /** How many records of each kind the core has written or read for a block. */
  kinds(block: Block): PageKinds {
    return blockKinds(this.arena, this.table, block.index);
  }

  #place(spec: BlockSpec, index: number): Block {
    const { arena } = this;
    const pages = spec.bytes / PAGE_BYTES;
    const bitmap_bytes = arena.core.bitmapSize(pages);
    const block = {
      ...spec,
      index,
      pages,
      dirty: arena.alloc(bitmap_bytes),
      log: arena.alloc(bitmap_bytes),
      host: arena.alloc(spec.bytes, PAGE_BYTES),
    };
    const entry = this.table + index * LAYOUT.BLOCK_SIZE;
    arena.core.setU32(entry + LAYOUT.BLOCK_HOST, block.host);
    arena.core.setU32(entry + LAYOUT.BLOCK_BITMAP, block.dirty);
    return block;
  }
}

/**
 * A block table in an arena with names and page counts, and no RAM behind it yet: enough to read a stream
 * and count. Empty tables have an address too.
 *
 * @throws `block-name`, `image-size`
 */
export function allocTable(arena: Arena, specs: readonly BlockSpec[]): number {
  const table = arena.alloc(Math.max(1, specs.length) * LAYOUT.BLOCK_SIZE);
  specs.forEach((spec, index) => {
    if (spec.bytes % PAGE_BYTES !== 0)
      throw fail('image-size', { bytes: spec.bytes, page_bytes: PAGE_BYTES });
    const name_bytes = spec.name.length;
    if (name_bytes >= LAYOUT.IDSTR_SIZE_MAX) {
      throw fail('block-name', { block: spec.name, bytes: name_bytes, bytes_max: LAYOUT.IDSTR_SIZE_MAX - 1 });
    }
    const idstr = arena.alloc(1 + name_bytes);
    arena
      .bytes(idstr, 1 + name_bytes)
      .set([name_bytes, ...Array.from(spec.name, (char) => char.charCodeAt(0))]);
    const entry = table + index * LAYOUT.BLOCK_SIZE;
    arena.core.setU32(entry + LAYOUT.BLOCK_HOST, LAYOUT.NOWHERE);
    arena.core.setU32(entry + LAYOUT.BLOCK_PAGES, spec.bytes / PAGE_BYTES);
    arena.core.setU32(entry + LAYOUT.BLOCK_IDSTR, idstr);
  });
  return table;
}

/** The counters of one entry of a block table. */
export function blockKinds(arena: Arena, table: number, index: number): PageKinds {
  const entry = table + index * LAYOUT.BLOCK_SIZE;
  return {
    normal: arena.core.u64(entry + LAYOUT.BLOCK_NORMAL),
    zero: arena.core.u64(entry + LAYOUT.BLOCK_ZERO),
    fill: arena.core.u64(entry + LAYOUT.BLOCK_FILL),
  };
}
