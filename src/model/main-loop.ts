/** The main loop of the model: it calls the save loop, answers the monitor, and waits. */
import type { Wait } from '../save/interfaces.ts';
import type { Save } from '../save/save.ts';
import type { Blackout } from '../stats/blackout.ts';
import type { ModelChannel } from './channels.ts';
import { Kernel } from './machine/kernel.ts';
import type { Thread } from './machine/thread.ts';
import type { DrawnCosts } from './scenario/costs.ts';

/** The timer that restarted QEMU's save loop until 1.4 (buffered_file.c). */
const TICK_NS = 100_000_000;

/** What begins the next iterate; see docs/MODEL.md. */
export type Restart = 'at-once' | 'notify' | 'tick';

export interface MainLoopParts {
  readonly kernel: Kernel;
  readonly thread: Thread;
  readonly costs: DrawnCosts;
  readonly channel: ModelChannel;
  readonly blackout: Blackout;
  readonly restart: Restart;
  /** How long a full channel is tried again, a turn between two tries, before it is waited for. */
  readonly tries_ns: number;
}

/** Runs on its thread, synchronously: `run` returns when the save is done. */
export class MainLoop {
  readonly #parts: MainLoopParts;
  readonly #began_ns: number;
  /** The last try found room, and the loop goes on at once. */
  #found_room = false;

  constructor(parts: MainLoopParts) {
    this.#parts = parts;
    this.#began_ns = parts.kernel.now();
  }

  /** Runs a save to its end. */
  run(save: Save): void {
    const { thread, costs } = this.#parts;
    for (;;) {
      thread.spend(this.#found_room ? costs.resume_call_ns : costs.iterate_call_ns);
      this.#found_room = false;
      const wait = save.turn();
      if (wait.kind === 'done') return;
      this.#answer();
      this.#rest(wait);
    }
  }

  /** Waits, and answers the monitor meanwhile. */
  waitUntil(isOver: () => boolean): void {
    const { kernel, thread, blackout } = this.#parts;
    while (!isOver()) {
      let is_due = false;
      // a request that is due wakes the main loop, as a byte on the monitor's socket does
      const request = kernel.at(Math.max(kernel.now(), blackout.next_due_ns), () => {
        is_due = true;
      });
      thread.wait(() => is_due || isOver());
      Kernel.cancel(request);
      this.#answer();
    }
  }

  /** A turn of the main loop: whatever has fallen due is answered. */
  #answer(): void {
    const { kernel, thread, costs, blackout } = this.#parts;
    thread.spend(costs.turn_ns);
    blackout.answered(kernel.now());
  }

  #rest(wait: Wait): void {
    const { channel, restart } = this.#parts;
    if (wait.kind === 'until') this.#sleepUntil(wait.at_ns);
    else if (restart === 'tick') this.#sleepUntilTick();
    else if (wait.kind === 'writable') this.#waitForRoom();
    else if (restart === 'notify') this.#sleepUntilTick();
    // what stands in the pipe's way is waited for whatever began the turn
    if (restart === 'tick' && !channel.is_ready) this.#waitForRoom();
  }

  #waitForRoom(): void {
    const { channel } = this.#parts;
    this.#found_room = this.#tries();
    if (this.#found_room) return;
    channel.beginWait();
    this.waitUntil(() => channel.is_wait_over);
    channel.notified();
  }

  /** As pipe/fd-channel does it: a reader at work is sooner there than one is put to sleep and woken. */
  #tries(): boolean {
    const { kernel, channel, tries_ns } = this.#parts;
    const until_ns = kernel.now() + tries_ns;
    while (kernel.now() < until_ns) {
      if (channel.tryPiece()) return true;
      this.#answer();
    }
    return false;
  }

  /** Timers count in steps, and none fires early. */
  #sleepUntil(at_ns: number): void {
    const { kernel, costs } = this.#parts;
    const now_ns = kernel.now();
    if (at_ns <= now_ns) return;
    const steps = Math.ceil((at_ns - now_ns) / Math.max(1, costs.timer_grain_ns));
    const due_ns = Math.round(now_ns + steps * Math.max(1, costs.timer_grain_ns) + costs.timer_late_ns);
    kernel.at(due_ns, () => undefined);
    this.waitUntil(() => kernel.now() >= due_ns);
  }

  #sleepUntilTick(): void {
    const { kernel } = this.#parts;
    const ticks = Math.floor((kernel.now() - this.#began_ns) / TICK_NS) + 1;
    this.#sleepUntil(this.#began_ns + ticks * TICK_NS);
  }
}
