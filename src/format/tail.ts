/**
 * What follows RAM's END section: device sections, EOF, and the description of the device sections.
 *
 *     04 id idstr instance version body 7e id │ … │ 00 │ 06 u32 n │ n bytes of JSON
 *
 * A device section does not say how long its body is; the JSON behind it does (migration/vmstate.c,
 * vmstate_save_state_v: each field with the size that was written). So the tail is read with the description
 * in hand, and each section is checked by its footer; where the two do not agree, the footer is looked for.
 */
import { fail } from '../errors.ts';
import {
  ELEMENT_COMMAND,
  ELEMENT_EOF,
  ELEMENT_SECTION_END,
  ELEMENT_SECTION_FOOTER,
  ELEMENT_SECTION_FULL,
  ELEMENT_SECTION_PART,
  ELEMENT_VMDESCRIPTION,
} from './constants.ts';
import { DescribedDevices } from './description.ts';
import { FOOTER_BYTES, findFooter } from './section-search.ts';
import { latin1 } from './window.ts';

/** One section as `inspect` lists it; `bytes` from its type byte to the end of its footer. */
export interface TailSection {
  readonly id: number;
  readonly type: 'full' | 'part' | 'end' | 'opaque';
  readonly name: string;
  readonly instance: number;
  readonly version: number;
  readonly offset: number;
  readonly bytes: number;
  /** Its end was looked for: nothing says where it is. */
  readonly by_search?: true;
}

const DESCRIPTION_HEAD_BYTES = 6;
const COMMAND_HEAD_BYTES = 5;

/** The elements of a tail, and where its EOF stands. */
interface Split {
  readonly sections: TailSection[];
  readonly end: number;
}

/**
 * Splits a tail into its sections.
 *
 * @param tail all bytes behind RAM's last footer, to the end of the input
 * @param offset where the tail begins in the stream
 * @param page_bytes the page size that the description has to have, if it says one
 * @param begun names of the sections that began before, by id
 * @returns the sections in order; what nothing splits, but a whole description ends, as one `opaque` entry
 * @throws `stream-cut` where the tail does not end as a stream does; `bytes-behind` where it goes on after;
 *   `page-size`
 */
export function splitTail(
  tail: Uint8Array,
  offset: number,
  page_bytes: number,
  begun: ReadonlyMap<number, string> = new Map(),
): TailSection[] {
  const eof_at = eofBeforeDescription(tail);
  const devices = new DescribedDevices(
    eof_at === undefined ? undefined : tail.subarray(eof_at + DESCRIPTION_HEAD_BYTES),
  );
  if (eof_at !== undefined && (devices.page_bytes ?? page_bytes) !== page_bytes)
    throw fail('page-size', { offset: offset + eof_at + 1, found: String(devices.page_bytes), page_bytes });
  const { sections, end } = splitSections(tail, offset, devices, begun);
  if (tail[end] === ELEMENT_EOF) {
    const rest = tail.length - (end + wholeEndBytes(tail, end, offset));
    if (rest > 0) throw fail('bytes-behind', { offset: offset + tail.length - rest, bytes: rest });
    return sections;
  }
  if (eof_at !== undefined && eof_at > end) return [...sections, opaque(offset + end, eof_at - end)];
  throw fail('stream-cut', { offset: offset + tail.length, wanted: wantedAtEnd(tail, end) });
}

