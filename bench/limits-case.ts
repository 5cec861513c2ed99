/** One process that reads or writes 1 GiB of memory again and again: prints its GB/s, the median. `limits-case.ts read|write` */
import { median } from '../src/stats/quantiles.ts';
import { BenchMemory, GIB, PAGE_BYTES } from './ram.ts';

const RUN_MS = 3000;
/** The other processes have begun, or have not ended yet, outside this share of the runs. */
const MARGIN_SHARE = 0.25;

const [kind] = process.argv.slice(2);
const memory = new BenchMemory(GIB, { shadow: false });
memory.fill('zero', GIB);
const bytes = memory.bytes(memory.ram, GIB);
const run = (): unknown =>
  kind === 'read' ? memory.core.countZeroPages(memory.ram, GIB / PAGE_BYTES) : bytes.fill(0);
process.stdout.write('ready\n');
process.stdin.once('data', () => {
  const runs_ms: number[] = [];
  const end_ms = performance.now() + RUN_MS;
  while (performance.now() < end_ms) {
    const before_ms = performance.now();
    run();
    runs_ms.push(performance.now() - before_ms);
  }
  const margin = Math.floor(runs_ms.length * MARGIN_SHARE);
  const took_ms = median(runs_ms.slice(margin, runs_ms.length - margin));
  process.stdout.write(`${GIB / took_ms / 1e6}\n`, () => process.exit(0));
});
