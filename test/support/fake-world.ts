/**
 * A world for the save loop in which nothing happens by itself: the clock stands until it is told to go, the
 * channel takes what its script says, the guest writes when its script says.
 */
import type { Guest } from '../../src/guest/guest.ts';
import { type MannerOptions, mannerOf } from '../../src/model/manner.ts';
import type { Policy } from '../../src/policy/policy.ts';
import type { AsyncChannel } from '../../src/save/drive.ts';
import { GuestSource, type GuestSourceOptions, type Running } from '../../src/save/guest-source.ts';
import type { Clock, Element, Encoded, Manner, Output, Wait } from '../../src/save/interfaces.ts';
import { openOutput } from '../../src/save/output/open-output.ts';
import type { OutputFormat } from '../../src/save/output/output-format.ts';
import { DOWNTIME_LIMIT_NS } from '../../src/save/run-save.ts';
import { type LoopOptions, Save } from '../../src/save/save.ts';
import { RamCounters } from '../../src/stats/counters.ts';
import { Spans } from '../../src/stats/spans.ts';

export class VirtualClock implements Clock {
  #now_ns: number;

  constructor(now_ns = 1_000_000) {
    this.#now_ns = now_ns;
  }

  readonly now = (): number => this.#now_ns;

  advance(by_ns: number): void {
    this.#now_ns += by_ns;
  }

  advanceTo(at_ns: number): void {
    this.#now_ns = Math.max(this.#now_ns, at_ns);
  }
}

/** What the channel does with one offer. */
export interface Take {
  /** Takes at most so many bytes; 0 is an EAGAIN. */
  readonly bytes: number;
  /** Whether more can be offered at once. */
  readonly is_ready_after: boolean;
  /** How long the offer takes. */
  readonly cost_ns: number;
}

export const TAKE_ALL: Take = { bytes: Number.POSITIVE_INFINITY, is_ready_after: true, cost_ns: 0 };

export interface Offer {
  readonly at_ns: number;
  readonly offered_bytes: number;
  readonly taken_bytes: number;
}

/** Takes as its script says, over and over, and keeps what it took; without staging it only counts. */
export class ScriptedChannel implements AsyncChannel {
  readonly #clock: VirtualClock;
  readonly #staging: Uint8Array | undefined;
  readonly #script: readonly Take[];
  readonly #taken: Uint8Array[] = [];
  readonly offers: Offer[] = [];
  is_ready = true;
  eagain = 0;
  short_writes = 0;
  blocked = 0;

  constructor(clock: VirtualClock, staging: Uint8Array | undefined, script: readonly Take[]) {
    this.#clock = clock;
    this.#staging = staging;
    this.#script = script;
  }

