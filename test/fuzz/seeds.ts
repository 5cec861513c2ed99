/** Whole, sound inputs to start from, of every kind, by the independent builders of test/ref. */
import { FIELDS, HEAD_BYTES, type ImageFields, imageHead } from '../ref/libvirt.ts';
import { type BlockToBuild, buildMapped } from '../ref/mapped-ram.ts';
import {
  bigEndian,
  describeDevices,
  idstr,
  type Mark,
  PAGE_BYTES,
  patternPage,
  StreamBuilder,
  sample,
} from '../ref/stream.ts';
import { joined, type Marked, marked } from './mutate.ts';
import type { Random } from './random.ts';
import { addRecords, type Block, xbzrlePayload } from './records.ts';

/** What inputs are by their form; each has targets of its own, in targets.ts. */
export const FAMILIES = ['records', 'xbzrle', 'stream', 'mapped', 'libvirt', 'tail'] as const;
export type Family = (typeof FAMILIES)[number];

const NAMES = ['ram', 'rom', 'pc.ram', 'vga', '/rom@etc/acpi', 'a', ''] as const;
const GIB = 2n ** 30n;
/** Up to what a guest may have, and beyond it: sizes of address space, of which nothing is touched. */
const HUGE = [GIB, 4n * GIB, 60n * GIB, 64n * GIB, 4096n * GIB, 16384n * GIB, 2n ** 53n, 2n ** 63n] as const;
const COMMANDS = [1, 2, 3, 7, 11] as const;

function randomBlocks(random: Random): Block[] {
  const first = random.below(NAMES.length);
  return Array.from({ length: random.chance(0.6) ? 1 : random.between(2, 5) }, (_, index) => ({
    name: NAMES[(first + index) % NAMES.length] ?? 'ram',
    pages: random.between(1, 6),
  }));
}

function addUnknown(stream: StreamBuilder, random: Random, id: number, type: 'start' | 'part' | 'end'): void {
  const name = random.pick(['slirp', 'dirty-bitmap', 'spapr/htab']);
  if (type === 'start') stream.start({ id, name, version: random.between(1, 4) });
  else stream.part(id, type);
  stream.raw('unknown', random.bytes(random.below(20))).footer(id);
}

function addTail(stream: StreamBuilder, random: Random): void {
  const devices = Array.from({ length: random.below(4) }, (_, index) => ({
    id: 20 + index,
    name: random.pick(['timer', 'cpu', 'globalstate', '0000:00:02.0/vga']),
    version: random.between(1, 20),
    body: random.bytes(random.between(0, 40)),
  }));
  for (const device of devices) stream.device(device);
  if (random.chance(0.2)) stream.command(random.pick(COMMANDS), []);
  stream.eof();
  if (random.chance(0.7)) stream.description(describeDevices(devices));
}

function addBlockList(stream: StreamBuilder, blocks: readonly Block[], has_address: boolean): void {
  const lengths = blocks.map(({ name, pages }) => ({ name, bytes: pages * PAGE_BYTES }));
  if (!has_address) {
    stream.blockList(lengths);
    return;
  }
  const total = lengths.reduce((sum, { bytes }) => sum + bytes, 0);
  stream.word('block-list', BigInt(total) | 0x04n);
  for (const { name, bytes } of lengths) {
    stream.raw('block-name', idstr(name)).raw('block-length', bigEndian(bytes, 8));
    stream.word('block-address', 0xfffc0000n);
  }
}

function addConfiguration(stream: StreamBuilder, random: Random): boolean {
  stream.header().configuration(random.pick(['none', 'pc-q35-8.2', '']));
  if (random.chance(0.2)) stream.subsection('configuration/uuid', 1, random.bytes(16));
  if (random.chance(0.2))
    stream.subsection('configuration/target-page-bits', 1, bigEndian(random.chance(0.9) ? 12 : 13, 4));
  if (!random.chance(0.25)) return false;
  const capabilities = ['x-ignore-shared'];
  stream.raw('subsection', [5]).raw('subsection-idstr', idstr('configuration/capabilities'));
  stream.word('capability-count', (1n << 32n) | 1n);
  for (const name of capabilities) stream.raw('capability-name', idstr(name));
  return true;
}

