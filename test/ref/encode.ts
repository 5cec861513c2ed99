/** The oracle of encode: all records of the pass first, then as many of them as fit. */
import { isZero } from './zero.ts';

export interface SourceBlock {
  /** The name's bytes, without the length byte. */
  name: Uint8Array;
  pages: readonly Uint8Array[];
  dirty: ReadonlySet<number>;
}

export interface PageRecord {
  /** 1-based, as the state counts. */
  block: number;
  page: number;
  kind: 'zero' | 'normal';
  bytes: Uint8Array;
}

/** What one call must have written, and how the state must look after it. */
export interface Taken {
  records: readonly PageRecord[];
  cursor: { block: number; page: number };
  stop: number;
}

/** Where a pass goes on, and the block of the record before. */
export interface Start {
  block: number;
  page: number;
  last_block: number;
}

/**
 * A record as QEMU writes it (migration/ram.c, save_page_header): a big-endian u64 of the page's offset and
 * flags 0x02 zero, 0x08 page, 0x20 continue; length byte and name without continue; the fill byte or page.
 */
function recordBytes(name: Uint8Array, page: number, content: Uint8Array, named: boolean): Uint8Array {
  const zero = isZero(content);
  const flags = (zero ? 0x02n : 0x08n) + (named ? 0n : 0x20n);
  const word = new Uint8Array(8);
  new DataView(word.buffer).setBigUint64(0, BigInt(page) * 4096n + flags, false);
  const idstr = named ? [Uint8Array.of(name.length), name] : [];
  const payload = zero ? Uint8Array.of(0) : content;
  return new Uint8Array(Buffer.concat([word, ...idstr, payload]));
}

/** The records of one pass from `start` on, in the order of blocks and pages. */
export function recordsFrom(blocks: readonly SourceBlock[], start: Start): PageRecord[] {
  const records: PageRecord[] = [];
  let last_block = start.last_block;
  blocks.forEach(({ name, pages, dirty }, index) => {
    pages.forEach((content, page) => {
      const behind = index < start.block || (index === start.block && page < start.page);
      if (behind || !dirty.has(page)) return;
      const block = index + 1;
      const bytes = recordBytes(name, page, content, block !== last_block);
      records.push({ block, page, kind: isZero(content) ? 'zero' : 'normal', bytes });
      last_block = block;
    });
  });
  return records;
}

/** Stop codes: 0 end of the pass, 1 the buffer cannot take the next record, 2 the budget is used up. */
export function take(records: readonly PageRecord[], out_size: number, budget: number): Taken {
  const taken: PageRecord[] = [];
  let room = out_size;
  for (const record of records) {
    const cursor = { block: record.block - 1, page: record.page };
    if (taken.length === budget) return { records: taken, cursor, stop: 2 };
    if (record.bytes.length > room) return { records: taken, cursor, stop: 1 };
    room -= record.bytes.length;
    taken.push(record);
  }
  return { records: taken, cursor: { block: 0, page: 0 }, stop: 0 };
}

/** The bytes of records, one after the other. */
export function streamOf(records: readonly PageRecord[]): Uint8Array {
  return new Uint8Array(Buffer.concat(records.map((record) => record.bytes)));
}
