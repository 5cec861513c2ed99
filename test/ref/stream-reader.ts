/**
 * The other half of the oracle: reads back what our writer wrote, in the plainest way, and refuses all that
 * a stream without devices does not need; XBZRLE, which changes what came before, is for ram-reader.ts. It
 * shares nothing with src/.
 */
import { type BlockLength, PAGE_BYTES } from './stream.ts';

export interface PageRecord {
  readonly section: 'start' | 'part' | 'end';
  readonly block: string;
  readonly page: number;
  readonly is_zero: boolean;
  readonly is_continued: boolean;
}

export interface ReadBack {
  readonly machine: string;
  readonly section_ids: readonly number[];
  readonly blocks: readonly BlockLength[];
  readonly ram: ReadonlyMap<string, Uint8Array>;
  readonly records: readonly PageRecord[];
  /** All behind RAM's END section. */
  readonly tail: Buffer;
}

class Cursor {
  offset = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes);
  }

  take(bytes: number): Buffer {
    if (this.offset + bytes > this.#bytes.length) throw new Error(`cut at ${this.#bytes.length}`);
    this.offset += bytes;
    return this.#bytes.subarray(this.offset - bytes, this.offset);
  }

  number(bytes: number): number {
    return this.take(bytes).readUIntBE(0, bytes);
  }

  word(): bigint {
    return this.take(8).readBigUInt64BE();
  }

  text(bytes: number): string {
    return this.take(bytes).toString('latin1');
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.offset);
  }

  expect(what: string, found: number | bigint | string, expected: number | bigint | string): void {
    if (found !== expected) throw new Error(`${what} ${found}, not ${expected}, before ${this.offset}`);
  }
}

class RamReader {
  readonly blocks: BlockLength[] = [];
  readonly ram = new Map<string, Uint8Array>();
  readonly records: PageRecord[] = [];
  readonly #cursor: Cursor;
  #block = '';

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  /** Words until RAM_SAVE_FLAG_EOS, 0x10 (migration/ram.h). */
  body(section: PageRecord['section']): void {
    for (let word = this.#cursor.word(); word !== 0x10n; word = this.#cursor.word()) {
      if ((word & 0xfffn) === 0x04n) this.#blockList(Number(word - 0x04n));
      else this.#record(section, word);
    }
  }

  #blockList(total_bytes: number): void {
    for (let sum_bytes = 0; sum_bytes < total_bytes; ) {
      const name = this.#cursor.text(this.#cursor.number(1));
      const bytes = Number(this.#cursor.word());
      this.blocks.push({ name, bytes });
      this.ram.set(name, new Uint8Array(bytes));
      sum_bytes += bytes;
    }
  }

  /** RAM_SAVE_FLAG_ZERO 0x02 or _PAGE 0x08, and _CONTINUE 0x20 (migration/ram.h). */
  #record(section: PageRecord['section'], word: bigint): void {
    const flags = Number(word & 0xfffn);
    const is_continued = (flags & 0x20) !== 0;
    const kind = flags & ~0x20;
    if (kind !== 0x02 && kind !== 0x08) throw new Error(`flags ${flags} before ${this.#cursor.offset}`);
    if (!is_continued) this.#block = this.#cursor.text(this.#cursor.number(1));
    const ram = this.ram.get(this.#block);
    const page = Number(word >> 12n);
    if (ram === undefined || (page + 1) * PAGE_BYTES > ram.length) {
      throw new Error(`page ${page} of "${this.#block}" before ${this.#cursor.offset}`);
    }
    if (kind === 0x08) ram.set(this.#cursor.take(PAGE_BYTES), page * PAGE_BYTES);
    else ram.fill(this.#cursor.number(1), page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
    this.records.push({ section, block: this.#block, page, is_zero: kind === 0x02, is_continued });
  }
}

/** RAM's sections START 0x01, PART 0x02, END 0x03, each with its footer 0x7e (migration/savevm.h). */
function readSections(cursor: Cursor, ram: RamReader): number[] {
  const ids: number[] = [];
  for (;;) {
    const type = cursor.number(1);
    ids.push(cursor.number(4));
    if (ids.length === 1) {
      cursor.expect('first section', type, 0x01);
      cursor.expect('section name', cursor.text(cursor.number(1)), 'ram');
      cursor.expect('instance', cursor.number(4), 0);
      cursor.expect('RAM version', cursor.number(4), 4);
    } else if (type !== 0x02 && type !== 0x03) throw new Error(`section type ${type}`);
    ram.body(type === 0x01 ? 'start' : type === 0x02 ? 'part' : 'end');
    cursor.expect('footer', cursor.number(1), 0x7e);
    cursor.expect('footer id', cursor.number(4), ids.at(-1) ?? 0);
    if (type === 0x03) return ids;
  }
}

/** Header "QEVM" 3, configuration 0x07, RAM; what follows is given as it stands. */
export function readBack(stream: Uint8Array): ReadBack {
  const cursor = new Cursor(stream);
  cursor.expect('magic', cursor.text(4), 'QEVM');
  cursor.expect('version', cursor.number(4), 3);
  cursor.expect('configuration', cursor.number(1), 0x07);
  const machine = cursor.text(cursor.number(4));
  const ram = new RamReader(cursor);
  const section_ids = readSections(cursor, ram);
  return {
    machine,
    section_ids,
    blocks: ram.blocks,
    ram: ram.ram,
    records: ram.records,
    tail: cursor.rest(),
  };
}

/** The JSON of a tail without devices: EOF 0x00, description 0x06, u32 length of all that is left. */
export function readDescription(tail: Buffer): unknown {
  const cursor = new Cursor(tail);
  cursor.expect('EOF', cursor.number(1), 0x00);
  cursor.expect('description', cursor.number(1), 0x06);
  cursor.expect('description length', cursor.number(4), tail.length - 6);
  return JSON.parse(cursor.rest().toString('utf8'));
}
