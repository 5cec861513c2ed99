/** `pagepipe sweep`. */

import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import { fail, PagepipeError } from '../errors.ts';
import type { CostSet } from '../model/scenario/costs.ts';
import { isStandardOutput } from '../node/output/same-output.ts';
import { reportSweep } from '../report/sweep.ts';
import type { CellFigures } from '../results/cells.ts';
import { SWEEP_SCHEMA } from '../results/schemas.ts';
import { type Axis, parseAxes, SEED_KEY } from '../sweep/axes.ts';
import type { CellOutput } from '../sweep/cell-file.ts';
import { type ReadLine, readCellLine } from '../sweep/cell-line.ts';
import { openCells } from '../sweep/cell-output.ts';
import { runCells } from '../sweep/pool.ts';
import { summariseCells } from '../sweep/summary.ts';
import { Sweep, type SweepSetup } from '../sweep/sweep.ts';
import { sweepId } from '../sweep/sweep-id.ts';
import { CountBar } from './count-bar.ts';
import { contradiction, wholeNumber } from './options.ts';
import { applySettings, chooseCosts, collect, readScenario } from './scenario.ts';
import { interruptible, print, printError, printJson } from './terminal.ts';

const SEED_DEFAULT = 1;
const VARY_HELP = 'values of a setting, or seed=1..100; of several all combinations, the last fastest';
const EPILOGUE = `
A line of FILE is a cell; the same cell gives the same line on every machine. A run goes on where
an earlier one was ended. To spread a sweep, give each machine a --shard and a FILE of its own:
  pagepipe sweep thread-2011 --vary seed=1..1000 --shard 0/4 -o part0.ndjson
  cat part*.ndjson > all.ndjson
The same command without --shard, with -o all.ndjson, runs what is missing and sums it all up.`;

interface SweepFlags {
  readonly vary: readonly string[];
  readonly output: string;
  readonly set: readonly string[];
  readonly seed?: number;
  readonly shard: Shard;
  readonly costs?: string;
  readonly jobs: number;
  readonly json?: boolean;
  readonly force?: boolean;
}

/** One of several runs that share a sweep. */
interface Shard {
  readonly number: number;
  readonly count: number;
}

