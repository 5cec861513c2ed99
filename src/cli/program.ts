/** Parses the command line, runs the command, and turns every error into one line and an exit code. */
import { constants } from 'node:os';
import { Command, CommanderError } from 'commander';
import { PagepipeError } from '../errors.ts';
import { COMMANDS } from './commands.ts';
import { interruptedBy, printError } from './terminal.ts';
import { packageVersion } from './version.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
/** What a shell gives for a program that a signal ended: 128 + its number. */
const EXIT_SIGNAL = 128;

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

/** The command that is called, or that help is asked for; undefined where none is named. */
function calledName(args: readonly string[]): string | undefined {
  const [first, second] = args.filter((arg) => !arg.startsWith('-'));
  return first === 'help' ? second : first;
}

async function buildProgram(args: readonly string[]): Promise<Command> {
  const program = new Command('pagepipe')
    .description("Saves a machine's RAM the way a hypervisor does, and shows where the time goes.")
    .version(packageVersion())
    .option('--no-color', 'no colours')
    .configureHelp({ subcommandTerm: (command) => `${command.name()} ${command.usage()}` })
    .showHelpAfterError(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  const called = calledName(args);
  for (const { name, usage, about, load } of COMMANDS) {
    const command = program.command(name).description(about).copyInheritedSettings(program);
    if (name === called) (await load())(command);
    else command.usage(usage);
  }
  return program;
}

/** Runs the command line; returns the exit code. */
export async function runProgram(args: readonly string[]): Promise<number> {
  try {
    const program = await buildProgram(args);
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    return exitCodeOf(error);
  }
}
