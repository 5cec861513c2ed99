/** What do reads and writes of a pipe take, each beside a process at the other end? */

import { writeSync } from 'node:fs';
import { FdChannel } from '../node/output/fd-channel.ts';
import { nextTurn } from '../save/event-loop.ts';
import { medianOrNaN, Sizes, spin, time_ns } from './numbers.ts';
import type { Peer } from './peer.ts';
import {
  DRAIN,
  DRAIN_SIZES,
  PAGE_BYTES,
  PIPE_BYTES,
  PIPE_SIZES,
  READ,
  READ_LAST_PAGE,
} from './peer-protocol.ts';

/** The peer is asleep in its read by then. */
const ASLEEP_AFTER_NS = 30_000;

export interface PipeCosts {
  readonly write_call_ns: number;
  readonly wake_call_ns: number;
  readonly write_byte_ns: number;
  readonly rewrite_call_ns: number;
  readonly eagain_call_ns: number;
  readonly read_call_ns: number;
  readonly read_byte_ns: number;
  /** A write of the piece that waits for room, of which nobody is woken. */
  readonly quiet_write_ns: number;
}

export class PipeQuestion {
  readonly #peer: Peer;
  readonly #times: number;
  readonly #staging = new Uint8Array(PIPE_BYTES).fill(1);

  /** @param times calls of each kind a round */
  constructor(peer: Peer, times: number) {
    this.#peer = peer;
    this.#times = times;
  }

  async round(): Promise<PipeCosts> {
    const write = this.#writes();
    const read_byte_ns = this.#reads().slope;
    const quiet_write_ns = this.#quietWrites_ns();
    const write_call_ns = Math.max(0, quiet_write_ns - PAGE_BYTES * write.slope);
    return {
      write_call_ns,
      wake_call_ns: Math.max(0, write.base - write_call_ns),
      write_byte_ns: write.slope,
      read_call_ns: Math.max(0, this.#lastPage_ns() - PAGE_BYTES * read_byte_ns),
      read_byte_ns,
      rewrite_call_ns: this.#rewrites_ns(),
      eagain_call_ns: await this.#eagains_ns(),
      quiet_write_ns,
    };
  }

  /** Each write finds the pipe empty and its reader asleep. */
  #writes(): { base: number; slope: number } {
    const samples = new Sizes(PIPE_SIZES);
    const channel = this.#channel();
    this.#peer.order(DRAIN_SIZES, 0, this.#times);
    for (let i = 0; i < this.#times; i++) {
      for (const bytes of PIPE_SIZES) {
        spin(ASLEEP_AFTER_NS);
        const elapsed_ns = time_ns(() => channel.offer(0, bytes));
        samples.add(bytes, elapsed_ns);
        this.#peer.answer();
      }
    }
    return samples.line();
  }

  /** Each read finds all its bytes there, which this process wrote on a CPU of its own. */
  #reads(): { base: number; slope: number } {
    const samples = new Sizes(PIPE_SIZES);
    for (let i = 0; i < this.#times; i++) {
      for (const bytes of PIPE_SIZES) {
        writeSync(this.#peer.data_fd, this.#staging, 0, bytes);
        this.#peer.order(READ, bytes, 1);
        const elapsed_ns = this.#peer.answer();
        if (!Number.isNaN(elapsed_ns)) samples.add(bytes, elapsed_ns);
      }
    }
    return samples.line();
  }

  /** A read of one page after one of all before it, as a reader makes it that catches up with its writer. */
  #lastPage_ns(): number {
    const samples_ns = Array.from({ length: this.#times }, () => {
      writeSync(this.#peer.data_fd, this.#staging, 0, PIPE_BYTES);
      this.#peer.order(READ_LAST_PAGE, PIPE_BYTES, 1);
      return this.#peer.answer();
    });
    return medianOrNaN(samples_ns);
  }

  /** Writes of a page where there is room for one, and of two: the second is tried, and not taken. */
  #rewrites_ns(): number {
    const fill_bytes = PIPE_BYTES - PAGE_BYTES;
    const writes_ns = (bytes: number): number =>
      medianOrNaN(
        Array.from({ length: this.#times }, () => {
          writeSync(this.#peer.data_fd, this.#staging, 0, fill_bytes);
          const elapsed_ns = time_ns(() => writeSync(this.#peer.data_fd, this.#staging, 0, bytes));
          this.#drain(PIPE_BYTES);
          return elapsed_ns;
        }),
      );
    return Math.max(0, writes_ns(2 * PAGE_BYTES) - writes_ns(PAGE_BYTES));
  }

  /** As a channel tries a full pipe: again at each turn of the loop. */
  async #eagains_ns(): Promise<number> {
    writeSync(this.#peer.data_fd, this.#staging, 0, PIPE_BYTES);
    const samples_ns: number[] = [];
    for (let i = 0; i < this.#times; i++) {
      // after EAGAIN a channel makes no call before there is room
      const channel = this.#channel();
      await nextTurn();
      samples_ns.push(time_ns(() => channel.offer(0, PAGE_BYTES)));
    }
    this.#drain(PIPE_BYTES);
    return medianOrNaN(samples_ns);
  }

  #quietWrites_ns(): number {
    const channel = this.#channel();
    const samples_ns = Array.from({ length: this.#times }, () => {
      const elapsed_ns = time_ns(() => channel.offer(0, PAGE_BYTES));
      this.#drain(PAGE_BYTES);
      return elapsed_ns;
    });
    return medianOrNaN(samples_ns);
  }

  #drain(bytes: number): void {
    this.#peer.order(DRAIN, bytes, 1);
    this.#peer.answer();
  }

  #channel(): FdChannel {
    return new FdChannel(this.#peer.data_fd, this.#staging, { path: 'the pipe' });
  }
}
