/** `pagepipe load`. */

import type { Command } from 'commander';
import type { Guest } from '../guest/guest.ts';
import type { StreamFacts } from '../migrate/read-stream.ts';
import { writeImage, writeImages } from '../pipe/image.ts';
import { readStreamFile } from '../pipe/input.ts';
import { checkOutput } from '../pipe/output-file.ts';
import { LOAD_SCHEMA } from '../stats/schemas.ts';
import { formatBytes, formatCount, formatGbPerS, formatMs, roundMs } from '../units.ts';
import { contradiction } from './options.ts';
import { isStdoutTaken } from './outputs.ts';
import { readingBar } from './reading.ts';
import { interruptible, print, printError, printJson } from './terminal.ts';

interface LoadFlags {
  readonly output: string;
  readonly block?: string;
  readonly all?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

export function defineLoad(command: Command): void {
  command
    .argument('<IN>', 'a QEMU migration stream; - is standard input')
    .requiredOption('-o, --output <RAM>', 'the image; with --all a folder')
    .option('-b, --block <NAME>', 'the block to write (default: the largest)')
    .option('-a, --all', 'all blocks, each into a file of the folder')
    .option('--json', 'one JSON document instead of text')
    .option('-f, --force', 'replace outputs that exist')
    .action((input: string, flags: LoadFlags) => interruptible((signal) => load(input, flags, signal)));
}

async function load(input: string, flags: LoadFlags, signal: AbortSignal): Promise<void> {
  if (flags.all === true && flags.block !== undefined) throw contradiction('--all', '--block');
  if (flags.all !== true) checkOutput(flags.output, { force: flags.force ?? false });
  const before_ms = performance.now();
  const { guest, facts } = await readingBar('reading', (onProgress) =>
    readStreamFile(input, { signal, onProgress }),
  );
  const written_bytes = await writeOutput(guest, flags, signal);
  const elapsed_ms = performance.now() - before_ms;
  const is_taken = flags.all !== true && isStdoutTaken([flags.output]);
  if (flags.json === true) {
    const document = {
      schema: LOAD_SCHEMA,
      machine: facts.machine,
      blocks: facts.blocks.map(({ name, bytes }) => ({ name, used_bytes: bytes })),
      rounds: facts.rounds,
      stream_bytes: facts.stream_bytes,
      sections_by_search: bySearch(facts),
      written_bytes,
      wall_ms: roundMs(elapsed_ms),
    };
    printJson(document, is_taken ? process.stderr : process.stdout);
    return;
  }
  const say = is_taken ? printError : print;
  const rate = formatGbPerS((written_bytes * 1000) / elapsed_ms);
  say(
    `loaded ${formatBytes(written_bytes)} of RAM into ${flags.output} in ${formatMs(elapsed_ms)} (${rate})`,
  );
  say(
    `  machine ${facts.machine}, blocks ${formatCount(facts.blocks.length)}, rounds ${formatCount(facts.rounds)}`,
  );
  for (const { name, offset } of bySearch(facts)) {
    const what = `section ${JSON.stringify(name)} at offset ${formatCount(offset)}`;
    say(`  ${what} is of unknown form: its end was found by search, compare the RAM if it matters`);
  }
}

/** Sections before the end of RAM whose end was looked for: had it been missed, pages would be missing. */
function bySearch({ sections, tail_offset }: StreamFacts): { name: string; offset: number }[] {
  return sections
    .filter(({ by_search, offset }) => by_search === true && offset < tail_offset)
    .map(({ name, offset }) => ({ name, offset }));
}

/** Writes what was asked for; returns how many bytes of RAM. */
async function writeOutput(guest: Guest, flags: LoadFlags, signal: AbortSignal): Promise<number> {
  const options = { force: flags.force ?? false, signal };
  if (flags.all === true) {
    await writeImages(guest, flags.output, options);
    return guest.ram_bytes;
  }
  const block = flags.block === undefined ? guest.largestBlock() : guest.blockNamed(flags.block);
  await writeImage(guest, block, flags.output, options);
  return block.bytes;
}