function randomStream(random: Random): Marked {
  const stream = new StreamBuilder();
  const has_address = addConfiguration(stream, random);
  const blocks = randomBlocks(random);
  const unknown_id = random.chance(0.25) ? random.between(5, 9) : undefined;
  if (unknown_id !== undefined) addUnknown(stream, random, unknown_id, 'start');
  stream.start();
  addBlockList(stream, blocks, has_address);
  stream.close();
  for (let part = random.below(4); part > 0; part--) {
    if (random.chance(0.2)) stream.command(random.pick(COMMANDS), [...random.bytes(random.below(6))]);
    if (unknown_id !== undefined && random.chance(0.3)) addUnknown(stream, random, unknown_id, 'part');
    stream.part(2);
    addRecords(stream, blocks, random, random.below(7));
    if (random.chance(0.02)) stream.word('flush', 0x200n);
    stream.close();
  }
  if (random.chance(0.9)) {
    stream.part(2, 'end');
    addRecords(stream, blocks, random, random.below(4));
    stream.close();
  }
  if (unknown_id !== undefined && random.chance(0.5)) addUnknown(stream, random, unknown_id, 'end');
  addTail(stream, random);
  return marked(stream.build(), stream.marks);
}

/** A list of blocks of sizes up to far too much, or of very many blocks. */
function hugeStream(random: Random, blocks?: number): Marked {
  const stream = new StreamBuilder().header().configuration('none').start();
  const count = blocks ?? (random.chance(0.01) ? random.between(4090, 4100) : random.between(1, 3));
  const bytes = count > 3 ? random.pick([4096n, 15n * 2n ** 20n]) : random.pick(HUGE);
  stream.word('block-list', BigInt.asUintN(64, bytes * BigInt(count)) | 0x04n);
  for (let block = 0; block < count; block++) {
    stream.raw('block-name', idstr(String(block))).raw('block-length', bigEndian(bytes, 8));
  }
  stream.close().part();
  const last_page = bytes / 4096n - 1n;
  for (const page of [0n, last_page, last_page / 2n]) {
    stream.word('record', BigInt.asUintN(64, page * 4096n) | 0x02n);
    stream.raw('record-idstr', idstr(String(count - 1))).raw('payload', [random.pick([0, 5])]);
  }
  stream.close().end().close().eof();
  return marked(stream.build(), stream.marks);
}

function randomPages(random: Random, count: number): (Uint8Array | undefined)[] {
  return Array.from({ length: count }, (_, at) => (random.chance(0.3) ? patternPage(at) : undefined));
}

function randomMapped(random: Random, base = 0): Marked {
  const has_address = random.chance(0.2);
  const blocks: BlockToBuild[] = randomBlocks(random).map(({ name }) => ({
    name,
    pages: randomPages(random, random.between(1, 4)),
    ...(has_address ? { address: 0xc0000000 } : {}),
    is_elsewhere: has_address && random.chance(0.4),
    ...(has_address ? { header: random.chance(0.5) ? { bitmap_offset: 0, pages_offset: 0 } : {} } : {}),
    more_bits: random.chance(0.2) ? [random.below(60)] : [],
  }));
  const built = buildMapped(blocks, [0], base);
  const marks: Mark[] = [
    ...headMarks(),
    ...blocks.flatMap(({ name, address }, index) => {
      const header = built.headers[index] ?? 0;
      const length = header - (address === undefined ? 8 : 16);
      return [
        { what: 'block-name', offset: length - 1 - name.length },
        { what: 'block-length', offset: length },
        ...(address === undefined ? [] : [{ what: 'block-address', offset: length + 8 }]),
        { what: 'mapped-version', offset: header },
        { what: 'mapped-page-size', offset: header + 4 },
        { what: 'mapped-bitmap-offset', offset: header + 12 },
        { what: 'mapped-pages-offset', offset: header + 20 },
        { what: 'mapped-bitmap', offset: header + 28 },
        { what: 'mapped-pages', offset: header + 36 },
      ];
    }),
    ...endMarks(built.bytes.length),
  ];
  // of a block without places what is said to follow its header does not
  const inside = marks.filter(({ offset }, at) => offset < (marks[at + 1]?.offset ?? built.bytes.length));
  return marked(new Uint8Array(built.bytes), inside);
}

function headMarks(): Mark[] {
  const at = { magic: 0, version: 4, configuration: 8, 'machine-length': 9, machine: 13, subsection: 15 };
  const more = {
    'subsection-idstr': 16,
    'subsection-version': 43,
    'capability-count': 47,
    'capability-name': 51,
  };
  return Object.entries({ ...at, ...more }).map(([what, offset]) => ({ what, offset }));
}

