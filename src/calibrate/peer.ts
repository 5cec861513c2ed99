/** The other process of the measurement, as this one sees it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, readSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { fail } from '../errors.ts';
import { reasonOf } from '../node/os-error.ts';
import { makeFifo } from '../node/output/fifo.ts';
import { STARTER_EXEC_ARGV, starterFile } from '../node/starter-file.ts';
import { keptOn } from './affinity.ts';
import { ANSWER_BYTES } from './peer-protocol.ts';

const PEER_FILE = fileURLToPath(starterFile('./calibrate-peer', import.meta.url));

export class Peer {
  /** The writing end of the pipe that is measured; non-blocking. */
  readonly data_fd: number;
  readonly #order_fd: number;
  readonly #answer_fd: number;
  readonly #child: ChildProcess;
  readonly #answer = new Float64Array(1);
  readonly #closed: Promise<void>;
  /** How it ended, once it has. */
  #ended: string | undefined;

  /**
   * @param cpus which it may use, as taskset(1) takes them; without them, any
   * @throws `no-fifo`, `calibration-peer`
   */
  constructor(cpus?: string) {
    const data = makeFifo();
    const orders = makeFifo();
    const answers = makeFifo();
    const [program, args] = keptOn(cpus, process.execPath, [...STARTER_EXEC_ARGV, PEER_FILE]);
    const stdio = [data.read_fd, answers.write_fd, 'ignore', orders.read_fd] as const;
    this.#child = spawn(program, args, { stdio: [...stdio] });
    for (const fd of [data.read_fd, answers.write_fd, orders.read_fd]) closeSync(fd);
    this.data_fd = data.write_fd;
    this.#order_fd = orders.write_fd;
    this.#answer_fd = answers.read_fd;
    this.#closed = new Promise((resolve) => {
      const end = (how: string): void => {
        this.#ended = how;
        resolve();
      };
      this.#child.once('exit', (code, signal) =>
        end(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`),
      );
      this.#child.once('error', (cause) => end(`could not be started (${reasonOf(cause)})`));
    });
  }

  /** How it ended, if it has and the event loop had a turn since. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /** Waits for its end, so long and no longer. */
  async endsWithin(ms: number): Promise<void> {
    const controller = new AbortController();
    const late = delay(ms, undefined, { signal: controller.signal }).catch(() => undefined);
    await Promise.race([this.#closed, late]);
    controller.abort();
  }

  /** @throws `calibration-peer` */
  order(what: number, bytes: number, times: number): void {
    try {
      writeSync(this.#order_fd, new Uint8Array(Float64Array.of(what, bytes, times).buffer));
    } catch (cause) {
      throw fail('calibration-peer', { how: this.#ended ?? 'went away' }, cause);
    }
  }

  /** Blocks until the peer has answered. @throws `calibration-peer` where it is gone */
  answer(): number {
    const bytes = readSync(this.#answer_fd, this.#answer, 0, ANSWER_BYTES, null);
    if (bytes !== ANSWER_BYTES) throw fail('calibration-peer', { how: this.#ended ?? 'went away' });
    return this.#answer[0] ?? Number.NaN;
  }

  /** Ends it, and waits until it has gone. The data end is closed by `release`, which may be a socket's. */
  async close(release: () => void = () => closeSync(this.data_fd)): Promise<void> {
    release();
    closeSync(this.#order_fd);
    closeSync(this.#answer_fd);
    this.#child.kill('SIGKILL');
    await this.#closed;
  }
}
