/** `pagepipe save`. */
import { type Command, Option } from 'commander';
import type { Block } from '../guest/guest.ts';
import { mainMemory } from '../guest/main-memory.ts';
import { describeWorkloads } from '../guest/synthetic/workload.ts';
import { writeImage } from '../node/output/image.ts';
import { type SavedTo, saveTo } from '../node/output/save-to.ts';
import { writeText } from '../node/output/text-file.ts';
import { saveByWriters, WRITERS_MAX } from '../node/parallel/save-by-writers.ts';
import { saveInThread } from '../node/thread/save-in-thread.ts';
import { LateTurnWatch } from '../node/thread/turn-watch.ts';
import { type PolicySpec, targetOf } from '../policy/table.ts';
import { reportSave, reportStuck } from '../report/save.ts';
import { formatProfile } from '../results/systemtap.ts';
import { XBZRLE_CACHE_BYTES } from '../save/output/xbzrle-cache.ts';
import type { SaveProgress } from '../save/run-save.ts';
import type { Stuck } from '../stats/convergence.ts';
import type { LateTurnsResult } from '../stats/late-turns.ts';
import { type ChosenGuest, chooseGuest } from './guest.ts';
import {
  numberOrNone,
  oneOf,
  parseDuration,
  parseLimit,
  parsePolicyName,
  parseSize,
  parseSlice,
  policySpecOf,
  SLICE_DEFAULT_NS,
  wholeNumber,
} from './options.ts';
import { besideStream, isStdoutTaken } from './outputs.ts';
import { resultOf } from './result.ts';
import { checkFlags, isByChannels, plainOptions, type SaveFlags, specOf, viaOf } from './save-flags.ts';
import { interruptible, ProgressBar, print, printError, printJson } from './terminal.ts';

const STDOUT = '-';

export function defineSave(command: Command): void {
  command
    .option('-r, --ram <FILE>', 'a QEMU migration stream or a raw image; - is standard input')
    .option('--raw', 'take the --ram file for a raw image, whatever stands at its head')
    .option('--missing <zero>', 'take pages that have no record as zero', oneOf('--missing', ['zero']))
    .option('-w, --workload <NAME[,key=value…]>', 'a synthetic guest, see below')
    .option('-s, --size <SIZE>', 'RAM of the synthetic guest, such as 1GiB', parseSize)
    .requiredOption('-o, --output <OUT>', 'a file, - for standard output, or exec:COMMAND')
    .option(
      '--via <file|pipe>',
      'plain descriptor, or FIFO + helper process (default pipe)',
      oneOf('--via', ['file', 'pipe']),
    )
    .option('--direct', 'O_DIRECT at the disk end')
    .option('-l, --limit <RATE|unlimited>', 'bandwidth, such as 32MiB/s (default unlimited)', parseLimit)
    .addOption(
      new Option('--slice <DURATION|off>', 'longest iterate')
        .argParser(parseSlice)
        .default(SLICE_DEFAULT_NS, '50ms'),
    )
    .option(
      '--policy <NAME>',
      'unlimited, window, token-bucket, adaptive (default: window with a --limit)',
      parsePolicyName,
    )
    .option('--target <DURATION>', 'blackout that adaptive stays under (default 10ms)', parseDuration)
    .option('--thread', "the loop in a thread of its own, as QEMU's since 1.4")
    .option('--xbzrle', 'from the second round on send what has changed in a page')
    .option('--xbzrle-cache <SIZE>', 'cache of pages as they were sent (default 64MiB)', parseSize)
    .option(
      '--format <stream|mapped-ram>',
      'a stream, or a file with each page in its place (default stream)',
      oneOf('--format', ['stream', 'mapped-ram']),
    )
    .option(
      '--channels <N>',
      'threads that write a mapped-ram file together (default 1: the save loop)',
      wholeNumber('--channels', 1, WRITERS_MAX),
    )
    .option('--downtime <DURATION>', 'downtime limit of a running guest (default 300ms)', parseDuration)
    .option('--max-rounds <N>', 'pause the guest after N rounds', wholeNumber('--max-rounds', 1))
    .option(
      '--complete <turns|blocking>',
      'complete by turns, or in one call as in 2011 (default turns)',
      oneOf('--complete', ['turns', 'blocking']),
    )
    .option(
      '--staging <SIZE>',
      "buffer between encoder and pipe (default 64KiB, a pipe's; QEMU's is 32KiB)",
      parseSize,
    )
    .option('--machine <NAME>', "machine type named in the stream (default: the input's, else none)")
    .option('--keep-ram <FILE>', "the guest's RAM as it was when it was paused, as a raw image")
    .option('--trace <FILE|->', "the profile in the thread's own form")
    .option('--json', 'one JSON document instead of text')
    .option('--seed <N>', 'seed of the synthetic guest', wholeNumber('--seed', 0), 1)
    .option('-f, --force', 'replace an output that exists')
    .addHelpText(
      'after',
      `\nWorkloads, with parameters zero=SHARE dirty=RATE set=SIZE change=page|word:\n${describeWorkloads()
        .map((line) => `  ${line}`)
        .join('\n')}`,
    )
    .action((flags: SaveFlags) => save(flags));
}

