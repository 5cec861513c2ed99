/** What the commands share on a terminal: lines out, a progress bar, an orderly end on Ctrl-C. */
import { formatBytes, formatMs, formatRate } from '../units.ts';
import { TerminalBar } from './terminal-bar.ts';

/** A pipe that takes nothing for so long is worth a word. */
const STALL_MS = 1000;

/** Writes text, and a line end, to standard output. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Writes text, and a line end, to standard error. */
export function printError(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Says on standard error how far the work is, on a terminal only. */
export function printProgress(text: string): void {
  if (process.stderr.isTTY) printError(text);
}

/** Prints one JSON document. */
export function printJson(document: object, stream: NodeJS.WriteStream = process.stdout): void {
  stream.write(`${JSON.stringify(document, null, 2)}\n`);
}

/** A signal that is aborted by Ctrl-C and its like, while `use` runs. */
export async function interruptible<T>(use: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    interrupted_by = name;
    controller.abort();
  };
  const names: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const name of names) process.on(name, onSignal);
  try {
    return await use(controller.signal);
  } finally {
    for (const name of names) process.off(name, onSignal);
  }
}

let interrupted_by: NodeJS.Signals | undefined;

/** The signal that ended the command, if one did. */
export function interruptedBy(): NodeJS.Signals | undefined {
  return interrupted_by;
}

/** A long piece of work as the progress bar sees it. */
export interface Progress {
  readonly total_bytes: number;
  done_bytes(): number;
  /** Grows as long as anything goes on at all, also where no page is done. */
  moved_bytes(): number;
}

/** Shows how far a piece of work is, on a terminal only; `stop` takes the bar away. */
export class ProgressBar {
  readonly #bar: TerminalBar;
  readonly #began_ms = performance.now();
  #moved_bytes = 0;
  #moved_ms = this.#began_ms;

  constructor(label: string, progress: Progress) {
    this.#bar = new TerminalBar({
      format: `${label} {bar} {percentage} % | {done} of {all} | {rate} | {left}`,
      total: progress.total_bytes,
      done: () => progress.done_bytes(),
      words: () => this.#words(progress),
    });
  }

  stop(): void {
    this.#bar.stop();
  }

  /** Takes the bar away so that a line can be printed; it comes back at its next step. */
  clear(): void {
    this.#bar.clear();
  }

  #words(progress: Progress): Record<string, string> {
    const done_bytes = progress.done_bytes();
    const elapsed_ms = performance.now() - this.#began_ms;
    const bytes_per_ms = done_bytes / Math.max(1, elapsed_ms);
    return {
      done: formatBytes(done_bytes),
      all: formatBytes(progress.total_bytes),
      rate: formatRate(Math.round(bytes_per_ms * 1000)),
      left: this.#left(progress, done_bytes, bytes_per_ms),
    };
  }

  /** The time left, or since when nothing has moved. */
  #left(progress: Progress, done_bytes: number, bytes_per_ms: number): string {
    const now_ms = performance.now();
    if (progress.moved_bytes() !== this.#moved_bytes) {
      this.#moved_bytes = progress.moved_bytes();
      this.#moved_ms = now_ms;
    }
    const still_ms = now_ms - this.#moved_ms;
    if (still_ms >= STALL_MS) return `nothing taken for ${formatMs(still_ms)}`;
    if (bytes_per_ms === 0) return 'starting';
    return `${formatMs((progress.total_bytes - done_bytes) / bytes_per_ms)} left`;
  }
}
