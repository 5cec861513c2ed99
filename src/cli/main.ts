#!/usr/bin/env node
/** The program: the version at once, all else by the commands. */
import { packageVersion } from './version.ts';

/** The shortest of all questions is answered without loading the parser of options. */
const VERSION_OPTIONS = ['-V', '--version'];

// a reader of our output that has seen enough, such as `head`, is no error
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

const args = process.argv.slice(2);
if (args.length === 1 && VERSION_OPTIONS.includes(args[0] ?? '')) {
  process.stdout.write(`${packageVersion()}\n`);
} else {
  const { runProgram } = await import('./program.ts');
  process.exitCode = await runProgram(args);
}
