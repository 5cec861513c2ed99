/** How long from `initSync` to the first record, in a fresh process? Compiling the core is in it; loading the library is beside it. */

import { pathToFileURL } from 'node:url';
import { formatMs } from '../src/index.ts';
import { quantile } from '../src/stats/quantiles.ts';
import { inOwnProcess } from './case-process.ts';

const PROCESSES = 15;
const AT_MOST_MS = 5;

export function benchStart(): void {
  const runs = Array.from(
    { length: PROCESSES },
    () => inOwnProcess<{ first_ms: number }>('start-case.ts').first_ms,
  );
  const [low_ms, median_ms, high_ms] = [0, 0.5, 1].map((share) => quantile(runs, share));
  process.stdout.write(
    `From initSync to the first record, in ${PROCESSES} fresh processes: ${formatMs(median_ms ?? 0)} ` +
      `(${formatMs(low_ms ?? 0)} to ${formatMs(high_ms ?? 0)})   at most ${AT_MOST_MS} ms: ` +
      `${(median_ms ?? 0) <= AT_MOST_MS ? 'holds' : 'falls short'}\n\n`,
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) benchStart();
