/** libvirt's save image, built from its header's description (src/qemu/qemu_saveimage.h); shares nothing with src/. */

/** virQEMUSaveFormat. */
const FORMATS = ['raw', 'gzip', 'bzip2', 'xz', 'lzop', 'zstd', 'sparse'];
/** magic[16], five u32, u32 unused[14]. */
export const HEAD_BYTES = 16 + 5 * 4 + 14 * 4;

/** A field of the head: which of the u32 behind the magic. */
export const FIELDS = { version: 0, data_bytes: 1, was_running: 2, format: 3, cookie_offset: 4 } as const;

export interface ImageFields {
  readonly magic: string;
  readonly version: number;
  readonly data_bytes: number;
  readonly was_running: number;
  readonly format: number | string;
  readonly cookie_offset: number;
  readonly order: 'little' | 'big';
  readonly xml: string;
  /** Bytes behind the XML and its NUL, for edits; libvirt leaves 64 KiB. */
  readonly spare_bytes: number;
}

const DEFAULTS = {
  magic: 'LibvirtQemudSave',
  version: 2,
  was_running: 1,
  format: 'raw',
  cookie_offset: 0,
  order: 'little',
  xml: "<domain type='kvm'><name>guest</name></domain>",
  spare_bytes: 100,
} as const;

/** Head and XML, to put a stream behind; any field may be given wrong. */
export function imageHead(fields: Partial<ImageFields> = {}): Buffer {
  const { magic, version, was_running, format, cookie_offset, order, xml, spare_bytes } = {
    ...DEFAULTS,
    ...fields,
  };
  const data = Buffer.concat([Buffer.from(xml), Buffer.alloc(1 + spare_bytes)]);
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(magic, 'latin1');
  const number = typeof format === 'number' ? format : FORMATS.indexOf(format);
  const values = [version, fields.data_bytes ?? data.length, was_running, number, cookie_offset];
  values.forEach((value, at) => {
    if (order === 'little') head.writeUInt32LE(value, 16 + at * 4);
    else head.writeUInt32BE(value, 16 + at * 4);
  });
  return Buffer.concat([head, data]);
}

/** An image around a stream, which is compressed already where the format says so. */
export function imageOf(stream: Uint8Array, fields: Partial<ImageFields> = {}): Buffer {
  return Buffer.concat([imageHead(fields), stream]);
}
