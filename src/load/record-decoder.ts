/** Page records of a stream through the core, into a guest's memories or only counted. */
import type { Arena } from '../core/arena.ts';
import { type DecodeStatus, LAYOUT } from '../core/core.ts';
import { fail, type PagepipeError } from '../errors.ts';
import type { BlockLength } from '../format/reader.ts';
import { latin1, type Window } from '../format/window.ts';

/** A memory to decode into, and the block table in it. */
export interface DecodeBank {
  readonly arena: Arena;
  readonly table: number;
}

/** How much input is copied at first to a memory that the input window does not stand in. */
const COPY_BYTES_MIN = 8192;
const COPY_BYTES_MAX = 2 ** 20;

interface Decoding extends DecodeBank {
  readonly state: number;
  /** Where input is copied to; 0 in the memory of the window itself. */
  readonly input: number;
}

/**
 * Decodes the records in the window. The bank in use changes when a record is for a page elsewhere; what is
 * copied to another memory grows while records go on for it, so that pages in any order cost little.
 */
export class RecordDecoder {
  readonly #window: Window;
  readonly #window_address: number;
  readonly #blocks: readonly BlockLength[];
  readonly #banks: readonly Decoding[];
  #at = 0;
  #copy_bytes = COPY_BYTES_MIN;
  #wraps = 0;
  #has_records = false;

  /** @param banks the first is the memory that the window stands in */
  constructor(
    window: Window,
    window_address: number,
    banks: readonly DecodeBank[],
    blocks: readonly BlockLength[],
  ) {
    this.#window = window;
    this.#window_address = window_address;
    this.#blocks = blocks;
    this.#banks = banks.map(({ arena, table }, index) => ({
      arena,
      table,
      state: arena.keepZeros('decode state', LAYOUT.DECODE_STATE_SIZE),
      input: index === 0 ? 0 : arena.keep('input copy', COPY_BYTES_MAX),
    }));
  }

  /** How often the pages were gone through. */
  get rounds(): number {
    return this.#has_records ? this.#wraps + 1 : 0;
  }

  /**
   * Decodes all whole records in the window; returns whether a word follows that is no page record.
   *
   * @throws `continue-first`, `unknown-block`, `beyond-block`, `xbzrle-head`, `xbzrle-size`, `xbzrle-run`
   */
  decode(): boolean {
    for (;;) {
      const bank = this.#banks[this.#at];
      if (bank === undefined) return false;
      const offered = this.#decodeIn(bank);
      const status = bank.arena.core.decodeStatus(bank.state);
      if (status === 'elsewhere') this.#moveFrom(bank);
      else if (status !== 'more' || offered === 'all') return this.#finish(bank, status);
    }
  }

  /** One call of the core, on all of the window or on a copy of its head. */
  #decodeIn({ arena, table, state, input }: Decoding): 'all' | 'head' {
    const window = this.#window;
    const { core } = arena;
    if (input === 0) {
      const from = this.#window_address + window.start;
      window.consume(core.decode(state, table, this.#blocks.length, from, window.available_bytes));
      return 'all';
    }
    const bytes = Math.min(window.available_bytes, this.#copy_bytes);
    arena.bytes(input, bytes).set(window.available().subarray(0, bytes));
    window.consume(core.decode(state, table, this.#blocks.length, input, bytes));
    this.#copy_bytes = Math.min(this.#copy_bytes * 2, COPY_BYTES_MAX);
    // a copy is longer than any record, so all that is left of it is at the window's end
    return window.available_bytes < LAYOUT.RECORD_SIZE_MAX ? 'all' : 'head';
  }

  /** Goes on in the next memory, with what the core has to know there. */
  #moveFrom(bank: Decoding): void {
    this.#at = (this.#at + 1) % this.#banks.length;
    this.#copy_bytes = COPY_BYTES_MIN;
    const next = this.#banks[this.#at];
    if (next === undefined) return;
    for (const field of [LAYOUT.DECODE_LAST_BLOCK, LAYOUT.DECODE_LAST_PAGE, LAYOUT.DECODE_WRAPS]) {
      next.arena.core.setU32(next.state + field, bank.arena.core.u32(bank.state + field));
    }
  }

  #finish(bank: Decoding, status: DecodeStatus): boolean {
    const { core } = bank.arena;
    this.#has_records = core.u32(bank.state + LAYOUT.DECODE_LAST_BLOCK) !== 0;
    this.#wraps = core.u32(bank.state + LAYOUT.DECODE_WRAPS);
    if (status === 'more' || status === 'word') return status === 'word';
    throw this.#fault(bank, status);
  }

  #fault({ arena, state }: Decoding, status: DecodeStatus): PagepipeError {
    const { offset } = this.#window;
    const fault_at = arena.core.u32(state + LAYOUT.DECODE_FAULT_AT);
    const record = this.#window.available();
    switch (status) {
      case 'continue-first':
        return fail('continue-first', { offset });
      case 'unknown-block':
        return fail('unknown-block', { offset, block: nameIn(record) });
      case 'xbzrle-head':
        return fail('xbzrle-head', {
          offset: offset + fault_at,
          found: record[fault_at] ?? 0,
          expected: LAYOUT.XBZRLE_HEAD,
        });
      case 'xbzrle-size':
        return fail('xbzrle-size', {
          offset: offset + fault_at,
          bytes: viewOf(record).getUint16(fault_at),
          bytes_max: LAYOUT.PAGE_SIZE,
        });
      case 'xbzrle-run':
        return fail('xbzrle-run', {
          offset: offset + fault_at,
          found: hexOf(record.subarray(0, xbzrleEnd(record)), fault_at),
        });
      default:
        return this.#beyondBlock(record, arena.core.u32(state + LAYOUT.DECODE_LAST_BLOCK) - 1);
    }
  }

  #beyondBlock(record: Uint8Array, last_block: number): PagepipeError {
    const word = viewOf(record).getBigUint64(0);
    const is_named = (word & BigInt(LAYOUT.FLAG_CONTINUE)) === 0n;
    const name = nameIn(record);
    const block = is_named
      ? this.#blocks.find((candidate) => candidate.name === name)
      : this.#blocks[last_block];
    return fail('beyond-block', {
      offset: this.#window.offset,
      page_offset: word - (word & BigInt(LAYOUT.FLAG_MASK)),
      block: block?.name ?? '',
      block_bytes: block?.bytes ?? 0,
    });
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function nameIn(record: Uint8Array): string {
  const start = LAYOUT.WORD_SIZE + 1;
  return latin1(record.subarray(start, start + (record[LAYOUT.WORD_SIZE] ?? 0)));
}

/** Where an XBZRLE record ends: what stands behind it is not its own, and need not have come yet. */
function xbzrleEnd(record: Uint8Array): number {
  const is_named = (viewOf(record).getBigUint64(0) & BigInt(LAYOUT.FLAG_CONTINUE)) === 0n;
  const name_bytes = is_named ? 1 + (record[LAYOUT.WORD_SIZE] ?? 0) : 0;
  const head_end = LAYOUT.WORD_SIZE + name_bytes + LAYOUT.XBZRLE_HEAD_SIZE;
  return head_end + viewOf(record).getUint16(head_end - 2);
}

/** The few bytes at a fault. */
function hexOf(bytes: Uint8Array, at: number): string {
  return Array.from(bytes.subarray(at, at + 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
