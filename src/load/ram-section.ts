/** RAM's sections of a stream: their heads here, their page records in Wasm. */
import { LAYOUT } from '../core/core.ts';
import { fail } from '../errors.ts';
import {
  ELEMENT_SECTION_PART,
  RAM_VERSION,
  WORD_EOS,
  WORD_MEM_SIZE,
  WORD_MULTIFD_FLUSH,
} from '../format/constants.ts';
import { type BlockPlaces, readMappedHeader } from '../format/mapped-ram.ts';
import {
  type BlockLength,
  type Configuration,
  readBlockList,
  readFooter,
  type SectionHead,
} from '../format/reader.ts';
import type { RamHead } from '../format/stream-section.ts';
import { peekU64, type Reading, type Window } from '../format/window.ts';
import { Arrivals, type WhatCame, whatMappedCame } from './arrivals.ts';
import { countMappedPages, loadMappedPages, type MappedCounts, type PagesOf } from './mapped-pages.ts';
import { type DecodeBank, RecordDecoder } from './record-decoder.ts';

/** Where pages go, once the list of blocks is known. */
export interface RamTarget {
  /** The first is the memory that the input window stands in. */
  readonly banks: readonly DecodeBank[];
  /** Undefined where pages are only counted. */
  readonly pagesOf?: PagesOf | undefined;
  /** Makes a page zero, where RAM may hold something else; undefined where it is zero so far. */
  readonly clear?: ((block_index: number, page: number) => void) | undefined;
}

/** Where pages are to go: how much RAM there may be, and the target for a list of blocks. */
export interface TargetMaker {
  readonly ram_bytes_max: number;
  /** @param offset where in the stream the list of blocks ended, for errors */
  make(blocks: readonly BlockLength[], offset: number): RamTarget;
}

/** RAM's sections, START to END: their bodies of records, block list and EOS words. */
export class RamSection {
  readonly head: SectionHead;
  readonly #window: Window;
  readonly #window_address: number;
  readonly #target: TargetMaker;
  readonly #capabilities: Configuration['capabilities'];
  #decoder: RecordDecoder | undefined;
  #blocks: readonly BlockLength[] = [];
  #mapped_counts: MappedCounts[] | undefined;
  #arrivals: Arrivals | undefined;
  #clear: RamTarget['clear'];
  #came: WhatCame = { missing_pages: [], has_content: false };

  /** @throws `ram-version` */
  constructor(
    head: SectionHead,
    window: Window,
    window_address: number,
    capabilities: Configuration['capabilities'],
    target: TargetMaker,
  ) {
    if (head.version !== RAM_VERSION) {
      throw fail('ram-version', { offset: head.offset, found: head.version, expected: RAM_VERSION });
    }
    this.head = head;
    this.#window = window;
    this.#window_address = window_address;
    this.#capabilities = capabilities;
    this.#target = target;
  }

  get blocks(): readonly BlockLength[] {
    return this.#blocks;
  }

