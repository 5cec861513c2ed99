/** What a save writes: the form of the elements and of the pages, into the staging buffer. */
import type { Arena } from '../../core/arena.ts';
import { fail } from '../../errors.ts';
import type { XbzrleCacheStats } from '../../stats/counters.ts';
import type { Encoded, Output } from '../interfaces.ts';

export const NOTHING_ENCODED: Encoded = { normal: 0, zero: 0, xbzrle: 0, skipped: 0 };

/** A form of output of a real save: QEMU's stream, or its mapped-ram file. */
export interface OutputFormat extends Output {
  /** Where staged bytes go in the file; undefined for a stream, whose bytes follow each other. */
  readonly placements: Placements | undefined;
  /** Where XBZRLE is on: its counters so far. */
  readonly xbzrle_stats: XbzrleCacheStats | undefined;
  /** The staging buffer, for the channel; valid until something is allocated in the guest's arena. */
  staging(): Uint8Array;
}

/** Staged bytes that belong together, and their place in the file. */
export interface Placement {
  readonly file_offset: number;
  readonly bytes: number;
  /** Guest pages, which may go by O_DIRECT, or bytes of the stream. */
  readonly is_pages: boolean;
}

/** Where staged bytes go in a file that is written in places: first staged, first taken. */
export class Placements {
  readonly #queue: Placement[] = [];

  add(placement: Placement): void {
    if (placement.bytes > 0) this.#queue.push(placement);
  }

  /** The place of the next at most `bytes_max` staged bytes, which are taken with it. */
  take(bytes_max: number): Placement {
    const next = this.#queue[0];
    if (next === undefined) throw fail('internal-placement', { bytes: bytes_max });
    if (next.bytes <= bytes_max) {
      this.#queue.shift();
      return next;
    }
    this.#queue[0] = { ...next, file_offset: next.file_offset + bytes_max, bytes: next.bytes - bytes_max };
    return { ...next, bytes: bytes_max };
  }
}

/**
 * The staging buffer begins half a page off a page boundary. Were it on one, the first records' pages would be
 * written a few bytes above their source in the low 12 address bits, and a processor takes each of its loads
 * for one of what it has just stored ("4K aliasing", Intel's optimization manual; AMD alike): measured, 4.2
 * against 11.7 GB/s of normal pages with 32 KiB of staging.
 */
const OFFSET_BYTES = 2048;
const BOUNDARY_BYTES = 4096;

/** The buffer between encode and channel, in the memory of a guest's first bank. */
export class StagingBuffer {
  readonly arena: Arena;
  readonly address: number;
  readonly bytes: number;

  constructor(arena: Arena, bytes: number) {
    this.arena = arena;
    this.bytes = bytes;
    this.address = arena.keep('staging', OFFSET_BYTES + bytes, BOUNDARY_BYTES) + OFFSET_BYTES;
  }

  /** All of it; valid until something is allocated in the arena. */
  view(): Uint8Array {
    return this.arena.bytes(this.address, this.bytes);
  }

  /** Writes a piece at `at`; returns how long it is. */
  write(at: number, piece: Uint8Array): number {
    this.arena.bytes(this.address + at, piece.length).set(piece);
    return piece.length;
  }

  /** The address for `room_bytes` at `at`. */
  place(at: number, room_bytes: number): number {
    if (at + room_bytes > this.bytes) {
      throw fail('internal-staging', { at, room_bytes, staging_bytes: this.bytes });
    }
    return this.address + at;
  }
}
