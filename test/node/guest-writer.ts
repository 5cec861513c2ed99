/** A third thread that writes a guest's pages as fast as it can, while the guest runs. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Guest, Running } from '../../src/index.ts';
import { BUILT_URL } from '../support/built.ts';
import { LAST_RESORT_MS } from '../support/patience.ts';

const GO = 0;
const RUNNING = 1;

/**
 * Counts up in random words of random pages, and makes a page zero now and then; each page is logged once it is
 * written.
 */
const SOURCE = `
  import { parentPort, workerData } from 'node:worker_threads';
  import { Guest } from '${BUILT_URL}';
  const { shared, control, pages } = workerData;
  const guest = Guest.attach(shared);
  const block = guest.largestBlock();
  const ram = guest.ram(block);
  const words = new Int32Array(ram.buffer, ram.byteOffset, ram.length / 4);
  let state = 1;
  let count = 0;
  const below = (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) % bound;
  };
  parentPort.postMessage('ready');
  for (;;) {
    Atomics.wait(control, ${GO}, 0);
    Atomics.store(control, ${RUNNING}, 1);
    Atomics.notify(control, ${RUNNING});
    while (Atomics.load(control, ${GO}) === 1) {
      const page = below(pages);
      if (below(16) === 0) words.fill(0, page * 1024, (page + 1) * 1024);
      else words[page * 1024 + below(1024)] = ++count;
      guest.logWrite(block, page);
    }
    Atomics.store(control, ${RUNNING}, 0);
    Atomics.notify(control, ${RUNNING});
  }`;

/** What such a thread does, as a guest that runs. */
export class GuestWriter implements Running {
  readonly #worker: Worker;
  readonly #control: Int32Array<SharedArrayBuffer>;

  private constructor(worker: Worker, control: Int32Array<SharedArrayBuffer>) {
    this.#worker = worker;
    this.#control = control;
  }

  static async of(guest: Guest, pages: number): Promise<GuestWriter> {
    const control = new Int32Array(new SharedArrayBuffer(8));
    const url = new URL(`data:text/javascript,${encodeURIComponent(SOURCE)}`);
    const worker = new Worker(url, { workerData: { shared: guest.share(), control, pages } });
    await once(worker, 'message');
    return new GuestWriter(worker, control);
  }

  start(): void {
    Atomics.store(this.#control, GO, 1);
    Atomics.notify(this.#control, GO);
    this.#until(1);
  }

  advance(): void {}

  /** Returns when the last page that was written is logged. */
  stop(): void {
    Atomics.store(this.#control, GO, 0);
    this.#until(0);
  }

  #until(running: 0 | 1): void {
    Atomics.wait(this.#control, RUNNING, 1 - running, LAST_RESORT_MS);
    if (Atomics.load(this.#control, RUNNING) !== running) throw new Error(`the writer is not at ${running}`);
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
