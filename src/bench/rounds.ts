/** Samples in rounds: every case once, each build right after the other, and again. */

import { nextTurn } from '../save/event-loop.ts';
import type { Clock } from '../save/interfaces.ts';
import type { BenchCase, Ready } from './case.ts';

/** A sample is to be at least as long, and as many steps of the clock (a page's may go by 100 us). */
const SAMPLE_NS_MIN = 2_000_000;
const SAMPLE_STEPS_MIN = 50;
/** One that takes less than this share of it is taken again with more runs. */
const SAMPLE_SHARE_MIN = 0.5;
/** With a clock for which a sample would have to be longer, only runs that are so long themselves are measured. */
const SAMPLE_NS_MAX = 1_000_000_000;
/** So many readings of a clock without a step, a second or more of them, and it is taken to stand still. */
const STEP_READS_MAX = 2 ** 25;
/** Each time the runs are doubled; a clock that so many times in a row shows no more time is not one of the work. */
const STANDING_MAX = 8;
/** Enough for V8 to compile what a case calls for good: some thousand calls, or some hundred ms of one. */
const WARM_UP_NS = 30_000_000;
const WARM_UP_RUNS_MIN = 2;
/** An interval from fewer samples is often too narrow; from more it hardly narrows. */
export const ROUNDS_MIN = 15;
export const ROUNDS_MAX = 41;

/** A case that is prepared for one build, and its samples. */
export interface Contender {
  readonly ready: Ready;
  /** Runs of one sample. */
  runs: number;
  /** Why there are no samples, where there are none. */
  unmeasured?: string;
  /** Seconds a run. */
  readonly samples_s: number[];
}

/** A case with its contenders: this build, and the other one where there is one that can do it. */
export interface Entry {
  readonly of: BenchCase;
  readonly contenders: readonly Contender[];
}

/** What a measurement is told of the world. */
export interface Timing {
  readonly clock: Clock;
  /** Throws where the work is to end; called between samples, after everything else had its turn. */
  readonly onTurn: (share_of_group: number) => void;
}

/** The smallest step that a clock makes; Infinity for one that stands still. */
export function clockStep_ns(clock: Clock): number {
  let step_ns = Number.POSITIVE_INFINITY;
  let reads = 0;
  for (let i = 0; i < 8; i++) {
    const before_ns = clock.now();
    let after_ns = clock.now();
    while (after_ns === before_ns && ++reads < STEP_READS_MAX) after_ns = clock.now();
    if (after_ns === before_ns) break;
    step_ns = Math.min(step_ns, after_ns - before_ns);
  }
  return step_ns;
}

/** A clock, and how long a sample has to be by it. */
interface Ruler {
  readonly clock: Clock;
  readonly step_ns: number;
  readonly sample_ns: number;
}

function rulerOf(clock: Clock): Ruler {
  const step_ns = clockStep_ns(clock);
  return { clock, step_ns, sample_ns: Math.max(SAMPLE_NS_MIN, SAMPLE_STEPS_MIN * step_ns) };
}

const formatMs = (ns: number): string => `${Number((ns / 1e6).toPrecision(3))} ms`;

/** Why runs that are shorter than a sample are not measured by a clock; undefined where they are. */
function tooCoarse({ step_ns, sample_ns }: Ruler): string | undefined {
  if (step_ns === Number.POSITIVE_INFINITY) return 'the clock stands still';
  if (sample_ns <= SAMPLE_NS_MAX) return undefined;
  return `the clock goes by steps of ${formatMs(step_ns)}, so a sample would have to take ${formatMs(sample_ns)}`;
}

/** No run takes less than a nanosecond: with more runs than a sample has of them, the clock does not show the work. */
const isBeyond = (runs: number, { sample_ns }: Ruler): boolean => runs > sample_ns;
const NOT_OF_THE_WORK = 'the clock shows no more time for more work';

