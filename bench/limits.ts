/** What does this machine's memory give to one process, and to two at once? Nothing that goes over RAM is faster. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { say } from './harness.ts';

const CASE = fileURLToPath(new URL('limits-case.ts', import.meta.url));
const ROUNDS = 3;

class Reader {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(kind: string) {
    const child = spawn(process.execPath, ['--import', 'tsx', CASE, kind], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    const { value } = await this.#lines.next();
    if (typeof value !== 'string') throw new Error('the process of bench/limits-case.ts ended early');
    return value;
  }

  begin(): void {
    this.#child.stdin?.end('go\n');
  }
}

/** GB/s of all together. */
async function together(kind: string, count: number): Promise<number> {
  const readers = Array.from({ length: count }, () => new Reader(kind));
  for (const reader of readers) await reader.line();
  for (const reader of readers) reader.begin();
  let sum = 0;
  for (const reader of readers) sum += Number(await reader.line());
  return sum;
}

export async function benchLimits(): Promise<void> {
  say('What does memory give? GB/s over 1 GiB each, written before; highest of three');
  for (const [kind, what] of [
    ['read', 'the zero test over zero pages'],
    ['write', 'memory.fill with zeros'],
  ] as const) {
    const best = { one: 0, two: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      best.one = Math.max(best.one, await together(kind, 1));
      best.two = Math.max(best.two, await together(kind, 2));
    }
    const { one, two } = best;
    say(
      `  ${what.padEnd(30)} one process ${one.toFixed(1)}, two together ${two.toFixed(1)}: ${(two / one).toFixed(2)}x`,
    );
  }
  say('');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await benchLimits();
