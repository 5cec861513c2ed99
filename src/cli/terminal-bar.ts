/** The bar that all progress is shown with. */

import { createRequire } from 'node:module';
import { clearLine, cursorTo } from 'node:readline';
import type { SingleBar } from 'cli-progress';

const STEP_MS = 100;

export interface BarOptions {
  /** What stands in it: `{bar}`, `{percentage}`, and the names of the words. */
  readonly format: string;
  readonly total: number;
  done(): number;
  words(): Record<string, string>;
}

/** Shows how far a piece of work is, on a terminal only; `stop` takes the bar away. */
export class TerminalBar {
  readonly #bar: SingleBar | undefined;
  readonly #timer: ReturnType<typeof setInterval> | undefined;

  constructor({ format, total, done, words }: BarOptions) {
    if (!process.stderr.isTTY) return;
    // loaded where there is a terminal: it takes longer than the rest of a short command
    const progress: typeof import('cli-progress') = createRequire(import.meta.url)('cli-progress');
    const bar = new progress.SingleBar(
      { format, stream: process.stderr, barsize: 24, clearOnComplete: true, hideCursor: true },
      progress.Presets.shades_classic,
    );
    bar.start(total, 0, words());
    this.#timer = setInterval(() => bar.update(done(), words()), STEP_MS);
    this.#bar = bar;
  }

  /** Clears the line of the bar, which is drawn again at its next step. */
  clear(): void {
    if (this.#bar === undefined) return;
    cursorTo(process.stderr, 0);
    clearLine(process.stderr, 0);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#bar?.stop();
  }
}