/** What `runs` runs take. */
async function time_ns({ ready }: Contender, runs: number, clock: Clock): Promise<number> {
  const before_ns = clock.now();
  for (let i = 0; i < runs; i++) {
    const pending = ready.run();
    // no turn of the microtasks where there is nothing to wait for
    if (pending !== undefined) await pending;
  }
  return clock.now() - before_ns;
}

/**
 * Runs a contender until it is warm, and finds out how many runs make a sample. Only runs that were long enough for a
 * sample themselves say so: of less, the clock shows a step more or none at all.
 *
 * @returns ns a sample takes; 0 where it cannot be measured
 */
async function warmUp(contender: Contender, ruler: Ruler, onTurn: Timing['onTurn']): Promise<number> {
  let [spent_ns, runs, last_ns, standing] = [0, 1, 0, 0];
  for (let turn = 1; ; turn++) {
    await nextTurn();
    onTurn(0);
    const elapsed_ns = await time_ns(contender, runs, ruler.clock);
    spent_ns += elapsed_ns;
    if (elapsed_ns >= ruler.sample_ns) {
      if (turn < WARM_UP_RUNS_MIN || spent_ns < WARM_UP_NS) continue;
      contender.runs = Math.ceil((ruler.sample_ns * runs) / elapsed_ns);
      return (elapsed_ns / runs) * contender.runs;
    }
    standing = elapsed_ns > 0 && elapsed_ns <= last_ns ? standing + 1 : 0;
    const is_standing = standing === STANDING_MAX || isBeyond(runs, ruler);
    const reason = tooCoarse(ruler) ?? (is_standing ? NOT_OF_THE_WORK : undefined);
    if (reason !== undefined) {
      contender.unmeasured = reason;
      return 0;
    }
    last_ns = elapsed_ns;
    runs *= 2;
  }
}

/**
 * Measures all entries in rounds, in about the time given, but 15 rounds at least. In each round both builds
 * of a case come one right after the other, and take turns in who is first.
 */
export async function measure(entries: readonly Entry[], budget_ns: number, timing: Timing): Promise<void> {
  const ruler = rulerOf(timing.clock);
  let round_ns = 0;
  for (const contender of entries.flatMap(({ contenders }) => contenders)) {
    round_ns += await warmUp(contender, ruler, timing.onTurn);
  }
  const rounds = Math.min(ROUNDS_MAX, Math.max(ROUNDS_MIN, Math.floor(budget_ns / Math.max(1, round_ns))));
  const samples = rounds * entries.length;
  let done = 0;
  for (let round = 0; round < rounds; round++) {
    for (const [index, { contenders }] of entries.entries()) {
      const is_turned = (round + index) % 2 === 1;
      for (const contender of is_turned ? [...contenders].reverse() : contenders) {
        await sample(contender, ruler);
      }
      await nextTurn();
      timing.onTurn(++done / samples);
    }
  }
}

/**
 * Takes one sample. Where it is of several runs, half as many go before it: what another case left in the
 * caches does not go at once (with a single run before, 16 MiB were 15 % slower than right after themselves).
 *
 * What took long in the warm-up, by whatever else the machine did then, may be over at once: a sample that is too
 * short for the clock is taken again, with twice the runs.
 */
async function sample(contender: Contender, ruler: Ruler): Promise<void> {
  while (contender.unmeasured === undefined) {
    const { runs } = contender;
    if (runs > 1) await time_ns(contender, Math.ceil(runs / 2), ruler.clock);
    const elapsed_ns = await time_ns(contender, runs, ruler.clock);
    if (elapsed_ns >= ruler.sample_ns * SAMPLE_SHARE_MIN) {
      contender.samples_s.push(elapsed_ns / runs / 1e9);
      return;
    }
    if (isBeyond(runs, ruler)) contender.unmeasured = NOT_OF_THE_WORK;
    contender.runs = runs * 2;
  }
}
