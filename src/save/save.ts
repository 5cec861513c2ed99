/** The save loop: begin, iterate, complete as in QEMU, one synchronous step at a time. */
import { fail } from '../errors.ts';
import type { RunningPolicy } from '../policy/policy.ts';
import type { Round } from '../stats/convergence.ts';
import type { RamCounters } from '../stats/counters.ts';
import type { Phase, Spans } from '../stats/spans.ts';
import { Bandwidth } from './bandwidth.ts';
import { EncodeBudget } from './encode-budget.ts';
import type { Channel, Clock, Manner, Output, Source, Wait } from './interfaces.ts';
import { Staging } from './staging.ts';

const AGAIN: Wait = { kind: 'again' };
const WRITABLE: Wait = { kind: 'writable' };
const DONE: Wait = { kind: 'done' };

export interface LoopOptions {
  /** What the downtime may be for the guest to be paused (running guests only). */
  readonly downtime_limit_ns: number;
  /** Rounds after which the guest is paused whatever the downtime becomes. */
  readonly max_rounds: number;
  /** Complete by turns, or in one call that blocks, as QEMU did in 2011. */
  readonly complete: 'turns' | 'blocking';
  /** The most pages between two looks at the clock; without it, as many as take about 100 us. */
  readonly encode_pages?: number | undefined;
}

export interface LoopParts {
  readonly clock: Clock;
  readonly source: Source;
  readonly output: Output;
  readonly channel: Channel;
  readonly policy: RunningPolicy;
  readonly spans: Spans;
  readonly counters: RamCounters;
  /** What is done otherwise than in QEMU since 1.4. */
  readonly manner?: Manner | undefined;
  /** Called where another round is needed. */
  readonly onRound?: ((round: Round) => void) | undefined;
}

/**
 * The state machine. A driver calls `turn` until it says `done`, gives the rest of its world a turn after
 * every call, and waits for what the call asked for.
 *
 *     begin ──▶ iterate ⟲ ──▶ complete ⟲ ──▶ done
 *               PART sections   guest paused, END section, tail
 */
export class Save {
  readonly #parts: LoopParts;
  readonly #options: LoopOptions;
  readonly #staging: Staging;
  readonly #bandwidth: Bandwidth;
  readonly #budget: EncodeBudget;
  readonly #began_ns: number;
  #phase: Phase | 'done' = 'begin';
  #rounds = 0;
  #converged = true;
  #is_head_staged = false;
  #paused_ns: number | undefined;
  #ended_ns = 0;
  #closed_ns = 0;
  /** Whether the section of this turn (PART), or of complete (END), has its head staged. */
  #is_section_open = false;
  #complete_step: 'pages' | 'close' | 'tail' | 'drain' = 'pages';

  constructor(parts: LoopParts, options: LoopOptions) {
    const { output } = parts;
    const staging_bytes_min =
      output.record_bytes_max + output.elementBytes('part') + output.elementBytes('close');
    if (output.staging_bytes < staging_bytes_min) {
      throw fail('usage-staging', { bytes: output.staging_bytes, bytes_min: staging_bytes_min });
    }
    this.#parts = parts;
    this.#options = options;
    this.#began_ns = parts.clock.now();
    this.#staging = new Staging(output, parts.channel, parts.clock);
    this.#bandwidth = new Bandwidth(this.#began_ns, options.downtime_limit_ns);
    this.#budget = new EncodeBudget(options.encode_pages);
  }

  get phase(): Phase | 'done' {
    return this.#phase;
  }

  /** Whether the guest was paused because little was left, not because the rounds were used up. */
  get converged(): boolean {
    return this.#converged;
  }

  /** Bytes that the channel has taken. */
  get stream_bytes(): number {
    return this.#staging.taken_bytes;
  }

  /** The longest that the channel took for one offer. */
  get longest_write_ns(): number {
    return this.#staging.longest_offer_ns;
  }

  /** What the channel took for all offers. */
  get write_ns(): number {
    return this.#staging.offer_ns;
  }