/** EOS and footer of START, END with its own, one byte of tail. */
function endMarks(end: number): Mark[] {
  const from_end = { eos: 32, footer: 24, 'footer-id': 23, section: 19, 'section-id': 18 };
  const last = { 'eos ': 14, 'footer ': 6, 'footer-id ': 5, eof: 1 };
  return Object.entries({ ...from_end, ...last }).map(([what, back]) => ({
    what: what.trim(),
    offset: end - back,
  }));
}

function randomLibvirt(random: Random): Marked {
  const kind = random.pick(['raw', 'raw', 'sparse', 'gzip', 'zstd']);
  const fields: Partial<ImageFields> = {
    format: kind,
    order: random.pick(['little', 'big']),
    version: random.pick([1, 2]),
    spare_bytes: random.pick([0, 10, 100, 5000]),
    ...(random.chance(0.03) ? { magic: 'LibvirtQemudPart' } : {}),
  };
  const bytes = new Uint8Array(imageHead(fields));
  const names = Object.keys(FIELDS);
  const marks = [
    { what: 'libvirt-magic', offset: 0 },
    ...names.map((name, index) => ({ what: `libvirt-${name}`, offset: 16 + index * 4 })),
    { what: 'libvirt-unused', offset: 16 + names.length * 4 },
    { what: 'libvirt-xml', offset: HEAD_BYTES },
  ];
  const stream = kind === 'sparse' ? randomMapped(random, bytes.length) : randomStream(random);
  return joined(marked(bytes, marks), stream);
}

/** Sections of records alone, as the core gets them. */
function randomRecords(random: Random): Marked {
  const blocks = [
    { name: 'ram', pages: 5 },
    { name: 'rom', pages: 2 },
    { name: 'x', pages: 6 },
    { name: 'hidden', pages: 1 },
  ];
  const stream = new StreamBuilder();
  addRecords(stream, random.chance(0.9) ? blocks.slice(0, 3) : blocks, random, random.between(1, 12), 0.03);
  if (random.chance(0.5)) stream.eos();
  return marked(stream.build(), stream.marks);
}

function randomTail(random: Random): Marked {
  const stream = new StreamBuilder();
  if (random.chance(0.3)) addUnknown(stream, random, 5, 'part');
  addTail(stream, random);
  return marked(stream.build(), stream.marks);
}

function randomPayload(random: Random): Marked {
  const bytes = xbzrlePayload(random);
  const marks: Mark[] = [];
  // lengths and bytes of the runs
  for (let at = 0, is_changed = false; at < bytes.length; is_changed = !is_changed) {
    const low = bytes[at] ?? 0;
    const size = low < 128 ? 1 : 2;
    marks.push({ what: 'length', offset: at });
    at += size;
    if (!is_changed) continue;
    marks.push({ what: 'run', offset: at });
    at += (low & 127) + (size === 2 ? (bytes[at - 1] ?? 0) * 128 : 0);
  }
  return marked(bytes, marks);
}

const SEEDS: Readonly<Record<Family, (random: Random) => Marked>> = {
  records: randomRecords,
  xbzrle: randomPayload,
  stream: (random) => (random.chance(0.02) ? hugeStream(random) : randomStream(random)),
  mapped: randomMapped,
  libvirt: randomLibvirt,
  tail: randomTail,
};

export function seedOf(family: Family, random: Random): Marked {
  return SEEDS[family](random);
}

/** A file of another kind, by its first bytes. */
function foreignFile(head: string): Marked {
  // no Buffer: its slice is no copy
  return marked(Uint8Array.from(Buffer.from(head, 'latin1')), [{ what: 'magic', offset: 0 }]);
}

/** The stream with every element of QEMU's, a few huge ones, which random seeds have seldom, and what is no stream. */
export function firstSeeds(family: Family, random: Random): Marked[] {
  if (family !== 'stream') return [];
  const every = sample();
  const huge = [2, 1, 3, 2, 1, 3, 2, 1, 4096, 4097].map((blocks) => hugeStream(random, blocks));
  const foreign = ['QFI\xfb\0\0\0\x03', '\x1f\x8b\x08\0', '\x7fELF'].map(foreignFile);
  return [marked(every.build(), every.marks), ...huge, ...foreign];
}
