/** `pagepipe trace`. */
import type { Command } from 'commander';
import { parseTraceLog, RESULT_SCHEMA, summarisePhases, type TraceDocument } from '../index.ts';
import { readText } from '../node.ts';
import { reportTrace } from '../report/trace.ts';
import { print, printJson } from './terminal.ts';

export function addTrace(program: Command): void {
  program
    .command('trace')
    .description("summarise a Begin/Iterate/Complete log, such as the thread's")
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
