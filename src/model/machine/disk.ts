/** The disk: a rate, seeks, and rare long stalls. */

import { Random } from '../scenario/random.ts';
import type { Kernel } from './kernel.ts';
import { Station } from './station.ts';

export interface DiskOptions {
  readonly rate_bytes_per_s: number;
  /** The rate of a write varies by this share, both ways. */
  readonly jitter: number;
  /** So many writes need a seek first, */
  readonly seek_share: number;
  /** which takes from so long */
  readonly seek_low_ns: number;
  /** up to so long. */
  readonly seek_high_ns: number;
  /** So many writes stall for longer: the disk does something else. */
  readonly stall_share: number;
  readonly stall_low_ns: number;
  readonly stall_high_ns: number;
  /** What every write takes besides. */
  readonly latency_ns: number;
}

/** Serves one write at a time, in order. */
export class Disk {
  readonly #options: DiskOptions;
  readonly #station: Station;
  readonly #random: Random;
  #written_bytes = 0;
  readonly times_ns: number[] = [];

  constructor(kernel: Kernel, options: DiskOptions, seed: number) {
    this.#options = options;
    this.#station = new Station(kernel);
    this.#random = new Random(seed, 'disk');
  }

  get written_bytes(): number {
    return this.#written_bytes;
  }

  write(bytes: number, whenDone: () => void): void {
    const service_ns = this.#service_ns(bytes);
    this.times_ns.push(service_ns);
    this.#station.serve(service_ns, () => {
      this.#written_bytes += bytes;
      whenDone();
    });
  }

  /** Four draws a write, whatever is switched off: the others stay what they are. */
  #service_ns(bytes: number): number {
    const { rate_bytes_per_s, jitter, seek_share, stall_share, latency_ns } = this.#options;
    const random = this.#random;
    const rate = rate_bytes_per_s * random.uniform(1 - jitter, 1 + jitter);
    const seek_ns = random.uniform(this.#options.seek_low_ns, this.#options.seek_high_ns);
    const stall_ns = random.uniform(this.#options.stall_low_ns, this.#options.stall_high_ns);
    const draw = random.uniform(0, 1);
    const is_stalled = draw < stall_share;
    // from the other end, so that a share of stalls does not shift which writes seek
    const is_seek = !is_stalled && draw >= 1 - seek_share;
    return Math.round(
      latency_ns + (bytes * 1e9) / rate + (is_stalled ? stall_ns : 0) + (is_seek ? seek_ns : 0),
    );
  }
}
