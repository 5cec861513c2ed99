/** The spans of a save: when it was in begin, iterate and complete. */
import { fail } from '../errors.ts';

/** QEMU's three phases: qemu_savevm_state_begin, _iterate and _complete. */
export type Phase = 'begin' | 'iterate' | 'complete';

/** One call on the main loop, in integer nanoseconds of the save's clock. */
export interface Span {
  readonly phase: Phase;
  readonly start_ns: number;
  readonly end_ns: number;
}

/** Spans as they are kept, a value a span in each: what another thread is given. */
export interface SpanColumns {
  /** Indexes of begin, iterate, complete. */
  readonly phases: Uint8Array<ArrayBuffer>;
  readonly starts_ns: Float64Array<ArrayBuffer>;
  readonly ends_ns: Float64Array<ArrayBuffer>;
}

const PHASES: readonly Phase[] = ['begin', 'iterate', 'complete'];
const FIRST_ROOM = 256;

/**
 * Records spans as they happen; one is open at a time. Kept in columns, 17 bytes a span: a guest of 1 TiB makes
 * half a million of them.
 *
 * @example
 * spans.enter('iterate', clock.now());
 * const { start_ns, end_ns } = spans.leave(clock.now());
 */
export class Spans {
  #phases = new Uint8Array(FIRST_ROOM);
  #starts_ns = new Float64Array(FIRST_ROOM);
  #ends_ns = new Float64Array(FIRST_ROOM);
  #count = 0;
  #open: { phase: Phase; start_ns: number } | undefined;
  #list: readonly Span[] | undefined;

  /** The spans that another thread has recorded, by a clock that stands `ahead_ns` behind this thread's. */
  static of({ phases, starts_ns, ends_ns }: SpanColumns, ahead_ns: number): Spans {
    const spans = new Spans();
    spans.#count = phases.length;
    spans.#phases = phases;
    spans.#starts_ns = starts_ns.map((ns) => ns + ahead_ns);
    spans.#ends_ns = ends_ns.map((ns) => ns + ahead_ns);
    return spans;
  }

  /** A copy of all that are closed, for another thread. */
  columns(): SpanColumns {
    return {
      phases: this.#phases.slice(0, this.#count),
      starts_ns: this.#starts_ns.slice(0, this.#count),
      ends_ns: this.#ends_ns.slice(0, this.#count),
    };
  }

  /** All that are closed, in order. */
  get list(): readonly Span[] {
    this.#list ??= Array.from({ length: this.#count }, (_, i) => ({
      phase: PHASES[this.#phases[i] ?? 0] ?? 'begin',
      start_ns: this.#starts_ns[i] ?? 0,
      end_ns: this.#ends_ns[i] ?? 0,
    }));
    return this.#list;
  }

  /** @throws `internal-span` if one is open */
  enter(phase: Phase, now_ns: number): void {
    if (this.#open !== undefined) throw fail('internal-span', { phase, open: this.#open.phase });
    this.#open = { phase, start_ns: now_ns };
  }

  /** @throws `internal-span` if none is open */
  leave(now_ns: number): Span {
    if (this.#open === undefined) throw fail('internal-span', { phase: 'none', open: 'none' });
    const { phase, start_ns } = this.#open;
    this.#open = undefined;
    this.#list = undefined;
    if (this.#count === this.#phases.length) this.#grow();
    this.#phases[this.#count] = PHASES.indexOf(phase);
    this.#starts_ns[this.#count] = start_ns;
    this.#ends_ns[this.#count] = now_ns;
    this.#count++;
    return { phase, start_ns, end_ns: now_ns };
  }

  #grow(): void {
    const room = Math.max(FIRST_ROOM, this.#count * 2);
    const phases = new Uint8Array(room);
    const starts_ns = new Float64Array(room);
    const ends_ns = new Float64Array(room);
    phases.set(this.#phases);
    starts_ns.set(this.#starts_ns);
    ends_ns.set(this.#ends_ns);
    this.#phases = phases;
    this.#starts_ns = starts_ns;
    this.#ends_ns = ends_ns;
  }
}
