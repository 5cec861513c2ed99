/** How fast are changed pages found where the host tracks nothing? */
import { answered, inProcess, type Question, type Table } from './harness.ts';
import type { NativePeer } from './peers/native.ts';
import { diffByBuffer, diffFingerprintPlain, diffShadowPlain } from './peers/plain/diff.ts';
import { type BenchMemory, GIB, MIB, PAGE_BYTES } from './ram.ts';

const SIZES = [
  { name: '1 GiB', bytes: GIB },
  { name: '16 MiB', bytes: 16 * MIB },
] as const;

function shadowQuestion(memory: BenchMemory, peer: NativePeer | undefined, size: number): Question {
  const { name, bytes } = SIZES[size] ?? SIZES[0];
  const { core, ram, shadow, bitmap } = memory;
  const pages = bytes / PAGE_BYTES;
  const bits = memory.words(bitmap, pages / 8);
  const words = [memory.words(ram, bytes), memory.words(shadow, bytes)] as const;
  const views = [memory.bytes(ram, bytes), memory.bytes(shadow, bytes)] as const;
  return {
    name: `with a shadow, ${name}, nothing changed: pages that are the same`,
    bytes,
    wanted: pages,
    contenders: [
      { name: 'core', run: inProcess(() => pages - core.diffShadow(ram, shadow, pages, bitmap, false)) },
      ...(peer === undefined
        ? []
        : [
            {
              name: 'native memcmp by pages',
              run: peer.runs('memcmp', memory.arena.memory, [ram, bytes, shadow]),
              ...(bytes === GIB ? { at_least: 0.9 } : {}),
            },
          ]),
      { name: 'Buffer.compare by pages', run: inProcess(() => pages - diffByBuffer(...views, bits)) },
      { name: 'plain TypeScript', run: inProcess(() => pages - diffShadowPlain(...words, bits)) },
    ],
  };
}

function fingerprintQuestion(memory: BenchMemory, size: number): Question {
  const { name, bytes } = SIZES[size] ?? SIZES[0];
  const { core, ram, prints, bitmap } = memory;
  const pages = bytes / PAGE_BYTES;
  const bits = memory.words(bitmap, pages / 8);
  const words = memory.words(ram, bytes);
  const known = memory.words(prints, pages * 16);
  return {
    name: `with fingerprints, ${name}, nothing changed`,
    bytes,
    wanted: 0,
    contenders: [
      { name: 'core', run: inProcess(() => core.diffFingerprint(ram, prints, pages, bitmap, false)) },
      { name: 'plain TypeScript', run: inProcess(() => diffFingerprintPlain(words, known, bits)) },
    ],
  };
}

export function askDiff(memory: BenchMemory, peer: NativePeer | undefined): Promise<Table> {
  memory.fill('normal', GIB);
  memory.core.diffFingerprint(memory.ram, memory.prints, GIB / PAGE_BYTES, memory.bitmap, true);
  return answered('Changed pages', [
    ...SIZES.map((_, size) => shadowQuestion(memory, peer, size)),
    ...SIZES.map((_, size) => fingerprintQuestion(memory, size)),
  ]);
}