function splitSections(
  tail: Uint8Array,
  offset: number,
  devices: DescribedDevices,
  begun: ReadonlyMap<number, string>,
): Split {
  const sections: TailSection[] = [];
  const begun_ids = new Set(begun.keys());
  let at = 0;
  while (at < tail.length) {
    const type = tail[at];
    let section: Omit<TailSection, 'offset'> | undefined;
    if (type === ELEMENT_SECTION_FULL) section = fullSection(tail, at, devices, begun_ids);
    else if (type === ELEMENT_SECTION_PART || type === ELEMENT_SECTION_END)
      section = begunSection(tail, at, begun, begun_ids);
    else if (type === ELEMENT_COMMAND) {
      at += commandBytes(tail, at);
      continue;
    }
    if (section === undefined) break;
    sections.push({ ...section, offset: offset + at });
    at += section.bytes;
  }
  return { sections, end: Math.min(at, tail.length) };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A FULL section: as long as it is described, or to the next footer of its id. */
function fullSection(
  tail: Uint8Array,
  at: number,
  devices: DescribedDevices,
  begun_ids: ReadonlySet<number>,
): Omit<TailSection, 'offset'> | undefined {
  const view = viewOf(tail);
  const name_bytes = tail[at + 5] ?? 0;
  const body_at = at + 1 + 4 + 1 + name_bytes + 4 + 4;
  if (body_at > tail.length) return undefined;
  const id = view.getUint32(at + 1);
  const head = {
    id,
    type: 'full' as const,
    name: latin1(tail.subarray(at + 6, at + 6 + name_bytes)),
    instance: view.getUint32(at + 6 + name_bytes),
    version: view.getUint32(at + 10 + name_bytes),
  };
  const described_bytes = devices.take(head.name, head.instance);
  if (described_bytes !== undefined && isFooter(tail, body_at + described_bytes, id))
    return { ...head, bytes: body_at + described_bytes + FOOTER_BYTES - at };
  const end = endBySearch(tail, body_at, id, begun_ids);
  return end === undefined ? undefined : { ...head, bytes: end - at, by_search: true };
}

/** A PART or END of a section that began before RAM ended. */
function begunSection(
  tail: Uint8Array,
  at: number,
  begun: ReadonlyMap<number, string>,
  begun_ids: ReadonlySet<number>,
): Omit<TailSection, 'offset'> | undefined {
  if (at + 5 > tail.length) return undefined;
  const id = viewOf(tail).getUint32(at + 1);
  const end = endBySearch(tail, at + 5, id, begun_ids);
  if (end === undefined) return undefined;
  const type = tail[at] === ELEMENT_SECTION_PART ? 'part' : 'end';
  return { id, type, name: begun.get(id) ?? '', instance: 0, version: 0, bytes: end - at, by_search: true };
}

function endBySearch(
  tail: Uint8Array,
  from: number,
  id: number,
  begun_ids: ReadonlySet<number>,
): number | undefined {
  const found = findFooter(tail, from, id, { begun_ids, may_end: true }, true);
  return 'end' in found ? found.end : undefined;
}

function isFooter(tail: Uint8Array, at: number, id: number): boolean {
  if (at + FOOTER_BYTES > tail.length || tail[at] !== ELEMENT_SECTION_FOOTER) return false;
  return viewOf(tail).getUint32(at + 1) === id;
}

function commandBytes(tail: Uint8Array, at: number): number {
  return at + COMMAND_HEAD_BYTES > tail.length
    ? tail.length - at
    : COMMAND_HEAD_BYTES + viewOf(tail).getUint16(at + 3);
}

/** Bytes of EOF at `at` and the description behind it, as far as there is a whole one. */
function wholeEndBytes(tail: Uint8Array, at: number, offset: number): number {
  if (tail[at + 1] !== ELEMENT_VMDESCRIPTION) return 1;
  if (at + DESCRIPTION_HEAD_BYTES > tail.length) throw cutInDescription(offset + tail.length);
  const bytes = DESCRIPTION_HEAD_BYTES + viewOf(tail).getUint32(at + 2);
  if (at + bytes > tail.length) throw cutInDescription(offset + tail.length);
  return bytes;
}

/** Where EOF stands if a whole description ends the tail: `00 06 n` with n bytes left behind it. */
function eofBeforeDescription(tail: Uint8Array): number | undefined {
  const view = viewOf(tail);
  for (let at = tail.length - DESCRIPTION_HEAD_BYTES; at >= 0; at--) {
    if (tail[at] !== ELEMENT_EOF || tail[at + 1] !== ELEMENT_VMDESCRIPTION) continue;
    if (at + DESCRIPTION_HEAD_BYTES + view.getUint32(at + 2) === tail.length) return at;
  }
  return undefined;
}

function opaque(offset: number, bytes: number): TailSection {
  return { id: 0, type: 'opaque', name: '', instance: 0, version: 0, offset, bytes };
}

function cutInDescription(offset: number): Error {
  return fail('stream-cut', { offset, wanted: 'the end of the description' });
}

function wantedAtEnd(tail: Uint8Array, end: number): string {
  return end === tail.length ? 'the next section' : 'the end of the device sections';
}
