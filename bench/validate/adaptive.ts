/**
 * `adaptive` beside the slice of 50 ms: in the model over the built-in scenarios, and for real through a pipe and
 * to a plain file, in turns. `npm run validate:adaptive`; its output is the table of docs/MODEL.md.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  adaptive,
  fillContent,
  Guest,
  init,
  type Policy,
  parseWorkload,
  QEMU_SLICE_NS,
  slice,
  unlimited,
} from '../../src/index.ts';
import { findCosts, parseScenario, runModel, scenarioDocument, withSetting } from '../../src/model/index.ts';
import { saveTo } from '../../src/node.ts';
import { median } from '../../src/stats/quantiles.ts';

const MODEL_SEEDS = 9;
const REAL_ROUNDS = 7;
const GUEST_BYTES = 2 ** 30;

/** The loop of today on the hosts of 2011: what the scenarios of the thread assume of everything else. */
const TODAY = [
  ...[
    'loop.sync=round',
    'loop.walks=0',
    'loop.estimate=period',
    'loop.restart=at-once',
    'loop.backlog=false',
  ],
  ...['loop.begin=head', 'loop.complete=turns', 'loop.encode_pages=adapted', 'loop.downtime=300ms'],
];
const MODELLED: readonly (readonly [label: string, scenario: string, settings: readonly string[]])[] = [
  ['thread-2011, loop of today', 'thread-2011', TODAY],
  ['dear-touch, loop of today', 'thread-2011-dear-touch', TODAY],
  ['plain-file, loop of today', 'plain-file', TODAY],
  ['nvme', 'nvme', []],
  ['nvme, reader discards', 'nvme', ['output.reader=discard']],
  ['nvme, plain file', 'nvme', ['output.via=file']],
  ['busy-guest', 'busy-guest', ['guest.size=1GiB', 'guest.content=800MiB']],
  ['thread-2011, its own loop', 'thread-2011', []],
];

interface Outcome {
  readonly p99_ms: number;
  readonly max_ms: number;
  readonly bytes_per_s: number;
}

/** Each figure by its median. */
function medians(outcomes: readonly Outcome[]): Outcome {
  const of = (figure: keyof Outcome): number => median(outcomes.map((outcome) => outcome[figure]));
  return { p99_ms: of('p99_ms'), max_ms: of('max_ms'), bytes_per_s: of('bytes_per_s') };
}

function line(label: string, sliced: readonly Outcome[], adapted: readonly Outcome[]): string {
  const one = medians(sliced);
  const other = medians(adapted);
  const throughput = median(adapted.map((outcome, i) => outcome.bytes_per_s / (sliced[i]?.bytes_per_s ?? 1)));
  return (
    `  ${label.padEnd(28)}${one.p99_ms.toFixed(1).padStart(9)}${one.max_ms.toFixed(1).padStart(9)}` +
    `${other.p99_ms.toFixed(1).padStart(11)}${other.max_ms.toFixed(1).padStart(9)}` +
    `${(other.p99_ms / one.p99_ms).toFixed(2).padStart(9)}${throughput.toFixed(3).padStart(12)}\n`
  );
}

const HEAD =
  `  ${''.padEnd(28)}${'50 ms slice'.padStart(18)}${'adaptive'.padStart(20)}${'ratio of'.padStart(9)}` +
  `${'ratio of'.padStart(12)}\n  ${'blackout in ms'.padEnd(28)}${'p99'.padStart(9)}${'max'.padStart(9)}` +
  `${'p99'.padStart(11)}${'max'.padStart(9)}${'p99'.padStart(9)}${'throughput'.padStart(12)}\n`;

function modelled(scenario: string, settings: readonly string[], policy: string): Outcome[] {
  const document = [...settings, policy].reduce<unknown>(withSetting, scenarioDocument(scenario));
  const parsed = parseScenario(document, scenario);
  const costs = findCosts(parsed.costs);
  return Array.from({ length: MODEL_SEEDS }, (_, i) => {
    const result = runModel({ scenario: parsed, costs, seed: 2001 + i });
    const { p99, max } = result.blackout_ms;
    return { p99_ms: p99, max_ms: max, bytes_per_s: result.guest_bytes_per_s };
  });
}

async function real(guest: Guest, output: string, policy: Policy): Promise<Outcome> {
  const saved = await saveTo(guest, output, {
    via: output.startsWith('exec:') ? 'pipe' : 'file',
    direct: false,
    force: true,
    policy,
  });
  const { p99, max } = saved.blackout.summary_ms();
  return { p99_ms: p99, max_ms: max, bytes_per_s: (saved.guest_bytes * 1e9) / saved.wall_ns };
}

/** One after the other, in turns, after one of each that does not count. */
async function interleaved(guest: Guest, output: string): Promise<{ sliced: Outcome[]; adapted: Outcome[] }> {
  const sliced: Outcome[] = [];
  const adapted: Outcome[] = [];
  for (let round = 0; round <= REAL_ROUNDS; round++) {
    sliced.push(await real(guest, output, slice(unlimited, QEMU_SLICE_NS)));
    adapted.push(await real(guest, output, adaptive(unlimited)));
  }
  return { sliced: sliced.slice(1), adapted: adapted.slice(1) };
}

await init();
process.stdout.write(`model, medians over seeds 2001 to ${2000 + MODEL_SEEDS}\n${HEAD}`);
for (const [label, scenario, settings] of MODELLED) {
  const sliced = modelled(scenario, settings, 'policy.slice=50ms');
  process.stdout.write(line(label, sliced, modelled(scenario, settings, 'policy.name=adaptive')));
}
process.stdout.write(`\nfor real, 1 GiB, medians of ${REAL_ROUNDS} runs of each in turns\n${HEAD}`);
const folder = mkdtempSync(join(tmpdir(), 'pagepipe-validate-'));
try {
  for (const zero of [0, 60, 95]) {
    const guest = new Guest([{ name: 'ram', bytes: GUEST_BYTES }]);
    fillContent(guest.ram(guest.largestBlock()), parseWorkload(`idle,zero=${zero}%`), 1);
    const piped = await interleaved(guest, 'exec:cat >/dev/null');
    process.stdout.write(line(`pipe to cat, ${zero} % zero`, piped.sliced, piped.adapted));
    const filed = await interleaved(guest, join(folder, 'out.mig'));
    process.stdout.write(line(`plain file, ${zero} % zero`, filed.sliced, filed.adapted));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