  offer(start: number, end: number): number {
    if (!this.is_ready) throw new Error('offered to a channel that had said EAGAIN');
    if (end <= start) throw new Error(`an offer of nothing: ${start} to ${end}`);
    const at_ns = this.#clock.now();
    const take = this.#script[this.offers.length % this.#script.length] ?? TAKE_ALL;
    const taken_bytes = Math.min(end - start, take.bytes);
    // a copy, or what is staged next would change what was taken
    if (this.#staging !== undefined) this.#taken.push(this.#staging.slice(start, start + taken_bytes));
    this.#clock.advance(take.cost_ns);
    this.is_ready = take.is_ready_after;
    if (taken_bytes === 0) this.eagain++;
    else if (taken_bytes < end - start) this.short_writes++;
    this.offers.push({ at_ns, offered_bytes: end - start, taken_bytes });
    return taken_bytes;
  }

  block(): void {
    if (this.is_ready) throw new Error('waited for a channel that is ready');
    this.blocked++;
    this.#clock.advance(1_000);
    this.is_ready = true;
  }

  whenReady(): Promise<void> {
    this.is_ready = true;
    return Promise.resolve();
  }

  readonly bytes = (): Uint8Array => Uint8Array.from(Buffer.concat(this.#taken));
}

/** A write of the guest: from `at_ns` after its start on, the page is full of the byte. */
export interface GuestWrite {
  readonly at_ns: number;
  readonly page: number;
  readonly byte: number;
}

/** A guest that does what a script says, on its first block; `writes` are in order of time. */
export class ScriptedGuest implements Running {
  readonly #guest: Guest;
  readonly #writes: readonly GuestWrite[];
  #start_ns = 0;
  #done = 0;
  #is_running = false;

  constructor(guest: Guest, writes: readonly GuestWrite[]) {
    this.#guest = guest;
    this.#writes = writes;
  }

  start(now_ns: number): void {
    this.#start_ns = now_ns;
    this.#is_running = true;
  }

  advance(now_ns: number): void {
    let write = this.#writes[this.#done];
    while (this.#is_running && write !== undefined && this.#start_ns + write.at_ns <= now_ns) {
      const block = this.#guest.largestBlock();
      const page = write.page % block.pages;
      this.#guest.ram(block).fill(write.byte, page * 4096, (page + 1) * 4096);
      this.#guest.logWrite(block, page);
      write = this.#writes[++this.#done];
    }
  }

  stop(): void {
    this.#is_running = false;
  }
}

export interface EncodeCall {
  readonly began_ns: number;
  readonly ended_ns: number;
  readonly room_bytes: number;
  readonly budget_pages: number;
  readonly bytes: number;
  readonly pages: number;
  readonly left_pages: number;
}

export interface SyncCall {
  readonly before_pages: number;
  readonly after_pages: number;
}

export interface EncodeTimes {
  /** How long encoding takes: so much a call, so much a byte that was written. */
  readonly encode_ns?: number | undefined;
  readonly encode_ns_per_byte?: number | undefined;
}

/** The real source, which keeps a diary. */
export class WatchedSource extends GuestSource {
  readonly syncs: SyncCall[] = [];

  override syncDirty(): void {
    const before_pages = this.dirty_pages;
    super.syncDirty();
    this.syncs.push({ before_pages, after_pages: this.dirty_pages });
  }
}

/** The real output, which takes time and keeps a diary. */
export class WatchedOutput implements Output {
  readonly encodes: EncodeCall[] = [];
  readonly #guest: Guest;
  readonly #real: OutputFormat;
  readonly #clock: VirtualClock;
  readonly #times: EncodeTimes;

  constructor(guest: Guest, real: OutputFormat, clock: VirtualClock, times: EncodeTimes) {
    this.#guest = guest;
    this.#real = real;
    this.#clock = clock;
    this.#times = times;
  }

  get staging_bytes(): number {
    return this.#real.staging_bytes;
  }

  get record_bytes_max(): number {
    return this.#real.record_bytes_max;
  }

  get encoded(): Encoded {
    return this.#real.encoded;
  }

  elementBytes(element: Element): number {
    return this.#real.elementBytes(element);
  }

  stageElement(element: Element, from: number, at: number, room_bytes: number): number {
    return this.#real.stageElement(element, from, at, room_bytes);
  }

  encode(at: number, room_bytes: number, budget_pages: number): number {
    const { encode_ns = 0, encode_ns_per_byte = 0 } = this.#times;
    const began_ns = this.#clock.now();
    const bytes = this.#real.encode(at, room_bytes, budget_pages);
    this.#clock.advance(encode_ns + bytes * encode_ns_per_byte);
    const { normal, zero } = this.encoded;
    this.encodes.push({
      began_ns,
      ended_ns: this.#clock.now(),
      room_bytes,
      budget_pages,
      bytes,
      pages: normal + zero,
      left_pages: this.#guest.dirty_pages,
    });
    return bytes;
  }

  synced(): void {
    this.#real.synced();
  }

  paused(): void {
    this.#real.paused();
  }
}

/** One call of the loop, as seen from outside. */
export interface Turn {
  readonly phase: Save['phase'];
  readonly phase_after: Save['phase'];
  readonly began_ns: number;
  readonly ended_ns: number;
  /** What the channel had taken when the turn began. */
  readonly stream_bytes: number;
  readonly wait: Wait;
  readonly encodes: readonly EncodeCall[];
  readonly offers: readonly Offer[];
  readonly syncs: readonly SyncCall[];
  readonly is_ready_after: boolean;
  readonly left_pages: number;
}

export interface WorldOptions {
  readonly policy: Policy;
  readonly takes?: readonly Take[];
  readonly writes?: readonly GuestWrite[] | undefined;
  readonly loop?: LoopSettings;
  readonly clock?: VirtualClock;
  readonly staging_bytes?: number | undefined;
  readonly encode_ns?: number;
  readonly encode_ns_per_byte?: number;
  /** What the rest of the world takes after each turn. */
  readonly rest_ns?: number;
}

/** Options of the loop, and of what it does otherwise than today's QEMU. */
export type LoopSettings = Partial<LoopOptions> & Pick<MannerOptions, 'sync' | 'estimate' | 'begin'>;

/** The manner that settings ask for; none where they ask for nothing, so that the loop's own way is tested. */
export function mannerFor(
  { sync, estimate, begin, downtime_limit_ns = DOWNTIME_LIMIT_NS }: LoopSettings,
  close?: () => void,
): Manner | undefined {
  if ((sync ?? estimate ?? begin ?? close) === undefined) return undefined;
  return mannerOf({ page_bytes: 4096, downtime_limit_ns, sync, estimate, begin, close });
}

/** All that takes part in one save. */
export class World {
  readonly clock: VirtualClock;
  readonly source: WatchedSource;
  readonly output: WatchedOutput;
  readonly channel: ScriptedChannel;
  readonly counters: RamCounters;
  readonly spans = new Spans();
  readonly save: Save;
  readonly turns: Turn[] = [];
  /** The RAM of each block when the guest was paused. */
  readonly ram_at_pause = new Map<string, Uint8Array>();
  readonly #rest_ns: number;

  constructor(guest: Guest, options: WorldOptions) {
    const { policy, takes = [TAKE_ALL], writes, loop, clock = new VirtualClock() } = options;
    this.clock = clock;
    this.#rest_ns = options.rest_ns ?? 0;
    const source_options: GuestSourceOptions = {
      running: writes === undefined ? undefined : new ScriptedGuest(guest, writes),
      onPaused: () => {
        for (const block of guest.blocks) this.ram_at_pause.set(block.name, guest.ram(block).slice());
      },
    };
    this.source = new WatchedSource(guest, source_options);
    const real = openOutput(guest, { staging_bytes: options.staging_bytes });
    this.output = new WatchedOutput(guest, real, clock, options);
    this.channel = new ScriptedChannel(clock, real.staging(), takes);
    this.counters = new RamCounters(guest.ram_bytes, 4096);
    const { source, output, channel, counters, spans } = this;
    this.save = new Save(
      {
        clock,
        source,
        output,
        channel,
        counters,
        spans,
        policy: policy(clock.now()),
        manner: mannerFor(loop ?? {}),
      },
      {
        downtime_limit_ns: DOWNTIME_LIMIT_NS,
        max_rounds: Number.POSITIVE_INFINITY,
        complete: 'turns',
        ...loop,
      },
    );
  }

  /** Turns until the loop is done, and waits for what it asks for. */
  run(turns_max = 100_000): this {
    for (let i = 0; i < turns_max; i++) {
      const { wait } = this.turn();
      if (wait.kind === 'done') return this;
      this.clock.advance(this.#rest_ns);
      if (wait.kind === 'writable') this.channel.is_ready = true;
      if (wait.kind === 'until') this.clock.advanceTo(wait.at_ns);
    }
    throw new Error(`not done after ${turns_max} turns`);
  }

  turn(): Turn {
    const { save, source, output, channel, clock } = this;
    const phase = save.phase;
    const began_ns = clock.now();
    const { stream_bytes } = save;
    const [encodes, offers, syncs] = [output.encodes.length, channel.offers.length, source.syncs.length];
    const wait = save.turn();
    const turn: Turn = {
      ...{ phase, began_ns, stream_bytes, wait },
      phase_after: save.phase,
      ended_ns: clock.now(),
      encodes: output.encodes.slice(encodes),
      offers: channel.offers.slice(offers),
      syncs: source.syncs.slice(syncs),
      is_ready_after: channel.is_ready,
      left_pages: source.syncs[syncs]?.before_pages ?? source.dirty_pages,
    };
    this.turns.push(turn);
    return turn;
  }

  turnsIn(phase: Save['phase']): Turn[] {
    return this.turns.filter((turn) => turn.phase === phase);
  }
}
