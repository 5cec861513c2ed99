/** The source of a real save: a guest, and what it does meanwhile. */
import { type Guest, PAGE_BYTES } from '../guest/guest.ts';
import type { Source } from './interfaces.ts';

/** What makes a guest go on while it is saved; see guest/dirtier. */
export interface Running {
  start(now_ns: number): void;
  /** Applies what the guest does until `now_ns`. */
  advance(now_ns: number): void;
  stop(): void;
}

export interface GuestSourceOptions {
  readonly running?: Running | undefined;
  /** Called when the guest stands still, before anything more of it is sent. */
  readonly onPaused?: (() => void) | undefined;
}

/** A guest that may run until it is paused. */
export class GuestSource implements Source {
  readonly page_bytes = PAGE_BYTES;
  readonly #guest: Guest;
  readonly #running: Running | undefined;
  readonly #onPaused: () => void;
  #is_paused = false;
  #is_started = false;

  constructor(guest: Guest, { running, onPaused = () => undefined }: GuestSourceOptions = {}) {
    this.#guest = guest;
    this.#running = running;
    this.#onPaused = onPaused;
  }

  get ram_bytes(): number {
    return this.#guest.ram_bytes;
  }

  get is_running(): boolean {
    return this.#running !== undefined && !this.#is_paused;
  }

  get dirty_pages(): number {
    return this.#guest.dirty_pages;
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
}
