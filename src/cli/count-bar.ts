/** A progress bar for work that is counted in pieces, such as cells of a sweep. */
import { formatCount, formatMs } from '../units.ts';
import { TerminalBar } from './terminal-bar.ts';

export interface Counted {
  readonly label: string;
  /** What the pieces are called. */
  readonly unit: string;
  readonly total: number;
  done(): number;
}

/** Shows how far a piece of work is, on a terminal only; `stop` takes the bar away. */
export class CountBar {
  readonly #bar: TerminalBar;
  readonly #began_ms = performance.now();

  constructor(counted: Counted) {
    this.#bar = new TerminalBar({
      format: `${counted.label} {bar} {percentage} % | {value} of {total} | {rate} | {left}`,
      total: counted.total,
      done: () => counted.done(),
      words: () => this.#words(counted),
    });
  }

  stop(): void {
    this.#bar.stop();
  }

  #words({ unit, total, done }: Counted): Record<string, string> {
    const per_ms = done() / Math.max(1, performance.now() - this.#began_ms);
    return {
      rate: `${formatCount(Math.round(per_ms * 1000))} ${unit}/s`,
      left: per_ms === 0 ? 'starting' : `${formatMs((total - done()) / per_ms)} left`,
    };
  }
}
