/** `pagepipe calibrate`. */
import type { Command } from 'commander';
import { calibrate } from '../calibrate/index.ts';
import { fail } from '../errors.ts';
import type { CostSet } from '../model/scenario/costs.ts';
import { checkOutput } from '../node/output/output-file.ts';
import { writeText } from '../node/output/text-file.ts';
import { reportCosts } from '../report/costs.ts';
import { describeMachine } from './machine.ts';
import { isStdoutTaken } from './outputs.ts';
import { withShareBar } from './share-bar.ts';
import { interruptible, print, printError, printJson } from './terminal.ts';

interface CalibrateFlags {
  readonly output?: string;
  readonly dir?: string;
  readonly quick?: boolean;
  readonly json?: boolean;
  readonly force?: boolean;
}

export function defineCalibrate(command: Command): void {
  command
    .option('-o, --output <FILE>', 'write the costs to a file')
    .option('--dir <DIR>', "where test files go, and are removed (default: the system's temporary folder)")
    .option('--quick', 'a first look in a few seconds, too rough for a model')
    .option('--json', 'the cost document instead of text')
    .option('-f, --force', 'replace a file that exists')
    .action((flags: CalibrateFlags) => interruptible((signal) => run(flags, signal)));
}

/** As a person would read it: a list of numbers stands on one line, however long. */
function fileText(document: CostSet): string {
  const text = JSON.stringify(document, null, 2);
  return `${text.replace(/\[[\d.,\s]*\]/g, (list) => list.replace(/\s+/g, ' '))}\n`;
}

async function run(
  { output, dir, quick, json, force = false }: CalibrateFlags,
  signal: AbortSignal,
): Promise<void> {
  if (output?.startsWith('exec:')) {
    throw fail('output-refused', { path: output, reason: 'a text goes to a file' });
  }
  if (output !== undefined) checkOutput(output, { force });
  const { set, spreads } = await withShareBar('measuring', (onProgress) =>
    calibrate({ dir, quick, signal, onProgress }),
  );
  const { costs, ...head } = set;
  const document: CostSet = { ...head, machine: describeMachine(), costs };
  if (output !== undefined) await writeText(output, fileText(document), { force });
  const is_taken = isStdoutTaken([output]);
  if (json === true) printJson(document, is_taken ? process.stderr : process.stdout);
  else (is_taken ? printError : print)(reportCosts(document, spreads));
}
