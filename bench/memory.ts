/**
 * How much memory does a save of 1 GiB take, beside the guest? The highest resident size of the process (VmHWM)
 * from just before `saveTo` to its end, less the resident size then; XBZRLE's cache is meant to be taken.
 */
import { fileURLToPath } from 'node:url';
import { formatBytes } from '../src/index.ts';
import { inOwnProcess } from './case-process.ts';

interface Taken {
  readonly before_bytes: number;
  readonly peak_bytes: number;
  readonly cache_bytes: number;
  /** Pages that the cache had when they were looked for. */
  readonly xbzrle_pages: number;
}

export function benchMemory(): void {
  const lines = ['plain', 'xbzrle'].map((name) => {
    const { before_bytes, peak_bytes, cache_bytes, xbzrle_pages } = inOwnProcess<Taken>(
      'memory-case.ts',
      name,
    );
    if (name === 'xbzrle' && xbzrle_pages === 0) throw new Error('the cache was never used');
    const cache = cache_bytes === 0 ? '' : `, ${formatBytes(cache_bytes)} of it the cache`;
    return (
      `  ${name.padEnd(8)} ${formatBytes(peak_bytes - before_bytes).padStart(10)} more than the ` +
      `${formatBytes(before_bytes)} before${cache}`
    );
  });
  process.stdout.write(`How much memory does a save of 1 GiB take at most?\n${lines.join('\n')}\n\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) benchMemory();
