/** The oracle of decode: reads one record at a time with a DataView and BigInt. */
import { WHOLE, decode as xbzrleDecode } from './xbzrle.ts';

export interface TargetBlock {
  /** The name's bytes, without the length byte. */
  name: Uint8Array;
  /** Pages that stand here, of the block's `first + pages + beyond`. */
  pages: number;
  first: number;
  beyond: number;
  /** The pages' bytes; undefined counts only. */
  ram: Uint8Array | undefined;
  /** Pages that came last as other than zero; undefined takes nothing down. */
  present?: Set<number>;
  /** Pages that any record came for; undefined takes nothing down. */
  seen?: Set<number>;
  normal: number;
  zero: number;
  fill: number;
  xbzrle: number;
}

export interface DecodeState {
  /** 1-based; 0 before the first record. */
  last_block: number;
  last_page: number;
  status: number;
  wraps: number;
  /** Where in the record the last XBZRLE fault stands. */
  fault_at: number;
}

/** Before any record. */
export function freshState(): DecodeState {
  return { last_block: 0, last_page: 0, status: 0, wraps: 0, fault_at: 0 };
}

/** A block with all of its pages here, all zero. */
export function wholeBlock(name: Uint8Array, pages: number): TargetBlock & { ram: Uint8Array } {
  const ram = new Uint8Array(pages * 4096);
  return { name, pages, first: 0, beyond: 0, ram, normal: 0, zero: 0, fill: 0, xbzrle: 0 };
}

type Kind = 'zero' | 'normal' | 'xbzrle';

interface ParsedRecord {
  block: number;
  page: number;
  kind: Kind;
  /** Where the payload starts, and where the record ends; an XBZRLE payload is behind its head of 3 bytes. */
  start: number;
  end: number;
}

/**
 * Why a record is not read. Statuses: 0 more input, 1 no page record, 2 continue first, 3 unknown block,
 * 4 beyond the block, 5 in another window, 6 XBZRLE head, 7 XBZRLE size, 8 XBZRLE run.
 */
interface Stop {
  status: number;
  fault_at?: number;
}

/** Which block has this name, 1-based; the first one, 0 for none. */
function blockNamed(blocks: readonly TargetBlock[], name: Uint8Array): number {
  return 1 + blocks.findIndex((block) => Buffer.from(block.name).equals(name));
}

/** Flags of QEMU's migration/ram.h: 0x02 zero, 0x08 page, 0x40 xbzrle; 0x20 continue goes with each. */
const KINDS: ReadonlyMap<number, Kind> = new Map([
  [0x02, 'zero'],
  [0x08, 'normal'],
  [0x40, 'xbzrle'],
]);

/** The record at the start of `input`. */
function parse(input: Uint8Array, blocks: readonly TargetBlock[], last_block: number): ParsedRecord | Stop {
  if (input.length < 8) return { status: 0 };
  const word = new DataView(input.buffer, input.byteOffset, 8).getBigUint64(0, false);
  const flags = Number(word % 4096n);
  const named = Math.floor(flags / 0x20) % 2 === 0;
  const kind = KINDS.get(named ? flags : flags - 0x20);
  if (kind === undefined) return { status: 1 };
  if (!named && last_block === 0) return { status: 2 };
  const idstr_size = named ? 1 + (input[8] ?? 0) : 0;
  if (named && input.length < 8 + Math.max(1, idstr_size)) return { status: 0 };
  const block = named ? blockNamed(blocks, input.subarray(9, 8 + idstr_size)) : last_block;
  const target = blocks[block - 1];
  if (target === undefined) return { status: 3 };

  const page = word / 4096n;
  if (page >= BigInt(target.first + target.pages + target.beyond)) return { status: 4 };
  if (page < BigInt(target.first) || page >= BigInt(target.first + target.pages)) return { status: 5 };
  const head_size = 8 + idstr_size;
  const sized = payloadOf(kind, input, head_size);
  if ('status' in sized) return sized;
  if (input.length < sized.end) return { status: 0 };
  return { block, page: Number(page), kind, ...sized };
}

/** The payload behind a head: one byte to fill with, a page, or 0x01, the big-endian size and the changes. */
function payloadOf(kind: Kind, input: Uint8Array, at: number): { start: number; end: number } | Stop {
  if (kind === 'zero') return { start: at, end: at + 1 };
  if (kind === 'normal') return { start: at, end: at + 4096 };
  const [head, high = 0, low = 0] = input.subarray(at, at + 3);
  if (input.length < at + 3) return { status: 0 };
  if (head !== 1) return { status: 6, fault_at: at };
  const size = high * 256 + low;
  return size > 4096 ? { status: 7, fault_at: at + 1 } : { start: at + 3, end: at + 3 + size };
}

/** Does what the record says; where its changes are wrong, those before the fault are done. */
function apply(blocks: readonly TargetBlock[], record: ParsedRecord, input: Uint8Array): Stop | undefined {
  const { block, page, kind, start, end } = record;
  const payload = input.subarray(start, end);
  const target = blocks[block - 1];
  if (target === undefined) return { status: 3 };
  const here = page - target.first;
  const bytes = target.ram?.subarray(here * 4096, (here + 1) * 4096) ?? new Uint8Array(4096);
  if (kind === 'xbzrle') {
    const fault = xbzrleDecode(bytes, payload);
    if (fault !== WHOLE) return { status: 8, fault_at: start + fault };
    target.xbzrle++;
    target.present?.add(here);
    target.seen?.add(here);
    return undefined;
  }
  const [byte = 0] = payload;
  if (kind === 'normal') target.normal++;
  else if (byte === 0) target.zero++;
  else target.fill++;
  if (kind === 'zero' && byte === 0) target.present?.delete(here);
  else target.present?.add(here);
  target.seen?.add(here);
  for (let at = 0; at < 4096; at++) bytes[at] = kind === 'normal' ? (payload[at] ?? 0) : byte;
  return undefined;
}

/** Reads whole records into `blocks` and `state`; returns how many bytes are consumed. */
export function decode(state: DecodeState, blocks: readonly TargetBlock[], input: Uint8Array): number {
  let consumed = 0;
  for (;;) {
    const rest = input.subarray(consumed);
    const record = parse(rest, blocks, state.last_block);
    const stop = 'status' in record ? record : apply(blocks, record, rest);
    if ('status' in record || stop !== undefined) {
      state.status = stop?.status ?? 0;
      state.fault_at = stop?.fault_at ?? state.fault_at;
      return consumed;
    }
    const place = [record.block, record.page];
    if (comesAtOrBefore(place, [state.last_block, state.last_page])) state.wraps++;
    state.last_block = record.block;
    state.last_page = record.page;
    consumed += record.end;
  }
}

/** Whether (block, page) is not after the one before it. */
function comesAtOrBefore(
  [block = 0, page = 0]: number[],
  [last_block = 0, last_page = 0]: number[],
): boolean {
  return block === last_block ? page <= last_page : block < last_block;
}
