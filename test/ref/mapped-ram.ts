/**
 * QEMU's mapped-ram file, built and read a second time (docs/devel/migration/mapped-ram.rst; migration/ram.c,
 * mapped_ram_setup_ramblock and ram_save_file_bmap). Nothing is shared with src/.
 */
import { bigEndian, idstr, PAGE_BYTES } from './stream.ts';

/** struct MappedRamHeader, packed, big-endian. */
const HEADER_BYTES = 28;

export interface MappedBlock {
  readonly name: string;
  readonly bytes: number;
  /** Offsets in the file of its name, its header, its bitmap and its pages. */
  readonly name_at: number;
  readonly header_at: number;
  readonly bitmap_offset: number;
  readonly pages_offset: number;
  /** The pages whose bit is set. */
  readonly present: readonly number[];
  readonly ram: Buffer;
}

export interface MappedFile {
  readonly machine: string;
  readonly section_id: number;
  readonly blocks: readonly MappedBlock[];
  /** Types of RAM's sections, START left out. */
  readonly section_types: readonly number[];
  /** What follows RAM's END, and where. */
  readonly tail: Buffer;
  readonly tail_at: number;
}

/** Reads at a place that moves on. */
class Cursor {
  at: number;
  readonly #file: Buffer;

  constructor(file: Buffer, at: number) {
    this.#file = file;
    this.at = at;
  }

