/** The outputs of one command among each other, and what becomes of the rest where one fails. */
import { fail, PagepipeError } from '../errors.ts';
import { checkOutput } from '../node/output/output-file.ts';
import { isSameOutput, isStandardOutput } from '../node/output/same-output.ts';
import { contradiction } from './options.ts';

/** An output, and the option that names it. */
export interface NamedOutput {
  readonly option: string;
  readonly path: string;
}

/**
 * Finds what can be found before the work: an hour's save that ends in "exists" would be a bad joke. Only `-o`
 * takes a command.
 *
 * @throws `usage-contradiction`, `output-exists`, `output-folder-missing`, `output-refused`
 */
export function checkOutputs(outputs: readonly NamedOutput[], options: { force: boolean }): void {
  for (const [i, one] of outputs.entries()) {
    const other = outputs.slice(0, i).find(({ path }) => isSameOutput(path, one.path));
    if (other !== undefined) throw contradiction(wordsOf(other), wordsOf(one));
  }
  for (const { option, path } of outputs) {
    if (option !== '-o' && path.startsWith('exec:')) {
      throw fail('output-refused', { path, reason: 'only -o takes a command' });
    }
    checkOutput(path, options);
  }
}

function wordsOf({ option, path }: NamedOutput): string {
  return `${option} ${path}`;
}

/** Whether one of the outputs is standard output, so that everything else has to go to standard error. */
export function isStdoutTaken(outputs: readonly (string | undefined)[]): boolean {
  return outputs.some((path) => path !== undefined && isStandardOutput(path));
}

/** Writes what stands beside a stream that is whole; a failure says that it is, for it stays. */
export async function besideStream(output: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (cause) {
    if (!(cause instanceof PagepipeError)) throw cause;
    throw fail('extra-failed', { what: cause.what, output }, cause);
  }
}
