/** The pipe as the kernel has it: slots of a page, not a bucket of bytes. */
import { fail } from '../../errors.ts';

/** A pipe has so many slots unless F_SETPIPE_SZ says otherwise (Linux, PIPE_DEF_BUFFERS; pipe(7)). */
export const PIPE_SLOTS = 16;
/** What a slot holds: a page of the host. */
export const SLOT_BYTES = 4096;

/**
 * What a non-blocking write takes and a read gives, by the rules of Linux (fs/pipe.c, pipe_write and
 * pipe_read).
 *
 *     slot   ┌─────────┬──────────────┬────────────┐
 *            │ read    │ to be read   │ free       │  only the last one is written on, and only
 *            └─────────┴──────────────┴────────────┘  if the odd rest of a write fits whole
 *            0         start          end          4096
 *
 * A write's odd rest (its size modulo 4096) goes first, into the last slot if it fits there whole; all else
 * begins new slots. So writes of 4104 bytes fill a pipe at 45,136 bytes, 69 % of its 65,536.
 */
export class Pipe {
  readonly #starts: Uint16Array;
  readonly #ends: Uint16Array;
  readonly #slots: number;
  #tail = 0;
  #used = 0;
  #held_bytes = 0;
  #written_bytes = 0;
  #read_bytes = 0;

  constructor(slots: number = PIPE_SLOTS) {
    if (!Number.isSafeInteger(slots) || slots < 1) {
      throw fail('internal-model', { what: `a pipe of ${slots} slots was asked for` });
    }
    this.#slots = slots;
    this.#starts = new Uint16Array(slots);
    this.#ends = new Uint16Array(slots);
  }

  get held_bytes(): number {
    return this.#held_bytes;
  }

  /** All bytes that were ever written. */
  get written_bytes(): number {
    return this.#written_bytes;
  }

  /** All bytes that were ever read. */
  get read_bytes(): number {
    return this.#read_bytes;
  }

  get is_empty(): boolean {
    return this.#used === 0;
  }

  /** No slot is free: poll(2) says "not writable", although a small rest may still fit. */
  get is_full(): boolean {
    return this.#used === this.#slots;
  }

  /** How many bytes of a write would be taken; 0 is EAGAIN. */
  room(bytes: number): number {
    const rest = bytes % SLOT_BYTES;
    const merged = this.#merges(rest) ? rest : 0;
    return Math.min(bytes, merged + (this.#slots - this.#used) * SLOT_BYTES);
  }

  /** Takes of a write what there is room for; returns how many bytes. */
  write(bytes: number): number {
    const rest = bytes % SLOT_BYTES;
    let taken = 0;
    if (this.#merges(rest)) {
      const last = (this.#tail + this.#used - 1) % this.#slots;
      this.#ends[last] = (this.#ends[last] ?? 0) + rest;
      taken = rest;
    }
    while (taken < bytes && this.#used < this.#slots) {
      const next = (this.#tail + this.#used) % this.#slots;
      const piece = Math.min(SLOT_BYTES, bytes - taken);
      this.#starts[next] = 0;
      this.#ends[next] = piece;
      this.#used++;
      taken += piece;
    }
    this.#held_bytes += taken;
    this.#written_bytes += taken;
    return taken;
  }

  /** Whether the odd rest of a write goes into the last slot. */
  #merges(rest: number): boolean {
    if (rest === 0 || this.#used === 0) return false;
    const last = (this.#tail + this.#used - 1) % this.#slots;
    return (this.#ends[last] ?? 0) + rest <= SLOT_BYTES;
  }

  /** Takes at most so many bytes out; returns how many. */
  read(bytes_max: number): number {
    let taken = 0;
    while (taken < bytes_max && this.#used > 0) {
      const start = this.#starts[this.#tail] ?? 0;
      const piece = Math.min((this.#ends[this.#tail] ?? 0) - start, bytes_max - taken);
      taken += piece;
      this.#starts[this.#tail] = start + piece;
      if (start + piece === this.#ends[this.#tail]) {
        this.#tail = (this.#tail + 1) % this.#slots;
        this.#used--;
      }
    }
    this.#held_bytes -= taken;
    this.#read_bytes += taken;
    return taken;
  }
}
