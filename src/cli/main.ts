#!/usr/bin/env node
/** The command line: parses, calls, and turns every error into one line and an exit code. */
import { realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import { PagepipeError } from '../errors.ts';
import { addBench } from './bench.ts';
import { addCalibrate } from './calibrate.ts';
import { addCompare } from './compare.ts';
import { addDemo } from './demo.ts';
import { addInspect } from './inspect.ts';
import { addLoad } from './load.ts';
import { packageVersion } from './package.ts';
import { addSave } from './save.ts';
import { addSimulate } from './simulate.ts';
import { addSweep } from './sweep.ts';
import { interruptedBy, printError } from './terminal.ts';
import { addTrace } from './trace.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
/** What a shell gives for a program that a signal ended: 128 + its number. */
const EXIT_SIGNAL = 128;

/** In the order of the help. */
const COMMANDS = [
  addSave,
  addLoad,
  addInspect,
  addSimulate,
  addSweep,
  addCalibrate,
  addTrace,
  addCompare,
  addBench,
  addDemo,
];

/** A commander error in the form of all others; its own text goes nowhere. */
function usageLine(error: CommanderError): string {
  const text = error.message.replace(/^error: /, '').split('\n')[0];
  return `pagepipe: ${text}; see pagepipe --help`;
}

/** Also where it was what came beside the stream that Ctrl-C has ended. */
function isInterruption({ code, cause }: PagepipeError): boolean {
  return code === 'interrupted' || (cause instanceof PagepipeError && isInterruption(cause));
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    if (error.code !== 'commander.help') printError(usageLine(error));
    return EXIT_USAGE;
  }
  if (error instanceof PagepipeError) {
    const signal = interruptedBy();
    printError(`pagepipe: ${error.message}`);
    if (isInterruption(error) && signal !== undefined) return EXIT_SIGNAL + constants.signals[signal];
    return error.is_usage ? EXIT_USAGE : EXIT_FAILED;
  }
  // not ours: an error of the program, in one line all the same
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  printError(`pagepipe: ${text.split('\n')[0]}; please report this as a bug`);
  return EXIT_FAILED;
}

/** Runs the command line; returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const program = new Command('pagepipe')
    .description("Saves a machine's RAM the way a hypervisor does, and shows where the time goes.")
    .version(await packageVersion())
    .option('--no-color', 'no colours')
    .showHelpAfterError(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  for (const add of COMMANDS) add(program);
  for (const command of program.commands) command.copyInheritedSettings(program);
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    return exitCodeOf(error);
  }
}

// a reader of our output that has seen enough, such as `head`, is no error
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : EXIT_FAILED);
});

const is_program =
  process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url);
if (is_program) process.exitCode = await main(process.argv.slice(2));
