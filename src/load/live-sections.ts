/** The sections of a stream up to the end of RAM: RAM's own, and others whose form is not known. */
import { fail } from '../errors.ts';
import {
  ELEMENT_COMMAND,
  ELEMENT_EOF,
  ELEMENT_SECTION_END,
  ELEMENT_SECTION_FULL,
  ELEMENT_SECTION_PART,
  ELEMENT_SECTION_START,
  RAM_IDSTR,
  RAM_INSTANCE,
} from '../format/constants.ts';
import { type Configuration, readCommand, readSectionHead, type SectionHead } from '../format/reader.ts';
import { findFooter } from '../format/section-search.ts';
import type { RamHead, StreamSection } from '../format/stream-section.ts';
import { type Reading, readU8, readU32, type Window } from '../format/window.ts';
import { RamSection, type TargetMaker } from './ram-section.ts';

/** So many sections are listed one by one; a stream of days has millions of PARTs. */
const LISTED_MAX = 1000;

/** Sections in order; once there are many, those that are alike and follow each other are one entry. */
export class SectionList {
  readonly #list: StreamSection[] = [];

  get list(): readonly StreamSection[] {
    return this.#list;
  }

  add(section: StreamSection): void {
    const last = this.#list.at(-1);
    if (this.#list.length >= LISTED_MAX && last?.id === section.id && last.type === section.type) {
      const bytes = section.offset + section.bytes - last.offset;
      this.#list[this.#list.length - 1] = { ...last, bytes, count: (last.count ?? 1) + 1 };
    } else {
      this.#list.push(section);
    }
  }
}

/** What was found up to the end of RAM. */
export interface LiveSections {
  readonly ram: RamSection;
  readonly sections: SectionList;
  /** The first section that is not RAM's. */
  readonly not_carried: StreamSection | undefined;
  /** Names of all sections that began, by id. */
  readonly begun: ReadonlyMap<number, string>;
}

/** Reads sections until RAM has ended: with its END, or, as QEMU takes it too, with the stream's EOF. */
export function* readSections(
  window: Window,
  window_address: number,
  capabilities: Configuration['capabilities'],
  target: TargetMaker,
): Reading<LiveSections> {
  const sections = new SectionList();
  const begun = new Map<number, SectionHead>();
  let ram: RamSection | undefined;
  let not_carried: StreamSection | undefined;
  for (;;) {
    const offset = window.offset;
    const type = yield* readU8(window, 'the next section');
    if (type === ELEMENT_COMMAND) {
      yield* readCommand(window, offset);
      continue;
    }
    if (type === ELEMENT_EOF) {
      if (ram === undefined) throw fail('no-ram', { offset });
      window.seek(offset);
      break;
    }
    const head = yield* readHead(window, type, offset, begun);
    if (ram === undefined && isRam(head) && type === ELEMENT_SECTION_START) {
      ram = new RamSection(head, window, window_address, capabilities, target);
      sections.add(placed(yield* ram.readStart(), offset, window));
    } else if (head === ram?.head) {
      sections.add(placed(yield* ram.readFurther(type), offset, window));
      if (type === ELEMENT_SECTION_END) break;
    } else {
      if (isRam(head)) throw fail(ram === undefined ? 'ram-full' : 'second-ram', { offset });
      yield* skipBody(window, head.id, begun);
      const section = { ...placed(unknownHead(head, type), offset, window), by_search: true as const };
      sections.add(section);
      not_carried ??= section;
    }
  }
  ram.end();
  const names = new Map(Array.from(begun, ([id, { name }]) => [id, name]));
  return { ram, sections, not_carried, begun: names };
}

function isRam(head: SectionHead): boolean {
  return head.name === RAM_IDSTR && head.instance === RAM_INSTANCE;
}

/** The head of a section: its own, or for PART and END the one that it began with. */
function* readHead(
  window: Window,
  type: number,
  offset: number,
  begun: Map<number, SectionHead>,
): Reading<SectionHead> {
  if (type === ELEMENT_SECTION_START || type === ELEMENT_SECTION_FULL) {
    const head = yield* readSectionHead(window, offset);
    if (type === ELEMENT_SECTION_START) {
      if (begun.has(head.id) && !isRam(head)) throw fail('section-id-twice', { offset, id: head.id });
      begun.set(head.id, head);
    }
    return head;
  }
  if (type !== ELEMENT_SECTION_PART && type !== ELEMENT_SECTION_END) {
    throw fail('bad-element', { offset, found: type, expected: 'a section (0x1 to 0x4)' });
  }
  const id = yield* readU32(window, 'a section id');
  const head = begun.get(id);
  if (head === undefined) throw fail('unknown-section', { offset, section: `id ${id}` });
  return head;
}

/** Goes behind the footer of a section of unknown form. */
function* skipBody(window: Window, id: number, begun: ReadonlyMap<number, SectionHead>): Reading<void> {
  const context = { begun_ids: new Set(begun.keys()), may_end: true };
  for (;;) {
    const found = findFooter(window.available(), 0, id, context, window.is_ended);
    if ('end' in found) {
      window.consume(found.end);
      return;
    }
    window.consume(found.searched);
    if (window.is_ended)
      throw fail('stream-cut', { offset: window.end_offset, wanted: `the footer of section ${id}` });
    yield;
  }
}

const TYPES: Readonly<Record<number, StreamSection['type']>> = {
  [ELEMENT_SECTION_START]: 'start',
  [ELEMENT_SECTION_PART]: 'part',
  [ELEMENT_SECTION_END]: 'end',
};

type Head = Omit<StreamSection, 'offset' | 'bytes'>;

function unknownHead({ id, name, instance, version }: SectionHead, type: number): Head {
  return { id, type: TYPES[type] ?? 'full', name, instance, version };
}

function placed(head: RamHead | Head, offset: number, window: Window): StreamSection {
  return { ...head, offset, bytes: window.offset - offset };
}
