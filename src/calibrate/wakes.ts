/**
 * How long until a reader runs again that was woken, and what does that take of whoever wakes it, by how long it
 * had waited? Asked before there is any other process than the reader: one that is only about to fall asleep keeps
 * a CPU awake, and wake-ups were 2.5 us instead of 16.
 */

import { closeSync, writeSync } from 'node:fs';
import type { Wake } from '../model/machine/wakes.ts';
import type { WakeTable } from '../model/scenario/costs.ts';
import { makeFifo } from '../node/output/fifo.ts';
import { evenly, medianOrNaN, shared_ns, spin, time_ns } from './numbers.ts';
import type { Peer } from './peer.ts';
import { ANSWER_BYTES, READ_TIMES } from './peer-protocol.ts';

/**
 * Pauses between two writes. Most are short: a reader that keeps up with a writer waits for a few microseconds each
 * time, and while its CPU is on its way to sleep a wake-up is quite another thing at 0.5 us than at 1.5 or at 8.
 */
const PAUSES: readonly { readonly share: number; readonly from_ns: number; readonly to_ns: number }[] = [
  { share: 0.7, from_ns: 0, to_ns: 40_000 },
  { share: 0.15, from_ns: 40_000, to_ns: 200_000 },
  { share: 0.15, from_ns: 200_000, to_ns: 2_500_000 },
];
/** Spreads what is asked evenly, in an order that repeats nothing (the golden ratio's fraction). */
const SPREAD = 0.618_033_988_749_895;

/** Waits from one of these edges to the next are taken as one; between them either one is drawn. */
const FINE_NS = 400;
const FINE_UNTIL_NS = 12_000;
const COARSE_RATIO = 1.6;
const LONGEST_NS = 4_000_000;
/** So many wake-ups stand for all that were measured of a wait. */
const GROUPS = 24;
/**
 * One that took longer, and longer than so many times the median, was held up by something else: with few samples of a
 * wait it would come far too often.
 */
const LATENCY_MAX_NS = 150_000;
const LATENCY_MAX_MEDIANS = 4;
/** With fewer a wait says nothing. */
const SAMPLES_MIN = 4;
/** A reader that others keep from its CPU for a whole round has not waited once: then the round is asked again. */
const TRIES_MAX = 50;
/** On a busy machine a reader is behind for as long as others have its CPU: no pause helps with that. */
const BEHIND_MAX_NS = 500_000;

/** The waits of which `wake_ns` and `wake_idle_ns` are the latencies. */
const SHORT_NS = { from_ns: 1000, to_ns: 10_000 };
const LONG_NS = { from_ns: 300_000, to_ns: LONGEST_NS };
const QUIET_WRITES = 64;
/** A difference that is smaller than this, and than a fifth, is none. */
const DIFFERENCE_MIN_NS = 1000;
const DIFFERENCE_MIN_SHARE = 0.2;
export const IDLE_AFTER_DEFAULT_NS = 200_000;

const WAKES_HOW =
  'measured: writes of 8 bytes to a FIFO whose reader, another process, has waited so long, less a write that wakes ' +
  'nobody; each stands for as many as any other of its wait';

export interface WakeCosts {
  readonly wake_ns: number;
  readonly wake_idle_ns: number;
}

/** A wake-up, and how long the reader had waited; not above 0 where it was not waiting yet. */
export interface WakeSample extends Wake {
  readonly waited_ns: number;
}

export class WakeQuestion {
  readonly #peer: Peer;
  readonly #times: number;
  readonly #message = new Uint8Array(ANSWER_BYTES);
  /** Over all rounds. */
  readonly #samples: WakeSample[] = [];
  #asked = 0;
  /** From a write until its reader waits again; pauses begin there, or a slow reader would never be found waiting. */
  #behind_ns = 0;

  /** @param times writes a round */
  constructor(peer: Peer, times: number) {
    this.#peer = peer;
    this.#times = times;
  }