export function defineSweep(command: Command): void {
  command
    .argument('<SCENARIO>', 'a built-in name, or a JSON file, as for simulate')
    .addOption(
      new Option('--vary <key=a,b,c>', VARY_HELP).argParser(collect).default([], 'none; one is needed'),
    )
    .requiredOption('-o, --output <FILE>', 'the lines (NDJSON), kept if there; - for standard output')
    .addOption(
      new Option('--set <key=value>', 'change the scenario; may be repeated')
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--seed <N>', 'the seed where it is not varied (default: 1)', wholeNumber('--seed', 0))
    .addOption(
      new Option('--shard <I/N>', 'only each Nth cell, from the Ith on; I counts from 0')
        .argParser(parseShard)
        .default({ number: 0, count: 1 }, 'all cells'),
    )
    .option('--costs <FILE>', 'costs that calibrate measured, or the name of a built-in set')
    .addOption(
      new Option('--jobs <N>', 'cells at a time')
        .argParser(wholeNumber('--jobs', 1))
        .default(availableParallelism(), 'the number of cores'),
    )
    .option('--json', 'one JSON document instead of the summary')
    .option('-f, --force', 'begin a file anew')
    .addHelpText('after', EPILOGUE)
    .action((word: string, flags: SweepFlags) => sweepCommand(word, flags));
}

function parseShard(text: string): Shard {
  const [, first = '', second = ''] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const shard = { number: Number(first), count: Number(second) };
  if (first === '' || !Number.isSafeInteger(shard.count) || shard.number >= shard.count) {
    throw fail('usage-shard', { text });
  }
  return shard;
}

async function sweepCommand(word: string, flags: SweepFlags): Promise<void> {
  const { sweep, setup } = await prepare(word, flags);
  await interruptible((signal) => new SweepRun(sweep, setup, flags, signal).run());
}

/** Everything about the sweep is found to be right, before anything is opened. */
async function prepare(word: string, flags: SweepFlags): Promise<{ sweep: Sweep; setup: SweepSetup }> {
  if (flags.vary.length === 0) {
    throw fail('usage-needs', { option: 'sweep', needs: '--vary, such as policy.slice=20ms,50ms' });
  }
  const axes = parseAxes(flags.vary, flags.seed ?? SEED_DEFAULT);
  checkContradictions(axes, flags);
  const document = applySettings(await readScenario(word), flags.set);
  const plan = { document, word, axes };
  const sweep = new Sweep(plan);
  const costs: Record<string, CostSet> = {};
  for (const [name, scenario] of sweep.check()) costs[name] = await chooseCosts(flags.costs, scenario);
  return { sweep, setup: { plan, costs, id: sweepId({ plan, costs }) } };
}

/** What is varied cannot be fixed as well. */
function checkContradictions(axes: readonly Axis[], { vary, set, seed, costs }: SweepFlags): void {
  const is_seed_varied = vary.some((text) => text.startsWith(`${SEED_KEY}=`));
  if (seed !== undefined && is_seed_varied) throw contradiction('--seed', '--vary seed');
  for (const { key } of axes) {
    if (key === 'costs' && costs !== undefined) throw contradiction('--costs', '--vary costs');
    if (set.some((setting) => setting.startsWith(`${key}=`))) {
      throw contradiction(`--set ${key}`, `--vary ${key}`);
    }
  }
}

/** One run: the cells of a shard that are not there yet. */
class SweepRun {
  readonly #sweep: Sweep;
  readonly #setup: SweepSetup;
  readonly #flags: SweepFlags;
  readonly #signal: AbortSignal;
  /** Of every cell that is in the file. */
  readonly #figures = new Map<number, CellFigures>();
  readonly #began_ms = performance.now();
  #skipped = 0;
  #done = 0;

  constructor(sweep: Sweep, setup: SweepSetup, flags: SweepFlags, signal: AbortSignal) {
    this.#sweep = sweep;
    this.#setup = setup;
    this.#flags = flags;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    const { output: path, force = false } = this.#flags;
    const expected = {
      id: this.#setup.id,
      cells: this.#sweep.cells,
      onLine: (line: ReadLine) => this.#keep(line),
    };
    const output = await openCells(path, { force, signal: this.#signal }, expected);
    const mine = this.#cellsOfShard();
    const missing = mine.filter((index) => !this.#figures.has(index));
    this.#skipped = mine.length - missing.length;
    try {
      await this.#runCells(missing, output);
    } finally {
      await output.finish();
    }
    if (this.#done < missing.length) throw this.#interruption(mine.length);
    this.#tell();
  }

  #cellsOfShard(): number[] {
    const { number, count } = this.#flags.shard;
    const indexes: number[] = [];
    for (let index = number; index < this.#sweep.cells; index += count) indexes.push(index);
    return indexes;
  }

  async #runCells(indexes: readonly number[], output: CellOutput): Promise<void> {
    if (indexes.length === 0) return;
    const { jobs } = this.#flags;
    const bar = new CountBar({
      label: 'sweep',
      unit: 'cells',
      total: indexes.length,
      done: () => this.#done,
    });
    try {
      for await (const line of runCells(this.#setup, indexes, { jobs, signal: this.#signal })) {
        await output.append(line);
        this.#done++;
        const read = readCellLine(line);
        if (read !== undefined) this.#keep(read);
      }
    } catch (error) {
      // of a stream that nobody reads; how far it is, is told of both alike
      if (!(error instanceof PagepipeError && error.code === 'interrupted')) throw error;
    } finally {
      bar.stop();
    }
  }

  #keep({ index, figures }: ReadLine): void {
    this.#figures.set(index, figures);
  }

  #interruption(cells: number): Error {
    const { output } = this.#flags;
    const path = isStandardOutput(output) ? '-' : output;
    const done = this.#skipped + this.#done;
    return fail('sweep-interrupted', { path, done, cells }, fail('interrupted', {}));
  }

  #tell(): void {
    const { output, json, shard } = this.#flags;
    const is_taken = isStandardOutput(output);
    const wall_ms = Math.round(performance.now() - this.#began_ms);
    const counts = { cells: this.#sweep.cells, done: this.#done, skipped: this.#skipped };
    if (json === true) {
      const document = { schema: SWEEP_SCHEMA, ...counts, file: output, wall_ms };
      printJson(document, is_taken ? process.stderr : process.stdout);
      return;
    }
    const text = reportSweep({
      ...counts,
      name: this.#setup.plan.word,
      costs: Object.values(this.#setup.costs).map(({ name }) => name),
      keys: this.#sweep.settings.map(({ key }) => key),
      rows: summariseCells(this.#sweep, this.#figures),
      seeds: this.#sweep.seeds,
      file: is_taken ? 'standard output' : output,
      in_file: this.#figures.size,
      shard: shard.count === 1 ? undefined : `${shard.number}/${shard.count}`,
      wall_ms,
    });
    (is_taken ? printError : print)(text);
  }
}
