/**
 * QEMU's migration stream, built and read a second time: the oracle of the tests. Nothing is shared with
 * src/; the numbers stand here as QEMU's source has them (named behind each), so that a wrong constant
 * there cannot hide here.
 */

/** TARGET_PAGE_BITS 12 (target/i386/cpu-param.h). */
export const PAGE_BYTES = 4096;

/** QEMU_VM_* (migration/savevm.h). */
const SECTION_TYPES = { start: 0x01, part: 0x02, end: 0x03, full: 0x04 } as const;
const SECTION_FOOTER = 0x7e;

/** RAM_SAVE_FLAG_* (migration/ram.h). */
const FLAG = { zero: 0x02n, block_list: 0x04n, page: 0x08n, eos: 0x10n, is_continued: 0x20n } as const;

export type SectionType = keyof typeof SECTION_TYPES;

export interface BlockLength {
  readonly name: string;
  readonly bytes: number;
}

export interface Section {
  readonly id: number;
  readonly type: SectionType;
  readonly name: string;
  readonly instance: number;
  readonly version: number;
  readonly offset: number;
  /** From its type byte to the end of its footer; 0 while it is open. */
  readonly bytes: number;
}

export interface Device {
  readonly id: number;
  readonly name: string;
  readonly version: number;
  readonly body: Uint8Array;
}

export interface Kinds {
  readonly normal: number;
  readonly fill: number;
  readonly zero: number;
}

/** What a field is, for tests that cut or break the stream there. */
export interface Mark {
  readonly what: string;
  readonly offset: number;
}

/** Whether a record names its block: as QEMU does it, always, or never. */
export type Naming = 'as-qemu' | 'named' | 'continued';

const HEAD = { id: 2, name: 'ram', instance: 0, version: 4 } as const;

export function bigEndian(value: number | bigint, bytes: number): number[] {
  const digits = BigInt(value)
    .toString(16)
    .padStart(bytes * 2, '0');
  return [...Buffer.from(digits, 'hex')];
}

export function idstr(text: string): number[] {
  return [text.length, ...Buffer.from(text, 'latin1')];
}

/** A page that is not of one repeated byte, different for every seed. */
export function patternPage(seed: number): Uint8Array {
  return Uint8Array.from({ length: PAGE_BYTES }, (_, at) => (at * 31 + seed * 7 + (at >> 8)) & 0xff);
}

/** Writes a stream field by field and keeps what it put in; any field may be given wrong. */
export class StreamBuilder {
  readonly ram = new Map<string, Uint8Array>();
  readonly kinds = new Map<string, Kinds>();
  readonly sections: Section[] = [];
  /** Every field that was written, in order. */
  readonly marks: Mark[] = [];
  machine = '';
  rounds = 0;
  /** Pages that had a record, by block. */
  readonly #sent = new Map<string, Set<number>>();
  readonly #bytes: number[] = [];
  #last_block = '';
  #last_place = Number.POSITIVE_INFINITY;

