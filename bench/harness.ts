/** What the benches share: guests whose every page was written, and figures in GB/s. */
import b from 'benny';
import { formatGbPerS, Guest, type Prng } from '../src/index.ts';

/** How many bytes of RAM each run of a case goes over. */
export const RAM_BYTES = 128 * 2 ** 20;

/** A case: does the whole work once over `RAM_BYTES` of RAM. */
export interface Case {
  readonly name: string;
  readonly run: () => void;
}

type Fill = (words: Uint32Array, random: Prng) => void;

/** A guest of one block; every page is written, or the kernel would map one zero page everywhere. */
export function writtenGuest(fill: Fill, random: Prng): Guest {
  const guest = new Guest([{ name: 'ram', bytes: RAM_BYTES }]);
  const ram = guest.ram(guest.largestBlock());
  ram.fill(1);
  fill(new Uint32Array(ram.buffer, ram.byteOffset, ram.length / 4), random);
  return guest;
}

/** Runs the cases in turn and prints each one's median with its spread. */
export async function compare(question: string, cases: readonly Case[]): Promise<void> {
  const suite = await b.suite(
    question,
    ...cases.map(({ name, run }) => b.add(name, run, { minSamples: 20 })),
  );
  const lines = suite.results.map(({ name, details }) => {
    // benny rounds ops to whole numbers, which is coarse at a few runs a second: the samples are exact
    const seconds = [...details.sampleResults].sort((x, y) => x - y);
    const at = (share: number): string => {
      const sample = seconds[Math.min(seconds.length - 1, Math.floor(share * seconds.length))] ?? Number.NaN;
      return formatGbPerS(RAM_BYTES / sample);
    };
    return `  ${name.padEnd(28)} ${at(0.5).padStart(10)}   (${at(0.9)} to ${at(0.1)})`;
  });
  process.stdout.write(`${question}: median (p90 to p10), GB/s of guest RAM\n${lines.join('\n')}\n\n`);
}
