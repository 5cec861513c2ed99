/** How long until a thread runs again that was woken, by how long it had waited; and what a switch takes? */
import { writeSync } from 'node:fs';
import { PagepipeError } from '../../errors.ts';
import { median, spin, time_ns } from './numbers.ts';
import type { Peer } from './peer.ts';
import { ANSWER_BYTES, DRAIN, ECHO, SWITCH } from './peer-protocol.ts';

/** Waits, the longest last. */
const PAUSES_NS = [20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000] as const;
const IDLE_NS = 2_000_000;
const SWITCHES = 300;
const QUIET_WRITES = 64;
/** A difference that is smaller than this, and than a fifth, is none. */
const DIFFERENCE_MIN_NS = 1000;
const DIFFERENCE_MIN_SHARE = 0.2;
export const IDLE_AFTER_DEFAULT_NS = 200_000;

export interface WakeCosts {
  readonly wake_ns: number;
  readonly wake_idle_ns: number;
  /** NaN where no process can be kept on one CPU. */
  readonly switch_ns: number;
}

export class WakeQuestion {
  readonly #peer: Peer;
  readonly #pinned: Peer | undefined;
  readonly #times: number;
  readonly #message = new Uint8Array(ANSWER_BYTES);
  /** Over all rounds, by pause: the way there, which begins after the pause. */
  readonly #latencies_ns = new Map<number, number[]>();
  readonly #short_ns: number[] = [];

  /** @param pinned a peer that is kept on one CPU */
  constructor(peer: Peer, pinned: Peer | undefined, times: number) {
    this.#peer = peer;
    this.#pinned = pinned;
    this.#times = times;
  }

  round(): WakeCosts {
    const quiet_ns = this.#quietWrite_ns();
    const half_ns = this.#roundTrip_ns(0, this.#times * 4) / 2;
    this.#short_ns.push(half_ns - quiet_ns);
    for (const pause_ns of PAUSES_NS) {
      const there_ns = this.#roundTrip_ns(pause_ns, this.#times) - half_ns - quiet_ns;
      const latencies_ns = this.#latencies_ns.get(pause_ns) ?? [];
      this.#latencies_ns.set(pause_ns, [...latencies_ns, there_ns]);
    }
    return {
      wake_ns: Math.max(0, half_ns - quiet_ns),
      wake_idle_ns: Math.max(0, this.#latencies_ns.get(IDLE_NS)?.at(-1) ?? 0),
      switch_ns: this.#switch_ns(),
    };
  }

  /** The wait after which latency is in the middle between short and long; undefined if it is one and the same. */
  idleAfter_ns(): number | undefined {
    const short_ns = median(this.#short_ns);
    const points = PAUSES_NS.map((pause_ns) => ({
      pause_ns,
      latency_ns: median(this.#latencies_ns.get(pause_ns) ?? []),
    }));
    const long_ns = points.at(-1)?.latency_ns ?? short_ns;
    const difference_ns = long_ns - short_ns;
    if (difference_ns < Math.max(DIFFERENCE_MIN_NS, DIFFERENCE_MIN_SHARE * short_ns)) return undefined;
    const middle_ns = short_ns + difference_ns / 2;
    let before = { pause_ns: 0, latency_ns: short_ns };
    for (const point of points) {
      if (point.latency_ns >= middle_ns) {
        const share = (middle_ns - before.latency_ns) / (point.latency_ns - before.latency_ns);
        return before.pause_ns + share * (point.pause_ns - before.pause_ns);
      }
      before = point;
    }
    return undefined;
  }

  /** Nobody waits for it: waking is what is to be left over. */
  #quietWrite_ns(): number {
    const samples_ns = Array.from({ length: QUIET_WRITES }, () =>
      time_ns(() => writeSync(this.#peer.data_fd, this.#message)),
    );
    this.#peer.order(DRAIN, QUIET_WRITES * ANSWER_BYTES, 1);
    this.#peer.answer();
    return median(samples_ns);
  }

  /** The pause is spent busy, so that only the peer's CPU goes idle. */
  #roundTrip_ns(pause_ns: number, times: number): number {
    this.#peer.order(ECHO, 0, times);
    const samples_ns = Array.from({ length: times }, () => {
      spin(pause_ns);
      return time_ns(() => {
        writeSync(this.#peer.data_fd, this.#message);
        this.#peer.answer();
      });
    });
    return median(samples_ns);
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
