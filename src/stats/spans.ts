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

/**
 * Records spans as they happen; one is open at a time.
 *
 * @example
 * spans.enter('iterate', clock.now());
 * const { start_ns, end_ns } = spans.leave(clock.now());
 */
export class Spans {
  readonly #list: Span[] = [];
  #open: { phase: Phase; start_ns: number } | undefined;

  /** All that are closed, in order. */
  get list(): readonly Span[] {
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
    const span = { ...this.#open, end_ns: now_ns };
    this.#open = undefined;
    this.#list.push(span);
    return span;
  }
}
