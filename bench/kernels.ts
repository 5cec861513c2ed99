/**
 * The kernels beside their peers: `node --import tsx bench/kernels.ts [zero|encode|diff|xbzrle]…`, all if none.
 *
 * In several processes, one after the other: copying out of memory runs at 20 to 30 GB/s, which each process draws anew
 * by where its pages lie, native code in the same memory too.
 */
import { pathToFileURL } from 'node:url';
import { inOwnProcess } from './case-process.ts';
import { merged, print, sayWhere, type Table } from './harness.ts';
import { NativePeer } from './peers/native.ts';
import { sayMeans } from './xbzrle.ts';

const PROCESSES = 5;
const NAMES = ['zero', 'encode', 'diff', 'xbzrle'];

export function benchKernels(given: readonly string[]): void {
  const names = given.length === 0 ? NAMES : given;
  const which = NativePeer.build() ? 'native' : 'alone';
  const tables = merged(
    Array.from({ length: PROCESSES }, (_, i) => {
      process.stderr.write(`kernels, process ${i + 1} of ${PROCESSES}\n`);
      return inOwnProcess<Table[]>('kernels-case.ts', which, ...names);
    }),
  );
  for (const table of tables) print(table);
  sayMeans(tables);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  sayWhere();
  benchKernels(process.argv.slice(2));
}
