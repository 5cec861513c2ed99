/**
 * How long until a thread runs again that was woken, and what does that take of whoever wakes it, by how long it
 * had waited? Asked before there is any other process: one that is only about to fall asleep keeps a CPU awake,
 * and wake-ups were 2.5 us instead of 16.
 */
import { closeSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { fail } from '../../errors.ts';
import type { WakeTable } from '../../model/costs.ts';
import type { Wake } from '../../model/wakes.ts';
import { type Fifo, makeFifo } from '../../pipe/fifo.ts';
import { median, spin, time_ns } from './numbers.ts';
import { ANSWER_BYTES } from './peer-protocol.ts';

/**
 * Waits, the longest last; many are short, for a reader that keeps up with a writer waits for a few microseconds
 * each time, and while its CPU is on its way to sleep a wake-up is quite another thing than before or after.
 */
const PAUSES_NS: readonly number[] = [
  0, 500, 1000, 1500, 2000, 3000, 4500, 7000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 2_000_000,
];
/** The wait of which `wake_ns` is the latency. */
const SHORT_NS = 3000;
/** Of the waits that are rather short, a round takes so many times as many as of the others. */
const SHORT_TIMES = 3;
/** So many wake-ups stand for all that were measured of a wait. */
const GROUPS = 16;
const IDLE_NS = 2_000_000;
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

const WAKES_HOW =
  'measured: writes to a FIFO whose reader, a thread, has waited so long, less one that wakes nobody; each stands ' +
  'for a sixteenth of them';

export interface WakeCosts {
  readonly wake_ns: number;
  readonly wake_idle_ns: number;
}

export class WakeQuestion {
  readonly #times: number;
  readonly #message = new Uint8Array(ANSWER_BYTES);
  readonly #fifo: Fifo = makeFifo();
  /** When the sleeper's last read returned; 0 until it has. */
  readonly #returned = new BigInt64Array(new SharedArrayBuffer(8));
  /** Over all rounds, by pause. */
  readonly #wakes = new Map<number, Wake[]>(PAUSES_NS.map((pause_ns) => [pause_ns, []]));

  constructor(times: number) {
    this.#times = times;
    const workerData = { fd: this.#fifo.read_fd, returned: this.#returned };
    // without the options of this process: some say that a text given to be run is a module
    new Worker(SLEEPER, { eval: true, execArgv: [], workerData })
      .once('exit', () => closeSync(this.#fifo.read_fd))
      .unref();
    this.#wakeUp();
  }

  round(): WakeCosts {
    const quiet_ns = this.#quietWrite_ns();
    const latency_ns = new Map<number, number>();
    for (const [pause_ns, wakes] of this.#wakes) {
      const times = pause_ns < IDLE_NS / 2 ? this.#times * SHORT_TIMES : this.#times;
      const found = Array.from({ length: times }, () => {
        spin(pause_ns);
        const { call_ns, latency_ns } = this.#wakeUp();
        return {
          call_ns: Math.max(0, call_ns - quiet_ns),
          latency_ns: Math.max(0, latency_ns - quiet_ns),
        };
      });
      wakes.push(...found);
      latency_ns.set(pause_ns, median(found.map((wake) => wake.latency_ns)));
    }
    return {
      wake_ns: latency_ns.get(SHORT_NS) ?? 0,
      wake_idle_ns: latency_ns.get(IDLE_NS) ?? 0,
    };
  }

  /** Ends the sleeper, and with it its end of the FIFO. */
  release(): void {
    closeSync(this.#fifo.write_fd);
  }

  /** The wait after which latency is in the middle between short and long; undefined if it is one and the same. */
  idleAfter_ns(): number | undefined {
    const points = Array.from(this.#wakes, ([pause_ns, wakes]) => ({
      pause_ns,
      latency_ns: median(wakes.map(({ latency_ns }) => latency_ns)),
    })).filter(({ pause_ns }) => pause_ns >= SHORT_NS);
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

  /** All of them: a few for each wait, that stand for as many equal shares of those that were measured. */
  table(): WakeTable {
    const waits = Array.from(this.#wakes, ([pause_ns, wakes]) => {
      const sorted = [...wakes].sort((a, b) => a.latency_ns - b.latency_ns);
      const groups = Array.from({ length: GROUPS }, (_, i) =>
        sorted.slice(
          Math.floor((i * sorted.length) / GROUPS),
          Math.floor(((i + 1) * sorted.length) / GROUPS),
        ),
      ).filter((group) => group.length > 0);
      return {
        wait_ns: pause_ns,
        calls_ns: groups.map((group) => Math.round(median(group.map(({ call_ns }) => call_ns)))),
        latencies_ns: groups.map((group) => Math.round(median(group.map(({ latency_ns }) => latency_ns)))),
      };
    });
    return { ground: WAKES_HOW, waits };
  }

  /** One, whole: the write, and from before it to behind the read that it wakes. */
  #wakeUp(): Wake {
    Atomics.store(this.#returned, 0, 0n);
    const before = process.hrtime.bigint();
    writeSync(this.#fifo.write_fd, this.#message);
    const after = process.hrtime.bigint();
    const patience_ns = process.hrtime.bigint() + PATIENCE_NS;
    while (Atomics.load(this.#returned, 0) === 0n) {
      if (process.hrtime.bigint() > patience_ns) throw fail('calibration-peer', { how: 'did not wake up' });
    }
    return {
      call_ns: Number(after - before),
      latency_ns: Number(Atomics.load(this.#returned, 0) - before),
    };
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
}
