/** What a save and its channels tell each other: messages, and words in shared memory. */
import type { PlainError } from '../errors.ts';
import type { ChannelArea, PartPlace } from '../migrate/page-ranges.ts';

/** What a channel is started with. */
export interface ChannelSetup {
  /** Which of them it is, from 0. */
  readonly index: number;
  /** The guest's memories, shared, one a bank. */
  readonly memories: readonly WebAssembly.Memory[];
  readonly parts: readonly PartPlace[];
  readonly areas: readonly ChannelArea[];
  /** The file that is written, and the name that errors give it. */
  readonly part_path: string;
  readonly path: string;
  /** Open it with O_DIRECT. */
  readonly direct: boolean;
  readonly control: SharedArrayBuffer;
}

/**
 *     save ◀─ opened ── channel         it has its descriptor
 *     save ── round ──▶ channel         send what is dirty, range by range
 *     save ◀─ synced ── channel         there is no range left; what it did in this round
 *     save ── end ────▶ channel         close the descriptor and go
 *     save ◀─ failed ── channel         instead of opened or synced
 */
export type ToChannel = 'round' | 'end';

export type FromChannel =
  | { readonly type: 'opened' }
  | ({ readonly type: 'synced' } & ChannelRound)
  | { readonly type: 'failed'; readonly error: PlainError };

/** What one channel, or all of them, did in a round. */
export interface ChannelRound {
  readonly normal: number;
  readonly zero: number;
  readonly short_writes: number;
  readonly longest_write_ns: number;
}

/** So far apart that no two channels write to one line of the cache. */
const LINE_BYTES = 128;
const NEXT_RANGE = 0;
const STOP = 1;
const PAGES = 0;
const BYTES = 1;

/**
 * The words that a save and its channels share:
 *
 *     0            128              256
 *     ┌────────────┬────────────────┬────────────────┬──
 *     │ next range │ channel 0      │ channel 1      │ …
 *     │ stop   i32 │ pages, bytes   │                │
 *     └────────────┴────────────────┴────────────────┴──
 */
export class ChannelControl {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #sent: BigInt64Array<SharedArrayBuffer>;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, 0, LINE_BYTES / 4);
    this.#sent = new BigInt64Array(buffer, LINE_BYTES);
  }

  static forChannels(count: number): ChannelControl {
    return new ChannelControl(new SharedArrayBuffer((1 + count) * LINE_BYTES));
  }

  /** The ranges are to be taken from the first on; only while no channel is at work. */
  restart(): void {
    Atomics.store(this.#words, NEXT_RANGE, 0);
  }

  /** Takes the next range. */
  takeRange(): number {
    return Atomics.add(this.#words, NEXT_RANGE, 1);
  }

  /** No channel begins anything more. */
  stop(): void {
    Atomics.store(this.#words, STOP, 1);
  }

  get is_stopped(): boolean {
    return Atomics.load(this.#words, STOP) !== 0;
  }

  /** A channel has sent so much more. */
  sent(channel: number, pages: number, bytes: number): void {
    const at = channel * (LINE_BYTES / 8);
    Atomics.add(this.#sent, at + PAGES, BigInt(pages));
    Atomics.add(this.#sent, at + BYTES, BigInt(bytes));
  }

  get sent_pages(): number {
    return this.#sum(PAGES);
  }

  get sent_bytes(): number {
    return this.#sum(BYTES);
  }

  #sum(field: number): number {
    let sum = 0;
    for (let at = field; at < this.#sent.length; at += LINE_BYTES / 8)
      sum += Number(Atomics.load(this.#sent, at));
    return sum;
  }
}
