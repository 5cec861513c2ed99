/**
 * Finds the end of a section whose body has a form that is not known, such as a device's that keeps state
 * before RAM: nothing says how long it is, so its footer is looked for.
 *
 *     … body … │ 7e id │ next element
 *
 * A footer's five bytes can stand in a body by chance. So what follows has to look like an element too: the
 * head of a section with a printable name, a further piece of a section that has begun, a known command, or,
 * where the stream may end, its end.
 */
import {
  COMMAND_MAX,
  ELEMENT_COMMAND,
  ELEMENT_EOF,
  ELEMENT_SECTION_END,
  ELEMENT_SECTION_FOOTER,
  ELEMENT_SECTION_FULL,
  ELEMENT_SECTION_PART,
  ELEMENT_SECTION_START,
  ELEMENT_VMDESCRIPTION,
  FILE_MAGIC,
} from './constants.ts';

/** A footer: its type byte and the section's id. */
export const FOOTER_BYTES = 5;
/** The longest that is looked at behind a footer: a section's head with the longest name. */
const NEXT_BYTES_MAX = 1 + 4 + 1 + 255 + 4 + 4;
/** What a description begins with: its type byte and length. */
const DESCRIPTION_HEAD_BYTES = 5;
/** Every description begins so; it is JSON. */
const OPENING_BRACE = 0x7b;
/** No section of QEMU has a version near this. */
const SECTION_VERSION_MAX = 0xffff;

/** What is known of the stream around the section. */
export interface SearchContext {
  /** Ids of sections that have begun: PART and END elements name one. */
  readonly begun_ids: ReadonlySet<number>;
  /** Whether the stream may end behind the section. */
  readonly may_end: boolean;
}

/** Where a footer ends that was found, or up to where there is none for sure. */
export type SearchResult = { readonly end: number } | { readonly searched: number };

/**
 * Looks for the footer of section `id` from `from` on.
 *
 * @param is_all whether nothing follows `bytes`; else a footer too near their end is left for the next look
 */
export function findFooter(
  bytes: Uint8Array,
  from: number,
  id: number,
  context: SearchContext,
  is_all: boolean,
): SearchResult {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = from;
  for (;;) {
    const found = bytes.indexOf(ELEMENT_SECTION_FOOTER, at);
    if (found < 0) return { searched: bytes.length };
    const end = found + FOOTER_BYTES;
    if (!is_all && end + NEXT_BYTES_MAX > bytes.length) return { searched: found };
    if (end > bytes.length) return { searched: bytes.length };
    if (view.getUint32(found + 1) === id && isElement(view, end, context, is_all)) return { end };
    at = found + 1;
  }
}

/** Whether an element seems to begin at `at`. */
function isElement(
  view: DataView,
  at: number,
  { begun_ids, may_end }: SearchContext,
  is_all: boolean,
): boolean {
  if (at >= view.byteLength) return false;
  switch (view.getUint8(at)) {
    case ELEMENT_SECTION_START:
    case ELEMENT_SECTION_FULL:
      return isSectionHead(view, at + 1);
    case ELEMENT_SECTION_PART:
    case ELEMENT_SECTION_END:
      return at + FOOTER_BYTES <= view.byteLength && begun_ids.has(view.getUint32(at + 1));
    case ELEMENT_COMMAND:
      return at + 3 <= view.byteLength && isCommand(view.getUint16(at + 1));
    case ELEMENT_EOF:
      return may_end && isEnd(view, at + 1, is_all);
    default:
      return false;
  }
}

function isCommand(command: number): boolean {
  return command >= 1 && command <= COMMAND_MAX;
}

/** id u32, name with a length byte, instance u32, version u32. */
function isSectionHead(view: DataView, at: number): boolean {
  const name_at = at + 4 + 1;
  if (name_at > view.byteLength) return false;
  const name_bytes = view.getUint8(name_at - 1);
  const version_at = name_at + name_bytes + 4;
  if (name_bytes === 0 || version_at + 4 > view.byteLength) return false;
  for (let i = name_at; i < name_at + name_bytes; i++) {
    const char = view.getUint8(i);
    if (char < 0x20 || char > 0x7e) return false;
  }
  return view.getUint32(version_at) <= SECTION_VERSION_MAX;
}

/**
 * Behind EOF: nothing, a description, or a second stream. Of a description not all may have come yet; and what
 * stands behind it is for the caller to refuse.
 */
function isEnd(view: DataView, at: number, is_all: boolean): boolean {
  if (at === view.byteLength) return true;
  if (at + DESCRIPTION_HEAD_BYTES > view.byteLength) return false;
  if (view.getUint32(at) === FILE_MAGIC) return true;
  if (view.getUint8(at) !== ELEMENT_VMDESCRIPTION) return false;
  const text_at = at + DESCRIPTION_HEAD_BYTES;
  const end = text_at + view.getUint32(at + 1);
  if (end === view.byteLength) return true;
  if (end > view.byteLength && is_all) return false;
  return text_at < view.byteLength && view.getUint8(text_at) === OPENING_BRACE;
}
