/** `pagepipe trace`. */
import type { Command } from 'commander';
import { readText } from '../node/output/text-file.ts';
import { reportTrace } from '../report/trace.ts';
import type { TraceDocument } from '../results/result.ts';
import { RESULT_SCHEMA } from '../results/schemas.ts';
import { summarisePhases } from '../results/summary.ts';
import { parseTraceLog } from '../results/trace-log.ts';
import { print, printJson } from './terminal.ts';

export function defineTrace(command: Command): void {
  command
    .argument('<LOG>', 'what save --trace or the SystemTap script of the thread wrote; - is standard input')
    .option('--json', 'one JSON document instead of text')
    .action(trace);
}

async function trace(path: string, flags: { readonly json?: boolean }): Promise<void> {
  const { spans, missing } = parseTraceLog(await readText(path));
  if (flags.json !== true) {
    print(reportTrace(spans, missing));
    return;
  }
  const document: TraceDocument = {
    schema: RESULT_SCHEMA,
    command: 'trace',
    world: 'log',
    phases: summarisePhases(spans),
    missing,
  };
  printJson(document);
}
