/** `pagepipe compare`. */
import type { Command } from 'commander';
import { fail } from '../errors.ts';
import { Prng } from '../guest/synthetic/prng.ts';
import { readText } from '../node/output/text-file.ts';
import { reportCompare } from '../report/compare.ts';
import { formatCertainty } from '../report/ratio.ts';
import {
  type CompareDocument,
  compareSamples,
  hasFallen,
  hasInterval,
  throughputOf,
} from '../results/compare.ts';
import { parseSamples } from '../results/samples.ts';
import { contradiction, parsePercent } from './options.ts';
import { print, printJson } from './terminal.ts';

/** Any would do; the same one gives the same intervals. */
const BOOTSTRAP_SEED = 1;

interface CompareFlags {
  readonly failBelow?: number;
  readonly json?: boolean;
}

export function defineCompare(command: Command): void {
  command
    .argument(
      '<BASE>',
      'what save, simulate, demo or bench --json printed, once or several times, or sweep wrote',
    )
    .argument('<NEW>', 'the same; runs of the same options are samples of one case')
    .option(
      '--fail-below <PERCENT>',
      'exit 1 where the throughput has fallen by more than so much: 5 for 5 %',
      parsePercent('--fail-below'),
    )
    .option('--json', 'one JSON document instead of text')
    .addHelpText(
      'after',
      '\nSeveral samples a side give an interval: for i in 1 2 3 4 5; do … --json; done > base.json',
    )
    .action(compare);
}

async function compare(base_path: string, new_path: string, flags: CompareFlags): Promise<void> {
  if (base_path === '-' && new_path === '-') throw contradiction('BASE -', 'NEW -');
  const base = parseSamples(await readText(base_path), base_path);
  const next = parseSamples(await readText(new_path), new_path);
  const { failBelow } = flags;
  const document = compareSamples(base, next, () => new Prng(BOOTSTRAP_SEED), failBelow);
  if (document.cases.length === 0) throw fail('usage-compare', {});
  if (flags.json === true) printJson(document);
  else print(reportCompare(document, { base: base_path, new: new_path }, { base, new: next }));
  if (document.verdict === 'fail' && failBelow !== undefined) throw verdictOf(document, failBelow);
}

/** The verdict's line: in how many cases, and the worst of them. */
function verdictOf({ cases }: CompareDocument, fail_below: number): Error {
  const fallen = cases
    .flatMap((one) => throughputOf(one) ?? [])
    .filter((figure) => hasFallen(figure, fail_below))
    .sort((a, b) => (a.ratio ?? 0) - (b.ratio ?? 0));
  return fail('compare-failed', {
    fail_below,
    cases: cases.length,
    fallen: fallen.length,
    worst: fallen.map(formatCertainty)[0] ?? '',
    is_sure: fallen.every(hasInterval),
  });
}
