/**
 * Reads a QEMU migration stream of RAM alone, slowly and obviously, and refuses whatever it does not know.
 * The oracle of the save loop: written from docs of the format, shares no code with src/.
 */
import { decode, WHOLE } from './xbzrle.ts';

const PAGE_BYTES = 4096;

/** A page record: which page, and in what form. */
export interface PageRecord {
  readonly block: string;
  readonly page: number;
  readonly is_zero: boolean;
  readonly is_xbzrle: boolean;
  /** From its word to its end. */
  readonly bytes: number;
}

export interface RamSectionRead {
  readonly kind: 'start' | 'part' | 'end';
  readonly records: readonly PageRecord[];
}

export interface RamStream {
  readonly machine: string;
  /** What the RAM is after every record was applied in order; pages that no record names are undefined. */
  readonly ram: ReadonlyMap<string, ReadonlyArray<Uint8Array | undefined>>;
  readonly sections: readonly RamSectionRead[];
  /** Bytes of page records alone. */
  readonly record_bytes: number;
  /** What follows RAM's END section. */
  readonly tail: Uint8Array;
}

/** Takes bytes from the front. */
class Input {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get at(): number {
    return this.#at;
  }

  take(count: number): Uint8Array {
    if (this.#at + count > this.#bytes.length) throw new Error(`cut at ${this.#at}, ${count} bytes wanted`);
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  number(byte_count: number): bigint {
    return this.take(byte_count).reduce((value, byte) => value * 256n + BigInt(byte), 0n);
  }

  text(length: number): string {
    return String.fromCharCode(...this.take(length));
  }

  expect(byte_count: number, wanted: number, what: string): void {
    const at = this.#at;
    const found = this.number(byte_count);
    if (found !== BigInt(wanted)) throw new Error(`${what} at ${at}: 0x${found.toString(16)}`);
  }

  rest(): Uint8Array {
    return this.#bytes.subarray(this.#at);
  }
}

const KINDS = new Map<bigint, RamSectionRead['kind']>([
  [1n, 'start'],
  [2n, 'part'],
  [3n, 'end'],
]);

/** One reading of a stream. */
class RamReader {
  readonly #input: Input;
  readonly #ram = new Map<string, (Uint8Array | undefined)[]>();
  #last_block = '';
  #record_bytes = 0;

  constructor(bytes: Uint8Array) {
    this.#input = new Input(bytes);
  }

  read(): RamStream {
    const input = this.#input;
    input.expect(4, 0x5145564d, 'magic');
    input.expect(4, 3, 'version');
    input.expect(1, 7, 'configuration');
    const machine = input.text(Number(input.number(4)));
    const sections: RamSectionRead[] = [];
    while (sections.at(-1)?.kind !== 'end') sections.push(this.#section());
    return { machine, ram: this.#ram, sections, record_bytes: this.#record_bytes, tail: input.rest() };
  }

  #section(): RamSectionRead {
    const input = this.#input;
    const kind = KINDS.get(input.number(1));
    if (kind === undefined) throw new Error(`no RAM section before ${input.at}`);
    const id = Number(input.number(4));
    if (kind === 'start') {
      if (input.text(Number(input.number(1))) !== 'ram') throw new Error('a section that is not RAM');
      input.expect(4, 0, 'instance');
      input.expect(4, 4, 'RAM version');
    }
    const records = this.#body(kind);
    input.expect(1, 0x7e, 'footer');
    input.expect(4, id, 'id in the footer');
    return { kind, records };
  }

  #body(kind: RamSectionRead['kind']): PageRecord[] {
    const records: PageRecord[] = [];
    for (;;) {
      const from = this.#input.at;
      const word = this.#input.number(8);
      const flags = Number(word % 4096n);
      const offset = Number(word) - flags;
      if (flags === 0x10) return records;
      if (flags === 0x04 && kind === 'start') {
        this.#blockList(offset);
      } else {
        const record = this.#record(flags, offset);
        records.push({ ...record, bytes: this.#input.at - from });
        this.#record_bytes += this.#input.at - from;
      }
    }
  }

  #blockList(total_bytes: number): void {
    let left = total_bytes;
    while (left > 0) {
      const name = this.#input.text(Number(this.#input.number(1)));
      const bytes = Number(this.#input.number(8));
      this.#ram.set(name, new Array(bytes / PAGE_BYTES).fill(undefined));
      left -= bytes;
    }
  }

  #record(flags: number, offset: number): Omit<PageRecord, 'bytes'> {
    const input = this.#input;
    const kind = flags & ~0x20;
    if (kind !== 0x02 && kind !== 0x08 && kind !== 0x40) throw new Error(`flags ${flags} before ${input.at}`);
    const [is_zero, is_xbzrle] = [kind === 0x02, kind === 0x40];
    if ((flags & 0x20) === 0) this.#last_block = input.text(Number(input.number(1)));
    const pages = this.#ram.get(this.#last_block);
    const page = offset / PAGE_BYTES;
    if (pages === undefined || page >= pages.length) throw new Error(`page ${this.#last_block}/${page}`);
    if (is_zero) input.expect(1, 0, 'fill byte');
    if (is_xbzrle) pages[page] = this.#changed(pages[page]);
    else pages[page] = is_zero ? new Uint8Array(PAGE_BYTES) : input.take(PAGE_BYTES);
    return { block: this.#last_block, page, is_zero, is_xbzrle };
  }

  /** What XBZRLE, 0x01 and a length before it, makes of a page that is there already. */
  #changed(page: Uint8Array | undefined): Uint8Array {
    this.#input.expect(1, 0x01, 'encoding');
    const payload = this.#input.take(Number(this.#input.number(2)));
    if (page === undefined) throw new Error(`a change of a page that never came, before ${this.#input.at}`);
    const changed = page.slice();
    if (decode(changed, payload) !== WHOLE) throw new Error(`XBZRLE payload before ${this.#input.at}`);
    return changed;
  }
}

/** Reads a stream to its end. */
export function readRamStream(bytes: Uint8Array): RamStream {
  return new RamReader(bytes).read();
}

/** All page records in order, whatever their section. */
export function recordsOf(stream: RamStream): PageRecord[] {
  return stream.sections.flatMap((section) => section.records);
}