  take(bytes: number): Buffer {
    if (this.at + bytes > this.#file.length) throw new Error(`${bytes} bytes wanted at ${this.at}`);
    this.at += bytes;
    return this.#file.subarray(this.at - bytes, this.at);
  }

  number(bytes: number): number {
    return Number(BigInt(`0x${this.take(bytes).toString('hex')}`));
  }

  text(length_bytes: number): string {
    return this.take(this.number(length_bytes)).toString('latin1');
  }

  expect(what: string, bytes: number, wanted: number): void {
    const found = this.number(bytes);
    if (found !== wanted) throw new Error(`${what} ${found}, not ${wanted}, before ${this.at}`);
  }
}

function readBlock(file: Buffer, cursor: Cursor): MappedBlock {
  const name_at = cursor.at;
  const name = cursor.text(1);
  const bytes = cursor.number(8);
  const header_at = cursor.at;
  cursor.expect('version of mapped-ram', 4, 1);
  cursor.expect('page size', 8, PAGE_BYTES);
  const bitmap_offset = cursor.number(8);
  const pages_offset = cursor.number(8);
  const ram = Buffer.alloc(bytes);
  const present: number[] = [];
  for (let page = 0; page < bytes / PAGE_BYTES; page++) {
    const byte = file[bitmap_offset + Math.floor(page / 8)] ?? 0;
    if (((byte >> (page % 8)) & 1) === 0) continue;
    present.push(page);
    const at = pages_offset + page * PAGE_BYTES;
    file.copy(ram, page * PAGE_BYTES, at, at + PAGE_BYTES);
  }
  cursor.at = pages_offset + bytes;
  return { name, bytes, name_at, header_at, bitmap_offset, pages_offset, present, ram };
}

/** Reads a file whose stream begins at `base`. */
export function readMapped(file: Buffer, base = 0): MappedFile {
  const cursor = new Cursor(file, base);
  cursor.expect('magic', 4, 0x5145564d);
  cursor.expect('version', 4, 3);
  cursor.expect('configuration', 1, 0x07);
  const machine = cursor.text(4);
  cursor.expect('subsection', 1, 0x05);
  if (cursor.text(1) !== 'configuration/capabilities') throw new Error('another subsection');
  cursor.expect('version of capabilities', 4, 1);
  cursor.expect('count of capabilities', 4, 1);
  if (cursor.text(1) !== 'mapped-ram') throw new Error('another capability');
  cursor.expect('START', 1, 0x01);
  const section_id = cursor.number(4);
  if (cursor.text(1) !== 'ram') throw new Error('another section');
  cursor.expect('instance', 4, 0);
  cursor.expect('RAM version', 4, 4);
  // RAM_SAVE_FLAG_MEM_SIZE
  let left = cursor.number(8) - 0x04;
  const blocks: MappedBlock[] = [];
  while (left > 0) {
    const block = readBlock(file, cursor);
    blocks.push(block);
    left -= block.bytes;
  }
  const closeSection = (): void => {
    cursor.expect('EOS', 8, 0x10);
    cursor.expect('footer', 1, 0x7e);
    cursor.expect('footer id', 4, section_id);
  };
  closeSection();
  const section_types: number[] = [];
  while (section_types.at(-1) !== 0x03) {
    section_types.push(cursor.number(1));
    cursor.expect('section id', 4, section_id);
    closeSection();
  }
  return { machine, section_id, blocks, section_types, tail: file.subarray(cursor.at), tail_at: cursor.at };
}

/** What a test puts into the header of a block, in place of what belongs there. */
export interface HeaderFields {
  readonly version?: number;
  readonly page_size?: number;
  readonly bitmap_offset?: number | bigint;
  readonly pages_offset?: number | bigint;
}

export interface BlockToBuild {
  readonly name: string;
  /** The pages; undefined is one that is zero and not in the file. */
  readonly pages: readonly (Uint8Array | undefined)[];
  readonly header?: HeaderFields;
  /** Its physical address, behind its length, as x-ignore-shared has it. */
  readonly address?: number;
  /** Shared memory, of which there is a header without places and nothing else (QEMU 11.0). */
  readonly is_elsewhere?: boolean;
  /** Bits of the bitmap that are set besides. */
  readonly more_bits?: readonly number[];
}

export interface BuiltFile {
  readonly bytes: Buffer;
  /** Offset in `bytes` of each block's header. */
  readonly headers: readonly number[];
  readonly ram: ReadonlyMap<string, Buffer>;
  /** Of each block: pages in the file. */
  readonly present: readonly number[];
}

const ZERO_PAGE = Buffer.alloc(PAGE_BYTES);

function streamHead(capabilities: readonly string[]): number[] {
  return [
    ...Buffer.from('QEVM'),
    ...bigEndian(3, 4),
    0x07,
    ...bigEndian(2, 4),
    ...Buffer.from('pc'),
    0x05,
    ...idstr('configuration/capabilities'),
    ...bigEndian(1, 4),
    ...bigEndian(capabilities.length, 4),
    ...capabilities.flatMap(idstr),
    0x01,
    ...bigEndian(2, 4),
    ...idstr('ram'),
    ...bigEndian(0, 4),
    ...bigEndian(4, 4),
  ];
}

const CLOSE = [...bigEndian(0x10, 8), 0x7e, ...bigEndian(2, 4)];
const SECTION_END = [0x03, ...bigEndian(2, 4), ...CLOSE];

/**
 * Builds a file; pages begin at whole pages of the file, not at whole MiB, so that it stays small.
 *
 * @param base where in another file it is to stand: its offsets count from that file's begin
 */
export function buildMapped(
  blocks: readonly BlockToBuild[],
  tail: readonly number[] = [0],
  base = 0,
): BuiltFile {
  const total_bytes = blocks.reduce((sum, { pages }) => sum + pages.length * PAGE_BYTES, 0);
  const is_shared = blocks.some((block) => block.address !== undefined);
  const head = streamHead(is_shared ? ['x-ignore-shared', 'mapped-ram'] : ['mapped-ram']);
  let bytes = Buffer.from([...head, ...bigEndian(total_bytes + 0x04, 8)]);
  const headers: number[] = [];
  for (const block of blocks) {
    const address = block.address === undefined ? [] : bigEndian(block.address, 8);
    const entry = [...idstr(block.name), ...bigEndian(block.pages.length * PAGE_BYTES, 8), ...address];
    const header_at = bytes.length + entry.length;
    const bitmap_at = header_at + HEADER_BYTES;
    const bitmap = Buffer.alloc(Math.ceil(block.pages.length / 64) * 8);
    const set = block.pages.flatMap((page, at) => (page === undefined ? [] : [at]));
    for (const bit of [...set, ...(block.more_bits ?? [])])
      bitmap[bit >> 3] = (bitmap[bit >> 3] ?? 0) | (1 << (bit & 7));
    const unaligned = base + bitmap_at + bitmap.length;
    const pages_offset = Math.ceil(unaligned / PAGE_BYTES) * PAGE_BYTES;
    const { header = {} } = block;
    const fields = [
      ...bigEndian(header.version ?? 1, 4),
      ...bigEndian(header.page_size ?? PAGE_BYTES, 8),
      ...bigEndian(header.bitmap_offset ?? base + bitmap_at, 8),
      ...bigEndian(header.pages_offset ?? pages_offset, 8),
    ];
    headers.push(header_at);
    if (block.is_elsewhere === true) {
      bytes = Buffer.concat([bytes, Buffer.from([...entry, ...fields])]);
      continue;
    }
    const gap = Buffer.alloc(pages_offset - unaligned, 0xee);
    const pages = block.pages.map((page) => page ?? Buffer.alloc(PAGE_BYTES, 0xdd));
    bytes = Buffer.concat([bytes, Buffer.from([...entry, ...fields]), bitmap, gap, ...pages]);
  }
  return {
    bytes: Buffer.concat([bytes, Buffer.from([...CLOSE, ...SECTION_END, ...tail])]),
    headers,
    ram: new Map(
      blocks.map(({ name, pages }) => [name, Buffer.concat(pages.map((page) => page ?? ZERO_PAGE))]),
    ),
    present: blocks.map(({ pages }) => pages.filter((page) => page !== undefined).length),
  };
}
