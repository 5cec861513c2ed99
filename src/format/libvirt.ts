/**
 * The head of a libvirt save image (src/qemu/qemu_saveimage.h): 92 bytes in the byte order of the host that
 * wrote it, then the domain's XML, then the migration stream, as it is or compressed.
 *
 *      0                16       20        24           28      32             36            92
 *     ┌────────────────┬────────┬─────────┬────────────┬───────┬──────────────┬─────────────┬──────────┬────────┐
 *     │LibvirtQemudSave│version │data_len │was_running │format │cookie_offset │unused u32x14│XML, cookie│ stream │
 *     │                │     u32│      u32│         u32│    u32│           u32│             │  data_len │        │
 *     └────────────────┴────────┴─────────┴────────────┴───────┴──────────────┴─────────────┴──────────┴────────┘
 */
import { fail } from '../errors.ts';
import { latin1, need, type Reading, type Window } from './window.ts';

const MAGIC = 'LibvirtQemudSave';
/** What stands there until the save is whole. */
const MAGIC_PART = 'LibvirtQemudPart';
const MAGIC_BYTES = 16;
const HEADER_BYTES = 92;
const VERSION_MAX = 2;
/** A version that reads as more than this stands in the other byte order. */
const VERSION_SWAPPED = 0x10000;
/** XML and cookie, with 64 KiB to spare for edits; real ones are under 100 KiB. */
const DATA_BYTES_MAX = 16 * 2 ** 20;
/** How much of the XML is looked at for the domain's name. */
const XML_HEAD_BYTES = 4096;

/** How the stream behind the head is written, by the number in the head. */
const FORMATS = ['raw', 'gzip', 'bzip2', 'xz', 'lzop', 'zstd', 'sparse'] as const;
export type LibvirtFormat = (typeof FORMATS)[number];

/** What the head of a save image says. */
export interface LibvirtHead {
  readonly version: number;
  readonly format: LibvirtFormat;
  readonly was_running: boolean;
  readonly xml_bytes: number;
  /** The domain's name; empty where the XML does not say. */
  readonly domain: string;
  /** Where the stream, or what it is compressed to, begins in the file. */
  readonly stream_offset: number;
}

/** Whether the input begins as a save image does, finished or not. */
export function* isLibvirtImage(window: Window): Reading<boolean> {
  while (window.available_bytes < MAGIC_BYTES && !window.is_ended) yield;
  const magic = latin1(window.available().subarray(0, MAGIC_BYTES));
  return magic === MAGIC || magic === MAGIC_PART;
}

/**
 * Reads the head and the XML.
 *
 * @throws `libvirt-partial` for an image that was not finished; `libvirt-head` for any field that cannot be
 */
export function* readLibvirtHead(window: Window): Reading<LibvirtHead> {
  yield* need(window, HEADER_BYTES, 'the head of a libvirt save image');
  const head = window.available().slice(0, HEADER_BYTES);
  if (latin1(head.subarray(0, MAGIC_BYTES)) === MAGIC_PART) throw fail('libvirt-partial', {});
  const view = new DataView(head.buffer);
  const is_little = view.getUint32(MAGIC_BYTES, true) < VERSION_SWAPPED;
  const field = (index: number): number => view.getUint32(MAGIC_BYTES + index * 4, is_little);
  const refuse = (index: number, name: string, expected: string) =>
    fail('libvirt-head', { offset: MAGIC_BYTES + index * 4, field: name, found: field(index), expected });

  const version = field(0);
  if (version < 1 || version > VERSION_MAX) throw refuse(0, 'version', `1 to ${VERSION_MAX}`);
  const data_bytes = field(1);
  if (data_bytes === 0 || data_bytes > DATA_BYTES_MAX)
    throw refuse(1, 'length of the XML', `1 to ${DATA_BYTES_MAX}`);
  const was_running = field(2);
  const format = FORMATS[field(3)];
  if (format === undefined) throw refuse(3, 'format', `0 to ${FORMATS.length - 1}`);
  window.consume(HEADER_BYTES);

  const xml_head_bytes = Math.min(data_bytes, XML_HEAD_BYTES);
  yield* need(window, xml_head_bytes, "a libvirt save image's XML");
  const xml = new TextDecoder().decode(window.available().slice(0, xml_head_bytes));
  const stream_offset = HEADER_BYTES + data_bytes;
  window.seek(stream_offset);
  return {
    version,
    format,
    was_running: was_running !== 0,
    xml_bytes: data_bytes,
    domain: /<name>([^<]*)<\/name>/.exec(xml)?.[1] ?? '',
    stream_offset,
  };
}
