/** Samples in rounds: every case once, each build right after the other, and again. */
import { type Clock, nextTurn } from '../index.ts';
import type { BenchCase, Ready } from './case.ts';

/** A sample is at least as long, and as many steps of the clock (a page's may go by 100 us). */
const SAMPLE_NS_MIN = 2_000_000;
const SAMPLE_STEPS_MIN = 50;
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

/** The smallest step that a clock makes. */
export function clockStep_ns(clock: Clock): number {
  let step_ns = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 8; i++) {
    const before_ns = clock.now();
    let after_ns = clock.now();
    while (after_ns === before_ns) after_ns = clock.now();
    step_ns = Math.min(step_ns, after_ns - before_ns);
  }
  return step_ns;
}

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

/** Runs each contender until it is warm, and finds out how many runs make a sample. @returns ns a round takes */
async function warmUp(entries: readonly Entry[], { clock, onTurn }: Timing): Promise<number> {
  const sample_ns_min = Math.max(SAMPLE_NS_MIN, SAMPLE_STEPS_MIN * clockStep_ns(clock));
  let round_ns = 0;
  for (const contender of entries.flatMap(({ contenders }) => contenders)) {
    let [spent_ns, runs, last_ns] = [0, 1, 0];
    for (let turn = 0; turn < WARM_UP_RUNS_MIN || spent_ns < WARM_UP_NS; turn++) {
      await nextTurn();
      onTurn(0);
      last_ns = await time_ns(contender, runs, clock);
      spent_ns += last_ns;
      if (last_ns < sample_ns_min) runs *= 2;
    }
    contender.runs = Math.max(1, Math.ceil((sample_ns_min * runs) / Math.max(1, last_ns)));
    round_ns += (last_ns / runs) * contender.runs;
  }
  return round_ns;
}

/**
 * Measures all entries in rounds, in about the time given, but 15 rounds at least. In each round both builds
 * of a case come one right after the other, and take turns in who is first.
 */
export async function measure(entries: readonly Entry[], budget_ns: number, timing: Timing): Promise<void> {
  const round_ns = await warmUp(entries, timing);
  const rounds = Math.min(ROUNDS_MAX, Math.max(ROUNDS_MIN, Math.floor(budget_ns / round_ns)));
  const samples = rounds * entries.length;
  let done = 0;
  for (let round = 0; round < rounds; round++) {
    for (const [index, { contenders }] of entries.entries()) {
      const is_turned = (round + index) % 2 === 1;
      for (const contender of is_turned ? [...contenders].reverse() : contenders) {
        await sample(contender, timing.clock);
      }
      await nextTurn();
      timing.onTurn(++done / samples);
    }
  }
}

/**
 * Takes one sample. Where it is of several runs, half as many go before it: what another case left in the
 * caches does not go at once (with a single run before, 16 MiB were 15 % slower than right after themselves).
 */
async function sample(contender: Contender, clock: Clock): Promise<void> {
  const { runs, samples_s } = contender;
  if (runs > 1) await time_ns(contender, Math.ceil(runs / 2), clock);
  const elapsed_ns = await time_ns(contender, runs, clock);
  samples_s.push(Math.max(1, elapsed_ns) / runs / 1e9);
}
