/** A case in a process of its own: what it takes there is its own, and what it printed as JSON is the answer. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const OUTPUT_BYTES_MAX = 2 ** 26;

/** @param file of bench/, that prints JSON @throws with what it said, where it fails */
export function inOwnProcess<Answer>(file: string, ...args: readonly string[]): Answer {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', path, ...args], {
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}
