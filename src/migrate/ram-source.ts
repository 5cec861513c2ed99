/** The source of a real save: a guest's RAM through the core, and the stream's elements around it. */
import { LAYOUT } from '../core/core.ts';
import { fail } from '../errors.ts';
import { RAM_SECTION_ID } from '../format/constants.ts';
import { beginElements, deviceLessTail, endHead, partHead, sectionClose } from '../format/writer.ts';
import type { Guest } from '../guest/guest.ts';
import type { Element, Source } from './interfaces.ts';

/** QEMU's buffer between its page loop and the descriptor (migration/qemu-file.c, IO_BUF_SIZE). */
export const STAGING_BYTES = 32 * 1024;

/**
 * Staging begins half a page off a page boundary. Were it on one, the first records' pages would be written
 * a few bytes above their source in the low 12 address bits, and a processor takes each of its loads for one
 * of what it has just stored ("4K aliasing", Intel's optimization manual; AMD alike): measured, 4.2 against
 * 11.7 GB/s of normal pages with 32 KiB of staging.
 */
const STAGING_OFFSET_BYTES = 2048;

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
  /** All that followed RAM: device sections, EOF, description. */
  readonly tail: Uint8Array<ArrayBuffer>;
}

export interface RamSourceOptions {
  /** The machine type named in the stream. */
  readonly machine: string;
  /** The stream that the guest was read from, whose device state goes over unchanged. */
  readonly origin?: StreamOrigin | undefined;
  readonly running?: Running | undefined;
  readonly staging_bytes?: number | undefined;
  /** Called when the guest stands still, before anything more of it is sent. */
  readonly onPaused?: (() => void) | undefined;
}

export class RamSource implements Source {
  readonly ram_bytes: number;
  readonly page_bytes = LAYOUT.PAGE_SIZE;
  readonly record_bytes_max = LAYOUT.RECORD_SIZE_MAX;
  readonly staging_bytes: number;
  readonly #guest: Guest;
  readonly #running: Running | undefined;
  readonly #onPaused: () => void;
  readonly #elements: Readonly<Record<Element, Uint8Array<ArrayBuffer>>>;
  readonly #state: number;
  readonly #staging: number;
  #is_paused = false;
  #is_started = false;
  #normal = 0;
  #zero = 0;

  constructor(guest: Guest, options: RamSourceOptions) {
    const { arena } = guest;
    const section_id = options.origin?.ram_section_id ?? RAM_SECTION_ID;
    this.#guest = guest;
    this.#running = options.running;
    this.#onPaused = options.onPaused ?? (() => undefined);
    this.ram_bytes = guest.ram_bytes;
    this.staging_bytes = options.staging_bytes ?? STAGING_BYTES;
    this.#state = arena.alloc(LAYOUT.ENCODE_STATE_SIZE);
    this.#staging =
      arena.alloc(STAGING_OFFSET_BYTES + this.staging_bytes, this.page_bytes) + STAGING_OFFSET_BYTES;
    this.#elements = {
      begin: beginElements({ machine: options.machine, ram_section_id: section_id, blocks: guest.blocks }),
      part: partHead(section_id),
      end: endHead(section_id),
      close: sectionClose(section_id),
      tail: options.origin?.tail ?? deviceLessTail(this.page_bytes),
    };
  }

  /** The staging buffer, for the channel; valid until something is allocated in the guest's arena. */
  staging(): Uint8Array<ArrayBuffer> {
    return this.#guest.arena.bytes(this.#staging, this.staging_bytes);
  }

  get is_running(): boolean {
    return this.#running !== undefined && !this.#is_paused;
  }

  get dirty_pages(): number {
    return this.#guest.dirty_pages;
  }

  get encoded_normal(): number {
    return this.#normal;
  }

  get encoded_zero(): number {
    return this.#zero;
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
    this.#onPaused();
  }

  markAllDirty(): void {
    this.#guest.markAllDirty();
  }

  syncDirty(): void {
    this.#guest.syncDirty();
  }

  elementBytes(element: Element): number {
    return this.#elements[element].length;
  }

  stageElement(element: Element, from: number, at: number, room_bytes: number): number {
    const piece = this.#elements[element].subarray(from, from + room_bytes);
    this.#guest.arena.bytes(this.#staging + at, piece.length).set(piece);
    return piece.length;
  }

  encode(at: number, room_bytes: number, budget_pages: number): number {
    const { arena, table, blocks } = this.#guest;
    if (at + room_bytes > this.staging_bytes) {
      throw fail('internal-staging', { at, room_bytes, staging_bytes: this.staging_bytes });
    }
    const out = this.#staging + at;
    const bytes = arena.core.encode(this.#state, table, blocks.length, out, room_bytes, budget_pages);
    this.#normal = arena.core.u32(this.#state + LAYOUT.ENCODE_NORMAL);
    this.#zero = arena.core.u32(this.#state + LAYOUT.ENCODE_ZERO);
    this.#guest.sentPages(this.#normal + this.#zero);
    return bytes;
  }
}