  /** From Begin to the last byte taken by the channel, or to now. */
  get wall_ns(): number {
    return (this.#phase === 'done' ? this.#ended_ns : this.#parts.clock.now()) - this.#began_ns;
  }

  /** From the pause of the guest to the last byte taken. */
  get downtime_ns(): number {
    return this.#phase === 'done' && this.#paused_ns !== undefined ? this.#ended_ns - this.#paused_ns : 0;
  }

  /** How long closing the descriptor held up the main loop, after complete. */
  get close_ns(): number {
    return this.#phase === 'done' ? this.#closed_ns - this.#ended_ns : 0;
  }

  /** One step. */
  turn(): Wait {
    const { clock, source, policy } = this.#parts;
    const now_ns = clock.now();
    source.runUntil(now_ns);
    policy.turn(now_ns);
    this.#bandwidth.update(now_ns, this.#staging.taken_bytes);
    const wait = this.#step();
    // a policy that goes by how long turns take hears of what came after the last record: a sync, a blocking write
    policy.spend(clock.now(), 0);
    return wait;
  }

  #step(): Wait {
    switch (this.#phase) {
      case 'begin':
        return this.#timed('begin', () => this.#begin());
      case 'iterate':
        return this.#timed('iterate', () => this.#iterate());
      case 'complete':
        return this.#complete();
      case 'done':
        return DONE;
      default:
        throw fail('internal-phase', { phase: this.#phase });
    }
  }

  #timed(phase: Phase, step: () => Wait): Wait {
    const { clock, spans } = this.#parts;
    spans.enter(phase, clock.now());
    const wait = step();
    spans.leave(clock.now());
    return wait;
  }

  /** All pages are to be sent; the head of the stream goes out. */
  #begin(): Wait {
    if (this.#rounds === 0) {
      this.#parts.source.markAllDirty();
      this.#syncDirty();
      this.#rounds = 1;
    }
    this.#is_head_staged ||= this.#staging.sendLong('begin');
    if (!this.#is_head_staged || !this.#staging.flush()) return this.#blocked();
    this.#phase = 'iterate';
    return this.#parts.manner?.begins_with_pages ? this.#iteratePart() : AGAIN;
  }

  /** One turn on the main loop and, if anything is encoded, one PART section. */
  #iterate(): Wait {
    if (this.#parts.manner?.syncs_each_iterate) this.#syncDirty();
    return this.#iteratePart();
  }

  #iteratePart(): Wait {
    if (!this.#staging.flush()) return this.#blocked();
    const wait = this.#sendPages('part');
    this.#closeSection();
    this.#decide();
    // the end of a section flushes, as qemu_fflush does at the end of qemu_savevm_state_iterate
    return this.#staging.flush() ? wait : this.#blocked();
  }

  /**
   * Whether little enough is left to pause the guest, by QEMU's rule (migration_iteration_run): sync only
   * when what is left by the last count is under the threshold, and judge by the fresh count.
   */
  #decide(): void {
    const { source, manner } = this.#parts;
    const completes = manner?.completes(source.dirty_pages * source.page_bytes);
    if (completes !== undefined) {
      if (completes) this.#phase = 'complete';
      return;
    }
    const threshold_bytes = source.is_running ? this.#bandwidth.threshold_bytes : 0;
    if (source.dirty_pages * source.page_bytes > threshold_bytes) return;
    source.runUntil(this.#parts.clock.now());
    this.#syncDirty();
    const is_little = source.dirty_pages * source.page_bytes <= threshold_bytes;
    if (is_little || this.#rounds >= this.#options.max_rounds) {
      this.#converged = is_little;
      this.#phase = 'complete';
    } else {
      this.#rounds++;
      this.#parts.onRound?.({
        now_ns: this.#parts.clock.now(),
        remaining_bytes: source.dirty_pages * source.page_bytes,
        stream_bytes: this.stream_bytes,
      });
    }
  }

  /** The guest stands still until all is taken; one span, over as many turns as it needs. */
  #complete(): Wait {
    const { clock, source, output, spans } = this.#parts;
    if (this.#paused_ns === undefined) {
      this.#paused_ns = clock.now();
      spans.enter('complete', this.#paused_ns);
      source.pause(this.#paused_ns);
      output.paused();
      this.#syncDirty();
    }
    let wait = this.#completeStep();
    while (this.#options.complete === 'blocking' && wait.kind !== 'done') {
      if (wait.kind === 'writable') this.#parts.channel.block();
      wait = this.#completeStep();
    }
    if (wait.kind === 'done') {
      this.#ended_ns = clock.now();
      spans.leave(this.#ended_ns);
      this.#parts.manner?.close();
      this.#closed_ns = clock.now();
      this.#phase = 'done';
    }
    return wait;
  }

  #completeStep(): Wait {
    const staging = this.#staging;
    if (!staging.flush()) return this.#blocked();
    if (this.#complete_step === 'pages') {
      const wait = this.#sendPages('end');
      if (this.#parts.source.dirty_pages > 0) return wait;
      this.#openSection('end');
      this.#complete_step = 'close';
    }
    if (this.#complete_step === 'close') {
      this.#closeSection();
      this.#complete_step = 'tail';
    }
    if (this.#complete_step === 'tail') {
      if (!staging.flush() || !staging.sendLong('tail')) return this.#blocked();
      this.#complete_step = 'drain';
    }
    return staging.flush() ? DONE : this.#blocked();
  }

  /** Encodes and offers until nothing is left, the channel takes no more, or the policy ends the turn. */
  #sendPages(section: 'part' | 'end'): Wait {
    const { clock, source, output, policy, manner } = this.#parts;
    const staging = this.#staging;
    const is_bound = section === 'part' || this.#options.complete === 'turns';
    manner?.sendBegins(clock.now());
    let empty_encodes = 0;
    while (source.dirty_pages > 0) {
      const now_ns = clock.now();
      const allowance_bytes = is_bound ? policy.allowance(now_ns) : Number.POSITIVE_INFINITY;
      if (allowance_bytes <= 0) return { kind: 'until', at_ns: policy.resumeAt(now_ns) };
      if (staging.room_bytes < output.record_bytes_max + output.elementBytes(section)) {
        if (!staging.flush()) return this.#blocked();
      }
      this.#openSection(section);
      const pages = this.#encode(allowance_bytes, now_ns);
      // a pass may end with nothing found; the next begins at the first page, and finds what is left
      empty_encodes = pages === 0 ? empty_encodes + 1 : 0;
      if (empty_encodes > 1) throw fail('internal-dirty-count', { dirty_pages: source.dirty_pages });
      if (is_bound && policy.mustReturn(clock.now())) return AGAIN;
    }
    return AGAIN;
  }

  /** Stages records of dirty pages; returns how many pages were dealt with. */
  #encode(allowance_bytes: number, began_ns: number): number {
    const { clock, output, policy, counters, manner } = this.#parts;
    const staging = this.#staging;
    // a record goes whole once it has begun, or a small allowance would never let one go
    const room_bytes = Math.min(staging.room_bytes, Math.max(allowance_bytes, output.record_bytes_max));
    const bytes = output.encode(staging.fill, room_bytes, this.#budget.pages);
    const { encoded } = output;
    const { normal, zero, xbzrle, skipped } = encoded;
    const pages = normal + zero + xbzrle + skipped;
    const encoded_ns = clock.now();
    staging.staged(bytes);
    counters.count({ normal, zero, bytes });
    policy.spend(encoded_ns, bytes);
    this.#budget.used(pages, encoded_ns - began_ns);
    manner?.sent(encoded, encoded_ns);
    return pages;
  }

  #openSection(section: 'part' | 'end'): void {
    if (this.#is_section_open) return;
    const bytes = this.#staging.stageShort(section);
    this.#parts.policy.spend(this.#parts.clock.now(), bytes);
    this.#is_section_open = true;
  }

  #closeSection(): void {
    if (!this.#is_section_open) return;
    const bytes = this.#staging.stageShort('close');
    this.#parts.policy.spend(this.#parts.clock.now(), bytes);
    this.#is_section_open = false;
  }

  #syncDirty(): void {
    this.#parts.source.syncDirty();
    this.#parts.output.synced();
    this.#parts.counters.countDirtySync();
  }

  /** A channel that took less and is ready again, or never was full, is asked again at the next turn. */
  #blocked(): Wait {
    return this.#parts.channel.is_ready ? AGAIN : WRITABLE;
  }
}
