/** Contenders in turn, round after round, and what their medians say. */
import { formatGbPerS, median, Prng, ratioOfMedians } from '../src/index.ts';

/** Does the whole work once. @returns seconds, as the contender's own heading says */
export interface Contender {
  readonly name: string;
  readonly run: () => Promise<number>;
}

/** Seconds of every round, by the contender's name; the first round warms up and is not counted. */
export type Rounds = ReadonlyMap<string, readonly number[]>;

export async function interleaved(contenders: readonly Contender[], rounds: number): Promise<Rounds> {
  const seconds = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    // each begins in turn: what one leaves behind, such as memory that is freed, is not always the same one's loss
    const at = round % contenders.length;
    for (const { name, run } of [...contenders.slice(at), ...contenders.slice(0, at)]) {
      const took_s = await run();
      if (round > 0) seconds.get(name)?.push(took_s);
    }
  }
  return seconds;
}

/** One line a contender: its median with its range, and how often as fast the first one is. */
export function linesOf(rounds: Rounds, bytes: number): string[] {
  const [first = []] = rounds.values();
  return [...rounds].map(([name, seconds]) => {
    const [slowest, fastest] = [Math.max(...seconds), Math.min(...seconds)];
    const rate = formatGbPerS(bytes / median(seconds)).padStart(10);
    const range = `${formatGbPerS(bytes / slowest)} to ${formatGbPerS(bytes / fastest)}`;
    return `  ${name.padEnd(34)} ${rate}   (${range})${seconds === first ? '' : ratioOf(first, seconds)}`;
  });
}

function ratioOf(ours_s: readonly number[], theirs_s: readonly number[]): string {
  const { ratio, low, high } = ratioOfMedians(ours_s, theirs_s, new Prng(1));
  const interval = low === null || high === null ? '' : ` (95 %: ${low.toFixed(2)} to ${high.toFixed(2)})`;
  return `   ours is at ${ratio?.toFixed(2) ?? '?'}x${interval}`;
}
