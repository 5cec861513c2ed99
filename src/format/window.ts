/**
 * A window on a stream of bytes: what was read and not yet consumed.
 *
 *     base            base+start          base+end             offsets in the stream
 *     ┌──────────────┬───────────────────┬──────────────────┐
 *     │ consumed     │ available         │ free             │
 *     └──────────────┴───────────────────┴──────────────────┘
 *
 * Readers are generators over a window: they `yield` where they want more input, and whoever drives them
 * fills the free space, from a file, a socket or an array, and resumes them. So one reader serves every
 * source of bytes, blocking or not.
 */
import { fail } from '../errors.ts';

/** A reader at work; yields when it wants more input, returns what it read. */
export type Reading<T> = Generator<undefined, T, undefined>;

export class Window {
  readonly capacity_bytes: number;
  readonly #view: () => Uint8Array;
  #base = 0;
  #start = 0;
  #end = 0;
  #is_ended = false;

  /**
   * @param capacity_bytes at least 64 KiB, so that every head of an element fits
   * @param view the window's bytes; asked for anew at every use, for Wasm memory may move when it grows
   */
  constructor(capacity_bytes: number, view: () => Uint8Array) {
    this.capacity_bytes = capacity_bytes;
    this.#view = view;
  }

  /** Where in the stream the next unconsumed byte stands. */
  get offset(): number {
    return this.#base + this.#start;
  }

  /** Where in the stream the input ends so far. */
  get end_offset(): number {
    return this.#base + this.#end;
  }

  /** Where in the window's bytes the next unconsumed byte stands. */
  get start(): number {
    return this.#start;
  }

  get available_bytes(): number {
    return this.#end - this.#start;
  }

  get is_ended(): boolean {
    return this.#is_ended;
  }

  /** A view of the unconsumed bytes; valid until the next `free` or growth of the memory. */
  available(): Uint8Array {
    return this.#view().subarray(this.#start, this.#end);
  }

  consume(bytes: number): void {
    this.#start += bytes;
  }

  /**
   * Goes to another offset of the stream. Whoever fills the window reads on from `end_offset`, wherever that
   * is: what lies between is not read, where the input can be read at any place.
   */
  seek(offset: number): void {
    if (offset >= this.#base && offset <= this.#base + this.#end) {
      this.#start = offset - this.#base;
      return;
    }
    this.#base = offset;
    this.#start = 0;
    this.#end = 0;
    this.#is_ended = false;
  }

  /** Takes all unconsumed bytes out: what follows in the input has another form. Offsets begin at 0 anew. */
  restart(): Uint8Array<ArrayBuffer> {
    const rest = this.available().slice();
    this.#base = 0;
    this.#start = 0;
    this.#end = 0;
    return rest;
  }

  /** The free space, after the unconsumed bytes were moved to the front; tell `filled` how much was read. */
  free(): Uint8Array {
    const view = this.#view();
    view.copyWithin(0, this.#start, this.#end);
    this.#base += this.#start;
    this.#end -= this.#start;
    this.#start = 0;
    return view.subarray(this.#end);
  }

  filled(bytes: number): void {
    this.#end += bytes;
  }

  /** Says that no more input comes behind `end_offset`. */
  endInput(): void {
    this.#is_ended = true;
  }
}

/**
 * Waits until `bytes` are available.
 *
 * @throws `stream-cut` with the offset at which the input ended
 */
export function* need(window: Window, bytes: number, wanted: string): Reading<void> {
  while (window.available_bytes < bytes) {
    if (window.is_ended) throw fail('stream-cut', { offset: window.end_offset, wanted });
    yield;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function* peekU8(window: Window, wanted: string): Reading<number> {
  yield* need(window, 1, wanted);
  return viewOf(window.available()).getUint8(0);
}

export function* readU8(window: Window, wanted: string): Reading<number> {
  const value = yield* peekU8(window, wanted);
  window.consume(1);
  return value;
}

export function* readU16(window: Window, wanted: string): Reading<number> {
  yield* need(window, 2, wanted);
  const value = viewOf(window.available()).getUint16(0);
  window.consume(2);
  return value;
}

export function* peekU32(window: Window, wanted: string): Reading<number> {
  yield* need(window, 4, wanted);
  return viewOf(window.available()).getUint32(0);
}

export function* readU32(window: Window, wanted: string): Reading<number> {
  const value = yield* peekU32(window, wanted);
  window.consume(4);
  return value;
}

export function* peekU64(window: Window, wanted: string): Reading<bigint> {
  yield* need(window, 8, wanted);
  return viewOf(window.available()).getBigUint64(0);
}

export function* readU64(window: Window, wanted: string): Reading<bigint> {
  const value = yield* peekU64(window, wanted);
  window.consume(8);
  return value;
}

/** Text of `bytes` bytes, one character a byte (Latin-1), so that every name goes back as it came. */
export function* readText(window: Window, bytes: number, wanted: string): Reading<string> {
  yield* need(window, bytes, wanted);
  const text = latin1(window.available().subarray(0, bytes));
  window.consume(bytes);
  return text;
}

/** A name with its length byte, qemu_get_counted_string (migration/qemu-file.c). */
export function* readIdstr(window: Window, wanted: string): Reading<string> {
  const bytes = yield* readU8(window, wanted);
  return yield* readText(window, bytes, wanted);
}

/** One character a byte. */
export function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** The bytes of a Latin-1 text. */
export function latin1Bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}