  build(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  get offset(): number {
    return this.#bytes.length;
  }

  /** Where the nth field of a kind begins. */
  offsetOf(what: string, nth = 0): number {
    const mark = this.marks.filter((candidate) => candidate.what === what)[nth];
    if (mark === undefined) throw new Error(`no field "${what}" number ${nth}`);
    return mark.offset;
  }

  /** The pages of a block that no record was written for. */
  missing(block: string): number[] {
    const pages = (this.ram.get(block)?.length ?? 0) / PAGE_BYTES;
    return Array.from({ length: pages }, (_, page) => page).filter(
      (page) => !this.#sent.get(block)?.has(page),
    );
  }

  raw(what: string, bytes: Iterable<number>): this {
    this.marks.push({ what, offset: this.offset });
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  /** QEMU_VM_FILE_MAGIC "QEVM" and QEMU_VM_FILE_VERSION (migration/savevm.h). */
  header({ magic = 0x5145564d, version = 3 } = {}): this {
    return this.raw('magic', bigEndian(magic, 4)).raw('version', bigEndian(version, 4));
  }

  /** QEMU_VM_CONFIGURATION and vmstate_configuration (migration/savevm.c). */
  configuration(machine = 'none', { type = 0x07, name_bytes = machine.length } = {}): this {
    this.machine = machine;
    this.raw('configuration', [type]).raw('machine-length', bigEndian(name_bytes, 4));
    return this.raw('machine', Buffer.from(machine, 'latin1'));
  }

  /** QEMU_VM_SUBSECTION (migration/savevm.h), idstr, version, fields. */
  subsection(name: string, version: number, body: Iterable<number>): this {
    this.raw('subsection', [0x05]).raw('subsection-idstr', idstr(name));
    return this.raw('subsection-version', bigEndian(version, 4)).raw('subsection-body', body);
  }

  /** QEMU_VM_COMMAND (migration/savevm.h), u16 command, u16 length. */
  command(command: number, data: readonly number[]): this {
    this.raw('command', [0x08]).raw('command-number', bigEndian(command, 2));
    return this.raw('command-length', bigEndian(data.length, 2)).raw('command-data', data);
  }

  start(head: Partial<typeof HEAD | Section> = {}, type: SectionType = 'start'): this {
    const { id, name, instance, version } = { ...HEAD, ...head };
    this.#open({ id, type, name, instance, version });
    this.raw('idstr', idstr(name)).raw('instance', bigEndian(instance, 4));
    return this.raw('section-version', bigEndian(version, 4));
  }

  part(id: number = HEAD.id, type: SectionType = 'part'): this {
    const starts = this.sections.filter((section) => section.type === 'start');
    const { name, instance, version } = starts.find((start) => start.id === id) ?? starts[0] ?? HEAD;
    return this.#open({ id, type, name, instance, version });
  }

  end(id?: number): this {
    return this.part(id, 'end');
  }

  /** RAM_SAVE_FLAG_MEM_SIZE with the sum, then idstr and u64 length of each (ram.c, ram_save_setup). */
  blockList(blocks: readonly BlockLength[], total_bytes = sumOf(blocks)): this {
    this.word('block-list', BigInt(total_bytes) | FLAG.block_list);
    for (const { name, bytes } of blocks) {
      this.raw('block-name', idstr(name)).raw('block-length', bigEndian(bytes, 8));
      this.ram.set(name, new Uint8Array(bytes % PAGE_BYTES === 0 && bytes < 2 ** 24 ? bytes : 0));
      this.kinds.set(name, { normal: 0, fill: 0, zero: 0 });
    }
    return this;
  }

  zero(block: string, page: number, naming: Naming = 'as-qemu'): this {
    return this.fill(block, page, 0, naming);
  }

  /** RAM_SAVE_FLAG_ZERO: one byte that the page repeats (ram.c, ram_handle_compressed up to 8.1). */
  fill(block: string, page: number, byte: number, naming: Naming = 'as-qemu'): this {
    this.#record(FLAG.zero, block, page, naming).raw('payload', [byte]);
    return this.#store(block, page, new Uint8Array(PAGE_BYTES).fill(byte), byte === 0 ? 'zero' : 'fill');
  }

  /** RAM_SAVE_FLAG_PAGE: the page itself. */
  page(block: string, page: number, bytes: Uint8Array, naming: Naming = 'as-qemu'): this {
    this.#record(FLAG.page, block, page, naming).raw('payload', bytes);
    return this.#store(block, page, bytes, 'normal');
  }

  word(what: string, word: bigint): this {
    return this.raw(what, bigEndian(word, 8));
  }

  eos(): this {
    return this.word('eos', FLAG.eos);
  }

  footer(id = this.sections.at(-1)?.id ?? HEAD.id): this {
    this.raw('footer', [SECTION_FOOTER]).raw('footer-id', bigEndian(id, 4));
    const open = this.sections.pop();
    if (open !== undefined) this.sections.push({ ...open, bytes: this.offset - open.offset });
    return this;
  }

  close(): this {
    return this.eos().footer();
  }

  device({ id, name, version, body }: Device): this {
    return this.start({ id, name, version }, 'full').raw('device', body).footer();
  }

  /** QEMU_VM_EOF (migration/savevm.h). */
  eof(): this {
    return this.raw('eof', [0x00]);
  }

  /** QEMU_VM_VMDESCRIPTION, u32 length, JSON (migration/savevm.c). */
  description(json: string): this {
    this.raw('description', [0x06]).raw('description-length', bigEndian(json.length, 4));
    return this.raw('json', Buffer.from(json, 'latin1'));
  }

  #open(section: Omit<Section, 'offset' | 'bytes'>): this {
    this.sections.push({ ...section, offset: this.offset, bytes: 0 });
    this.raw('section', [SECTION_TYPES[section.type]]);
    return this.raw('section-id', bigEndian(section.id, 4));
  }

  #record(flag: bigint, block: string, page: number, naming: Naming): this {
    const is_continued = naming === 'continued' || (naming === 'as-qemu' && block === this.#last_block);
    this.#last_block = block;
    const address = BigInt(page) * BigInt(PAGE_BYTES);
    this.word('record', address | flag | (is_continued ? FLAG.is_continued : 0n));
    return is_continued ? this : this.raw('record-idstr', idstr(block));
  }

  /** Pages beyond their block, or of no block, are only in the stream. */
  #store(block: string, page: number, bytes: Uint8Array, kind: keyof Kinds): this {
    const ram = this.ram.get(block);
    const kinds = this.kinds.get(block);
    if (ram === undefined || kinds === undefined || (page + 1) * PAGE_BYTES > ram.length) return this;
    ram.set(bytes, page * PAGE_BYTES);
    this.kinds.set(block, { ...kinds, [kind]: kinds[kind] + 1 });
    this.#sent.set(block, (this.#sent.get(block) ?? new Set()).add(page));
    const place = [...this.ram.keys()].indexOf(block) * 2 ** 32 + page;
    if (place <= this.#last_place) this.rounds++;
    this.#last_place = place;
    return this;
  }
}

function sumOf(blocks: readonly BlockLength[]): number {
  return blocks.reduce((sum, block) => sum + block.bytes, 0);
}

/** The description that QEMU writes of devices without fields of their own (savevm.c, vmstate_save). */
export function describeDevices(devices: readonly Device[]): string {
  const entries = devices.map(({ name, version, body }) => ({
    name,
    instance_id: 0,
    vmsd_name: name,
    version,
    fields: [{ name: 'data', type: 'buffer', size: body.length }],
  }));
  return JSON.stringify({ page_size: PAGE_BYTES, devices: entries });
}

export const SAMPLE_DEVICES: readonly Device[] = [
  { id: 0, name: 'timer', version: 2, body: Uint8Array.from({ length: 24 }, (_, at) => at + 1) },
  { id: 4, name: 'globalstate', version: 1, body: new Uint8Array(104).fill(0x70) },
];

/**
 * A stream with every element that QEMU sends, and but one whole page, for tests that cut it everywhere:
 * CONTINUE goes on across sections, pages come twice, SWITCHOVER_START (11) stands before END.
 */
export function sample(): StreamBuilder {
  const stream = new StreamBuilder().header().configuration('none');
  const ram = { name: 'ram', bytes: 4 * PAGE_BYTES };
  stream
    .start()
    .blockList([ram, { name: 'rom', bytes: 2 * PAGE_BYTES }])
    .close();
  stream.part().fill('ram', 0, 0x11).page('ram', 1, patternPage(1)).fill('ram', 2, 0x55);
  stream.zero('rom', 0).close();
  stream.part().fill('rom', 1, 0x77).zero('ram', 3).fill('ram', 2, 0x66).close();
  stream.command(11, []).end().zero('ram', 0).close();
  for (const device of SAMPLE_DEVICES) stream.device(device);
  return stream.eof().description(describeDevices(SAMPLE_DEVICES));
}
