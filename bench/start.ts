/** How long from `initSync` to the first record, in a fresh process? Compiling the core is in it; loading the library is beside it. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { formatMs } from '../src/index.ts';
import { quantile } from './harness.ts';

const CASE = fileURLToPath(new URL('start-case.ts', import.meta.url));
const PROCESSES = 15;
const AT_MOST_MS = 5;

export function benchStart(): void {
  const runs = Array.from({ length: PROCESSES }, (): number => {
    const { status, stdout } = spawnSync(process.execPath, ['--import', 'tsx', CASE], { encoding: 'utf8' });
    if (status !== 0) throw new Error('the process of bench/start-case.ts failed');
    const { first_ms }: { first_ms: number } = JSON.parse(stdout);
    return first_ms;
  });
  const [low_ms, median_ms, high_ms] = [0, 0.5, 1].map((share) => quantile(runs, share));
  process.stdout.write(
    `From initSync to the first record, in ${PROCESSES} fresh processes: ${formatMs(median_ms ?? 0)} ` +
      `(${formatMs(low_ms ?? 0)} to ${formatMs(high_ms ?? 0)})   at most ${AT_MOST_MS} ms: ` +
      `${(median_ms ?? 0) <= AT_MOST_MS ? 'holds' : 'falls short'}\n\n`,
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) benchStart();
