/** `pagepipe bench`. */
import { totalmem } from 'node:os';
import { type Command, Option } from 'commander';
import { BENCH_BUDGET_NS, BENCH_SIZE_BYTES, runBench } from '../bench/run.ts';
import { fail } from '../errors.ts';
import { reportBench } from '../report/bench.ts';
import { formatCertainty } from '../report/ratio.ts';
import type { BenchAgainst, BenchDocument } from '../results/bench.ts';
import { hasFallen } from '../results/compare.ts';
import { findBuild } from './bench-build.ts';
import { buildFacts } from './build-facts.ts';
import { describeMachine } from './machine.ts';
import { parseDuration, parsePercent, parseSize } from './options.ts';
import { withShareBar } from './share-bar.ts';
import { interruptible, print, printJson } from './terminal.ts';
import { PACKAGE_FOLDER } from './version.ts';

const MIB = 2 ** 20;
/** The largest guest takes at most so much of the machine's memory. */
const MEMORY_SHARE = 1 / 4;

const EPILOGUE = `
GB/s are 10^9 bytes of guest RAM. Two builds side by side, in turn on the same memory:
  pagepipe bench --against ../other-checkout
Two runs, with an interval; a machine that changed between them is not excluded then:
  pagepipe bench --json > base.json   …   pagepipe compare base.json new.json --fail-below 5`;

interface BenchFlags {
  readonly size?: number;
  readonly against?: string;
  readonly only?: RegExp;
  readonly budget: number;
  readonly failBelow?: number;
  readonly json?: boolean;
}

export function defineBench(command: Command): void {
  command
    .option(
      '-s, --size <SIZE>',
      'the largest guest, whole MiB (default: 1GiB, less in a small memory)',
      parseSize,
    )
    .option('--against <DIR>', 'side by side with another build: a checkout, a package, or a core.wasm')
    .option('--only <PATTERN>', 'only cases in whose names this regular expression is found', parsePattern)
    .addOption(
      new Option('--budget <DURATION>', 'about how long it may take')
        .argParser(parseDuration)
        .default(BENCH_BUDGET_NS, '60s'),
    )
    .option(
      '--fail-below <PERCENT>',
      'with --against: exit 1 where this build is slower by more than so much',
      parsePercent('--fail-below'),
    )
    .option('--json', 'one JSON document instead of text')
    .addHelpText('after', EPILOGUE)
    .action((flags: BenchFlags) => interruptible((signal) => bench(flags, signal)));
}

function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (cause) {
    throw fail('usage-bench-only', { pattern: text, is_regexp: false }, cause);
  }
}

async function bench(flags: BenchFlags, signal: AbortSignal): Promise<void> {
  const { against: dir, only, failBelow, budget: budget_ns } = flags;
  if (failBelow !== undefined && dir === undefined) {
    throw fail('usage-needs', { option: '--fail-below', needs: '--against, or use pagepipe compare' });
  }
  const size_bytes = flags.size ?? defaultSize();
  const against = dir === undefined ? undefined : await findBuild(dir);
  const facts = await buildFacts(PACKAGE_FOLDER);
  const machine = describeMachine();
  const document = await withShareBar('measuring', (onProgress) =>
    runBench({ size_bytes, only, against, budget_ns, signal, onProgress, facts, machine }),
  );
  if (flags.json === true) printJson(document);
  else print(reportBench(document));
  if (failBelow !== undefined && document.against !== undefined) {
    checkFallen(document, document.against, failBelow);
  }
}

/** 1 GiB, or the largest power of two that leaves most of a small memory free. */
function defaultSize(): number {
  const most_bytes = Math.max(MIB, totalmem() * MEMORY_SHARE);
  return Math.min(BENCH_SIZE_BYTES, 2 ** Math.floor(Math.log2(most_bytes)));
}

/** @throws `compare-failed` where this build is slower by its whole interval */
function checkFallen({ cases }: BenchDocument, { ratios }: BenchAgainst, fail_below: number): void {
  const fallen = ratios
    .filter((ratio) => hasFallen(ratio, fail_below))
    .sort((a, b) => (a.ratio ?? 0) - (b.ratio ?? 0));
  const [worst] = fallen;
  if (worst === undefined) return;
  throw fail('compare-failed', {
    fail_below,
    cases: cases.length,
    fallen: fallen.length,
    worst: formatCertainty(worst),
    is_sure: true,
  });
}
