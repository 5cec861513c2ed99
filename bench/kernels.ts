/**
 * The kernels beside their peers: `node --import tsx bench/kernels.ts [zero|encode|diff|xbzrle]…`, all if none.
 *
 * In several processes, one after the other: copying out of memory runs at 20 to 30 GB/s, which each process draws anew
 * by where its pages lie, native code in the same memory too.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { merged, print, sayWhere, type Table } from './harness.ts';
import { NativePeer } from './peers/native.ts';
import { sayMeans } from './xbzrle.ts';

const CASE = fileURLToPath(new URL('kernels-case.ts', import.meta.url));
const PROCESSES = 5;
const NAMES = ['zero', 'encode', 'diff', 'xbzrle'];
const OUTPUT_BYTES_MAX = 2 ** 26;

function sampled(which: string, names: readonly string[]): readonly Table[] {
  const args = ['--import', 'tsx', CASE, which, ...names];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

export function benchKernels(given: readonly string[]): void {
  const names = given.length === 0 ? NAMES : given;
  const which = NativePeer.build() ? 'native' : 'alone';
  const tables = merged(
    Array.from({ length: PROCESSES }, (_, i) => {
      process.stderr.write(`kernels, process ${i + 1} of ${PROCESSES}\n`);
      return sampled(which, names);
    }),
  );
  for (const table of tables) print(table);
  sayMeans(tables);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  sayWhere();
  benchKernels(process.argv.slice(2));
}
