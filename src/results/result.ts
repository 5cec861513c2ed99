/** The result documents that other programs read; their keys are a contract. */

import type { BlackoutSummary } from '../stats/blackout.ts';
import type { RamStats, XbzrleCacheStats } from '../stats/counters.ts';
import type { Bucket } from '../stats/histogram.ts';
import type { LateTurnsResult } from '../stats/late-turns.ts';
import type { Span } from '../stats/spans.ts';
import { msOfNs, roundMs } from '../units.ts';
import { RESULT_SCHEMA } from './schemas.ts';
import { type Phases, summarisePhases } from './summary.ts';

/** A plain value of `options` and `machine`. */
export type Plain = string | number | boolean | null;

/** What the disk end of the pipe measured of its own writes. */
export interface DiskResult {
  /** Whether it wrote by O_DIRECT. */
  readonly direct: boolean;
  readonly writes: number;
  readonly sum_ms: number;
  readonly max_ms: number;
  readonly log2_us: readonly Bucket[];
}

/** What a save gives with `--json`. */
export interface ResultDocument {
  readonly schema: typeof RESULT_SCHEMA;
  readonly command: string;
  readonly world: 'real' | 'model';
  /** From Begin to the last byte taken by the channel. */
  readonly wall_ms: number;
  /** Reading or making the guest. */
  readonly load_ms: number;
  /** Syncing the output, off the main loop. */
  readonly sync_ms: number;
  /** From the pause of the guest to the last byte taken. */
  readonly downtime_ms: number;
  /** What closing the descriptor held up the main loop for, after complete; a model's alone. */
  readonly close_ms?: number;
  readonly converged: boolean;
  /** RAM, counted once. */
  readonly guest_bytes: number;
  readonly stream_bytes: number;
  readonly guest_bytes_per_s: number;
  readonly ram: RamStats;
  /** Where XBZRLE was on. */
  readonly 'xbzrle-cache'?: XbzrleCacheStats;
  readonly phases: Phases;
  readonly blackout_ms: BlackoutSummary;
  readonly eagain: number;
  readonly short_writes: number;
  /** The longest that the channel took for one offer: what no slice can cut short. */
  readonly longest_write_ms: number;
  /** Where the policy has a target: the turns that took longer. */
  readonly late_turns?: LateTurnsResult;
  readonly disk?: DiskResult;
  readonly options: Readonly<Record<string, Plain>>;
  readonly machine: Readonly<Record<string, Plain>>;
  /** Of a model: what it was told. */
  readonly model?: ModelResult;
}

/** What a model was told, and what a real save could not say of itself. */
export interface ModelResult {
  readonly scenario: string;
  readonly seed: number;
  /** The set of costs. */
  readonly costs: string;
  /** The most that was buffered before the pipe. */
  readonly backlog_bytes: number;
  /** Events that happened. */
  readonly events: number;
  /** The parameters that the seed drew, by their paths. */
  readonly drawn: Readonly<Record<string, Plain>>;
}

/** What a save measured, as `buildResult` takes it. */
export interface Measured {
  readonly command: string;
  readonly world: ResultDocument['world'];
  readonly wall_ns: number;
  readonly load_ms: number;
  readonly sync_ms: number;
  readonly downtime_ns: number;
  readonly close_ns?: number | undefined;
  readonly converged: boolean;
  readonly guest_bytes: number;
  readonly stream_bytes: number;
  readonly ram: RamStats;
  readonly xbzrle_cache?: XbzrleCacheStats | undefined;
  readonly spans: readonly Span[];
  readonly blackout_ms: BlackoutSummary;
  readonly eagain: number;
  readonly short_writes: number;
  readonly longest_write_ns: number;
  readonly late_turns?: LateTurnsResult | undefined;
  readonly disk?: DiskResult | undefined;
  readonly options: ResultDocument['options'];
  readonly machine: ResultDocument['machine'];
  readonly model?: ModelResult | undefined;
}

/**
 * Puts a result document together: times rounded to the microsecond, rates and phases worked out.
 *
 * @example printJson(buildResult({ command: 'save', world: 'real', wall_ns, spans: spans.list, … }))
 */
export function buildResult(measured: Measured): ResultDocument {
  const { wall_ns, guest_bytes } = measured;
  return {
    schema: RESULT_SCHEMA,
    command: measured.command,
    world: measured.world,
    wall_ms: msOfNs(wall_ns),
    load_ms: roundMs(measured.load_ms),
    sync_ms: roundMs(measured.sync_ms),
    downtime_ms: msOfNs(measured.downtime_ns),
    ...(measured.close_ns === undefined ? {} : { close_ms: msOfNs(measured.close_ns) }),
    converged: measured.converged,
    guest_bytes,
    stream_bytes: measured.stream_bytes,
    guest_bytes_per_s: wall_ns === 0 ? 0 : Math.round((guest_bytes * 1e9) / wall_ns),
    ram: measured.ram,
    ...(measured.xbzrle_cache === undefined ? {} : { 'xbzrle-cache': measured.xbzrle_cache }),
    phases: summarisePhases(measured.spans),
    blackout_ms: measured.blackout_ms,
    eagain: measured.eagain,
    short_writes: measured.short_writes,
    longest_write_ms: msOfNs(measured.longest_write_ns),
    ...(measured.late_turns === undefined ? {} : { late_turns: measured.late_turns }),
    ...(measured.disk === undefined ? {} : { disk: roundedDisk(measured.disk) }),
    options: measured.options,
    machine: measured.machine,
    ...(measured.model === undefined ? {} : { model: measured.model }),
  };
}

function roundedDisk(disk: DiskResult): DiskResult {
  return { ...disk, sum_ms: roundMs(disk.sum_ms), max_ms: roundMs(disk.max_ms) };
}

/** What `trace` gives with `--json`: the phases of a log, and what was missing in it. */
export interface TraceDocument {
  readonly schema: typeof RESULT_SCHEMA;
  readonly command: 'trace';
  readonly world: 'log';
  readonly phases: Phases;
  readonly missing: readonly string[];
}
