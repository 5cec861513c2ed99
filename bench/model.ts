/** How fast is the model, and does an event cost more in a larger guest? */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inOwnProcess } from './case-process.ts';

const COMMAND = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
/** The shares of the `terabyte` scenario at other sizes: a tenth in use, an island for 4 GiB. */
const SIZES_GIB = [16, 64, 256, 1024];
const CELLS = 1000;

interface Outcome {
  readonly took_ms: number;
  readonly events: number;
  readonly iterates: number;
  readonly virtual_s: number;
  readonly peak_mib: number;
}

const run = (...args: string[]): Outcome => inOwnProcess('model-case.ts', ...args);

function line(label: string, { took_ms, events, virtual_s, peak_mib }: Outcome): string {
  return (
    `  ${label.padEnd(22)} ${(took_ms / 1e3).toFixed(2).padStart(7)} s for ${virtual_s.toFixed(0).padStart(5)} s` +
    `${((took_ms * 1e6) / events).toFixed(0).padStart(7)} ns an event (${(events / 1e6).toFixed(2)} million)` +
    `${peak_mib.toFixed(0).padStart(6)} MiB at most`
  );
}

/** A sweep of many cells, and how many CPUs it kept busy. */
function sweepLine(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pagepipe-bench-'));
  try {
    const cells = `${process.execPath} ${COMMAND} sweep thread-2011 --vary seed=1..${CELLS}`;
    const began_ms = performance.now();
    // `times` says on its second line what the children of the shell used
    const { status, stdout, stderr } = spawnSync(
      'sh',
      ['-c', `${cells} -o "$0" >/dev/null; times`, join(folder, 'cells')],
      {
        encoding: 'utf8',
      },
    );
    if (status !== 0) throw new Error(stderr);
    const took_s = (performance.now() - began_ms) / 1e3;
    const [, user_min = '0', user_s = '0'] = /\n(\d+)m([\d.]+)s/.exec(stdout) ?? [];
    const busy = (Number(user_min) * 60 + Number(user_s)) / took_s;
    return (
      `  ${CELLS} cells of thread-2011 in ${took_s.toFixed(1)} s: ${(CELLS / took_s).toFixed(0)} a second, ` +
      `${busy.toFixed(1)} of ${availableParallelism()} CPUs busy`
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function benchModel(): void {
  const lines = [
    line('thread-2011, 2.2 GiB', run('thread-2011')),
    ...SIZES_GIB.map((gib) =>
      line(
        `a tenth of ${gib} GiB`,
        run(
          'terabyte',
          `guest.size=${gib}GiB`,
          `guest.content=${Math.round(gib / 10)}GiB`,
          `guest.islands=${Math.round(gib / 4)}`,
        ),
      ),
    ),
    sweepLine(),
  ];
  process.stdout.write(`How fast is the model? Real time for virtual time\n${lines.join('\n')}\n\n`);
}
