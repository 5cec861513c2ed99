/** A save from begin to end on the real event loop, with its measurements. */
import type { Guest } from '../guest/guest.ts';
import type { Policy } from '../policy/policy.ts';
import { type PolicySpec, startPolicy } from '../policy/table.ts';
import { Blackout } from '../stats/blackout.ts';
import { Convergence, type Round, type Stuck } from '../stats/convergence.ts';
import { RamCounters, type XbzrleCacheStats } from '../stats/counters.ts';
import { Spans } from '../stats/spans.ts';
import { type AsyncChannel, drive, type TurnWatch } from './drive.ts';
import { systemClock } from './event-loop.ts';
import { GuestSource, type Running } from './guest-source.ts';
import { Heartbeat } from './heartbeat.ts';
import { type FormOptions, openOutput } from './output/open-output.ts';
import type { Placements } from './output/output-format.ts';
import { type LoopOptions, Save } from './save.ts';

/** QEMU's default for downtime-limit since 2.1. */
export const DOWNTIME_LIMIT_NS = 300_000_000;

export interface SaveOptions extends SaveSettings {
  /** A policy, or one in plain values. */
  readonly policy: Policy | PolicySpec;
  /** What the guest does meanwhile; without it the guest does not run. */
  readonly running?: Running | undefined;
  /** Aborting it ends the save with `interrupted`. */
  readonly signal?: AbortSignal | undefined;
  readonly onPaused?: (() => void) | undefined;
  /** Called with the running save once it has begun, for progress. */
  readonly onBegin?: ((progress: SaveProgress) => void) | undefined;
  /** Called once where what is left has not fallen for three rounds. */
  readonly onStuck?: ((stuck: Stuck) => void) | undefined;
  readonly watch?: TurnWatch | undefined;
}

/** How a guest is saved, in plain values. */
export interface SaveSettings extends FormOptions {
  readonly downtime_limit_ns?: number | undefined;
  readonly max_rounds?: number | undefined;
  readonly complete?: LoopOptions['complete'] | undefined;
}

/** What can be asked of a save while it runs. */
export interface SaveProgress {
  readonly began_ns: number;
  readonly ram_bytes: number;
  /** RAM still to be sent, as of the last dirty sync. */
  remaining_bytes(): number;
  stream_bytes(): number;
  wall_ns(): number;
}

/** What a save measured of itself. */
export interface SaveFigures {
  readonly began_ns: number;
  readonly wall_ns: number;
  readonly downtime_ns: number;
  readonly converged: boolean;
  readonly guest_bytes: number;
  readonly stream_bytes: number;
  readonly spans: Spans;
  readonly counters: RamCounters;
  readonly blackout: Blackout;
  readonly eagain: number;
  readonly short_writes: number;
  /** The longest that the channel took for one offer. */
  readonly longest_write_ns: number;
  readonly xbzrle_cache?: XbzrleCacheStats | undefined;
}

/**
 * Saves a guest into the channel that `openChannel` makes for the staging buffer; for a mapped-ram file it is
 * told where staged bytes belong.
 *
 * @param finish what makes the output final (end of pipe, sync, rename); blackout is sampled until it is done
 */
export async function runSave(
  guest: Guest,
  options: SaveOptions,
  openChannel: (staging: Uint8Array, placements: Placements | undefined) => AsyncChannel,
  finish: (stream_bytes: number) => Promise<void> = () => Promise.resolve(),
): Promise<SaveFigures> {
  const clock = systemClock;
  const source = new GuestSource(guest, options);
  const output = openOutput(guest, options);
  const channel = openChannel(output.staging(), output.placements);
  const spans = new Spans();
  const counters = new RamCounters(guest.ram_bytes, source.page_bytes);
  const began_ns = clock.now();
  const policy = startPolicy(options.policy, began_ns);
  const convergence = new Convergence(began_ns, options.onStuck ?? (() => undefined));
  const onRound = (round: Round): void => convergence.round(round);
  const save = new Save(
    { clock, source, output, channel, policy, spans, counters, onRound },
    {
      downtime_limit_ns: options.downtime_limit_ns ?? DOWNTIME_LIMIT_NS,
      max_rounds: options.max_rounds ?? Number.POSITIVE_INFINITY,
      complete: options.complete ?? 'turns',
    },
  );
  options.onBegin?.({
    began_ns,
    ram_bytes: guest.ram_bytes,
    remaining_bytes: () => source.dirty_pages * source.page_bytes,
    stream_bytes: () => save.stream_bytes,
    wall_ns: () => save.wall_ns,
  });
  const blackout = new Blackout(began_ns);
  const heartbeat = new Heartbeat(clock, blackout);
  try {
    await drive(save, channel, clock, options.signal, options.watch);
    await finish(save.stream_bytes);
  } finally {
    heartbeat.stop();
  }
  return {
    began_ns,
    wall_ns: save.wall_ns,
    downtime_ns: save.downtime_ns,
    converged: save.converged,
    guest_bytes: guest.ram_bytes,
    stream_bytes: save.stream_bytes,
    spans,
    counters,
    blackout,
    eagain: channel.eagain,
    short_writes: channel.short_writes,
    longest_write_ns: save.longest_write_ns,
    xbzrle_cache: output.xbzrle_stats,
  };
}