async function save(flags: SaveFlags): Promise<void> {
  checkFlags(flags);
  const policy = policySpecOf(specOf(flags));
  await interruptible((signal) => saveWith(flags, policy, signal));
}

async function saveWith(flags: SaveFlags, policy: PolicySpec, signal: AbortSignal): Promise<void> {
  const chosen = await chooseGuest(flags, signal);
  // before the save, for there may be none
  const kept = flags.keepRam === undefined ? undefined : mainMemory(chosen.guest.blocks);
  let bar: ProgressBar | undefined;
  let saved: SavedTo;
  const watch = watchOf(flags, policy);
  try {
    const options = {
      via: viaOf(flags),
      form: flags.format,
      xbzrle_cache_bytes: flags.xbzrle === true ? (flags.xbzrleCache ?? XBZRLE_CACHE_BYTES) : undefined,
      direct: flags.direct ?? false,
      force: flags.force ?? false,
      machine: flags.machine,
      origin: chosen.origin,
      running: chosen.running,
      downtime_limit_ns: flags.downtime,
      max_rounds: flags.maxRounds,
      complete: flags.complete,
      staging_bytes: flags.staging,
      signal,
      onBegin: (progress: SaveProgress) => {
        bar = new ProgressBar('saving', barOf(progress));
      },
      onStuck: (stuck: Stuck) => {
        const line = `pagepipe: ${reportStuck(stuck, numberOrNone(flags.limit))}`;
        bar?.clear();
        printError(line);
      },
      watch,
    };
    if (isByChannels(flags)) {
      saved = await saveByWriters(chosen.guest, flags.output, { ...options, writers: flags.channels });
    } else {
      const save = flags.thread === true ? saveInThread : saveTo;
      saved = await save(chosen.guest, flags.output, { ...options, policy });
    }
  } finally {
    bar?.stop();
    watch?.close();
  }
  await writeExtras(flags, { ...chosen, kept }, { ...saved, late_turns: watch?.result() }, signal);
}

/** A policy with a target is to say what it could not hold, and why. The thread's turns hold nobody up. */
function watchOf(flags: SaveFlags, policy: PolicySpec): LateTurnWatch | undefined {
  const target_ns = targetOf(policy);
  return target_ns === undefined || flags.thread === true ? undefined : new LateTurnWatch(target_ns);
}

function barOf(progress: SaveProgress): ConstructorParameters<typeof ProgressBar>[1] {
  return {
    total_bytes: progress.ram_bytes,
    done_bytes: () => progress.ram_bytes - progress.remaining_bytes(),
    moved_bytes: progress.stream_bytes,
  };
}

/** The kept RAM, the trace, and the result, in text or JSON. */
async function writeExtras(
  flags: SaveFlags,
  { guest, load_ms, kept }: ChosenGuest & { readonly kept: Block | undefined },
  saved: SavedTo & { readonly late_turns: LateTurnsResult | undefined },
  signal: AbortSignal,
): Promise<void> {
  const force = flags.force ?? false;
  const { output, keepRam, trace } = flags;
  if (keepRam !== undefined && kept !== undefined)
    await besideStream(output, () => writeImage(guest, kept, keepRam, { force, signal }));
  const profile = formatProfile(saved.spans.list, saved.began_ns);
  if (trace === STDOUT) process.stdout.write(profile);
  else if (trace !== undefined) await besideStream(output, () => writeText(trace, profile, { force }));
  const result = resultOf(saved, {
    command: 'save',
    load_ms,
    options: plainOptions(flags),
    late_turns: saved.late_turns,
  });
  const is_taken = isStdoutTaken([output, keepRam, trace]);
  if (flags.json === true) printJson(result, is_taken ? process.stderr : process.stdout);
  else
    (is_taken ? printError : print)(
      reportSave(result, { output, direct_refusal: saved.sink.direct_refusal }),
    );
}
