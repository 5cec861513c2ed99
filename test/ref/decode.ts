/** The oracle of decode: reads one record at a time with a DataView and BigInt. */

export interface TargetBlock {
  /** The name's bytes, without the length byte. */
  name: Uint8Array;
  pages: number;
  /** The pages' bytes; undefined counts only. */
  ram: Uint8Array | undefined;
  normal: number;
  zero: number;
  fill: number;
}

export interface DecodeState {
  /** 1-based; 0 before the first record. */
  last_block: number;
  last_page: number;
  status: number;
  wraps: number;
}

interface ParsedRecord {
  block: number;
  page: number;
  size: number;
  /** One byte for a fill record, 4096 for a page. */
  payload: Uint8Array;
}

/** Statuses: 0 more input, 1 no page record, 2 continue first, 3 unknown block, 4 beyond the block. */
type Parsed = ParsedRecord | 0 | 1 | 2 | 3 | 4;

/** Which block has this name, 1-based; the first one, 0 for none. */
function blockNamed(blocks: readonly TargetBlock[], name: Uint8Array): number {
  return 1 + blocks.findIndex((block) => Buffer.from(block.name).equals(name));
}

/** The record at the start of `input`; flags are those of QEMU's migration/ram.h. */
function parse(input: Uint8Array, blocks: readonly TargetBlock[], last_block: number): Parsed {
  if (input.length < 8) return 0;
  const word = new DataView(input.buffer, input.byteOffset, 8).getBigUint64(0, false);
  const flags = Number(word % 4096n);
  // 0x02 zero, 0x08 page, 0x20 continue
  if (![0x02, 0x08, 0x22, 0x28].includes(flags)) return 1;
  const named = flags < 0x20;
  if (!named && last_block === 0) return 2;
  const idstr_size = named ? 1 + (input[8] ?? 0) : 0;
  if (named && input.length < 8 + Math.max(1, idstr_size)) return 0;
  const block = named ? blockNamed(blocks, input.subarray(9, 8 + idstr_size)) : last_block;
  const target = blocks[block - 1];
  if (target === undefined) return 3;
  const page = word / 4096n;
  if (page >= BigInt(target.pages)) return 4;
  const start = 8 + idstr_size;
  const size = start + (flags % 0x20 === 0x02 ? 1 : 4096);
  if (input.length < size) return 0;
  return { block, page: Number(page), size, payload: input.subarray(start, size) };
}

function store(target: TargetBlock, page: number, payload: Uint8Array): void {
  const [byte = 0] = payload;
  if (payload.length > 1) target.normal++;
  else if (byte === 0) target.zero++;
  else target.fill++;
  for (let at = 0; at < 4096 && target.ram !== undefined; at++) {
    target.ram[page * 4096 + at] = payload.length > 1 ? (payload[at] ?? 0) : byte;
  }
}

/** Reads whole records into `blocks` and `state`; returns how many bytes are consumed. */
export function decode(state: DecodeState, blocks: readonly TargetBlock[], input: Uint8Array): number {
  let consumed = 0;
  for (;;) {
    const record = parse(input.subarray(consumed), blocks, state.last_block);
    if (typeof record === 'number') {
      state.status = record;
      return consumed;
    }
    const target = blocks[record.block - 1];
    if (target !== undefined) store(target, record.page, record.payload);
    const place = [record.block, record.page];
    const before = [state.last_block, state.last_page];
    if (comesAtOrBefore(place, before)) state.wraps++;
    state.last_block = record.block;
    state.last_page = record.page;
    consumed += record.size;
  }
}

/** Whether (block, page) is not after the one before it. */
function comesAtOrBefore(
  [block = 0, page = 0]: number[],
  [last_block = 0, last_page = 0]: number[],
): boolean {
  return block === last_block ? page <= last_page : block < last_block;
}
