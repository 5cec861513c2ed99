/** All cases, in groups that share RAM: the small sizes together, the large one content after content. */

import { MEMORY_BYTES_MAX } from '../core/arena.ts';
import { fail } from '../errors.ts';
import { type BenchCase, type CaseGroup, MIB } from './case.ts';
import { bitmapCases } from './cases/bitmap.ts';
import { decodeCase } from './cases/decode.ts';
import { fingerprintCase, shadowCase } from './cases/diff.ts';
import { encodeCases } from './cases/encode.ts';
import { facadeCases } from './cases/facade.ts';
import { streamCases } from './cases/stream.ts';
import { xbzrleCases } from './cases/xbzrle.ts';
import { zeroCase } from './cases/zero.ts';
import type { Content } from './content.ts';

/** In the second level of a cache, and beyond most. */
const SMALL_BYTES = MIB;
const MIDDLE_BYTES = 16 * MIB;
/** Of the guests of whole saves, which each need their stream beside them. */
const STREAM_BYTES_MAX = 64 * MIB;
/** What one memory holds, less what stands beside the RAM, in whole MiB. */
export const BENCH_BYTES_MAX: number = Math.floor((MEMORY_BYTES_MAX - 64 * MIB) / MIB) * MIB;

const CONTENTS: readonly Content[] = ['normal', 'half', 'zero'];

/**
 * The cases of a size; those of 1 MiB and 16 MiB beside it are the same for every size above.
 *
 * @throws `usage-bench-size` unless it is whole MiB and fits one memory
 */
export function caseGroups(size_bytes: number): CaseGroup[] {
  if (size_bytes < MIB || size_bytes % MIB !== 0 || size_bytes > BENCH_BYTES_MAX) {
    throw fail('usage-bench-size', { bytes: size_bytes, bytes_max: BENCH_BYTES_MAX });
  }
  const middle_bytes = Math.min(MIDDLE_BYTES, size_bytes);
  const stream_bytes = Math.min(STREAM_BYTES_MAX, size_bytes);
  return [
    smallGroup(middle_bytes, size_bytes),
    ...(size_bytes > middle_bytes ? CONTENTS.map((content) => largeGroup(content, size_bytes)) : []),
    { contents: {}, cases: streamCases(stream_bytes) },
  ];
}

function smallGroup(middle_bytes: number, size_bytes: number): CaseGroup {
  const sizes = [...new Set([SMALL_BYTES, middle_bytes])];
  return {
    contents: { normal: middle_bytes, half: middle_bytes, zero: middle_bytes },
    cases: [
      zeroCase(middle_bytes),
      ...bitmapCases(size_bytes),
      ...CONTENTS.flatMap((content) => sizes.flatMap((bytes) => encodeCases(content, bytes))),
      ...CONTENTS.map((content) => decodeCase(content, middle_bytes, 'own')),
      ...diffCases(middle_bytes),
      ...xbzrleCases(),
      ...facadeCases(),
    ],
  };
}

/**
 * One content at the large size. Memory beside the RAM, such as a shadow to compare it with, comes from
 * `Workbench.shared`; a case that needs as much again as the RAM leaves room for guests of half the memory.
 */
function largeGroup(content: Content, bytes: number): CaseGroup {
  return {
    contents: { [content]: bytes },
    cases: [
      ...(content === 'zero' ? [zeroCase(bytes)] : []),
      ...encodeCases(content, bytes),
      ...(content === 'half' ? [] : [decodeCase(content, bytes, 'in place')]),
      // after the decoder was prepared, which writes other pages over the RAM: what is known is to be of those
      ...(content === 'normal' ? diffCases(bytes) : []),
    ],
  };
}

/** Changes in normal pages; a shadow is as large as the RAM, and one memory has to take both. */
function diffCases(bytes: number): BenchCase[] {
  return [...(2 * bytes <= BENCH_BYTES_MAX ? [shadowCase(bytes)] : []), fingerprintCase(bytes)];
}
