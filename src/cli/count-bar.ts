/** A progress bar for work that is counted in pieces, such as cells of a sweep. */
import { Presets, SingleBar } from 'cli-progress';
import { formatCount, formatMs } from '../units.ts';

const STEP_MS = 100;

export interface Counted {
  readonly label: string;
  /** What the pieces are called. */
  readonly unit: string;
  readonly total: number;
  done(): number;
}

/** Shows how far a piece of work is, on a terminal only; `stop` takes the bar away. */
export class CountBar {
  readonly #bar: SingleBar | undefined;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  readonly #began_ms = performance.now();

  constructor(counted: Counted) {
    if (!process.stderr.isTTY) return;
    const format = `${counted.label} {bar} {percentage} % | {value} of {total} | {rate} | {left}`;
    this.#bar = new SingleBar(
      { format, stream: process.stderr, barsize: 24, clearOnComplete: true, hideCursor: true },
      Presets.shades_classic,
    );
    this.#bar.start(counted.total, 0, this.#words(counted));
    this.#timer = setInterval(() => this.#bar?.update(counted.done(), this.#words(counted)), STEP_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#bar?.stop();
  }

  #words({ unit, total, done }: Counted): Record<string, string> {
    const per_ms = done() / Math.max(1, performance.now() - this.#began_ms);
    return {
      rate: `${formatCount(Math.round(per_ms * 1000))} ${unit}/s`,
      left: per_ms === 0 ? 'starting' : `${formatMs((total - done()) / per_ms)} left`,
    };
  }
}
