/** The streams of compressed libvirt save images, as far as Node itself can decompress. */
import { Readable, Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { fail } from '../../errors.ts';
import type { LibvirtFormat } from '../../format/libvirt.ts';
import { type ByteSource, InOrder } from './byte-source.ts';

/** Formats that Node does not read, and the program that does. */
const PROGRAMS: Readonly<Record<LibvirtFormat, string>> = {
  raw: 'cat',
  sparse: 'cat',
  gzip: 'gzip',
  bzip2: 'bzip2',
  xz: 'xz',
  lzop: 'lzop',
  zstd: 'zstd',
};

/** Zstandard came with Node 22.15; its name is looked up, for older type descriptions do not know it. */
function decompressor(format: LibvirtFormat): Transform | undefined {
  if (format === 'gzip') return zlib.createGunzip();
  if (format !== 'zstd') return undefined;
  const create: unknown = Reflect.get(zlib, 'createZstdDecompress');
  if (typeof create !== 'function') return undefined;
  const made: unknown = Reflect.apply(create, zlib, []);
  return made instanceof Transform ? made : undefined;
}

/**
 * What `compressed` decompresses to, read in order.
 *
 * @param offset where the compressed bytes begin in their file
 * @throws `libvirt-compressed` for a format that needs another program
 */
export function decompress(
  compressed: AsyncIterable<Uint8Array>,
  format: LibvirtFormat,
  offset: number,
  path: string,
): ByteSource {
  const transform = decompressor(format);
  if (transform === undefined) {
    throw fail('libvirt-compressed', { format, program: PROGRAMS[format], offset });
  }
  const input = Readable.from(compressed);
  input.on('error', (error) => transform.destroy(error));
  const pieces: AsyncIterator<Uint8Array> = input.pipe(transform)[Symbol.asyncIterator]();
  let piece: Uint8Array = new Uint8Array(0);
  const readNext = async (space: Uint8Array): Promise<number> => {
    if (piece.length === 0) {
      const next = await pieces.next();
      if (next.done === true) return 0;
      piece = next.value;
    }
    const bytes = Math.min(space.length, piece.length);
    space.set(piece.subarray(0, bytes));
    piece = piece.subarray(bytes);
    return bytes;
  };
  return new InOrder(readNext, path, undefined);
}
