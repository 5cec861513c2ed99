/** Runs the cases on one build, or on two side by side. */
import { fail } from '../errors.ts';
import { Prng } from '../guest/synthetic/prng.ts';
import {
  type BenchAgainst,
  type BenchCaseResult,
  type BenchDocument,
  type BuildFacts,
  benchCase,
  benchRatio,
  isMeasured,
  unmeasuredCase,
} from '../results/bench.ts';
import type { Plain } from '../results/result.ts';
import { BENCH_SCHEMA } from '../results/schemas.ts';
import { nextTurn, systemClock } from '../save/event-loop.ts';
import type { Clock } from '../save/interfaces.ts';
import { type Build, THIS_BUILD } from './build.ts';
import { type BenchCase, type CaseGroup, type Side, Workbench } from './case.ts';
import { caseGroups } from './groups.ts';
import { Lab } from './lab.ts';
import { type Contender, type Entry, measure, type Timing } from './rounds.ts';

export const BENCH_SIZE_BYTES = 2 ** 30;
export const BENCH_BUDGET_NS = 60e9;
/** Any would do; the same one gives the same intervals. */
const BOOTSTRAP_SEED = 1;

const NOTHING_KNOWN: BuildFacts = { version: null, commit: null };

/** Another build to stand beside this one. */
export interface BenchOther extends BuildFacts {
  readonly build: Build;
}

export interface BenchOptions {
  /** The largest guest; 1 GiB unless told. */
  readonly size_bytes?: number | undefined;
  /** Only cases whose name it is found in. */
  readonly only?: RegExp | undefined;
  readonly against?: BenchOther | undefined;
  /** About how long it all may take; 60 s unless told. Each case has 15 samples at least, whatever it takes. */
  readonly budget_ns?: number | undefined;
  readonly clock?: Clock | undefined;
  /** Aborting it ends the bench with `interrupted`. */
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with the share that is done. */
  readonly onProgress?: ((share: number) => void) | undefined;
  /** What is known of this build, and of the machine: they go into the document as they are. */
  readonly facts?: BuildFacts | undefined;
  readonly machine?: Readonly<Record<string, Plain>> | undefined;
}

/**
 * Measures the core's kernels and whole saves, in GB/s of guest RAM. Every case's answer is checked before it
 * is timed, and every page is written first. Where two builds stand side by side they work on the same memory,
 * and their samples take turns; calls from JavaScript are then a little slower for both, since the engine no
 * longer knows which core is meant.
 *
 * @returns the document that `bench --json` prints
 * @throws `bench-wrong` where an answer is wrong; `usage-bench-size`; `usage-bench-only` where no case is left;
 *   `interrupted`; `memory-full`
 * @example
 * await init();
 * const { cases } = await runBench({ size_bytes: 64 * 2 ** 20, only: /^encode/ });
 * for (const { name, gb_per_s } of cases) console.log(`${name}: ${gb_per_s.median} GB/s`);
 */
export async function runBench(options: BenchOptions = {}): Promise<BenchDocument> {
  const { size_bytes = BENCH_SIZE_BYTES, only, against, facts = NOTHING_KNOWN, machine = {} } = options;
  const groups = chosenGroups(size_bytes, only);
  const { here, there } = await new Bench(groups, options).run();
  return {
    schema: BENCH_SCHEMA,
    ...facts,
    cases: here,
    machine,
    ...(against === undefined ? {} : { against: besides(here, there, against) }),
  };
}

/** The names of the cases of a size. */
export function benchCaseNames(size_bytes: number): string[] {
  return caseGroups(size_bytes).flatMap(({ cases }) => cases.map(({ name }) => name));
}

function chosenGroups(size_bytes: number, only: RegExp | undefined): CaseGroup[] {
  const isChosen = ({ name }: BenchCase): boolean => only === undefined || name.search(only) >= 0;
  const groups = caseGroups(size_bytes)
    .map(({ contents, cases }) => ({ contents, cases: cases.filter(isChosen) }))
    .filter(({ cases }) => cases.length > 0);
  if (groups.length === 0) {
    throw fail('usage-bench-only', { pattern: only?.source ?? '', is_regexp: true });
  }
  return groups;
}

function besides(
  here: readonly BenchCaseResult[],
  there: readonly BenchCaseResult[],
  { version, commit }: BenchOther,
): BenchAgainst {
  const ratios = there.filter(isMeasured).flatMap((other) => {
    const own = here.filter(isMeasured).find(({ name }) => name === other.name);
    return own === undefined ? [] : [benchRatio(own, other, new Prng(BOOTSTRAP_SEED))];
  });
  return { version, commit, cases: there, ratios };
}

/** What was measured of each build. */
interface Results {
  readonly here: BenchCaseResult[];
  readonly there: BenchCaseResult[];
}

/** One run over all groups. What a group worked on is given up before the next begins. */
class Bench {
  readonly #groups: readonly CaseGroup[];
  readonly #options: BenchOptions;
  readonly #clock: Clock;
  readonly #lab = new Lab();
  readonly #end_ns: number;

  constructor(groups: readonly CaseGroup[], options: BenchOptions) {
    this.#groups = groups;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#end_ns = this.#clock.now() + (options.budget_ns ?? BENCH_BUDGET_NS);
  }

  async run(): Promise<Results> {
    const { against } = this.#options;
    const builds = against === undefined ? [THIS_BUILD] : [THIS_BUILD, against.build];
    const sides = await Promise.all(
      builds.map(async (build): Promise<Side> => ({ build, ...(await build.coreOn(this.#lab.arena)) })),
    );
    const results: Results = { here: [], there: [] };
    for (const [index, group] of this.#groups.entries()) {
      for (const { of, contenders } of await this.#measureGroup(index, group, sides)) {
        const [here, there] = contenders.map((contender) => resultOf(of, contender));
        if (here !== undefined) results.here.push(here);
        if (there !== undefined) results.there.push(there);
      }
    }
    return results;
  }

  async #measureGroup(index: number, group: CaseGroup, sides: readonly Side[]): Promise<Entry[]> {
    const timing: Timing = { clock: this.#clock, onTurn: (share) => this.#turn(index, share) };
    const bench = new Workbench(this.#lab, group.contents);
    const entries: Entry[] = [];
    for (const of of group.cases) {
      const contenders: Contender[] = [];
      for (const side of sides.filter((one) => of.isFor?.(one) ?? true)) {
        await nextTurn();
        this.#turn(index, 0);
        bench.lab.beginPage();
        contenders.push({ ready: await of.prepare(bench, side), runs: 1, samples_s: [] });
      }
      entries.push({ of, contenders });
    }
    const groups_left = this.#groups.length - index;
    await measure(entries, (this.#end_ns - this.#clock.now()) / groups_left, timing);
    return entries;
  }

  #turn(group_index: number, share_of_group: number): void {
    if (this.#options.signal?.aborted) throw fail('interrupted', {});
    this.#options.onProgress?.((group_index + share_of_group) / this.#groups.length);
  }
}

function resultOf({ name, bytes }: BenchCase, contender: Contender): BenchCaseResult {
  const { ready, samples_s, unmeasured } = contender;
  const { wire_bytes } = ready;
  const about = { name, bytes, ...(wire_bytes === undefined ? {} : { wire_bytes }) };
  return unmeasured === undefined ? benchCase(about, samples_s) : unmeasuredCase(about, unmeasured);
}
