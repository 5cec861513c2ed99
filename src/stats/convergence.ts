/** Notices a guest that dirties its RAM as fast as the save sends it. */

/** So many rounds without less to send are no accident. */
const STUCK_ROUNDS = 3;
const NS_PER_S = 1e9;

/** The end of a round over a running guest's RAM, after the dirty sync. */
export interface Round {
  readonly now_ns: number;
  /** RAM that is dirty now, so that another round is needed. */
  readonly remaining_bytes: number;
  /** What the channel has taken since Begin. */
  readonly stream_bytes: number;
}

/** What is known of a save that does not converge, over the last rounds. */
export interface Stuck {
  readonly rounds: number;
  readonly remaining_bytes: number;
  /** RAM that the guest dirtied, each page counted once a round. */
  readonly dirty_bytes_per_s: number;
  /** What the output took. */
  readonly taken_bytes_per_s: number;
}

/**
 * Is told of every round, and says once that what is left has not fallen for three of them.
 *
 * @example
 * const convergence = new Convergence(began_ns, (stuck) => console.error(stuck.dirty_bytes_per_s));
 * convergence.round({ now_ns, remaining_bytes, stream_bytes });
 */
export class Convergence {
  readonly #onStuck: (stuck: Stuck) => void;
  #least_bytes = Number.POSITIVE_INFINITY;
  #is_told = false;
  /** The round with the least left, and those since. */
  #since: Round[];

  constructor(began_ns: number, onStuck: (stuck: Stuck) => void) {
    this.#onStuck = onStuck;
    this.#since = [{ now_ns: began_ns, remaining_bytes: 0, stream_bytes: 0 }];
  }

  round(round: Round): void {
    if (round.remaining_bytes < this.#least_bytes) {
      this.#least_bytes = round.remaining_bytes;
      this.#since = [round];
      return;
    }
    this.#since.push(round);
    if (this.#is_told || this.#since.length <= STUCK_ROUNDS) return;
    this.#is_told = true;
    this.#onStuck(this.#facts(round));
  }

  #facts(last: Round): Stuck {
    const [first = last, ...rounds] = this.#since;
    const elapsed_s = Math.max(1, last.now_ns - first.now_ns) / NS_PER_S;
    const dirtied_bytes = rounds.reduce((sum, { remaining_bytes }) => sum + remaining_bytes, 0);
    return {
      rounds: rounds.length,
      remaining_bytes: last.remaining_bytes,
      dirty_bytes_per_s: Math.round(dirtied_bytes / elapsed_s),
      taken_bytes_per_s: Math.round((last.stream_bytes - first.stream_bytes) / elapsed_s),
    };
  }
}
