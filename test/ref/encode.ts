/** The oracle of encode: one page at a time, with records of byte arrays. */
import type { PageCache } from './cache.ts';
import { encode as xbzrleEncode } from './xbzrle.ts';
import { isZero } from './zero.ts';

/** The part of a block that stands here; `encode` takes from `dirty` and adds to the counters. */
export interface SourceBlock {
  /** The name's bytes, without the length byte. */
  name: Uint8Array;
  pages: Uint8Array[];
  /** Pages of the block before and after these. */
  first: number;
  beyond: number;
  dirty: Set<number>;
  normal: number;
  zero: number;
  xbzrle: number;
}

/** As assembly/layout.ts draws it, but for what it points to. Stops: 0 end of the pass, 1 full, 2 budget. */
export interface EncodeState {
  block: number;
  page: number;
  /** 1-based; 0 before the first record. */
  last_block: number;
  stop: number;
  normal: number;
  zero: number;
  xbzrle: number;
  skipped: number;
}

export function freshState(): EncodeState {
  return { block: 0, page: 0, last_block: 0, stop: 0, normal: 0, zero: 0, xbzrle: 0, skipped: 0 };
}

type Kind = 'zero' | 'normal' | 'xbzrle';

/** Flags of QEMU's migration/ram.h; 0x20 is continue. */
const FLAGS = { zero: 0x02, normal: 0x08, xbzrle: 0x40 };

/** Word, name and payload; as QEMU writes them (migration/ram.c, save_page_header). */
function recordBytes(page: number, kind: Kind, idstr: Uint8Array, payload: Uint8Array): Uint8Array {
  const flags = FLAGS[kind] + (idstr.length > 0 ? 0 : 0x20);
  const word = new Uint8Array(8);
  new DataView(word.buffer).setBigUint64(0, BigInt(page) * 4096n + BigInt(flags), false);
  return new Uint8Array(Buffer.concat([word, idstr, payload]));
}

interface Payload {
  kind: Kind;
  bytes: Uint8Array;
}

/** What a page that is not zero goes as; undefined where it is as it was last sent (save_xbzrle_page). */
function payloadOf(
  content: Uint8Array,
  cache: PageCache | undefined,
  guest_page: number,
  idstr_size: number,
): Payload | undefined {
  const whole: Payload = { kind: 'normal', bytes: content };
  if (cache === undefined) return whole;
  const before = cache.find(guest_page);
  if (before === undefined) {
    if (!cache.is_last_stage) cache.insert(guest_page, content);
    return whole;
  }
  cache.pages++;
  const changes = xbzrleEncode(before, content, 4096);
  if (changes?.length === 0) return undefined;
  if (!cache.is_last_stage) cache.update(guest_page, content);
  if (changes === undefined) {
    cache.overflow++;
    cache.bytes += 4096;
    return whole;
  }
  cache.bytes += idstr_size + 3 + changes.length;
  const head = Uint8Array.of(1, Math.floor(changes.length / 256), changes.length % 256);
  return { kind: 'xbzrle', bytes: new Uint8Array(Buffer.concat([head, changes])) };
}

/** How many pages of the guest come before a block. */
function pagesBefore(blocks: readonly SourceBlock[], index: number): number {
  return blocks.slice(0, index).reduce((sum, { first, pages, beyond }) => {
    return sum + first + pages.length + beyond;
  }, 0);
}

/** Where the walk stands: the next dirty page from the cursor on. */
function nextDirty(
  state: EncodeState,
  blocks: readonly SourceBlock[],
): { index: number; page: number } | undefined {
  for (let index = state.block; index < blocks.length; index++) {
    const { pages, dirty } = blocks[index] ?? { pages: [], dirty: new Set() };
    for (let page = index === state.block ? state.page : 0; page < pages.length; page++) {
      if (dirty.has(page)) return { index, page };
    }
  }
  return undefined;
}

/** One call: the records that it writes, in order; the state, the blocks and the cache go on with it. */
export function encode(
  state: EncodeState,
  blocks: readonly SourceBlock[],
  cache: PageCache | undefined,
  out_size: number,
  budget: number,
): Uint8Array[] {
  const records: Uint8Array[] = [];
  let room = out_size;
  Object.assign(state, { normal: 0, zero: 0, xbzrle: 0, skipped: 0 });
  for (;;) {
    const found = nextDirty(state, blocks);
    const block = blocks[found?.index ?? -1];
    const content = block?.pages[found?.page ?? -1];
    if (found === undefined || block === undefined || content === undefined) {
      Object.assign(state, { block: 0, page: 0, stop: 0 });
      return records;
    }
    const { index, page } = found;
    Object.assign(state, { block: index, page });

    const idstr = state.last_block === index + 1 ? [] : [block.name.length, ...block.name];
    const is_zero = isZero(content);
    // with a cache a record's size shows too late: there has to be room for the longest
    const needed = 8 + idstr.length + (is_zero ? 1 : 4096 + (cache === undefined ? 0 : 3));
    const is_budget_used = state.normal + state.zero + state.xbzrle + state.skipped === budget;
    if (is_budget_used || needed > room) {
      state.stop = is_budget_used ? 2 : 1;
      return records;
    }

    const guest_page = pagesBefore(blocks, index) + block.first + page;
    if (is_zero) cache?.insert(guest_page, content);
    const zero: Payload = { kind: 'zero', bytes: Uint8Array.of(0) };
    const payload = is_zero ? zero : payloadOf(content, cache, guest_page, idstr.length);
    block.dirty.delete(page);
    state.page = page + 1;
    if (payload === undefined) {
      state.skipped++;
      continue;
    }
    const record = recordBytes(block.first + page, payload.kind, Uint8Array.from(idstr), payload.bytes);
    records.push(record);
    room -= record.length;
    block[payload.kind]++;
    state[payload.kind]++;
    state.last_block = index + 1;
  }
}
