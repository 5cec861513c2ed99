/** What is saved: named blocks of RAM, each with a dirty bitmap and a log of what was written since. */
import { Arena, GUEST_BYTES_MAX, MEMORY_BYTES_MAX } from '../core/arena.ts';
import { fail } from '../errors.ts';
import {
  Bank,
  type BlockSpec,
  blockKinds,
  PAGE_BYTES,
  type PageKinds,
  type Part,
  type Placing,
  type SharedBank,
} from './bank.ts';

export { type BlockSpec, PAGE_BYTES, type PageKinds, type Part };

/** A named range of guest RAM, QEMU's RAMBlock. */
export interface Block extends BlockSpec {
  readonly index: number;
  readonly pages: number;
  /** Where it stands: one part, or in a guest larger than a memory, several in order. */
  readonly parts: readonly Part[];
  /** Of the first part, which in all but the largest guests is the whole block; see `Part`. */
  readonly host: number;
  readonly dirty: number;
  readonly log: number;
}

/** A guest as another thread can be told of it: it may be posted, and its RAM is shared, not copied. */
export interface SharedGuest {
  readonly specs: readonly BlockSpec[];
  readonly banks: readonly SharedBank[];
}

export interface GuestOptions {
  /** In memory that threads can share. */
  readonly shared?: boolean | undefined;
  /** Banks that are there already, see `attach`. */
  readonly banks?: readonly Bank[];
}

/**
 * A guest: RAM in blocks, in an arena of its own, and the table of them that the core works on.
 *
 * A Wasm memory ends at 4 GiB; a guest with more RAM stands in several, its banks, and a block in several
 * parts.
 *
 * In a shared arena, threads can have one guest together. Each has a `Guest` of its own, with its own count of dirty
 * pages and its own block table. Any thread may write RAM: first the page, then `logWrite`. One at a time saves.
 *
 * @example
 * const guest = new Guest([{ name: 'ram', bytes: 64 * 2 ** 20 }]);
 * guest.ram(guest.blockNamed('ram')).set(image);
 * @example
 * const guest = new Guest([{ name: 'ram', bytes: 64 * 2 ** 20 }], { shared: true });
 * const worker = new Worker(url, { workerData: guest.share() });
 * // there: const guest = Guest.attach(workerData);
 */
export class Guest {
  readonly banks: readonly Bank[];
  readonly blocks: readonly Block[];
  readonly ram_bytes: number;
  #dirty_pages = 0;

  /**
   * @param where the first bank's arena, whose owner may use it for more, and which the others' are like; or what a
   *   new one is to be
   * @throws `guest-too-large`; `image-size` where a block is not whole pages; `block-name`, `name-latin1` for
   *   names that do not go on the wire; `block-empty`, `block-named-twice`; `memory-full`
   */
  constructor(specs: readonly BlockSpec[], where: Arena | GuestOptions = {}) {
    checkSpecs(specs);
    this.ram_bytes = specs.reduce((sum, spec) => sum + spec.bytes, 0);
    if (this.ram_bytes > GUEST_BYTES_MAX) {
      throw fail('guest-too-large', { bytes: this.ram_bytes, bytes_max: GUEST_BYTES_MAX });
    }
    const { banks, shared = false } = where instanceof Arena ? {} : where;
    this.banks = banks ?? makeBanks(specs, where instanceof Arena ? where : new Arena({ shared }));
    const parts = partsByBlock(this.banks, specs.length);
    this.blocks = specs.map((spec, index) => makeBlock(spec, index, parts[index] ?? []));
  }

  /**
   * Another thread's guest, from what its `share` gave.
   *
   * @throws `memory-full`
   */
  static attach({ specs, banks }: SharedGuest): Guest {
    const attach = ({ memory, places }: SharedBank) => Bank.attach(new Arena({ memory }), specs, places);
    return new Guest(specs, { banks: banks.map(attach) });
  }

  /** What another thread has to be told to have this guest too. @throws `guest-not-shared` */
  share(): SharedGuest {
    if (!this.is_shared) throw fail('guest-not-shared', {});
    const specs = this.blocks.map(({ name, bytes }) => ({ name, bytes }));
    return { specs, banks: this.banks.map((bank) => bank.share()) };
  }

  /** Whether other threads can have this guest too. */
  get is_shared(): boolean {
    return this.arena.is_shared;
  }

  /** The arena of the first bank; of the only one, but for the largest guests. */
  get arena(): Arena {
    return this.#firstBank().arena;
  }

  /** The block table of the first bank. */
  get table(): number {
    return this.#firstBank().table;
  }

  /** The block of a name. @throws `no-such-block` */
  blockNamed(name: string): Block {
    const block = this.blocks.find((candidate) => candidate.name === name);
    if (block === undefined)
      throw fail('no-such-block', { block: name, blocks: this.blocks.map((b) => b.name) });
    return block;
  }

  /** The largest block, which need not be main memory: see `mainMemory`. @throws `no-blocks` */
  largestBlock(): Block {
    const [first, ...rest] = this.blocks;
    if (first === undefined) throw fail('no-blocks', {});
    return rest.reduce((largest, block) => (block.bytes > largest.bytes ? block : largest), first);
  }

  /**
   * A view of a block's RAM; valid until something is allocated in the guest's arena.
   *
   * @throws `block-in-parts` where the block does not stand in one memory: go through `parts` and `partRam`
   */
  ram(block: Block): Uint8Array {
    const [part, ...more] = block.parts;
    if (part === undefined || more.length > 0) {
      throw fail('block-in-parts', { block: block.name, bytes: block.bytes, bytes_max: MEMORY_BYTES_MAX });
    }
    return this.partRam(part);
  }

