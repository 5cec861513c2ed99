/**
 * What the save loop knows of the world: a clock, a source of pages, the form of the output, and a channel. The loop
 * is synchronous and the same everywhere; a real pipe and a modelled one differ only behind these.
 */

/** What time is it: integer nanoseconds from any fixed point. */
export interface Clock {
  now(): number;
}

/**
 * Where staged bytes go. It is made with the staging buffer (or, in a model, without one), so that the loop
 * speaks of offsets alone.
 */
export interface Channel {
  /** Offers the staged bytes from `start` to `end`; returns how many were taken: some, all or none. */
  offer(start: number, end: number): number;
  /** False from an EAGAIN on until the channel can take bytes again. */
  readonly is_ready: boolean;
  /** Waits, and lets nothing else run, until the channel can take bytes: what QEMU of 2011 did in close. */
  block(): void;
  readonly eagain: number;
  readonly short_writes: number;
}

/** The parts of a stream around the page records. */
export type Element = 'begin' | 'part' | 'end' | 'close' | 'tail';

/** The guest as the loop sees it. */
export interface Source {
  readonly ram_bytes: number;
  readonly page_bytes: number;
  /** Whether the guest runs, and so dirties pages, until it is paused. */
  readonly is_running: boolean;
  /** Pages still to be sent, as of the last dirty sync. */
  readonly dirty_pages: number;
  /** Lets the guest do what it does until `now_ns`. */
  runUntil(now_ns: number): void;
  /** The guest stands still from now on. */
  pause(now_ns: number): void;
  /** Marks every page as still to be sent. */
  markAllDirty(): void;
  /** Fetches what the guest has dirtied since the last time. */
  syncDirty(): void;
}

/** Pages that one `encode` has dealt with, by kind. */
export interface Encoded {
  readonly normal: number;
  readonly zero: number;
  readonly xbzrle: number;
  /** Dirty pages that are as they were last sent: no record. */
  readonly skipped: number;
}

/** The form of the elements and of the pages; it writes into the staging buffer, or only counts. */
export interface Output {
  readonly staging_bytes: number;
  /** The longest that a single page can take. */
  readonly record_bytes_max: number;
  /** What the last `encode` has dealt with. */
  readonly encoded: Encoded;
  /** How many bytes an element has. */
  elementBytes(element: Element): number;
  /** Stages bytes `from`.. of an element at `at`, at most `room_bytes`; returns how many. */
  stageElement(element: Element, from: number, at: number, room_bytes: number): number;
  /** Stages dirty pages at `at`, at most `room_bytes` and `budget_pages`; returns how many bytes. */
  encode(at: number, room_bytes: number, budget_pages: number): number;
  /** There was a dirty sync. */
  synced(): void;
  /** The guest stands still from now on. */
  paused(): void;
}

/**
 * What a QEMU did otherwise than today's, around the pages that the loop sends. Without a manner the loop is that of
 * QEMU since 1.4.
 */
export interface Manner {
  /** A dirty sync in every iterate, whether or not anything can be sent. */
  readonly syncs_each_iterate: boolean;
  /** Begin sends pages too, not the head alone. */
  readonly begins_with_pages: boolean;
  /** A send loop begins. */
  sendBegins(now_ns: number): void;
  /** It has sent so many pages more. */
  sent(encoded: Encoded, now_ns: number): void;
  /** Whether complete follows now, with so much left; undefined to go by the loop's own rule. */
  completes(remaining_bytes: number): boolean | undefined;
  /** What closing the descriptor does on the main loop, after complete. */
  close(): void;
}

/** What a turn of the loop waits for before the next. */
export type Wait =
  | { readonly kind: 'again' }
  | { readonly kind: 'writable' }
  | { readonly kind: 'until'; readonly at_ns: number }
  | { readonly kind: 'done' };
