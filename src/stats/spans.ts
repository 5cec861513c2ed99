/** The spans of a save: when it was in begin, iterate and complete. */
import { fail } from '../errors.ts';
import { Column } from './column.ts';

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

/**
 * Records spans as they happen; one is open at a time. Kept in columns, 24 bytes a span: a guest of 1 TiB makes
 * half a million of them.
 *
 * @example
 * spans.enter('iterate', clock.now());
 * const { start_ns, end_ns } = spans.leave(clock.now());
 */
export class Spans {
  #phases = new Column();
  #starts_ns = new Column();
  #ends_ns = new Column();
  #open: { phase: Phase; start_ns: number } | undefined;
  #list: readonly Span[] | undefined;

  /** The spans that another thread has recorded, by a clock that stands `ahead_ns` behind this thread's. */
  static of({ phases, starts_ns, ends_ns }: SpanColumns, ahead_ns: number): Spans {
    const spans = new Spans();
    spans.#phases = Column.of(phases);
    spans.#starts_ns = Column.of(starts_ns.map((ns) => ns + ahead_ns));
    spans.#ends_ns = Column.of(ends_ns.map((ns) => ns + ahead_ns));
    return spans;
  }

  /** A copy of all that are closed, for another thread. */
  columns(): SpanColumns {
    return {
      phases: Uint8Array.from(this.#phases.values()),
      starts_ns: this.#starts_ns.values(),
      ends_ns: this.#ends_ns.values(),
    };
  }

  /** All that are closed, in order. */
  get list(): readonly Span[] {
    this.#list ??= spansOf(this.columns());
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
    this.#phases.push(PHASES.indexOf(phase));
    this.#starts_ns.push(start_ns);
    this.#ends_ns.push(now_ns);
    return { phase, start_ns, end_ns: now_ns };
  }
}

function spansOf({ phases, starts_ns, ends_ns }: SpanColumns): Span[] {
  return Array.from(phases, (phase, i) => ({
    phase: PHASES[phase] ?? 'begin',
    start_ns: starts_ns[i] ?? 0,
    end_ns: ends_ns[i] ?? 0,
  }));
}
