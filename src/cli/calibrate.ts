/** `pagepipe calibrate`. */
import { Presets, SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { type Calibration, calibrate } from '../entry/calibrate/index.ts';
import { fail } from '../errors.ts';
import type { CostSet } from '../model/costs.ts';
import { checkOutput, writeText } from '../node.ts';
import { reportCosts } from '../report/costs.ts';
import { formatMs } from '../units.ts';
import { describeMachine } from './machine.ts';
import { isStdoutTaken } from './outputs.ts';
import { interruptible, print, printError, printJson } from './terminal.ts';

interface CalibrateFlags {
  readonly output?: string;
  readonly dir?: string;
  readonly json?: boolean;
  readonly force?: boolean;
}

export function addCalibrate(program: Command): void {
  program
    .command('calibrate')
    .description('measure what the parts of a save cost on this machine, for the model')
    .option('-o, --output <FILE>', 'write the costs to a file')
    .option('--dir <DIR>', "where test files go, and are removed (default: the system's temporary folder)")
    .option('--json', 'the cost document instead of text')
    .option('-f, --force', 'replace a file that exists')
    .action((flags: CalibrateFlags) => interruptible((signal) => run(flags, signal)));
}

async function run({ output, dir, json, force = false }: CalibrateFlags, signal: AbortSignal): Promise<void> {
  if (output?.startsWith('exec:')) {
    throw fail('output-refused', { path: output, reason: 'a text goes to a file' });
  }
  if (output !== undefined) checkOutput(output, { force });
  const { set, spreads } = await withBar((onProgress) => calibrate({ dir, signal, onProgress }));
  const { costs, ...head } = set;
  const document: CostSet = { ...head, machine: describeMachine(), costs };
  if (output !== undefined) await writeText(output, `${JSON.stringify(document, null, 2)}\n`, { force });
  const is_taken = isStdoutTaken([output]);
  if (json === true) printJson(document, is_taken ? process.stderr : process.stdout);
  else (is_taken ? printError : print)(reportCosts(document, spreads));
}

/** Shows how far the measurement is, on a terminal only. */
async function withBar(
  measure: (onProgress: (share: number) => void) => Promise<Calibration>,
): Promise<Calibration> {
  if (!process.stderr.isTTY) return measure(() => undefined);
  const format = 'measuring {bar} {percentage} % | {left}';
  const bar = new SingleBar(
    { format, stream: process.stderr, barsize: 24, clearOnComplete: true, hideCursor: true },
    Presets.shades_classic,
  );
  // making the guests is not counted: the time left would begin far too high
  let first: { readonly at_ms: number; readonly share: number } | undefined;
  bar.start(1, 0, { left: 'starting' });
  try {
    return await measure((share) => {
      first ??= { at_ms: performance.now(), share };
      if (share === first.share) return;
      const left_ms = ((performance.now() - first.at_ms) / (share - first.share)) * (1 - share);
      bar.update(share, { left: `${formatMs(left_ms)} left` });
    });
  } finally {
    bar.stop();
  }
}
