/** Does a page cost the same in a small guest and in a large one, beyond the caches? */

import { pathToFileURL } from 'node:url';
import { quantile } from '../src/stats/quantiles.ts';
import type { Content } from './contents.ts';
import { inProcess } from './harness.ts';
import { BenchMemory, GIB, MIB, PAGE_BYTES } from './ram.ts';

const SIZES = [MIB, 4 * MIB, 16 * MIB, 64 * MIB, 256 * MIB, GIB, 2 * GIB];
const CONTENTS: readonly Content[] = ['zero', 'normal'];
const ROUNDS = 11;
/** A sample goes over so much RAM, or over all of a larger guest once. */
const SAMPLE_BYTES = 256 * MIB;

export async function benchFlat(): Promise<void> {
  const memory = new BenchMemory(2 * GIB, { shadow: false });
  process.stdout.write(
    'What does encoding a page cost, by the RAM it stands in? ns, median (10 % to 90 %)\n',
  );
  for (const content of CONTENTS) {
    memory.fill(content, 2 * GIB);
    const samples = SIZES.map((): number[] => []);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, bytes] of SIZES.entries()) {
        const times = Math.max(1, SAMPLE_BYTES / bytes);
        const { ns } = await inProcess(() => memory.encodeAll(bytes))(times);
        samples[i]?.push((ns * PAGE_BYTES) / bytes / times);
      }
    }
    for (const [i, bytes] of SIZES.entries()) {
      const at = (share: number): string => quantile(samples[i] ?? [], share).toFixed(0);
      const size = bytes >= GIB ? `${bytes / GIB} GiB` : `${bytes / MIB} MiB`;
      process.stdout.write(
        `  ${content.padEnd(7)} ${size.padStart(8)}   ${at(0.5).padStart(4)} ns a page (${at(0.1)} to ${at(0.9)})\n`,
      );
    }
  }
  process.stdout.write('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await benchFlat();
