/** RAM's sections of a stream: their heads here, their page records in Wasm. */
import type { Arena } from '../core/arena.ts';
import { LAYOUT } from '../core/core.ts';
import { fail, type PagepipeError } from '../errors.ts';
import {
  ELEMENT_EOF,
  ELEMENT_SECTION_END,
  ELEMENT_SECTION_FULL,
  ELEMENT_SECTION_PART,
  ELEMENT_SECTION_START,
  RAM_IDSTR,
  RAM_VERSION,
  WORD_EOS,
  WORD_MEM_SIZE,
} from '../format/constants.ts';
import {
  type BlockLength,
  readBlockList,
  readFooter,
  readSectionHead,
  type SectionHead,
} from '../format/reader.ts';
import { latin1, peekU64, type Reading, readU32, type Window } from '../format/window.ts';

/** Where pages go: makes the block table that the core decodes into, once the block list is known. */
export type MakeTable = (blocks: readonly BlockLength[]) => number;

/** A section of RAM, without its place in the stream. */
export interface RamHead {
  readonly id: number;
  readonly type: 'start' | 'part' | 'end';
  readonly name: string;
  readonly instance: number;
  readonly version: number;
}

/** RAM's sections, START to END: their heads, and their bodies of records, block list and EOS words. */
export class RamSection {
  readonly #arena: Arena;
  readonly #window: Window;
  readonly #window_address: number;
  readonly #makeTable: MakeTable;
  readonly #state: number;
  #head: SectionHead | undefined;
  #table: number | undefined;
  #blocks: readonly BlockLength[] = [];

  constructor(arena: Arena, window: Window, window_address: number, makeTable: MakeTable) {
    this.#arena = arena;
    this.#window = window;
    this.#window_address = window_address;
    this.#makeTable = makeTable;
    this.#state = arena.alloc(LAYOUT.DECODE_STATE_SIZE);
  }

  get id(): number {
    return this.#head?.id ?? 0;
  }

  get blocks(): readonly BlockLength[] {
    return this.#blocks;
  }

  get rounds(): number {
    const { core } = this.#arena;
    if (core.u32(this.#state + LAYOUT.DECODE_LAST_BLOCK) === 0) return 0;
    return core.u32(this.#state + LAYOUT.DECODE_WRAPS) + 1;
  }

  /** One section, behind its type byte. */
  *read(type: number, offset: number): Reading<RamHead> {
    const head = yield* this.#readHead(type, offset);
    yield* this.#readBody();
    yield* readFooter(this.#window, head.id);
    return head;
  }

  *#readHead(type: number, offset: number): Reading<RamHead> {
    if (type === ELEMENT_SECTION_START || type === ELEMENT_SECTION_FULL) {
      const head = yield* readSectionHead(this.#window, offset);
      if (head.name !== RAM_IDSTR || type === ELEMENT_SECTION_FULL || this.#head !== undefined) {
        throw fail('unknown-section', { offset, section: `${JSON.stringify(head.name)} (id ${head.id})` });
      }
      if (head.version !== RAM_VERSION) {
        throw fail('ram-version', { offset, found: head.version, expected: RAM_VERSION });
      }
      this.#head = head;
      return this.#ramHead('start', head);
    }
    if (type === ELEMENT_SECTION_PART || type === ELEMENT_SECTION_END) {
      const id = yield* readU32(this.#window, 'a section id');
      if (this.#head === undefined || id !== this.#head.id) {
        throw fail('unknown-section', { offset, section: `id ${id}` });
      }
      return this.#ramHead(type === ELEMENT_SECTION_PART ? 'part' : 'end', this.#head);
    }
    if (type === ELEMENT_EOF) throw fail('no-ram', { offset });
    throw fail('bad-element', { offset, found: type, expected: 'a RAM section (0x1 to 0x3)' });
  }

  #ramHead(type: RamHead['type'], { id, name, instance, version }: SectionHead): RamHead {
    return { id, type, name, instance, version };
  }

  *#readBody(): Reading<void> {
    const window = this.#window;
    for (;;) {
      this.#decodeRecords();
      const word = yield* this.#peekWord();
      if (word === undefined) continue;
      const offset = window.offset;
      const flags = Number(word & BigInt(LAYOUT.FLAG_MASK));
      if (word === BigInt(WORD_EOS)) {
        window.consume(LAYOUT.WORD_SIZE);
        return;
      }
      if (flags !== WORD_MEM_SIZE) throw fail('unknown-flags', { offset, flags, word });
      if (this.#table !== undefined) throw fail('second-block-list', { offset });
      window.consume(LAYOUT.WORD_SIZE);
      this.#blocks = yield* readBlockList(window, Number(word - BigInt(WORD_MEM_SIZE)), LAYOUT.PAGE_SIZE);
      this.#table = this.#makeTable(this.#blocks);
    }
  }

  /** Decodes all whole records in the window; throws what the core found wrong. */
  #decodeRecords(): void {
    const window = this.#window;
    if (this.#table === undefined) return;
    const { core } = this.#arena;
    const from = this.#window_address + window.start;
    window.consume(core.decode(this.#state, this.#table, this.#blocks.length, from, window.available_bytes));
    const offset = window.offset;
    switch (core.decodeStatus(this.#state)) {
      case 'continue-first':
        throw fail('continue-first', { offset });
      case 'unknown-block':
        throw fail('unknown-block', { offset, block: this.#nameInRecord() });
      case 'beyond-block':
        throw this.#beyondBlock(offset);
      default:
    }
  }

  /**
   * The next word if it is no page record; undefined where more input was waited for, so that records can
   * be decoded again.
   */
  *#peekWord(): Reading<bigint | undefined> {
    const window = this.#window;
    const is_word = this.#table === undefined || this.#arena.core.decodeStatus(this.#state) === 'word';
    if (is_word && window.available_bytes >= LAYOUT.WORD_SIZE) {
      const word = yield* peekU64(window, 'a page record');
      if (this.#table === undefined && isPageWord(word))
        throw fail('no-block-list', { offset: window.offset });
      return word;
    }
    if (window.is_ended) throw fail('stream-cut', { offset: window.end_offset, wanted: 'a page record' });
    yield;
    return undefined;
  }

  #nameInRecord(): string {
    const record = this.#window.available();
    const name_bytes = record[LAYOUT.WORD_SIZE] ?? 0;
    const start = LAYOUT.WORD_SIZE + 1;
    return latin1(record.subarray(start, start + name_bytes));
  }

  #beyondBlock(offset: number): PagepipeError {
    const record = this.#window.available();
    const word = new DataView(record.buffer, record.byteOffset).getBigUint64(0);
    const is_named = (word & BigInt(LAYOUT.FLAG_CONTINUE)) === 0n;
    const last = this.#arena.core.u32(this.#state + LAYOUT.DECODE_LAST_BLOCK) - 1;
    const block = is_named
      ? this.#blocks.find((candidate) => candidate.name === this.#nameInRecord())
      : this.#blocks[last];
    return fail('beyond-block', {
      offset,
      page_offset: word - (word & BigInt(LAYOUT.FLAG_MASK)),
      block: block?.name ?? '',
      block_bytes: block?.bytes ?? 0,
    });
  }
}

function isPageWord(word: bigint): boolean {
  const kind = Number(word & BigInt(LAYOUT.FLAG_MASK)) & ~LAYOUT.FLAG_CONTINUE;
  return kind === LAYOUT.FLAG_ZERO || kind === LAYOUT.FLAG_PAGE;
}
