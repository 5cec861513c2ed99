/**
 * The model against the real pipe: calibrates this machine, runs every configuration for real and in the model,
 * and prints the table of docs/MODEL.md. `npm run validate`; `-- COSTS.json` takes costs that are there already.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
import { CONFIGURATIONS, type Configuration, GUEST_SIZE, SEED } from './configurations.ts';
import { median } from './median.ts';
import { runModelled } from './modelled.ts';
import { type Figures, runReal } from './real.ts';

const REPEATS = 3;
/** What the model promises, for nine of ten configurations. */
const THROUGHPUT_TOLERANCE = 0.1;
const ITERATE_TOLERANCE = 0.2;

const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

function calibrated(given: string | undefined): CostSet {
  if (given !== undefined) return parseCosts(JSON.parse(readFileSync(given, 'utf8')), given);
  const folder = mkdtempSync(join(tmpdir(), 'pagepipe-validate-'));
  try {
    const file = join(folder, 'costs.json');
    const { status } = spawnSync(process.execPath, [COMMAND, 'calibrate', '-o', file], { stdio: 'inherit' });
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

/** Each figure by its median over a few runs: this machine is not ours alone. */
async function medianReal(guest: Guest, configuration: Configuration): Promise<Figures> {
  const runs: Figures[] = [];
  for (let i = 0; i < REPEATS; i++) runs.push(await runReal(guest, configuration));
  const of = (figure: keyof Figures): number => median(runs.map((run) => run[figure]));
  return {
    bytes_per_s: of('bytes_per_s'),
    iterate_p50_ms: of('iterate_p50_ms'),
    iterates: of('iterates'),
    blackout_p99_ms: of('blackout_p99_ms'),
  };
}

const signed = (ratio: number): string => `${ratio >= 1 ? '+' : ''}${((ratio - 1) * 100).toFixed(0)} %`;

function row(configuration: Configuration, real: Figures, model: Figures): { line: string; isHeld: boolean } {
  const throughput = model.bytes_per_s / real.bytes_per_s;
  const iterate = model.iterate_p50_ms / real.iterate_p50_ms;
  const isHeld =
    Math.abs(throughput - 1) <= THROUGHPUT_TOLERANCE && Math.abs(iterate - 1) <= ITERATE_TOLERANCE;
  const { reader, zero_share, staging, policy } = configuration;
  const cells = [
    reader.padEnd(9),
    `${(zero_share * 100).toFixed(0)} %`.padStart(5),
    staging.padStart(6),
    policy.padEnd(9),
    formatGbPerS(real.bytes_per_s).padStart(9),
    formatGbPerS(model.bytes_per_s).padStart(9),
    signed(throughput).padStart(6),
    formatMs(real.iterate_p50_ms).padStart(7),
    formatMs(model.iterate_p50_ms).padStart(7),
    signed(iterate).padStart(6),
    isHeld ? '' : 'off',
  ];
  return { line: cells.join('  ').trimEnd(), isHeld };
}

await init();
const costs = calibrated(process.argv[2]);
const lines: string[] = [];
let held = 0;
const guests = new Map<number, Guest>();
for (const configuration of CONFIGURATIONS) {
  const { zero_share } = configuration;
  const guest = guests.get(zero_share) ?? guestOf(zero_share);
  guests.set(zero_share, guest);
  const { line, isHeld } = row(
    configuration,
    await medianReal(guest, configuration),
    runModelled(configuration, costs),
  );
  held += isHeld ? 1 : 0;
  process.stderr.write(`${line}\n`);
  lines.push(line);
}
process.stdout.write(
  `model against the real pipe: ${held} of ${CONFIGURATIONS.length} configurations within ` +
    `${THROUGHPUT_TOLERANCE * 100} % of the throughput and ${ITERATE_TOLERANCE * 100} % of the median iterate\n\n` +
    'reader      zero   batch  policy     real GB/s  model        off   real   model iterate, median  off\n' +
    `${lines.join('\n')}\n`,
);
