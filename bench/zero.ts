/** How fast is a page seen to be zero? Beside native code of every width, and plain TypeScript. */
import { answered, inProcess, type Question, type Table } from './harness.ts';
import type { NativePeer } from './peers/native.ts';
import { countZeroPlain } from './peers/plain/zero.ts';
import { type BenchMemory, GIB, MIB, PAGE_BYTES } from './ram.ts';

/** The least of native AVX2 that the core holds itself to, by size of the RAM. */
const SIZES = [
  { name: '1 GiB', bytes: GIB, at_least: 0.95 },
  { name: '16 MiB', bytes: 16 * MIB, at_least: 0.8 },
] as const;

const VARIANTS = [
  { name: 'native SSE2', command: 'zero-sse2', flag: 'sse2' },
  { name: 'native AVX2', command: 'zero-avx2', flag: 'avx2' },
  { name: 'native AVX-512', command: 'zero-avx512', flag: 'avx512f' },
] as const;

export function askZero(memory: BenchMemory, peer: NativePeer | undefined): Promise<Table> {
  memory.fill('zero', GIB);
  const questions = SIZES.map(({ name, bytes, at_least }): Question => {
    const words = memory.words(memory.ram, bytes);
    return {
      name: `${name} of written zero pages`,
      bytes,
      wanted: bytes / PAGE_BYTES,
      contenders: [
        { name: 'core', run: inProcess(() => memory.core.countZeroPages(memory.ram, bytes / PAGE_BYTES)) },
        ...VARIANTS.flatMap(({ name: variant, command, flag }) =>
          peer?.has(flag)
            ? {
                name: variant,
                run: peer.runs(command, memory.arena.memory, [memory.ram, bytes]),
                ...(command === 'zero-avx2' ? { at_least } : {}),
              }
            : [],
        ),
        { name: 'plain TypeScript', run: inProcess(() => countZeroPlain(words)) },
      ],
    };
  });
  return answered('Zero test', questions);
}
