/**
 * How the benches measure: contenders in rounds, each once a round, so that a machine that slows down slows all
 * of them; an answer checked before anything is timed; the median, its spread, and the ratio of medians.
 */

import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { median, quantile } from '../src/stats/quantiles.ts';

/** What a contender did: how long all its runs took, and what came out of the last. */
export interface Measured {
  readonly ns: number;
  readonly answer: number;
}

/** Does its work `times` times over. */
export type Run = (times: number) => Measured | Promise<Measured>;

/** Does its work once, in this process; answers what came out. */
export function inProcess(
  work: () => number,
  conclude: (answer: number) => number = (answer) => answer,
): Run {
  return (times) => {
    let answer = 0;
    const began_ns = process.hrtime.bigint();
    for (let i = 0; i < times; i++) answer = work();
    const ns = Number(process.hrtime.bigint() - began_ns);
    return { ns, answer: conclude(answer) };
  };
}

export interface Contender {
  readonly name: string;
  readonly run: Run;
  /** The ratio of ours to this one that the project holds itself to. */
  readonly at_least?: number;
}

export interface Question {
  readonly name: string;
  /** Bytes of guest RAM that one run covers. */
  readonly bytes: number;
  /** What every contender must answer; ours is asked first and decides where it is not said. */
  readonly wanted?: number;
  /** Ours first. */
  readonly contenders: readonly Contender[];
}

/** The seconds of one run of a contender, by rounds. */
export interface Sampled {
  readonly name: string;
  readonly at_least?: number | undefined;
  readonly seconds: readonly number[];
}

/** A question, answered. */
export interface Answered {
  readonly name: string;
  readonly bytes: number;
  readonly sampled: readonly Sampled[];
}

/** Questions under one heading, answered. */
export interface Table {
  readonly title: string;
  readonly questions: readonly Answered[];
}

const ROUNDS = 7;
const SAMPLE_MS_MIN = 15;
/** V8 compiles a hot function anew in the background; it has done so by then. */
const WARM_UP_MS = 150;

/** Runs until the compiler is done with it; returns how many runs make a sample. */
async function warmUp({ name, run }: Contender, question: Question, wanted: number): Promise<number> {
  let spent_ms = 0;
  let last_ms = 0;
  let runs = 1;
  while (spent_ms < WARM_UP_MS) {
    const { ns, answer } = await run(runs);
    if (answer !== wanted) throw new Error(`${question.name}: ${name} answers ${answer}, not ${wanted}`);
    last_ms = ns / 1e6 / runs;
    spent_ms += ns / 1e6;
    if (ns / 1e6 < SAMPLE_MS_MIN) runs *= 2;
  }
  return Math.max(1, Math.ceil(SAMPLE_MS_MIN / last_ms));
}

/**
 * Asks all contenders in rounds, each round beginning with the next of them: what one leaves behind in the caches is
 * not always the same one's.
 *
 * benny measures one function to its end before the next; what is asked here alternates, and native code times
 * itself, so the sampling is our own. Cases of this process alone, where a table of costs is asked for and no ratio,
 * go by benny: bench/cases.ts.
 */
async function contest(question: Question): Promise<Sampled[]> {
  const { contenders } = question;
  const first = contenders[0];
  if (first === undefined) return [];
  const wanted = question.wanted ?? (await first.run(1)).answer;
  const sampled: { contender: Contender; times: number; seconds: number[] }[] = [];
  for (const contender of contenders) {
    sampled.push({ contender, times: await warmUp(contender, question, wanted), seconds: [] });
  }
  for (let round = 0; round < ROUNDS; round++) {
    const at = round % sampled.length;
    for (const { contender, times, seconds } of [...sampled.slice(at), ...sampled.slice(0, at)]) {
      seconds.push((await contender.run(times)).ns / 1e9 / times);
    }
  }
  return sampled.map(({ contender: { name, at_least }, seconds }) => ({ name, at_least, seconds }));
}

function gbPerS(bytes: number, seconds: number): string {
  return (bytes / seconds / 1e9).toFixed(1).padStart(6);
}

/** How many times as fast ours is: of the medians, and of the rounds from their tenth to their ninetieth. */
export function ratioOf(ours: Sampled, other: Sampled): { median: number; p10: number; p90: number } {
  const rounds = ours.seconds.map((seconds, i) => (other.seconds[i] ?? Number.NaN) / seconds);
  return {
    median: median(other.seconds) / median(ours.seconds),
    p10: quantile(rounds, 0.1),
    p90: quantile(rounds, 0.9),
  };
}

export function verdict(ratio: number, at_least: number | undefined): string {
  if (at_least === undefined) return '';
  return `   at least ${at_least}: ${ratio >= at_least ? 'holds' : 'falls short'}`;
}

/** A line a contender: GB/s as median (slowest to fastest), and the ratio of ours to it. */
function linesOf({ name, bytes, sampled }: Answered): string[] {
  const [ours] = sampled;
  if (ours === undefined) return [];
  return [
    `  ${name}`,
    ...sampled.map((one) => {
      const { seconds } = one;
      const [best, worst] = [Math.min(...seconds), Math.max(...seconds)];
      const rate = `${gbPerS(bytes, median(seconds))}  (${gbPerS(bytes, worst)} to ${gbPerS(bytes, best)})`;
      if (one === ours) return `    ${one.name.padEnd(34)} ${rate}`;
      const { median: ratio, p10, p90 } = ratioOf(ours, one);
      return `    ${one.name.padEnd(34)} ${rate}   ${ratio.toFixed(2)}x (${p10.toFixed(2)} to ${p90.toFixed(2)})${verdict(ratio, one.at_least)}`;
    }),
  ];
}

export function say(...lines: string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Asks the questions of a table, one after the other. */
export async function answered(title: string, questions: readonly Question[]): Promise<Table> {
  const all: Answered[] = [];
  for (const question of questions) {
    all.push({ name: question.name, bytes: question.bytes, sampled: await contest(question) });
  }
  return { title, questions: all };
}

/** The same tables from several processes as one: all their samples together. */
export function merged(runs: readonly (readonly Table[])[]): Table[] {
  const [first = []] = runs;
  return first.map(({ title, questions }, t) => ({
    title,
    questions: questions.map(({ name, bytes, sampled }, q) => ({
      name,
      bytes,
      sampled: sampled.map((one, s) => ({
        ...one,
        seconds: runs.flatMap((tables) => tables[t]?.questions[q]?.sampled[s]?.seconds ?? []),
      })),
    })),
  }));
}

export function print({ title, questions }: Table): void {
  say(
    `${title}: GB/s of guest RAM, median (slowest to fastest); the core's ratio to it (p10 to p90 of rounds)`,
    ...questions.flatMap(linesOf),
    '',
  );
}

/** The machine and the commit that the figures are of. */
export function sayWhere(): void {
  const [cpu] = cpus();
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
  let commit = 'no commit';
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ', with changes';
    commit = `commit ${git('rev-parse', '--short', 'HEAD')}${changed}`;
  } catch {
    // no checkout: what is measured has no commit
  }
  say(
    `${cpu?.model.trim() ?? 'unknown CPU'} x ${cpus().length}, Node ${process.versions.node}, ${commit}`,
    '',
  );
}
