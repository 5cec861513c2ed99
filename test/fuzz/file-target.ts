/** Inputs as files: what only files can be, compressed images and raw ones, goes this way. */
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { PagepipeError } from '../../src/errors.ts';
import { inspectFile, readGuest } from '../../src/node.ts';
import { imageHead } from '../ref/libvirt.ts';
import type { Marked } from './mutate.ts';
import { checkError, type Outcome } from './oracle.ts';
import { hashOf, Random } from './random.ts';

async function codeOf(read: () => Promise<unknown>): Promise<string> {
  try {
    await read();
    return 'ok';
  } catch (error) {
    if (!(error instanceof PagepipeError)) throw error;
    checkError(error, Number.MAX_SAFE_INTEGER);
    return error.code;
  }
}

/** The input as it is, or compressed in an image: whole, cut or damaged. */
function fileOf({ bytes }: Marked, random: Random): Uint8Array {
  if (random.chance(0.3)) return bytes;
  const packed = gzipSync(bytes);
  if (random.chance(0.5)) packed[random.below(packed.length)] = random.u32() & 0xff;
  const end = random.chance(0.3) ? random.below(packed.length) : packed.length;
  const format = random.pick(['gzip', 'gzip', 'gzip', 'zstd', 'xz', 'bzip2', 'lzop']);
  return Buffer.concat([imageHead({ format }), packed.subarray(0, end)]);
}

/** @param path a file that may be written over */
export async function runFile(input: Marked, path: string): Promise<Outcome> {
  writeFileSync(path, fileOf(input, new Random(hashOf(input.bytes))));
  const inspected = await codeOf(() => inspectFile(path));
  const read = await codeOf(() => readGuest(path));
  const codes = [...new Set([inspected, read])];
  return { code: codes.join('+'), signature: `file ${inspected} ${read}` };
}
