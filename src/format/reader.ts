/** Reads the elements of a migration stream: file header, configuration, section heads, footers. */
import { fail, quote } from '../errors.ts';
import {
  BLOCKS_MAX,
  COMMAND_MAX,
  COMMAND_PACKAGED,
  ELEMENT_CONFIGURATION,
  ELEMENT_SECTION_FOOTER,
  ELEMENT_SECTION_FULL,
  ELEMENT_SECTION_START,
  ELEMENT_SUBSECTION,
  FILE_MAGIC,
  FILE_VERSION,
  MACHINE_BYTES_MAX,
  SUBSECTION_CAPABILITIES,
  SUBSECTION_TARGET_PAGE_BITS,
  SUBSECTION_UUID,
} from './constants.ts';
import { FOREIGN_HEAD_BYTES, foreignFile } from './foreign.ts';
import {
  need,
  peekU8,
  peekU32,
  type Reading,
  readIdstr,
  readText,
  readU8,
  readU16,
  readU32,
  readU64,
  type Window,
} from './window.ts';

const UUID_BYTES = 16;

/** The head of a START or FULL section. */
export interface SectionHead {
  readonly offset: number;
  readonly id: number;
  readonly name: string;
  readonly instance: number;
  readonly version: number;
}

/** One entry of the list of RAM blocks: name and used length in bytes. */
export interface BlockLength {
  readonly name: string;
  readonly bytes: number;
}

/** Magic and version: `51 45 56 4d 00 00 00 03`. @throws `foreign-file` for a file that is known; `bad-magic` */
export function* readFileHeader(window: Window): Reading<void> {
  const magic_offset = window.offset;
  const found = yield* peekU32(window, 'the magic number');
  if (found !== FILE_MAGIC) {
    while (window.available_bytes < FOREIGN_HEAD_BYTES && !window.is_ended) yield;
    const foreign = foreignFile(window.available());
    if (foreign !== undefined) throw fail('foreign-file', { ...foreign, may_be_raw: false });
    throw fail('bad-magic', { offset: magic_offset, found });
  }
  window.consume(4);
  const offset = window.offset;
  const version = yield* readU32(window, 'the version');
  if (version !== FILE_VERSION) {
    throw fail('bad-version', { offset, found: version, expected: FILE_VERSION });
  }
}

/** What the configuration says of the stream. */
export interface Configuration {
  readonly machine: string;
  /** Capabilities that reader and writer must have in common. */
  readonly capabilities: readonly Capability[];
  /** Bits of a page's size, where the stream says so; see `readTargetPageBits`. */
  readonly target_page_bits: number | undefined;
}

/** Those that QEMU puts into the configuration (migration/savevm.c, should_validate_capability). */
export type Capability = 'x-ignore-shared' | 'mapped-ram';
const CAPABILITIES: readonly Capability[] = ['x-ignore-shared', 'mapped-ram'];
const CAPABILITY_COUNT_MAX = 64;

/**
 * The configuration: `07`, u32 length, machine name, subsections.
 *
 * Its subsections change the form of what follows (migration/savevm.c, vmstate_configuration), so one that
 * is not known is refused; the uuid is for the receiver alone.
 *
 * @throws `no-configuration`, `bad-element`, `bad-configuration`; `page-size` for pages of other than `page_bytes`
 */
export function* readConfiguration(window: Window, page_bytes: number): Reading<Configuration> {
  const offset = window.offset;
  const type = yield* readU8(window, 'the configuration');
  // machine types up to 2.3 send none (hw/core/machine.c, hw_compat_2_3: migration.send-configuration)
  if (type >= ELEMENT_SECTION_START && type <= ELEMENT_SECTION_FULL)
    throw fail('no-configuration', { offset, found: type });
  if (type !== ELEMENT_CONFIGURATION) {
    throw fail('bad-element', { offset, found: type, expected: 'the configuration (0x7)' });
  }
  const name_offset = window.offset;
  const bytes = yield* readU32(window, 'the machine name');
  if (bytes > MACHINE_BYTES_MAX) {
    throw fail('bad-configuration', { offset: name_offset, found: `a machine name of ${bytes} bytes` });
  }
  const machine = yield* readText(window, bytes, 'the machine name');
  const capabilities: Capability[] = [];
  let target_page_bits: number | undefined;
  while ((yield* peekU8(window, 'the first section')) === ELEMENT_SUBSECTION) {
    const found = yield* readConfigurationSubsection(window, page_bytes);
    capabilities.push(...(found.capabilities ?? []));
    target_page_bits = found.target_page_bits ?? target_page_bits;
  }
  return { machine, capabilities, target_page_bits };
}

function* readConfigurationSubsection(
  window: Window,
  page_bytes: number,
): Reading<Partial<Omit<Configuration, 'machine'>>> {
  const offset = window.offset;
  window.consume(1);
  const name = yield* readIdstr(window, 'the name of a subsection');
  const version = yield* readU32(window, 'the version of a subsection');
  if (name === SUBSECTION_UUID && version === 1) {
    yield* need(window, UUID_BYTES, 'a uuid');
    window.consume(UUID_BYTES);
    return {};
  }
  if (name === SUBSECTION_CAPABILITIES && version === 1)
    return { capabilities: yield* readCapabilities(window) };
  if (name === SUBSECTION_TARGET_PAGE_BITS && version === 1)
    return { target_page_bits: yield* readTargetPageBits(window, page_bytes) };
  throw fail('bad-configuration', { offset, found: `${quote(name)} version ${version}` });
}

