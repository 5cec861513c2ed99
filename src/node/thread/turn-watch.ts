/** What the turns of the save loop did with their time, by the operating system's own accounts. */
import { closeSync, openSync, readSync } from 'node:fs';
import type { TurnWatch } from '../../save/drive.ts';
import { LateTurns, type LateTurnsResult } from '../../stats/late-turns.ts';

/** "time on a CPU, time on a run queue, slices", of the main thread (Linux, Documentation/scheduler/sched-stats). */
const SCHEDSTAT = '/proc/self/schedstat';

/**
 * Watches the turns of a save on the main thread for those that take longer than a target. Reading the system's
 * accounts takes some 5 us a turn.
 *
 * @example
 * const watch = new LateTurnWatch(10_000_000);
 * await saveTo(guest, 'guest.mig', { ...options, watch });
 * watch.close();
 */
export class LateTurnWatch implements TurnWatch {
  readonly #late: LateTurns;
  readonly #file: number | undefined = openOrNone(SCHEDSTAT);
  readonly #text = Buffer.alloc(96);
  #before: Accounts = {};

  constructor(over_ns: number) {
    this.#late = new LateTurns(over_ns);
  }

  turnBegins(): void {
    this.#before = this.#accounts();
  }

  turnEnded(turn_ns: number, write_ns: number): void {
    const now = this.#accounts();
    this.#late.turn({
      turn_ns,
      write_ns,
      cpu_ns: difference(now.cpu_ns, this.#before.cpu_ns),
      queued_ns: difference(now.queued_ns, this.#before.queued_ns),
    });
  }

  result(): LateTurnsResult {
    return this.#late.result();
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }

  #accounts(): Accounts {
    if (this.#file === undefined) return {};
    const bytes = readSync(this.#file, this.#text, 0, this.#text.length, 0);
    const [cpu_ns, queued_ns] = this.#text.toString('latin1', 0, bytes).split(' ').map(Number);
    return { cpu_ns, queued_ns };
  }
}

interface Accounts {
  readonly cpu_ns?: number | undefined;
  readonly queued_ns?: number | undefined;
}

function difference(now: number | undefined, before: number | undefined): number | undefined {
  return now === undefined || before === undefined ? undefined : now - before;
}

/** A kernel without CONFIG_SCHED_INFO has no such file. */
function openOrNone(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}