  /** A view of a part's RAM; valid until something is allocated in its bank's arena. */
  partRam({ bank, host, pages }: Part): Uint8Array {
    return bank.arena.bytes(host, pages * PAGE_BYTES);
  }

  /** A view of `count` pages of a block, or of as many of them as stand in one memory. */
  pages(block: Block, first: number, count: number): Uint8Array {
    const part = partOf(block, first);
    const here = Math.min(count, part.first + part.pages - first);
    return part.bank.arena.bytes(part.host + (first - part.first) * PAGE_BYTES, here * PAGE_BYTES);
  }

  /** Whether a page is all zero. */
  isZero(block: Block, page: number): boolean {
    const { bank, host, first } = partOf(block, page);
    return bank.arena.core.isZero(host + (page - first) * PAGE_BYTES);
  }

  /** Logs a write to a page: the next dirty sync will see it. */
  logWrite(block: Block, page: number): void {
    const { bank, log, first } = partOf(block, page);
    bank.arena.core.bitmapSet(log, page - first, 1);
  }

  /** Marks every page as still to be sent, as a save does at its begin. */
  markAllDirty(): void {
    for (const { bank, dirty, pages } of this.#parts()) bank.arena.core.bitmapSet(dirty, 0, pages);
    this.#dirty_pages = this.ram_bytes / PAGE_BYTES;
  }

  /** The dirty sync: what was logged is now to be sent. Returns how many pages came to it. */
  syncDirty(): number {
    let added = 0;
    for (const { bank, dirty, log, pages } of this.#parts()) {
      added += bank.arena.core.bitmapMerge(dirty, log, pages);
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
    const kinds = this.banks.map(({ arena, table }) => blockKinds(arena, table, block.index));
    const sum = (kind: keyof PageKinds): number => kinds.reduce((total, of) => total + of[kind], 0);
    return { normal: sum('normal'), zero: sum('zero'), fill: sum('fill'), xbzrle: sum('xbzrle') };
  }

  #parts(): Part[] {
    return this.blocks.flatMap((block) => block.parts);
  }

  #firstBank(): Bank {
    const [bank] = this.banks;
    if (bank === undefined) throw fail('no-blocks', {});
    return bank;
  }
}

function makeBanks(specs: readonly BlockSpec[], first: Arena): Bank[] {
  return divideIntoBanks(specs).map((placings, index) =>
    Bank.make(index === 0 ? first : new Arena({ shared: first.is_shared }), placings),
  );
}

/** The parts of every block in order, in one walk: 4096 blocks may have parts in 16 banks. */
function partsByBlock(banks: readonly Bank[], blocks: number): readonly (readonly Part[])[] {
  const parts = Array.from({ length: blocks }, (): Part[] => []);
  for (const bank of banks) {
    for (const part of bank.parts) if (part.pages > 0) parts[part.block_index]?.push(part);
  }
  return parts;
}

function makeBlock(spec: BlockSpec, index: number, parts: readonly Part[]): Block {
  const { host = 0, dirty = 0, log = 0 } = parts[0] ?? {};
  return { ...spec, index, pages: spec.bytes / PAGE_BYTES, parts, host, dirty, log };
}

function checkSpecs(specs: readonly BlockSpec[]): void {
  const names = new Set<string>();
  for (const { name, bytes } of specs) {
    if (bytes === 0) throw fail('block-empty', { block: name });
    if (names.has(name)) throw fail('block-named-twice', { block: name });
    names.add(name);
  }
}

/** The part in which a page of a block stands. */
function partOf(block: Block, page: number): Part {
  const part = block.parts.find(({ first, pages }) => page < first + pages);
  if (part === undefined) throw fail('page-beyond', { block: block.name, page, pages: block.pages });
  return part;
}

/** A block is divided where a word of its bitmap ends. */
const WORD_PAGES = 64;

/** Fills one memory after the other, blocks in order; each bank knows of all blocks. */
function divideIntoBanks(specs: readonly BlockSpec[]): Placing[][] {
  const banks: Map<number, Placing>[] = [new Map()];
  let free_pages = Math.floor(MEMORY_BYTES_MAX / PAGE_BYTES);
  specs.forEach((spec, index) => {
    const pages = spec.bytes / PAGE_BYTES;
    for (let first = 0; first < pages; ) {
      if (free_pages === 0) {
        banks.push(new Map());
        free_pages = Math.floor(MEMORY_BYTES_MAX / PAGE_BYTES);
      }
      const is_rest = pages - first <= free_pages;
      const here = is_rest ? pages - first : free_pages - (free_pages % WORD_PAGES);
      if (here > 0) banks.at(-1)?.set(index, { spec, first, pages: here });
      first += here;
      free_pages = is_rest ? free_pages - here : 0;
    }
  });
  return banks.map((placed, bank) =>
    specs.map(
      (spec, index) => placed.get(index) ?? { spec, first: firstElsewhere(banks, bank, index), pages: 0 },
    ),
  );
}

/** Of a block that has no page in a bank: how many of its pages stand in the banks before. */
function firstElsewhere(banks: readonly Map<number, Placing>[], bank: number, index: number): number {
  return banks.slice(0, bank).reduce((pages, placed) => pages + (placed.get(index)?.pages ?? 0), 0);
}
