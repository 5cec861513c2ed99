/**
 * The model against the real pipe: calibrates this machine, runs every configuration for real and in the model,
 * a few times in turns, and prints the table of docs/MODEL.md. `npm run validate`; `-- COSTS.json` takes costs that
 * are there already.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OwnCpu } from '../../src/calibrate/affinity.ts';
import {
  fillContent,
  formatGbPerS,
  formatMs,
  Guest,
  init,
  parseSize,
  parseWorkload,
} from '../../src/index.ts';
import { type CostSet, parseCosts } from '../../src/model/index.ts';
import { median } from '../../src/stats/quantiles.ts';
import { CONFIGURATIONS, type Configuration, GUEST_SIZE, READERS, SEED } from './configurations.ts';
import { runModelled } from './modelled.ts';
import { type Figures, runReal } from './real.ts';

const PASSES = 7;
/** What the model promises, for nine of ten configurations. */
const THROUGHPUT_TOLERANCE = 0.1;
const ITERATE_TOLERANCE = 0.2;

const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

function calibrated(given: string | undefined): CostSet {
  if (given !== undefined) return parseCosts(JSON.parse(readFileSync(given, 'utf8')), given);
  const folder = mkdtempSync(join(tmpdir(), 'pagepipe-validate-'));
  try {
    const file = join(folder, 'costs.json');
    const { status } = spawnSync(process.execPath, [COMMAND, 'calibrate', '-o', file], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (status !== 0) throw new Error(`calibrate ended with status ${status}`);
    return parseCosts(JSON.parse(readFileSync(file, 'utf8')), file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function guestOf(zero_share: number): Guest {
  const guest = new Guest([{ name: 'ram', bytes: parseSize(GUEST_SIZE) }]);
  fillContent(guest.ram(guest.largestBlock()), parseWorkload(`idle,zero=${zero_share * 100}%`), SEED);
  return guest;
}

/** One configuration, a few times: in each pass for real, and in the model by the costs of that pass. */
interface Runs {
  readonly configuration: Configuration;
  readonly real: Figures[];
  readonly model: Figures[];
}

/**
 * Passes over all configurations, each after a calibration of its own: what changes on this machine meanwhile
 * changes for all, and for the model as well.
 */
async function runAll(given: string | undefined): Promise<readonly Runs[]> {
  const guests = new Map<number, Guest>();
  const all: Runs[] = CONFIGURATIONS.map((configuration) => ({ configuration, real: [], model: [] }));
  for (let i = 0; i < PASSES; i++) {
    const costs = calibrated(given);
    const cpu = new OwnCpu();
    for (const { configuration, real, model } of all) {
      const { zero_share } = configuration;
      const guest = guests.get(zero_share) ?? guestOf(zero_share);
      guests.set(zero_share, guest);
      real.push(await runReal(guest, configuration, cpu));
      model.push(runModelled(configuration, costs));
    }
    cpu.release();
    process.stderr.write(`${i + 1} of ${PASSES}\n`);
  }
  return all;
}

/** Each figure by its median: this machine is not ours alone. */
function medianOf(runs: readonly Figures[]): Figures {
  const of = (figure: keyof Figures): number => median(runs.map((run) => run[figure]));
  return {
    bytes_per_s: of('bytes_per_s'),
    iterate_p50_ms: of('iterate_p50_ms'),
    iterates: of('iterates'),
    blackout_p99_ms: of('blackout_p99_ms'),
  };
}

const signed = (ratio: number): string => `${ratio >= 1 ? '+' : ''}${((ratio - 1) * 100).toFixed(0)} %`;

/** What was found is held against what was expected: off in the throughput, in the iterate, or in both. */
function offIn(found: Figures, expected: Figures): string {
  const isOff = (figure: keyof Figures, tolerance: number): boolean =>
    Math.abs(found[figure] / expected[figure] - 1) > tolerance;
  return [
    isOff('bytes_per_s', THROUGHPUT_TOLERANCE) ? 'throughput' : '',
    isOff('iterate_p50_ms', ITERATE_TOLERANCE) ? 'iterate' : '',
  ]
    .filter((name) => name !== '')
    .join(', ');
}

function row({ reader, zero_share, staging, policy }: Configuration, compared: Compared): string {
  const { real, model } = compared;
  return [
    reader.padEnd(9),
    `${(zero_share * 100).toFixed(0)} %`.padStart(4),
    staging.padStart(6),
    policy.padEnd(9),
    formatGbPerS(real.bytes_per_s).padStart(9),
    formatGbPerS(model.bytes_per_s).padStart(9),
    signed(model.bytes_per_s / real.bytes_per_s).padStart(5),
    formatMs(real.iterate_p50_ms).padStart(7),
    formatMs(model.iterate_p50_ms).padStart(7),
    compared.self_off === '' ? ' ' : '~',
    compared.off,
  ]
    .join('  ')
    .trimEnd();
}

/** A configuration, for real and in the model. */
interface Compared {
  readonly real: Figures;
  readonly model: Figures;
  /** What the model is off in. */
  readonly off: string;
  /** What every other real run is off in, against those between. */
  readonly self_off: string;
}

function compare(runs: Runs): Compared {
  const real = medianOf(runs.real);
  const model = medianOf(runs.model);
  const even = medianOf(runs.real.filter((_, i) => i % 2 === 0));
  const odd = medianOf(runs.real.filter((_, i) => i % 2 === 1));
  return { real, model, off: offIn(model, real), self_off: offIn(odd, even) };
}

await init();
const all = (await runAll(process.argv[2])).map((runs) => ({
  configuration: runs.configuration,
  ...compare(runs),
}));
const count = (holds: (compared: Compared) => boolean, of = all): string =>
  `${of.filter(holds).length} of ${of.length}`;

function byReader(reader: string): string {
  const its = all.filter(({ configuration }) => configuration.reader === reader);
  return `  ${reader.padEnd(9)}  ${count(({ off }) => off === '', its)}`;
}

process.stdout.write(
  `model against the real pipe: ${count(({ off }) => off === '')} configurations within ` +
    `${THROUGHPUT_TOLERANCE * 100} % of the throughput and ${ITERATE_TOLERANCE * 100} % of the median iterate\n` +
    `throughput alone: ${count(({ off }) => !off.includes('throughput'))}\n` +
    `the real pipe against itself, ${PASSES >> 1} runs against ${PASSES - (PASSES >> 1)}: ` +
    `${count(({ self_off }) => self_off === '')}; those that are not are marked ~\n\n` +
    `${READERS.map(byReader).join('\n')}\n\n` +
    'reader     zero   batch  policy     real GB/s  model       off    real    model  iterate, median\n' +
    `${all.map(({ configuration, ...compared }) => row(configuration, compared)).join('\n')}\n`,
);