  round(): WakeCosts {
    const quiet_ns = this.#quietWrite_ns();
    let found: WakeSample[] = [];
    for (let tries = 0; found.length < SAMPLES_MIN && tries < TRIES_MAX; tries++) {
      found = found.concat(undisturbed(this.#wakeUps(quiet_ns)));
    }
    this.#samples.push(...found);
    return wakeCosts(found);
  }

  /** All of them: a few for each wait, that stand for as many equal shares of those that were measured. */
  table(): WakeTable | undefined {
    return wakeTable(this.#samples);
  }

  /** Each write wakes the reader, if that waits by then. */
  #wakeUps(quiet_ns: number): WakeSample[] {
    const writes = new Float64Array(2 * this.#times);
    this.#peer.order(READ_TIMES, ANSWER_BYTES, this.#times);
    for (let i = 0; i < this.#times; i++) {
      spin(this.#behind_ns + pause_ns(this.#asked++));
      writes[2 * i] = shared_ns();
      writeSync(this.#peer.data_fd, this.#message);
      writes[2 * i + 1] = shared_ns();
    }
    const samples: WakeSample[] = [];
    const behind_ns: number[] = [];
    for (let i = 0; i < this.#times; i++) {
      const [called_ns, returned_ns] = [this.#peer.answer(), this.#peer.answer()];
      const [before_ns = 0, after_ns = 0] = writes.subarray(2 * i, 2 * i + 2);
      samples.push({
        waited_ns: before_ns - called_ns,
        call_ns: Math.max(0, after_ns - before_ns - quiet_ns),
        latency_ns: Math.max(0, returned_ns - before_ns - quiet_ns),
      });
      const last_written_ns = writes[2 * i - 1];
      if (last_written_ns !== undefined) behind_ns.push(Math.max(0, called_ns - last_written_ns));
    }
    this.#behind_ns = Math.min(BEHIND_MAX_NS, medianOrNaN(behind_ns));
    return samples;
  }

  /** Into a FIFO of its own that nobody waits for: what waking takes is to be left over. */
  #quietWrite_ns(): number {
    const fifo = makeFifo();
    try {
      const samples_ns = Array.from({ length: QUIET_WRITES }, () =>
        time_ns(() => writeSync(fifo.write_fd, this.#message)),
      );
      return medianOrNaN(samples_ns);
    } finally {
      closeSync(fifo.read_fd);
      closeSync(fifo.write_fd);
    }
  }
}

/** Those whose reader waited, and that nothing else held up. */
export function undisturbed(samples: readonly WakeSample[]): WakeSample[] {
  const waited = samples.filter(({ waited_ns }) => waited_ns > 0);
  const usual_ns = medianOrNaN(waited.map(({ latency_ns }) => latency_ns));
  const most_ns = Math.max(LATENCY_MAX_NS, LATENCY_MAX_MEDIANS * usual_ns);
  return waited.filter(({ latency_ns }) => latency_ns <= most_ns);
}

/** Latencies after a short wait and after a long one; where there was none such, after those that come nearest. */
export function wakeCosts(samples: readonly WakeSample[]): WakeCosts {
  const latency_ns = ({ from_ns, to_ns }: { from_ns: number; to_ns: number }): number => {
    const away_ns = ({ waited_ns }: WakeSample): number =>
      waited_ns < from_ns ? from_ns - waited_ns : Math.max(0, waited_ns - to_ns);
    const nearest = [...samples].sort((a, b) => away_ns(a) - away_ns(b));
    const inside = nearest.filter((sample) => away_ns(sample) === 0);
    const counted = inside.length > 0 ? inside : nearest.slice(0, SAMPLES_MIN);
    return medianOrNaN(counted.map((wake) => wake.latency_ns));
  };
  return { wake_ns: latency_ns(SHORT_NS), wake_idle_ns: latency_ns(LONG_NS) };
}

/** Waits from edge to edge; too few of one are taken together with the next, the last few with those before. */
export function wakeTable(samples: readonly WakeSample[]): WakeTable | undefined {
  const groups: WakeSample[][] = [];
  let few: WakeSample[] = [];
  const edges = edges_ns();
  for (const [i, from_ns] of edges.entries()) {
    const to_ns = edges[i + 1] ?? Number.POSITIVE_INFINITY;
    few.push(...samples.filter(({ waited_ns }) => waited_ns >= from_ns && waited_ns < to_ns));
    if (few.length < SAMPLES_MIN) continue;
    groups.push(few);
    few = [];
  }
  const last = groups.pop() ?? [];
  if (last.length + few.length > 0) groups.push([...last, ...few]);
  return groups.length === 0 ? undefined : { ground: WAKES_HOW, waits: groups.map(waitOf) };
}

/** The wait after which latency is in the middle between short and long; undefined if it is one and the same. */
export function idleAfter_ns({ waits }: WakeTable): number | undefined {
  const points = waits
    .filter(({ wait_ns }) => wait_ns >= SHORT_NS.from_ns)
    .map(({ wait_ns, latencies_ns }) => ({ wait_ns, latency_ns: medianOrNaN(latencies_ns) }));
  const [shortest, longest] = [points[0], points.at(-1)];
  if (shortest === undefined || longest === undefined) return undefined;
  const short_ns = shortest.latency_ns;
  const difference_ns = longest.latency_ns - short_ns;
  if (difference_ns < Math.max(DIFFERENCE_MIN_NS, DIFFERENCE_MIN_SHARE * short_ns)) return undefined;
  const middle_ns = short_ns + difference_ns / 2;
  let before = shortest;
  for (const point of points) {
    if (point.latency_ns >= middle_ns) {
      const share = (middle_ns - before.latency_ns) / (point.latency_ns - before.latency_ns);
      return before.wait_ns + share * (point.wait_ns - before.wait_ns);
    }
    before = point;
  }
  return undefined;
}

function pause_ns(index: number): number {
  let at = (index * SPREAD) % 1;
  for (const { share, from_ns, to_ns } of PAUSES) {
    if (at < share) return from_ns + (at / share) * (to_ns - from_ns);
    at -= share;
  }
  return 0;
}

function edges_ns(): number[] {
  const edges: number[] = [];
  for (let at = 0; at < FINE_UNTIL_NS; at += FINE_NS) edges.push(at);
  for (let at = FINE_UNTIL_NS; at < LONGEST_NS; at *= COARSE_RATIO) edges.push(Math.round(at));
  return edges;
}

function waitOf(found: readonly WakeSample[]): WakeTable['waits'][number] {
  const groups = evenly(
    [...found].sort((a, b) => a.latency_ns - b.latency_ns),
    GROUPS,
  );
  const middle = (values: readonly number[]): number => Math.round(medianOrNaN(values));
  return {
    // rounded down it stays below the next edge, so that the waits of a table rise
    wait_ns: Math.floor(medianOrNaN(found.map(({ waited_ns }) => waited_ns))),
    calls_ns: groups.map((group) => middle(group.map(({ call_ns }) => call_ns))),
    latencies_ns: groups.map((group) => middle(group.map(({ latency_ns }) => latency_ns))),
  };
}
