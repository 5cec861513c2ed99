/** Writes the elements of a migration stream that stand around the page records. */
import { fail } from '../errors.ts';
import {
  ELEMENT_CONFIGURATION,
  ELEMENT_EOF,
  ELEMENT_SECTION_END,
  ELEMENT_SECTION_FOOTER,
  ELEMENT_SECTION_PART,
  ELEMENT_SECTION_START,
  ELEMENT_SUBSECTION,
  ELEMENT_VMDESCRIPTION,
  FILE_MAGIC,
  FILE_VERSION,
  IDSTR_BYTES_MAX,
  MACHINE_BYTES_MAX,
  RAM_IDSTR,
  RAM_INSTANCE,
  RAM_VERSION,
  SUBSECTION_CAPABILITIES,
  SUBSECTION_TARGET_PAGE_BITS,
  WORD_EOS,
  WORD_MEM_SIZE,
} from './constants.ts';
import type { BlockLength } from './reader.ts';
import { latin1Bytes } from './window.ts';

type Bytes = Uint8Array<ArrayBuffer>;

function u8(value: number): Bytes {
  return Uint8Array.of(value);
}

export function u32Bytes(value: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

export function u64Bytes(value: number): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

export function joinBytes(...parts: readonly Bytes[]): Bytes {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** A name's bytes, one a character. @throws `name-latin1` */
function wireBytes(name: string): Bytes {
  if (Array.from(name).some((char) => char.charCodeAt(0) > 0xff)) throw fail('name-latin1', { name });
  return latin1Bytes(name);
}

/** A name as on the wire: its length in one byte, then its bytes. */
export function idstr(name: string): Bytes {
  const bytes = wireBytes(name);
  if (bytes.length > IDSTR_BYTES_MAX) {
    throw fail('block-name', { block: name, bytes: bytes.length, bytes_max: IDSTR_BYTES_MAX });
  }
  return joinBytes(u8(bytes.length), bytes);
}

function footer(section_id: number): Bytes {
  return joinBytes(u8(ELEMENT_SECTION_FOOTER), u32Bytes(section_id));
}

/** What the head of a stream says of it. */
export interface StreamHead {
  readonly machine: string;
  readonly ram_section_id: number;
  readonly blocks: readonly BlockLength[];
  /** Written where the input had it: a reader that expects it assumes another page size without. */
  readonly target_page_bits?: number | undefined;
}

/** What stands before the block list: file header, configuration, START of RAM, and the list's total. */
export function beginHead(stream: StreamHead & { readonly capabilities: readonly string[] }): Bytes {
  const total_bytes = stream.blocks.reduce((sum, block) => sum + block.bytes, 0);
  return joinBytes(
    u32Bytes(FILE_MAGIC),
    u32Bytes(FILE_VERSION),
    configuration(stream),
    u8(ELEMENT_SECTION_START),
    u32Bytes(stream.ram_section_id),
    idstr(RAM_IDSTR),
    u32Bytes(RAM_INSTANCE),
    u32Bytes(RAM_VERSION),
    u64Bytes(total_bytes + WORD_MEM_SIZE),
  );
}

/**
 * The configuration: machine name, the bits of a page, and the capabilities that reader and writer must have in
 * common; in the order of QEMU (migration/savevm.c, vmstate_configuration).
 *
 *     07 │ u32 length, machine
 *     05 │ idstr "configuration/target-page-bits", u32 1, u32 bits
 *     05 │ idstr "configuration/capabilities", u32 1, u32 count, {idstr}…
 */
function configuration(stream: {
  readonly machine: string;
  readonly target_page_bits?: number | undefined;
  readonly capabilities: readonly string[];
}): Bytes {
  const { machine, target_page_bits, capabilities } = stream;
  if (machine.length > MACHINE_BYTES_MAX) {
    throw fail('machine-name', { bytes: machine.length, bytes_max: MACHINE_BYTES_MAX });
  }
  const name = wireBytes(machine);
  const head = joinBytes(u8(ELEMENT_CONFIGURATION), u32Bytes(name.length), name);
  const page_bits =
    target_page_bits === undefined
      ? []
      : [subsection(SUBSECTION_TARGET_PAGE_BITS, u32Bytes(target_page_bits))];
  const named =
    capabilities.length === 0
      ? []
      : [subsection(SUBSECTION_CAPABILITIES, u32Bytes(capabilities.length), ...capabilities.map(idstr))];
  return joinBytes(head, ...page_bits, ...named);
}

/** A subsection of version 1. */
function subsection(name: string, ...body: readonly Bytes[]): Bytes {
  return joinBytes(u8(ELEMENT_SUBSECTION), idstr(name), u32Bytes(1), ...body);
}

/** One entry of the block list: name and length. */
export function blockEntry(block: BlockLength): Bytes {
  return joinBytes(idstr(block.name), u64Bytes(block.bytes));
}

/**
 * All before the first page: file header, configuration, and RAM's START section with the block list.
 *
 *     QEVM 00000003 │ 07 len machine │ 01 id 03 "ram" instance version │ total|4 {idstr length}… │ 10 │ 7e id
 */
export function beginElements(stream: StreamHead): Bytes {
  return joinBytes(
    beginHead({ ...stream, capabilities: [] }),
    ...stream.blocks.map(blockEntry),
    sectionClose(stream.ram_section_id),
  );
}

/** The head of a PART section: `02`, section id. */
export function partHead(section_id: number): Bytes {
  return joinBytes(u8(ELEMENT_SECTION_PART), u32Bytes(section_id));
}

/** The head of an END section: `03`, section id. */
export function endHead(section_id: number): Bytes {
  return joinBytes(u8(ELEMENT_SECTION_END), u32Bytes(section_id));
}

/** What ends the body of a RAM section and the section: the EOS word, `7e`, section id. */
export function sectionClose(section_id: number): Bytes {
  return joinBytes(u64Bytes(WORD_EOS), footer(section_id));
}

/**
 * What ends a stream without devices: EOF and a description of no devices. QEMU loads it without the
 * description too, but says that it is missing.
 */
export function deviceLessTail(page_bytes: number): Bytes {
  const description = latin1Bytes(JSON.stringify({ page_size: page_bytes, devices: [] }));
  return joinBytes(u8(ELEMENT_EOF), u8(ELEMENT_VMDESCRIPTION), u32Bytes(description.length), description);
}
