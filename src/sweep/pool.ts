/** Runs cells on all cores: hands them to workers one by one, and gives their lines in order. */
import { Worker } from 'node:worker_threads';
import { fail } from '../errors.ts';
import { STARTER_EXEC_ARGV, starterFile } from '../node/starter-file.ts';
import { Sweep, type SweepSetup } from './sweep.ts';

/** What a worker says of a cell: its line, or why there is none. */
export type CellAnswer =
  | { readonly index: number; readonly line: string }
  | { readonly index: number; readonly reason: string };

export interface PoolOptions {
  readonly jobs: number;
  /** Aborting it hands out no more cells; the lines that are ready are still given. */
  readonly signal: AbortSignal;
}

/** Beside the cell that runs one more waits, so that no worker waits for this thread. */
const CELLS_PER_WORKER = 2;
/** So many cells for each worker may be handed out beyond the first that is not done. */
const LOOKAHEAD_PER_WORKER = 32;

class Pool {
  readonly #setup: SweepSetup;
  readonly #indexes: readonly number[];
  readonly #signal: AbortSignal;
  readonly #lookahead: number;
  /** The workers, and the cells that each has. */
  readonly #workers = new Map<Worker, Set<number>>();
  readonly #answers = new Map<number, CellAnswer>();
  /** Places in `indexes`: of the next to hand out, and of the next to be given. */
  #handed = 0;
  #given = 0;
  #wake: () => void = () => undefined;

  constructor(setup: SweepSetup, indexes: readonly number[], { jobs, signal }: PoolOptions) {
    this.#setup = setup;
    this.#indexes = indexes;
    this.#signal = signal;
    const count = Math.min(jobs, indexes.length);
    this.#lookahead = count * LOOKAHEAD_PER_WORKER;
    for (let i = 0; i < count; i++) this.#startWorker();
  }

  async *lines(): AsyncGenerator<string> {
    const onAbort = (): void => this.#wake();
    this.#signal.addEventListener('abort', onAbort);
    try {
      this.#handOut();
      for (const index of this.#indexes) {
        const answer = await this.#answerTo(index);
        if (answer === undefined) return;
        if ('reason' in answer) throw this.#failure(answer);
        this.#given++;
        this.#handOut();
        yield answer.line;
      }
    } finally {
      this.#signal.removeEventListener('abort', onAbort);
      await this.#end();
    }
  }

  #startWorker(): void {
    const execArgv = [...STARTER_EXEC_ARGV];
    const worker = new Worker(starterFile('./sweep-worker', import.meta.url), {
      workerData: this.#setup,
      execArgv,
    });
    this.#workers.set(worker, new Set());
    worker.on('message', (answer: CellAnswer) => this.#take(worker, answer));
    worker.on('error', (error) => this.#lose(worker, error.message));
    worker.on('exit', () => this.#lose(worker, 'its worker ended'));
  }

  /** Gives every worker its next cells, as far ahead as is allowed. */
  #handOut(): void {
    for (const [worker, cells] of this.#workers) {
      while (cells.size < CELLS_PER_WORKER && this.#handed < this.#given + this.#lookahead) {
        const index = this.#indexes[this.#handed];
        if (index === undefined || this.#signal.aborted) return;
        this.#handed++;
        cells.add(index);
        worker.postMessage(index);
      }
    }
  }

  #take(worker: Worker, answer: CellAnswer): void {
    this.#workers.get(worker)?.delete(answer.index);
    this.#answers.set(answer.index, answer);
    this.#handOut();
    this.#wake();
  }

  /** A worker that is gone answers for none of its cells. */
  #lose(worker: Worker, reason: string): void {
    const cells = this.#workers.get(worker) ?? [];
    this.#workers.delete(worker);
    for (const index of cells) this.#answers.set(index, { index, reason });
    const next = this.#indexes[this.#given];
    const is_last = this.#workers.size === 0;
    if (is_last && next !== undefined && !this.#answers.has(next)) {
      this.#answers.set(next, { index: next, reason });
    }
    this.#wake();
  }

  /** The answer to the cell that is next; undefined once it will not come. */
  async #answerTo(index: number): Promise<CellAnswer | undefined> {
    for (;;) {
      const answer = this.#answers.get(index);
      if (answer !== undefined) {
        this.#answers.delete(index);
        return answer;
      }
      if (this.#signal.aborted) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #failure({ index, reason }: Extract<CellAnswer, { reason: string }>): Error {
    const cell = new Sweep(this.#setup.plan).wordsOf(index);
    return fail('sweep-cell', { index, cell, reason });
  }

  async #end(): Promise<void> {
    const workers = [...this.#workers.keys()];
    this.#workers.clear();
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/**
 * The lines of some cells, in their order.
 *
 * @throws `sweep-cell` in the place of the first cell that fails; the lines before it were given
 */
export function runCells(
  setup: SweepSetup,
  indexes: readonly number[],
  options: PoolOptions,
): AsyncGenerator<string> {
  return new Pool(setup, indexes, options).lines();
}
