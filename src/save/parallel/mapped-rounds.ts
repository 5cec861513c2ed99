/** A mapped-ram save whose pages are sent by writers: begin, rounds, complete, on the real event loop. */
import { fail } from '../../errors.ts';
import type { FilePiece } from '../../format/mapped-ram.ts';
import type { Guest } from '../../guest/guest.ts';
import { PAGE_BYTES } from '../../guest/guest.ts';
import { Blackout } from '../../stats/blackout.ts';
import { Convergence, type Stuck } from '../../stats/convergence.ts';
import { RamCounters } from '../../stats/counters.ts';
import { type Phase, Spans } from '../../stats/spans.ts';
import { Bandwidth } from '../bandwidth.ts';
import { sleepUntil, systemClock } from '../event-loop.ts';
import type { Running } from '../guest-source.ts';
import { Heartbeat } from '../heartbeat.ts';
import type { MappedFile } from '../output/mapped-file.ts';
import { DOWNTIME_LIMIT_NS, type SaveFigures, type SaveProgress } from '../run-save.ts';

/** What all writers did in a round. */
export interface RoundReport {
  readonly normal: number;
  readonly zero: number;
  readonly short_writes: number;
  readonly longest_write_ns: number;
}

/** What sends dirty pages to their places, while the main loop goes on. */
export interface PageWriters {
  /** Sends all that was dirty at the last sync; resolves when every writer is done. */
  round(): Promise<RoundReport>;
  /** What was sent so far, also in a round that goes on. */
  readonly sent_pages: number;
  readonly sent_bytes: number;
  /** Ends the round soon. */
  stop(): void;
}

export interface RoundsOptions {
  /** What the guest does meanwhile; without it the guest does not run. */
  readonly running?: Running | undefined;
  readonly downtime_limit_ns?: number | undefined;
  readonly max_rounds?: number | undefined;
  /** Aborting it ends the save with `interrupted`. */
  readonly signal?: AbortSignal | undefined;
  readonly onPaused?: (() => void) | undefined;
  readonly onBegin?: ((progress: SaveProgress) => void) | undefined;
  /** Called once where what is left has not fallen for three rounds. */
  readonly onStuck?: ((stuck: Stuck) => void) | undefined;
}

export interface RoundsParts {
  readonly guest: Guest;
  readonly file: MappedFile;
  readonly writers: PageWriters;
  /** Writes what is no page; blocks, for it is little. */
  readonly writePiece: (piece: FilePiece) => void;
}

/** How often a guest that runs has its turn while the writers work. */
const GUEST_TURN_NS = 1_000_000;

const clock = systemClock;

/**
 * Goes by rounds, as QEMU's multifd with mapped-ram does: at the end of each, all writers are in sync
 * (migration/multifd-nocomp.c, multifd_ram_flush_and_sync). An iterate is one round, from the letting go of the
 * writers to their sync; the main loop is free meanwhile, which the blackout shows.
 *
 *     begin ──▶ round ⟲ ──▶ complete (guest paused, one more round, bitmaps, tail)
 */
class RoundsSave {
  readonly #parts: RoundsParts;
  readonly #options: RoundsOptions;
  readonly #spans = new Spans();
  readonly #counters: RamCounters;
  readonly #began_ns = clock.now();
  readonly #bandwidth: Bandwidth;
  readonly #convergence: Convergence;
  #piece_bytes = 0;
  /** Pages of the rounds that are over. */
  #counted_pages = 0;
  #short_writes = 0;
  #longest_write_ns = 0;
  #is_guest_running = false;
  #paused_ns = 0;
  #ended_ns: number | undefined;
  #converged = true;

  constructor(parts: RoundsParts, options: RoundsOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#counters = new RamCounters(parts.guest.ram_bytes, PAGE_BYTES);
    this.#bandwidth = new Bandwidth(this.#began_ns, options.downtime_limit_ns ?? DOWNTIME_LIMIT_NS);
    this.#convergence = new Convergence(this.#began_ns, options.onStuck ?? (() => undefined));
  }

