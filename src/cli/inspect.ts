/** `pagepipe inspect`. */
import type { Command } from 'commander';
import { inspectFile } from '../node/input/input.ts';
import { reportInspect } from '../report/inspect.ts';
import { readingBar } from './reading.ts';
import { interruptible, print, printJson } from './terminal.ts';

export function defineInspect(command: Command): void {
  command
    .argument('<IN>', 'a QEMU migration stream; - is standard input')
    .option('--json', 'one JSON document instead of text')
    .action((input: string, flags: { readonly json?: boolean }) =>
      interruptible(async (signal) => {
        const found = await readingBar('reading', (onProgress) => inspectFile(input, { signal, onProgress }));
        if (flags.json === true) printJson(found);
        else print(reportInspect(found));
      }),
    );
}
