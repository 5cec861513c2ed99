/** Writes the elements of a migration stream that stand around the page records. */
import { fail } from '../errors.ts';
import {
  ELEMENT_CONFIGURATION,
  ELEMENT_EOF,
  ELEMENT_SECTION_END,
  ELEMENT_SECTION_FOOTER,
  ELEMENT_SECTION_PART,
  ELEMENT_SECTION_START,
  ELEMENT_VMDESCRIPTION,
  FILE_MAGIC,
  FILE_VERSION,
  IDSTR_BYTES_MAX,
  RAM_IDSTR,
  RAM_VERSION,
  WORD_EOS,
  WORD_MEM_SIZE,
} from './constants.ts';
import type { BlockLength } from './reader.ts';
import { latin1Bytes } from './window.ts';

type Bytes = Uint8Array<ArrayBuffer>;

function u8(value: number): Bytes {
  return Uint8Array.of(value);
}

function u32(value: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function u64(value: number): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

function join(...parts: readonly Bytes[]): Bytes {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** A name as on the wire: its length in one byte, then its bytes. */
export function idstr(name: string): Bytes {
  const bytes = latin1Bytes(name);
  if (bytes.length > IDSTR_BYTES_MAX) {
    throw fail('block-name', { block: name, bytes: bytes.length, bytes_max: IDSTR_BYTES_MAX });
  }
  return join(u8(bytes.length), bytes);
}

function footer(section_id: number): Bytes {
  return join(u8(ELEMENT_SECTION_FOOTER), u32(section_id));
}

/**
 * All before the first page: file header, configuration, and RAM's START section with the block list.
 *
 *     QEVM 00000003 │ 07 len machine │ 01 id 03 "ram" instance version │ total|4 {idstr length}… │ 10 │ 7e id
 */
export function beginElements(stream: {
  machine: string;
  ram_section_id: number;
  blocks: readonly BlockLength[];
}): Bytes {
  const total_bytes = stream.blocks.reduce((sum, block) => sum + block.bytes, 0);
  const machine = latin1Bytes(stream.machine);
  return join(
    u32(FILE_MAGIC),
    u32(FILE_VERSION),
    u8(ELEMENT_CONFIGURATION),
    u32(machine.length),
    machine,
    u8(ELEMENT_SECTION_START),
    u32(stream.ram_section_id),
    idstr(RAM_IDSTR),
    u32(0),
    u32(RAM_VERSION),
    u64(total_bytes + WORD_MEM_SIZE),
    ...stream.blocks.flatMap((block) => [idstr(block.name), u64(block.bytes)]),
    sectionClose(stream.ram_section_id),
  );
}

/** The head of a PART section: `02`, section id. */
export function partHead(section_id: number): Bytes {
  return join(u8(ELEMENT_SECTION_PART), u32(section_id));
}

/** The head of an END section: `03`, section id. */
export function endHead(section_id: number): Bytes {
  return join(u8(ELEMENT_SECTION_END), u32(section_id));
}

/** What ends the body of a RAM section and the section: the EOS word, `7e`, section id. */
export function sectionClose(section_id: number): Bytes {
  return join(u64(WORD_EOS), footer(section_id));
}

/**
 * What ends a stream without devices: EOF and a description of no devices. QEMU loads it without the
 * description too, but says that it is missing.
 */
export function deviceLessTail(page_bytes: number): Bytes {
  const description = latin1Bytes(JSON.stringify({ page_size: page_bytes, devices: [] }));
  return join(u8(ELEMENT_EOF), u8(ELEMENT_VMDESCRIPTION), u32(description.length), description);
}