  /** @throws `interrupted`; what the writers or a write fail with */
  async run(): Promise<void> {
    this.#enter('begin');
    if (this.#options.running !== undefined) {
      this.#options.running.start(this.#began_ns);
      this.#is_guest_running = true;
    }
    this.#parts.guest.markAllDirty();
    this.#sync();
    for (const piece of this.#parts.file.beginPieces) this.#write(piece);
    this.#spans.leave(clock.now());
    await this.#iterate();
    await this.#complete();
  }

  progress(): SaveProgress {
    const { guest, writers } = this.#parts;
    return {
      began_ns: this.#began_ns,
      ram_bytes: guest.ram_bytes,
      remaining_bytes: () => (guest.dirty_pages - (writers.sent_pages - this.#counted_pages)) * PAGE_BYTES,
      stream_bytes: () => this.#stream_bytes,
      wall_ns: () => this.#wall_ns,
    };
  }

  figures(blackout: Blackout): SaveFigures {
    return {
      began_ns: this.#began_ns,
      wall_ns: this.#wall_ns,
      downtime_ns: this.#ended_ns === undefined ? 0 : this.#ended_ns - this.#paused_ns,
      converged: this.#converged,
      guest_bytes: this.#parts.guest.ram_bytes,
      stream_bytes: this.#stream_bytes,
      spans: this.#spans,
      counters: this.#counters,
      blackout,
      eagain: 0,
      short_writes: this.#short_writes,
      longest_write_ns: this.#longest_write_ns,
    };
  }

  get stream_bytes(): number {
    return this.#stream_bytes;
  }

  get #stream_bytes(): number {
    return this.#piece_bytes + this.#parts.writers.sent_bytes;
  }

  get #wall_ns(): number {
    return (this.#ended_ns ?? clock.now()) - this.#began_ns;
  }

  /** Rounds until little is left by QEMU's rule (see `Save`), or the rounds are used up. */
  async #iterate(): Promise<void> {
    const { guest, file } = this.#parts;
    const { max_rounds = Number.POSITIVE_INFINITY } = this.#options;
    for (let rounds = 1; ; rounds++) {
      this.#enter('iterate');
      await this.#round();
      for (const element of ['part', 'close'] as const) this.#write(file.nextPiece(element));
      this.#sync();
      this.#spans.leave(clock.now());
      const threshold_bytes = this.#is_guest_running ? this.#bandwidth.threshold_bytes : 0;
      this.#converged = guest.dirty_pages * PAGE_BYTES <= threshold_bytes;
      if (this.#converged || rounds >= max_rounds) return;
      this.#convergence.round({
        now_ns: clock.now(),
        remaining_bytes: guest.dirty_pages * PAGE_BYTES,
        stream_bytes: this.#stream_bytes,
      });
    }
  }

  async #complete(): Promise<void> {
    const { guest, file } = this.#parts;
    this.#paused_ns = clock.now();
    this.#enter('complete', this.#paused_ns);
    this.#pauseGuest();
    this.#sync();
    if (guest.dirty_pages > 0) await this.#round();
    for (const element of ['end', 'close'] as const) this.#write(file.nextPiece(element));
    for (const piece of file.endPieces()) this.#write(piece);
    this.#ended_ns = clock.now();
    this.#spans.leave(this.#ended_ns);
  }

  /** One round; a guest that runs has its turns meanwhile. */
  async #round(): Promise<void> {
    const { guest, writers } = this.#parts;
    const before_bytes = writers.sent_bytes;
    const report = await this.#besideGuest(writers.round());
    this.#throwIfAborted();
    const pages = report.normal + report.zero;
    this.#counted_pages += pages;
    guest.sentPages(pages);
    if (guest.dirty_pages !== 0) throw fail('internal-dirty-count', { dirty_pages: guest.dirty_pages });
    const bytes = writers.sent_bytes - before_bytes;
    this.#counters.count({ normal: report.normal, zero: report.zero, bytes });
    this.#short_writes += report.short_writes;
    this.#longest_write_ns = Math.max(this.#longest_write_ns, report.longest_write_ns);
  }

  async #besideGuest<T>(round: Promise<T>): Promise<T> {
    let is_over = false;
    const over = round.finally(() => {
      is_over = true;
    });
    while (this.#is_guest_running && !is_over) {
      this.#runGuest();
      // not ended by the signal: a sleep that does not last would leave the event loop no turn
      await Promise.race([over, sleepUntil(clock, clock.now() + GUEST_TURN_NS, undefined)]);
    }
    return over;
  }

  #runGuest(): void {
    const now_ns = clock.now();
    if (this.#is_guest_running) this.#options.running?.advance(now_ns);
    this.#bandwidth.update(now_ns, this.#stream_bytes);
  }

  #pauseGuest(): void {
    this.#runGuest();
    this.#options.running?.stop();
    this.#is_guest_running = false;
    this.#options.onPaused?.();
  }

  /** Between rounds alone: what is dirty is then what the log has had. */
  #sync(): void {
    this.#runGuest();
    this.#parts.guest.syncDirty();
    this.#counters.countDirtySync();
  }

  #write(piece: FilePiece): void {
    const before_ns = clock.now();
    this.#parts.writePiece(piece);
    this.#longest_write_ns = Math.max(this.#longest_write_ns, clock.now() - before_ns);
    this.#piece_bytes += piece.bytes.length;
  }

  #enter(phase: Phase, now_ns = clock.now()): void {
    this.#throwIfAborted();
    this.#spans.enter(phase, now_ns);
  }

  #throwIfAborted(): void {
    if (this.#options.signal?.aborted) throw fail('interrupted', {});
  }
}

/**
 * Saves a guest by writers; the file is whole when it resolves, and `finish` has made it final.
 *
 * @param finish what makes the output final (sync, rename); blackout is sampled until it is done
 * @throws `interrupted`; what the writers, a write or `finish` fail with
 */
export async function saveByRounds(
  parts: RoundsParts,
  options: RoundsOptions,
  finish: (stream_bytes: number) => Promise<void>,
): Promise<SaveFigures> {
  const onAbort = () => parts.writers.stop();
  options.signal?.addEventListener('abort', onAbort);
  const save = new RoundsSave(parts, options);
  const blackout = new Blackout(clock.now());
  const heartbeat = new Heartbeat(clock, blackout);
  try {
    options.onBegin?.(save.progress());
    await save.run();
    await finish(save.stream_bytes);
  } finally {
    heartbeat.stop();
    options.signal?.removeEventListener('abort', onAbort);
  }
  return save.figures(blackout);
}
