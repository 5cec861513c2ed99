/** What does the save loop itself take, beside the encoder and the channel? */

import { unlimited } from '../policy/unlimited.ts';
import { type AsyncChannel, drive } from '../save/drive.ts';
import { nextTurn, systemClock } from '../save/event-loop.ts';
import type { Channel } from '../save/interfaces.ts';
import { DOWNTIME_LIMIT_NS } from '../save/run-save.ts';
import { Save } from '../save/save.ts';
import { RamCounters } from '../stats/counters.ts';
import { Spans } from '../stats/spans.ts';
import { fullCalls, type Sample, sampleOf } from './encode.ts';
import { medianOrNaN, now_ns, sleep, time_ns } from './numbers.ts';

/** So small that it stays in the cache: what is asked is not how fast memory is. */
const GUEST_BYTES = 512 * 1024;
/** How long a full pipe is waited for, more or less, where its reader is a disk. */
const WAIT_NS = 300_000;
/** An offer of at least so much is a full staging buffer, and no end of a section. */
const FULL_BYTES = 24 * 1024;
/** Less than a full offer. */
const REST_BYTES = 4096;
/** Fewer of the saves that sleep before each turn. */
const WAITING_SHARE = 6;

export interface LoopCosts {
  /** What the loop does around each call of the encoder. */
  readonly step_ns: number;
  readonly iterate_call_ns: number;
  readonly resume_call_ns: number;
}

export class LoopQuestion {
  readonly #sample = sampleOf(GUEST_BYTES, 'normal');
  readonly #saves: number;

  /** @param saves how many are made a round */
  constructor(saves: number) {
    this.#saves = saves;
  }

  async round(): Promise<LoopCosts> {
    const direct_ns: number[] = [];
    const steps_ns: number[] = [];
    const turns_ns: number[] = [];
    for (let i = 0; i < this.#saves; i++) {
      // staging ends where the loop keeps room for the end of a section, so that both stage as many records
      const { output } = this.#sample;
      const room_bytes = output.staging_bytes - output.elementBytes('close');
      direct_ns.push(...fullCalls(this.#sample, room_bytes, FULL_BYTES));
      steps_ns.push(...this.#steps());
    }
    for (let i = 0; i < Math.ceil(this.#saves / WAITING_SHARE); i++) turns_ns.push(...this.#turns());
    const whole_step_ns = medianOrNaN(steps_ns);
    return {
      step_ns: Math.max(0, whole_step_ns - medianOrNaN(direct_ns)),
      iterate_call_ns: Math.max(0, medianOrNaN(turns_ns) - whole_step_ns),
      resume_call_ns: await this.#resumes_ns(),
    };
  }

  /** All in one turn: from one full offer to the next is one step of the loop. */
  #steps(): number[] {
    const channel = new OpenChannel();
    const save = startSave(this.#sample, channel);
    while (save.turn().kind !== 'done');
    return channel.steps_ns;
  }

  /** A step a turn, for the channel says EAGAIN after each. */
  #turns(): number[] {
    const samples_ns: number[] = [];
    const channel = new FullChannel();
    const save = startSave(this.#sample, channel);
    while (save.phase !== 'done') {
      const is_iterate = save.phase === 'iterate';
      channel.is_ready = true;
      // an iterate that ends by EAGAIN begins after a wait, with code and data that are out of the caches
      sleep(WAIT_NS);
      const elapsed_ns = time_ns(() => save.turn());
      // the last one also ends the round, and is no full step
      if (is_iterate && !channel.is_ready) samples_ns.push(elapsed_ns);
    }
    return samples_ns;
  }

  /** From a try that finds room to the write after it. */
  async #resumes_ns(): Promise<number> {
    const channel = new TightChannel();
    await drive(startSave(this.#sample, channel), channel, systemClock, undefined);
    return medianOrNaN(channel.resumes_ns);
  }
}

function startSave({ source, output }: Sample, channel: Channel): Save {
  return new Save(
    {
      clock: systemClock,
      source,
      output,
      channel,
      policy: unlimited(),
      spans: new Spans(),
      counters: new RamCounters(source.ram_bytes, source.page_bytes),
    },
    { downtime_limit_ns: DOWNTIME_LIMIT_NS, max_rounds: 1, complete: 'turns' },
  );
}

/** Takes everything at once and for nothing, and notes when. */
class OpenChannel implements Channel {
  readonly is_ready = true;
  readonly eagain = 0;
  readonly short_writes = 0;
  readonly steps_ns: number[] = [];
  #last_ns: number | undefined;

  offer(start: number, end: number): number {
    const is_full = end - start >= FULL_BYTES;
    const at_ns = now_ns();
    if (is_full && this.#last_ns !== undefined) this.steps_ns.push(at_ns - this.#last_ns);
    this.#last_ns = is_full ? now_ns() : undefined;
    return end - start;
  }

  block(): void {
    // always ready
  }
}

/** Takes everything for nothing too, and says EAGAIN after each full offer. */
class FullChannel implements Channel {
  is_ready = true;
  readonly eagain = 0;
  readonly short_writes = 0;

  offer(start: number, end: number): number {
    if (end - start >= FULL_BYTES) this.is_ready = false;
    return end - start;
  }

  block(): void {
    this.is_ready = true;
  }
}

/** Takes of each full offer all but a rest, for which there is room a turn later. */
class TightChannel implements AsyncChannel {
  is_ready = true;
  readonly eagain = 0;
  readonly short_writes = 0;
  readonly resumes_ns: number[] = [];
  #found_ns: number | undefined;

  offer(start: number, end: number): number {
    if (this.#found_ns !== undefined) this.resumes_ns.push(now_ns() - this.#found_ns);
    this.#found_ns = undefined;
    this.is_ready = end - start < FULL_BYTES;
    return this.is_ready ? end - start : end - start - REST_BYTES;
  }

  block(): void {
    this.is_ready = true;
  }

  async whenReady(): Promise<void> {
    await nextTurn();
    this.is_ready = true;
    this.#found_ns = now_ns();
  }
}
