/** How long until a thread runs again that was woken, by how long it had waited; and what a switch takes? */
import { closeSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { fail, PagepipeError } from '../../errors.ts';
import { type Fifo, makeFifo } from '../../pipe/fifo.ts';
import { median, spin, time_ns } from './numbers.ts';
import type { Peer } from './peer.ts';
import { ANSWER_BYTES, SWITCH } from './peer-protocol.ts';

/** Waits, the longest last. A reader that keeps up with a writer waits for a few microseconds each time. */
const PAUSES_NS: readonly number[] = [3000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 2_000_000];
const IDLE_NS = 2_000_000;
const SWITCHES = 300;
const QUIET_WRITES = 64;
const PATIENCE_NS = 5_000_000_000n;
/** A difference that is smaller than this, and than a fifth, is none. */
const DIFFERENCE_MIN_NS = 1000;
const DIFFERENCE_MIN_SHARE = 0.2;
export const IDLE_AFTER_DEFAULT_NS = 200_000;

/** Reads a FIFO, blocking, and says when each read returned: a thread, for the two have one memory and one clock. */
const SLEEPER = `
  const { workerData: { fd, returned } } = require('node:worker_threads');
  const { readSync } = require('node:fs');
  const message = new Uint8Array(4096);
  while (readSync(fd, message, 0, message.length, null) > 0) {
    Atomics.store(returned, 0, process.hrtime.bigint());
  }
`;

export interface WakeCosts {
  readonly wake_ns: number;
  readonly wake_idle_ns: number;
  /** NaN where no process can be kept on one CPU. */
  readonly switch_ns: number;
}

export class WakeQuestion {
  readonly #pinned: Peer | undefined;
  readonly #times: number;
  readonly #message = new Uint8Array(ANSWER_BYTES);
  readonly #fifo: Fifo = makeFifo();
  /** When the sleeper's last read returned; 0 until it has. */
  readonly #returned = new BigInt64Array(new SharedArrayBuffer(8));
  /** Over all rounds, by pause. */
  readonly #latencies_ns = new Map<number, number[]>();

  /** @param pinned a peer that is kept on one CPU */
  constructor(pinned: Peer | undefined, times: number) {
    this.#pinned = pinned;
    this.#times = times;
    const workerData = { fd: this.#fifo.read_fd, returned: this.#returned };
    // without the options of this process: some say that a text given to be run is a module
    new Worker(SLEEPER, { eval: true, execArgv: [], workerData })
      .once('exit', () => closeSync(this.#fifo.read_fd))
      .unref();
    this.#wakeUp_ns(0n);
  }

  round(): WakeCosts {
    const quiet_ns = this.#quietWrite_ns();
    const latencies_ns = PAUSES_NS.map((pause_ns) => {
      const times = pause_ns < IDLE_NS / 2 ? this.#times * 3 : this.#times;
      const samples_ns = Array.from({ length: times }, () => {
        spin(pause_ns);
        return this.#wakeUp_ns(process.hrtime.bigint());
      });
      const latency_ns = Math.max(0, median(samples_ns) - quiet_ns);
      this.#latencies_ns.set(pause_ns, [...(this.#latencies_ns.get(pause_ns) ?? []), latency_ns]);
      return latency_ns;
    });
    return {
      wake_ns: latencies_ns[0] ?? 0,
      wake_idle_ns: latencies_ns.at(-1) ?? 0,
      switch_ns: this.#switch_ns(),
    };
  }

  /** Ends the sleeper, and with it its end of the FIFO. */
  release(): void {
    closeSync(this.#fifo.write_fd);
  }

  /** The wait after which latency is in the middle between short and long; undefined if it is one and the same. */
  idleAfter_ns(): number | undefined {
    const points = PAUSES_NS.map((pause_ns) => ({
      pause_ns,
      latency_ns: median(this.#latencies_ns.get(pause_ns) ?? []),
    }));
    const [shortest, longest] = [points[0], points.at(-1)];
    if (shortest === undefined || longest === undefined) return undefined;
    const short_ns = shortest.latency_ns;
    const long_ns = longest.latency_ns;
    const difference_ns = long_ns - short_ns;
    if (difference_ns < Math.max(DIFFERENCE_MIN_NS, DIFFERENCE_MIN_SHARE * short_ns)) return undefined;
    const middle_ns = short_ns + difference_ns / 2;
    let before = shortest;
    for (const point of points) {
      if (point.latency_ns >= middle_ns) {
        const share = (middle_ns - before.latency_ns) / (point.latency_ns - before.latency_ns);
        return before.pause_ns + share * (point.pause_ns - before.pause_ns);
      }
      before = point;
    }
    return undefined;
  }

  /** From before the write to behind the read that it wakes. */
  #wakeUp_ns(before: bigint): number {
    Atomics.store(this.#returned, 0, 0n);
    writeSync(this.#fifo.write_fd, this.#message);
    const patience_ns = process.hrtime.bigint() + PATIENCE_NS;
    while (Atomics.load(this.#returned, 0) === 0n) {
      if (process.hrtime.bigint() > patience_ns) throw fail('calibration-peer', { how: 'did not wake up' });
    }
    return Number(Atomics.load(this.#returned, 0) - before);
  }

  /** Into a FIFO of its own that nobody waits for: what waking takes is to be left over. */
  #quietWrite_ns(): number {
    const fifo = makeFifo();
    try {
      const samples_ns = Array.from({ length: QUIET_WRITES }, () =>
        time_ns(() => writeSync(fifo.write_fd, this.#message)),
      );
      return median(samples_ns);
    } finally {
      closeSync(fifo.read_fd);
      closeSync(fifo.write_fd);
    }
  }

  #switch_ns(): number {
    if (this.#pinned === undefined) return Number.NaN;
    try {
      this.#pinned.order(SWITCH, 0, SWITCHES);
      return this.#pinned.answer();
    } catch (error) {
      // there is no taskset, or it may not do that
      if (error instanceof PagepipeError && error.code === 'calibration-peer') return Number.NaN;
      throw error;
    }
  }
}
