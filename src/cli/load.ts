/** `pagepipe load`. */

import type { Command } from 'commander';
import { quote } from '../errors.ts';
import type { Block } from '../guest/guest.ts';
import type { Loaded } from '../load/load.ts';
import type { StreamFacts } from '../load/read-stream.ts';
import { readStreamFile } from '../node/input/input.ts';
import { writeImage, writeImages } from '../node/output/image.ts';
import { checkOutput } from '../node/output/output-file.ts';
import { LOAD_SCHEMA } from '../results/schemas.ts';
import { formatBytes, formatCount, formatGbPerS, formatMs, roundMs } from '../units.ts';
import { chooseBlock } from './load-block.ts';
import { contradiction, oneOf } from './options.ts';
import { isStdoutTaken } from './outputs.ts';
import { readingBar } from './reading.ts';
import { interruptible, print, printError, printJson } from './terminal.ts';

interface LoadFlags {
  readonly output: string;
  readonly block?: string;
  readonly all?: boolean;
  readonly missing?: 'zero';
  readonly force?: boolean;
  readonly json?: boolean;
}

export function defineLoad(command: Command): void {
  command
    .argument('<IN>', 'a QEMU migration stream; - is standard input')
    .requiredOption('-o, --output <RAM>', 'the image; with --all a folder')
    .option(
      '-b, --block <NAME>',
      'the block to write, as it is and without a word on addresses (default: main memory)',
    )
    .option('-a, --all', 'all blocks, each into a file of the folder')
    .option('--missing <zero>', 'take pages that have no record as zero', oneOf('--missing', ['zero']))
    .option('--json', 'one JSON document instead of text')
    .option('-f, --force', 'replace outputs that exist')
    .action((input: string, flags: LoadFlags) => interruptible((signal) => load(input, flags, signal)));
}

async function load(input: string, flags: LoadFlags, signal: AbortSignal): Promise<void> {
  if (flags.all === true && flags.block !== undefined) throw contradiction('--all', '--block');
  if (flags.all !== true) checkOutput(flags.output, { force: flags.force ?? false });
  const before_ms = performance.now();
  // what is missing matters only in the blocks that are wanted
  const loaded = await readingBar('reading', (onProgress) =>
    readStreamFile(input, { signal, onProgress, missing: 'zero' }),
  );
  const block = chooseBlock(loaded, flags);
  const written_bytes = await writeOutput(loaded, block, flags, signal);
  const elapsed_ms = performance.now() - before_ms;
  const is_taken = flags.all !== true && isStdoutTaken([flags.output]);
  if (flags.json === true) {
    const document = documentOf(loaded.facts, block, written_bytes, elapsed_ms);
    printJson(document, is_taken ? process.stderr : process.stdout);
  } else {
    for (const line of linesOf(loaded.facts, block, flags.output, written_bytes, elapsed_ms))
      (is_taken ? printError : print)(line);
  }
}

function documentOf(
  facts: StreamFacts,
  block: Block | undefined,
  written_bytes: number,
  elapsed_ms: number,
): object {
  return {
    schema: LOAD_SCHEMA,
    machine: facts.machine,
    block: block?.name ?? null,
    blocks: facts.blocks.map(({ name, bytes }, index) => ({
      name,
      used_bytes: bytes,
      missing_pages: facts.missing_pages?.[index] ?? null,
    })),
    rounds: facts.rounds,
    stream_bytes: facts.stream_bytes,
    sections_by_search: bySearch(facts),
    written_bytes,
    wall_ms: roundMs(elapsed_ms),
  };
}

function linesOf(
  facts: StreamFacts,
  block: Block | undefined,
  output: string,
  written_bytes: number,
  elapsed_ms: number,
): string[] {
  const rate = formatGbPerS((written_bytes * 1000) / elapsed_ms);
  const what = block === undefined ? '' : `block ${quote(block.name)}, `;
  return [
    `loaded ${formatBytes(written_bytes)} of RAM into ${output} in ${formatMs(elapsed_ms)} (${rate})`,
    `  ${what}machine ${facts.machine}, blocks ${formatCount(facts.blocks.length)}, rounds ${formatCount(facts.rounds)}`,
    ...bySearch(facts).map(({ name, offset }) => {
      const section = `section ${quote(name)} at offset ${formatCount(offset)}`;
      return `  ${section} is of unknown form: its end was found by search, compare the RAM if it matters`;
    }),
  ];
}

/** Sections before the end of RAM whose end was looked for: had it been missed, pages would be missing. */
function bySearch({ sections, tail_offset }: StreamFacts): { name: string; offset: number }[] {
  return sections
    .filter(({ by_search, offset }) => by_search === true && offset < tail_offset)
    .map(({ name, offset }) => ({ name, offset }));
}

/** Writes the block, or all of them; returns how many bytes of RAM. */
async function writeOutput(
  { guest }: Loaded,
  block: Block | undefined,
  flags: LoadFlags,
  signal: AbortSignal,
): Promise<number> {
  const options = { force: flags.force ?? false, signal };
  if (block === undefined) {
    await writeImages(guest, flags.output, options);
    return guest.ram_bytes;
  }
  await writeImage(guest, block, flags.output, options);
  return block.bytes;
}
