/** One server and those who wait for it. */
import type { Kernel } from './kernel.ts';

interface Job {
  readonly service_ns: number;
  readonly whenDone: () => void;
}

/**
 * A queue with one server, first come first served: what a disk is to those who write to it.
 *
 * @example
 * const disk = new Station(kernel);
 * disk.serve(12_000_000, () => console.log('written'));
 */
export class Station {
  readonly #kernel: Kernel;
  readonly #places: number;
  readonly #jobs: Job[] = [];
  /** Served jobs at the head of the list; it is cut now and then. */
  #head = 0;

  /** @param places how many may be here, the one that is served included */
  constructor(kernel: Kernel, places: number = Number.POSITIVE_INFINITY) {
    this.#kernel = kernel;
    this.#places = places;
  }

  /** Jobs here, the one that is served included. */
  get length(): number {
    return this.#jobs.length - this.#head;
  }

  /** Takes a job, or says false where there is no place for it. */
  serve(service_ns: number, whenDone: () => void): boolean {
    if (this.length >= this.#places) return false;
    const job = { service_ns, whenDone };
    this.#jobs.push(job);
    if (this.length === 1) this.#begin(job);
    return true;
  }

  #begin(job: Job): void {
    this.#kernel.after(job.service_ns, () => {
      this.#head++;
      if (this.#head * 2 > this.#jobs.length) this.#head -= this.#jobs.splice(0, this.#head).length;
      const next = this.#jobs[this.#head];
      if (next !== undefined) this.#begin(next);
      job.whenDone();
    });
  }
}
