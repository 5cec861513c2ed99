/**
 * What follows RAM's END section: device sections, EOF, and the description of the device sections.
 *
 *     04 id idstr instance version body 7e id │ … │ 00 │ 06 u32 n │ n bytes of JSON
 *
 * A device section does not say how long its body is; the JSON behind it does (migration/vmstate.c,
 * vmstate_save_state_v: each field with the size that was written). So the tail is read backwards: the
 * description first, then the sections by it, each checked by its footer.
 */
import { fail } from '../errors.ts';
import {
  ELEMENT_EOF,
  ELEMENT_SECTION_FOOTER,
  ELEMENT_SECTION_FULL,
  ELEMENT_VMDESCRIPTION,
} from './constants.ts';
import { latin1 } from './window.ts';

/** One section as `inspect` lists it; `bytes` from its type byte to the end of its footer. */
export interface TailSection {
  readonly id: number;
  readonly type: 'full' | 'opaque';
  readonly name: string;
  readonly instance: number;
  readonly version: number;
  readonly offset: number;
  readonly bytes: number;
}

const FOOTER_BYTES = 5;
const DESCRIPTION_HEAD_BYTES = 6;

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

function member(value: Json | undefined, key: string): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.entries(value).find(([name]) => name === key)?.[1];
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function count(value: Json | undefined): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function parseJson(bytes: Uint8Array): Json | undefined {
  try {
    const parsed: Json = JSON.parse(new TextDecoder().decode(bytes));
    return parsed;
  } catch {
    return undefined;
  }
}

/** Bytes of a described device: its fields, and its subsections with their heads `05 idstr version`. */
function describedBytes(device: Json): number {
  let bytes = 0;
  for (const field of list(member(device, 'fields'))) {
    // an array of equal elements is described by its first (vmstate.c, vmsd_can_compress)
    const elements = member(field, 'array_len');
    bytes += count(member(field, 'size')) * (elements === undefined ? 1 : count(elements));
  }
  for (const subsection of list(member(device, 'subsections'))) {
    const name = member(subsection, 'vmsd_name');
    bytes += 1 + 1 + (typeof name === 'string' ? name.length : 0) + 4 + describedBytes(subsection);
  }
  return bytes;
}

/** Where EOF stands if a whole description ends the tail: `00 06 n` with n bytes left behind it. */
function eofBeforeDescription(tail: Uint8Array): number | undefined {
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  for (let at = tail.length - DESCRIPTION_HEAD_BYTES; at >= 0; at--) {
    if (tail[at] !== ELEMENT_EOF || tail[at + 1] !== ELEMENT_VMDESCRIPTION) continue;
    if (at + DESCRIPTION_HEAD_BYTES + view.getUint32(at + 2) === tail.length) return at;
  }
  return undefined;
}

/** Whether the tail ends as a stream without a description does: a footer, then EOF. */
function endsInFooterAndEof(tail: Uint8Array): boolean {
  return (
    tail.length > FOOTER_BYTES &&
    tail[tail.length - 1] === ELEMENT_EOF &&
    tail[tail.length - 1 - FOOTER_BYTES] === ELEMENT_SECTION_FOOTER
  );
}

/** One FULL section at `at` whose body has `body_bytes`; undefined if no such section stands there. */
function fullSectionAt(
  tail: Uint8Array,
  at: number,
  body_bytes: number,
): Omit<TailSection, 'offset'> | undefined {
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  const name_bytes = tail[at + 5] ?? 0;
  const head_bytes = 1 + 4 + 1 + name_bytes + 4 + 4;
  const footer_at = at + head_bytes + body_bytes;
  const end = footer_at + FOOTER_BYTES;
  if (end > tail.length || tail[at] !== ELEMENT_SECTION_FULL) return undefined;
  const id = view.getUint32(at + 1);
  if (tail[footer_at] !== ELEMENT_SECTION_FOOTER || view.getUint32(footer_at + 1) !== id) return undefined;
  return {
    id,
    type: 'full',
    name: latin1(tail.subarray(at + 6, at + 6 + name_bytes)),
    instance: view.getUint32(at + 6 + name_bytes),
    version: view.getUint32(at + 10 + name_bytes),
    bytes: end - at,
  };
}

function opaque(offset: number, bytes: number): TailSection {
  return { id: 0, type: 'opaque', name: '', instance: 0, version: 0, offset, bytes };
}

/**
 * Splits a tail into its sections.
 *
 * @param tail all bytes behind RAM's last footer, to the end of the input
 * @param offset where the tail begins in the stream
 * @returns the sections in order; what the description does not fit stands as one `opaque` entry
 * @throws `stream-cut` where neither a description nor a footer and EOF ends the tail
 */
export function splitTail(tail: Uint8Array, offset: number): TailSection[] {
  const eof_at = eofBeforeDescription(tail);
  if (eof_at === undefined) {
    if (tail.length === 1 && tail[0] === ELEMENT_EOF) return [];
    if (endsInFooterAndEof(tail)) return [opaque(offset, tail.length - 1)];
    throw fail('stream-cut', { offset: offset + tail.length, wanted: wantedAtEnd(tail) });
  }
  const description = parseJson(tail.subarray(eof_at + DESCRIPTION_HEAD_BYTES));
  const sections: TailSection[] = [];
  let at = 0;
  for (const device of list(member(description, 'devices'))) {
    const section = fullSectionAt(tail, at, describedBytes(device));
    if (section === undefined) break;
    sections.push({ ...section, offset: offset + at });
    at += section.bytes;
  }
  if (at < eof_at) sections.push(opaque(offset + at, eof_at - at));
  return sections;
}

function wantedAtEnd(tail: Uint8Array): string {
  if (tail.length === 0) return 'the next section';
  return tail[0] === ELEMENT_EOF ? 'the rest of the device description' : 'the end of the device sections';
}
