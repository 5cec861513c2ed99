/** Reads records back, to check what an encoder wrote; it shares no code with the core. */
import { PAGE_BYTES } from '../guest/guest.ts';
import { type Check, checkPage } from './case.ts';

/** QEMU's flags of a record's word (migration/ram.h); the rest is the page's offset in its block. */
const FLAG_ZERO = 0x02;
const FLAG_PAGE = 0x08;
const FLAG_CONTINUE = 0x20;
const WORD_BYTES = 8;

/** A block as it should come. */
export interface ExpectedBlock {
  readonly name: string;
  readonly pages: number;
}

export interface Expected {
  readonly blocks: readonly ExpectedBlock[];
  /** The RAM behind the blocks, one behind the other. */
  readonly ram: () => Uint8Array;
  readonly zero_flags: Uint8Array;
  /** Of how many pages one is compared byte by byte. */
  readonly checked_one_in: number;
}

/** Reads records of all pages in order. */
export class RecordChecker {
  readonly #expected: Expected;
  readonly #check: Check;
  #block = 0;
  #page_in_block = 0;
  /** Counted over all blocks. */
  #page = 0;

  constructor(expected: Expected, check: Check) {
    this.#expected = expected;
    this.#check = check;
  }

  /** Checks whole records. */
  read(records: Uint8Array): void {
    const view = new DataView(records.buffer, records.byteOffset, records.length);
    const ram = this.#expected.ram();
    for (let at = 0; at < records.length; ) at = this.#readOne(records, view, at, ram);
  }

  /** Checks that all pages have come. */
  end(): void {
    this.#check('pages', this.#page, this.#expected.zero_flags.length);
  }

  #readOne(records: Uint8Array, view: DataView, start: number, ram: Uint8Array): number {
    const block = this.#expected.blocks[this.#block];
    if (block === undefined) {
      this.#check('pages', this.#page + 1, this.#expected.zero_flags.length);
      return records.length;
    }
    const is_zero = this.#expected.zero_flags[this.#page] === 1;
    const is_named = this.#page_in_block === 0;
    const flags = (is_zero ? FLAG_ZERO : FLAG_PAGE) | (is_named ? 0 : FLAG_CONTINUE);
    this.#check(
      `word of page ${this.#page}`,
      Number(view.getBigUint64(start)),
      this.#page_in_block * PAGE_BYTES + flags,
    );
    let at = start + WORD_BYTES;
    if (is_named) at = this.#readName(records, at, block.name);
    if (is_zero) {
      this.#check(`fill byte of page ${this.#page}`, records[at] ?? -1, 0);
      at += 1;
    } else {
      this.#readPage(records.subarray(at, at + PAGE_BYTES), ram);
      at += PAGE_BYTES;
    }
    this.#page += 1;
    this.#page_in_block += 1;
    if (this.#page_in_block === block.pages) {
      this.#block += 1;
      this.#page_in_block = 0;
    }
    return at;
  }

  #readName(records: Uint8Array, at: number, name: string): number {
    const found = String.fromCharCode(...records.subarray(at + 1, at + 1 + (records[at] ?? 0)));
    this.#check(`right names of block ${this.#block}`, Number(found === name), 1);
    return at + 1 + name.length;
  }

  #readPage(payload: Uint8Array, ram: Uint8Array): void {
    if (this.#page % this.#expected.checked_one_in !== 0) return;
    const from = this.#page * PAGE_BYTES;
    checkPage(this.#check, this.#page, payload, ram.subarray(from, from + PAGE_BYTES));
  }
}
