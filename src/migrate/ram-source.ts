/** The source of a real save: a guest that may run, and the form in which its RAM is written. */
import { LAYOUT } from '../core/core.ts';
import type { Guest } from '../guest/guest.ts';
import type { XbzrleCacheStats } from '../stats/counters.ts';
import type { Element, Source } from './interfaces.ts';
import { MappedOutput } from './mapped-output.ts';
import { type OutputFormat, type Placements, StagingBuffer } from './output-format.ts';
import { StreamOutput } from './stream-output.ts';

/**
 * As much as a pipe holds, so that one write of normal pages fills an empty one and is taken whole: measured with
 * `cat >/dev/null` and no zero page, 4.5 GB/s; 3.5 with the 32 KiB of QEMU (migration/qemu-file.c, IO_BUF_SIZE),
 * and 2.9 with 256 KiB, where nearly every write is cut short.
 */
export const STAGING_BYTES = 64 * 1024;
/** A mapped-ram file is written in places: few, large writes. */
const MAPPED_STAGING_BYTES = 2 ** 20;

/** What makes a guest go on while it is saved; see guest/dirtier. */
export interface Running {
  start(now_ns: number): void;
  /** Applies what the guest does until `now_ns`. */
  advance(now_ns: number): void;
  stop(): void;
}

/** Where a guest came from: what its stream said beside its RAM. */
export interface StreamOrigin {
  readonly machine: string;
  readonly ram_section_id: number;
  /** Bits of a page's size, where the stream said them; then the output says them too. */
  readonly target_page_bits?: number | undefined;
  /** All that followed RAM: device sections, EOF, description. */
  readonly tail: Uint8Array<ArrayBuffer>;
}

/** A QEMU stream, or a mapped-ram file, which needs a file that is written in places. */
export type OutputForm = 'stream' | 'mapped-ram';

export interface RamSourceOptions {
  /** The machine type named in the stream. */
  readonly machine: string;
  readonly form?: OutputForm | undefined;
  /** The stream that the guest was read from, whose device state goes over unchanged. */
  readonly origin?: StreamOrigin | undefined;
  readonly running?: Running | undefined;
  readonly staging_bytes?: number | undefined;
  readonly xbzrle_cache_bytes?: number | undefined;
  /** Called when the guest stands still, before anything more of it is sent. */
  readonly onPaused?: (() => void) | undefined;
}

export class RamSource implements Source {
  readonly ram_bytes: number;
  readonly page_bytes = LAYOUT.PAGE_SIZE;
  readonly staging_bytes: number;
  readonly #guest: Guest;
  readonly #running: Running | undefined;
  readonly #onPaused: () => void;
  readonly #staging: StagingBuffer;
  readonly #output: OutputFormat;
  #is_paused = false;
  #is_started = false;

  constructor(guest: Guest, options: RamSourceOptions) {
    this.#guest = guest;
    this.#running = options.running;
    this.#onPaused = options.onPaused ?? (() => undefined);
    this.ram_bytes = guest.ram_bytes;
    const is_mapped = options.form === 'mapped-ram';
    this.staging_bytes = options.staging_bytes ?? (is_mapped ? MAPPED_STAGING_BYTES : STAGING_BYTES);
    this.#staging = new StagingBuffer(guest.arena, this.staging_bytes);
    this.#output = is_mapped
      ? new MappedOutput(guest, this.#staging, options)
      : new StreamOutput(guest, this.#staging, options);
  }

  /** The staging buffer, for the channel; valid until something is allocated in the guest's arena. */
  staging(): Uint8Array {
    return this.#staging.view();
  }

  /** Where staged bytes go in a mapped-ram file. */
  get placements(): Placements | undefined {
    return this.#output.placements;
  }

  get record_bytes_max(): number {
    return this.#output.record_bytes_max;
  }

  get is_running(): boolean {
    return this.#running !== undefined && !this.#is_paused;
  }

  get dirty_pages(): number {
    return this.#guest.dirty_pages;
  }

  get encoded_normal(): number {
    return this.#output.encoded.normal;
  }

  get encoded_zero(): number {
    return this.#output.encoded.zero;
  }

  get encoded_xbzrle(): number {
    return this.#output.encoded.xbzrle;
  }

  get encoded_skipped(): number {
    return this.#output.encoded.skipped;
  }

  /** Where XBZRLE is on: its counters so far. */
  get xbzrle_stats(): XbzrleCacheStats | undefined {
    return this.#output.xbzrle_stats;
  }

  runUntil(now_ns: number): void {
    if (this.#running === undefined || this.#is_paused) return;
    if (!this.#is_started) {
      this.#running.start(now_ns);
      this.#is_started = true;
    }
    this.#running.advance(now_ns);
  }

  pause(now_ns: number): void {
    this.runUntil(now_ns);
    this.#running?.stop();
    this.#is_paused = true;
    this.#output.paused();
    this.#onPaused();
  }

  markAllDirty(): void {
    this.#guest.markAllDirty();
  }

  syncDirty(): void {
    this.#guest.syncDirty();
    this.#output.synced();
  }

  elementBytes(element: Element): number {
    return this.#output.elementBytes(element);
  }

  stageElement(element: Element, from: number, at: number, room_bytes: number): number {
    return this.#output.stageElement(element, from, at, room_bytes);
  }

  encode(at: number, room_bytes: number, budget_pages: number): number {
    return this.#output.encode(at, room_bytes, budget_pages);
  }
}
