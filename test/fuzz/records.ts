/** Page records and XBZRLE payloads of seeds. */
import { bigEndian, idstr, PAGE_BYTES, patternPage, type StreamBuilder } from '../ref/stream.ts';
import { encode } from '../ref/xbzrle.ts';
import type { Random } from './random.ts';

export interface Block {
  readonly name: string;
  readonly pages: number;
}

/** A payload that changes some bytes of a page. */
export function xbzrlePayload(random: Random): Uint8Array {
  const old_page = patternPage(random.below(4));
  const new_page = old_page.slice();
  const runs = random.chance(0.05) ? 200 : random.between(0, 6);
  for (let run = 0; run < runs; run++) {
    const from = random.chance(0.2) ? random.pick([0, 4095, 2048]) : random.below(PAGE_BYTES);
    const length = random.pick([1, 2, 4, 8, 15, 16, 17, 127, 128, 129]);
    for (let at = from; at < Math.min(PAGE_BYTES, from + length); at++)
      new_page[at] = (new_page[at] ?? 0) ^ 0x5a;
  }
  return encode(old_page, new_page, PAGE_BYTES) ?? new Uint8Array(0);
}

/** Zero, filled and changed pages for the most part: whole ones are long and say nothing. */
export function addRecords(
  stream: StreamBuilder,
  blocks: readonly Block[],
  random: Random,
  count: number,
  beyond = 0,
): void {
  let last = '';
  for (let i = 0; i < count; i++) {
    const { name, pages } = random.pickAny(blocks) ?? { name: 'ram', pages: 1 };
    // now and then the page right behind the block
    const page = random.chance(beyond) ? pages : random.below(pages);
    if (random.chance(0.3)) stream.zero(name, page);
    else if (random.chance(0.5)) stream.fill(name, page, random.u32() & 0xff);
    else if (random.chance(0.15)) stream.page(name, page, patternPage(i));
    else {
      // named, and what comes behind is named again: the builder does not know of this record
      const payload = xbzrlePayload(random);
      stream.word('record', BigInt(page * PAGE_BYTES) | 0x40n).raw('record-idstr', idstr(name));
      stream.raw('xbzrle-head', [1]).raw('xbzrle-size', bigEndian(payload.length, 2));
      stream.raw('xbzrle-payload', payload);
      if (last !== name) stream.fill(name, page, 7, 'named');
    }
    last = name;
  }
}
