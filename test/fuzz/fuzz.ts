/**
 * Fuzzes everything that reads foreign bytes, and prints what came of it; exits with 1 on a finding.
 *
 *     node --import tsx test/fuzz/fuzz.ts --seconds 600 [--seed 7]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Finding } from './engine.ts';
import { fuzz, type Report } from './watch.ts';

const SIZE_SHOWN_MAX = 300;
/** Where inputs of findings go that are too long to be shown. */
const FOLDER = 'tmp';

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function sum(report: Report, of: 'inputs' | 'codes'): [string, number][] {
  const totals = new Map<string, number>();
  for (const stats of report.stats) {
    for (const [name, count] of Object.entries(stats[of])) totals.set(name, (totals.get(name) ?? 0) + count);
  }
  return [...totals].sort(([, a], [, b]) => b - a);
}

let found = 0;
function showFinding({ family, what, input }: Finding): void {
  const bytes = Buffer.from(input, 'base64');
  let where = input;
  if (bytes.length > SIZE_SHOWN_MAX) {
    mkdirSync(FOLDER, { recursive: true });
    where = `${FOLDER}/finding-${process.pid}-${++found}.bin`;
    writeFileSync(where, bytes);
  }
  const seconds_in = performance.now() / 1000;
  say(
    `FINDING after ${seconds_in.toFixed(1)} s in ${family}, ${bytes.length} bytes: ${what.split('\n').slice(0, 6).join('\n  ')}\n  input: ${where}`,
  );
}

const { values } = parseArgs({ options: { seconds: { type: 'string' }, seed: { type: 'string' } } });
const seconds = Number(values.seconds ?? 60);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
if (!(seconds > 0) || !Number.isSafeInteger(seed)) {
  process.stderr.write('usage: fuzz.ts --seconds N [--seed S]\n');
  process.exit(2);
}
say(`seed ${seed}, ${seconds} s`);
const report = await fuzz(seed, { seconds }, showFinding);
const inputs = sum(report, 'inputs');
const total = inputs.reduce((all, [, count]) => all + count, 0);
say(`inputs ${total}, ${Math.round(total / report.seconds)} a second`);
for (const [name, count] of inputs) say(`  ${name.padEnd(24)} ${count}`);
const codes = sum(report, 'codes');
say(`outcomes ${codes.length}`);
for (const [name, count] of codes) say(`  ${name.padEnd(24)} ${count}`);
const most = (of: 'signatures' | 'slowest_ms' | 'rss_bytes_max'): number =>
  Math.max(0, ...report.stats.map((stats) => stats[of]));
say(`distinct signatures ${most('signatures')}`);
say(
  `slowest input ${Math.round(most('slowest_ms'))} ms, most memory ${Math.round(most('rss_bytes_max') / 2 ** 20)} MiB`,
);
say(`findings ${report.findings.length}`);
process.exitCode = report.findings.length > 0 ? 1 : 0;
