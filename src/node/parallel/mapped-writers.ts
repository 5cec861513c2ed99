/** The writers of a mapped-ram save: threads that write disjoint ranges of pages to one file. */
import { Worker } from 'node:worker_threads';
import { fail, restoredError } from '../../errors.ts';
import type { Guest } from '../../guest/guest.ts';
import type { MappedFile } from '../../save/output/mapped-file.ts';
import type { PageWriters, RoundReport } from '../../save/parallel/mapped-rounds.ts';
import { allocAreas, placeParts } from '../../save/parallel/page-ranges.ts';
import { STARTER_EXEC_ARGV, starterFile } from '../starter-file.ts';
import {
  type FromWriter,
  type ToWriter,
  WriterControl,
  type WriterRound,
  type WriterSetup,
} from './writer-protocol.ts';

/** Where the writers write. */
export interface WriterTarget {
  /** The file's name while it is not whole. */
  readonly part_path: string;
  /** The name that errors give it. */
  readonly path: string;
  readonly direct: boolean;
}

/** One thread, and what it last said. */
class WriterThread {
  readonly #worker: Worker;
  readonly #ended_by_itself: () => Error;
  readonly #exited: Promise<void>;
  #has_exited = false;
  #is_open = false;
  /** What waits for its next message. */
  #settle: { resolve: (message: FromWriter) => void; reject: (error: unknown) => void } | undefined;
  #error: unknown;

  constructor(setup: WriterSetup) {
    this.#ended_by_itself = () => fail('channel-ended', { path: setup.path, channel: setup.index });
    const execArgv = [...STARTER_EXEC_ARGV];
    this.#worker = new Worker(starterFile('./writer-worker', import.meta.url), {
      workerData: setup,
      execArgv,
    });
    this.#worker.on('message', (message: FromWriter) => this.#take(message));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#has_exited = true;
        this.#fail(this.#ended_by_itself());
        resolve();
      });
    });
  }

  /** Resolves when it has its descriptor. */
  async opened(): Promise<void> {
    await this.#next();
    this.#is_open = true;
  }

  /** Lets it send what is dirty; resolves when no range is left. */
  async round(): Promise<WriterRound> {
    this.#tell('round');
    const message = await this.#next();
    if (message.type !== 'synced') throw this.#ended_by_itself();
    return message;
  }

  /** Resolves when its descriptor is closed and it is gone. */
  async end(): Promise<void> {
    if (this.#is_open && this.#error === undefined) this.#tell('end');
    else if (!this.#has_exited) await this.#worker.terminate();
    await this.#exited;
  }

  #tell(message: ToWriter): void {
    this.#worker.postMessage(message);
  }

  #next(): Promise<FromWriter> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  #take(message: FromWriter): void {
    if (message.type === 'failed') this.#fail(restoredError(message.error));
    else this.#settle?.resolve(message);
  }

  #fail(error: unknown): void {
    this.#error ??= error;
    this.#settle?.reject(this.#error);
  }
}

export class MappedWriters implements PageWriters {
  readonly #control: WriterControl;
  readonly #threads: readonly WriterThread[];

  private constructor(control: WriterControl, threads: readonly WriterThread[]) {
    this.#control = control;
    this.#threads = threads;
  }

  /**
   * Starts the threads; resolves when each has the file open.
   *
   * @throws `guest-not-shared`, `output-refused`, `memory-full`
   */
  static async start(
    guest: Guest,
    file: MappedFile,
    target: WriterTarget,
    count: number,
  ): Promise<MappedWriters> {
    if (!guest.is_shared) throw fail('guest-not-shared', {});
    const control = WriterControl.forWriters(count);
    const parts = placeParts(guest, file);
    const memories = guest.banks.map(({ arena }) => arena.memory);
    const setups = Array.from({ length: count }, (_, index): WriterSetup => {
      return { index, memories, parts, areas: allocAreas(guest), ...target, control: control.buffer };
    });
    const writers = new MappedWriters(
      control,
      setups.map((setup) => new WriterThread(setup)),
    );
    try {
      await allOrFirstFailure(writers.#threads.map((thread) => thread.opened()));
      return writers;
    } catch (cause) {
      await writers.end();
      throw cause;
    }
  }

  get sent_pages(): number {
    return this.#control.sent_pages;
  }

  get sent_bytes(): number {
    return this.#control.sent_bytes;
  }

  async round(): Promise<RoundReport> {
    this.#control.restart();
    const rounds = this.#threads.map((thread) =>
      thread.round().catch((cause: unknown) => {
        // the others need not go on for a file that will not be
        this.stop();
        throw cause;
      }),
    );
    const reports = await allOrFirstFailure(rounds);
    const sum = (of: (report: WriterRound) => number): number =>
      reports.reduce((total, report) => total + of(report), 0);
    return {
      normal: sum(({ normal }) => normal),
      zero: sum(({ zero }) => zero),
      short_writes: sum(({ short_writes }) => short_writes),
      longest_write_ns: Math.max(...reports.map(({ longest_write_ns }) => longest_write_ns)),
    };
  }

  stop(): void {
    this.#control.stop();
  }

  /** Ends the threads, at the latest after the write that each is in. */
  async end(): Promise<void> {
    this.stop();
    await Promise.all(this.#threads.map((thread) => thread.end()));
  }
}

/** Waits for all, also when one fails: whoever hears of the failure may then close what they share. */
async function allOrFirstFailure<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