/**
 * The size of a page as a power of two, sent where the target's page size is not fixed and not its least: always by
 * ARM's `virt` (migration/savevm.c, vmstate_target_page_bits). A reader without it assumes the least.
 *
 * @throws `page-size`
 */
function* readTargetPageBits(window: Window, page_bytes: number): Reading<number> {
  const offset = window.offset;
  const bits = yield* readU32(window, 'the bits of a page');
  if (2 ** bits !== page_bytes) throw fail('page-size', { offset, found: pageSizeOf(bits), page_bytes });
  return bits;
}

/** No target of QEMU has pages of more than 64 KiB; what is beyond a number's digits stays a power. */
function pageSizeOf(bits: number): string {
  return bits < 53 ? String(2 ** bits) : `2^${bits}`;
}

function* readCapabilities(window: Window): Reading<Capability[]> {
  const offset = window.offset;
  const count = yield* readU32(window, 'the count of capabilities');
  if (count > CAPABILITY_COUNT_MAX)
    throw fail('bad-configuration', { offset, found: `${count} capabilities` });
  const capabilities: Capability[] = [];
  for (let i = 0; i < count; i++) {
    const name_offset = window.offset;
    const name = yield* readIdstr(window, 'the name of a capability');
    const capability = CAPABILITIES.find((known) => known === name);
    if (capability === undefined) {
      const found = `the capability ${quote(name)}`;
      throw fail('bad-configuration', { offset: name_offset, found });
    }
    capabilities.push(capability);
  }
  return capabilities;
}

/** The rest of a START or FULL section's head, behind its type byte. */
export function* readSectionHead(window: Window, offset: number): Reading<SectionHead> {
  const id = yield* readU32(window, 'a section id');
  const name = yield* readIdstr(window, 'a section name');
  const instance = yield* readU32(window, 'an instance id');
  const version = yield* readU32(window, 'a section version');
  return { offset, id, name, instance, version };
}

/** `7e` and the id of the section that ends (migration/savevm.c, check_section_footer). */
export function* readFooter(window: Window, section_id: number): Reading<void> {
  const offset = window.offset;
  const type = yield* readU8(window, 'a section footer');
  if (type !== ELEMENT_SECTION_FOOTER) {
    throw fail('bad-element', { offset, found: type, expected: 'a section footer (0x7e)' });
  }
  const id = yield* readU32(window, 'the id in a section footer');
  if (id !== section_id) throw fail('bad-footer', { offset, found: id, expected: section_id });
}

/**
 * A command behind its type byte: u16 command, u16 length, data. Commands are taken and let pass, but for the
 * one that has a whole stream of device state in it, which only postcopy sends.
 */
export function* readCommand(window: Window, offset: number): Reading<void> {
  const command = yield* readU16(window, 'a command');
  const bytes = yield* readU16(window, 'the length of a command');
  if (command === 0 || command > COMMAND_MAX || command === COMMAND_PACKAGED) {
    const expected = `1 to ${COMMAND_MAX} but ${COMMAND_PACKAGED}`;
    throw fail('unknown-command', { offset, found: command, expected });
  }
  yield* need(window, bytes, 'the data of a command');
  window.consume(bytes);
}

/** What stands behind each entry of the block list, by the capabilities of the configuration. */
export interface BlockListForm {
  /** Behind each length the block's physical address (x-ignore-shared). */
  readonly has_address: boolean;
  /** Reads what a mapped-ram file has behind each entry; undefined for a stream. */
  readonly readPlaces?: (block: BlockLength) => Reading<void>;
}

/**
 * The list of RAM blocks behind its word: name and u64 length each, until their sum is `total_bytes`
 * (migration/ram.c, ram_load_precopy, RAM_SAVE_FLAG_MEM_SIZE).
 */
export function* readBlockList(
  window: Window,
  total_bytes: bigint,
  page_bytes: number,
  form: BlockListForm,
): Reading<BlockLength[]> {
  const blocks: BlockLength[] = [];
  const names = new Set<string>();
  let sum_bytes = 0n;
  while (sum_bytes < total_bytes) {
    const offset = window.offset;
    const name = yield* readIdstr(window, 'the name of a RAM block');
    const bytes = yield* readU64(window, 'the length of a RAM block');
    sum_bytes += bytes;
    if (sum_bytes > total_bytes)
      throw fail('block-list-sum', { offset, block: name, sum_bytes, total_bytes });
    if (bytes === 0n || bytes % BigInt(page_bytes) !== 0n)
      throw fail('block-size', { offset, block: name, bytes, page_bytes });
    if (names.has(name)) throw fail('block-twice', { offset, block: name });
    if (blocks.length === BLOCKS_MAX) throw fail('too-many-blocks', { offset, blocks_max: BLOCKS_MAX });
    names.add(name);
    const block = { name, bytes: Number(bytes) };
    blocks.push(block);
    if (form.has_address) yield* readU64(window, 'the address of a RAM block');
    if (form.readPlaces !== undefined) yield* form.readPlaces(block);
  }
  return blocks;
}