  /** Pages stand in their places; sections have no records. */
  get #is_mapped(): boolean {
    return this.#capabilities.includes('mapped-ram');
  }

  /** How often the pages were gone through. */
  get rounds(): number {
    return this.#mapped_counts === undefined ? (this.#decoder?.rounds ?? 0) : 1;
  }

  /** Of a mapped-ram file: each block's pages. */
  get mapped_counts(): readonly MappedCounts[] | undefined {
    return this.#mapped_counts;
  }

  /** What of RAM was in the stream, once it has ended. */
  get came(): WhatCame {
    return this.#came;
  }

  /** The rest of the START section. */
  *readStart(): Reading<RamHead> {
    return yield* this.#readRest('start');
  }

  /** RAM has ended: finds what of it was there, and makes zero what was not, where there is something to clear. */
  end(): void {
    const clear = this.#clear;
    if (this.#mapped_counts !== undefined) this.#came = whatMappedCame(this.#mapped_counts, this.#blocks);
    else if (this.#arrivals !== undefined) this.#came = this.#arrivals.end();
    if (this.#arrivals === undefined || clear === undefined || this.#is_mapped) return;
    for (const [index, missing] of (this.#came.missing_pages ?? []).entries())
      if (missing > 0) this.#arrivals.forMissing(index, (page) => clear(index, page));
  }

  /** A PART or END section behind its type byte and id. */
  *readFurther(type: number): Reading<RamHead> {
    return yield* this.#readRest(type === ELEMENT_SECTION_PART ? 'part' : 'end');
  }

  *#readRest(type: RamHead['type']): Reading<RamHead> {
    yield* this.#readBody();
    const { id, name, instance, version } = this.head;
    yield* readFooter(this.#window, id);
    return { id, type, name, instance, version };
  }

  *#readBody(): Reading<void> {
    const window = this.#window;
    for (;;) {
      const is_word = this.#decoder === undefined || this.#is_mapped || this.#decoder.decode();
      if (!is_word || window.available_bytes < LAYOUT.WORD_SIZE) {
        if (window.is_ended) throw fail('stream-cut', { offset: window.end_offset, wanted: 'a page record' });
        yield;
        continue;
      }
      if (yield* this.#readWord()) return;
    }
  }

  /** A word that is no page record; true for EOS. */
  *#readWord(): Reading<boolean> {
    const window = this.#window;
    const { offset } = window;
    const word = yield* peekU64(window, 'a page record');
    if (this.#decoder === undefined && isPageWord(word)) throw fail('no-block-list', { offset });
    if (this.#is_mapped && isPageWord(word)) throw fail('mapped-record', { offset });
    if (word === BigInt(WORD_EOS)) {
      window.consume(LAYOUT.WORD_SIZE);
      return true;
    }
    const flags = Number(word & BigInt(LAYOUT.FLAG_MASK));
    if (word === BigInt(WORD_MULTIFD_FLUSH)) throw fail('multifd', { offset, word });
    if (flags !== WORD_MEM_SIZE) throw unknownWord(offset, word);
    if (this.#decoder !== undefined) throw fail('second-block-list', { offset });
    window.consume(LAYOUT.WORD_SIZE);
    const bytes = word - BigInt(WORD_MEM_SIZE);
    const bytes_max = this.#target.ram_bytes_max;
    if (bytes > BigInt(bytes_max)) throw fail('guest-too-large', { offset, bytes, bytes_max });
    yield* this.#readBlocks(bytes);
    return false;
  }

  /** The list of blocks; of a mapped-ram file their pages too. */
  *#readBlocks(total_bytes: bigint): Reading<void> {
    const window = this.#window;
    const has_address = this.#capabilities.includes('x-ignore-shared');
    const places: (BlockPlaces | undefined)[] = [];
    const readPlaces = function* (block: BlockLength): Reading<void> {
      const place = yield* readMappedHeader(window, block, LAYOUT.PAGE_SIZE, has_address);
      places.push(place);
      if (place !== undefined) window.seek(place.pages_offset + block.bytes);
    };
    const form = this.#is_mapped ? { has_address, readPlaces } : { has_address };
    this.#blocks = yield* readBlockList(window, total_bytes, LAYOUT.PAGE_SIZE, form);
    const target = this.#target.make(this.#blocks, window.offset);
    this.#decoder = new RecordDecoder(window, this.#window_address, target.banks, this.#blocks);
    this.#arrivals = new Arrivals(target.banks, this.#blocks);
    this.#clear = target.clear;
    if (this.#is_mapped) yield* this.#readMapped(places, target);
  }

  *#readMapped(places: readonly (BlockPlaces | undefined)[], target: RamTarget): Reading<void> {
    const { pagesOf, clear } = target;
    const window = this.#window;
    const behind = window.offset;
    this.#mapped_counts = [];
    for (const [index, place] of places.entries()) {
      const { bytes = 0, name = '' } = this.#blocks[index] ?? {};
      if (place === undefined) {
        this.#mapped_counts.push({ normal: 0, zero: 0 });
        continue;
      }
      this.#mapped_counts.push(yield* countMappedPages(window, { name, bytes }, place));
      if (pagesOf !== undefined) {
        yield* loadMappedPages(window, { index, bytes }, place, pagesOf, (page) => clear?.(index, page));
      }
    }
    window.seek(behind);
  }
}

/** No flag is above MULTIFD_FLUSH: what stands there is of an offset that is no multiple of 4096. */
const OFFSET_IN_FLAGS = LAYOUT.FLAG_MASK & ~(2 * WORD_MULTIFD_FLUSH - 1);

/** The word that is no record and nothing else that is known; or one of a target with smaller pages, as old ARM's. */
function unknownWord(offset: number, word: bigint): Error {
  const flags = Number(word & BigInt(LAYOUT.FLAG_MASK));
  const low = flags & OFFSET_IN_FLAGS;
  if (low === 0 || !isPageWord(word ^ BigInt(low))) return fail('unknown-flags', { offset, flags, word });
  return fail('page-size', { offset, found: String(low & -low), page_bytes: LAYOUT.PAGE_SIZE });
}

function isPageWord(word: bigint): boolean {
  const kind = Number(word & BigInt(LAYOUT.FLAG_MASK)) & ~LAYOUT.FLAG_CONTINUE;
  return kind === LAYOUT.FLAG_ZERO || kind === LAYOUT.FLAG_PAGE || kind === LAYOUT.FLAG_XBZRLE;
}
