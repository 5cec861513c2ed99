/** From what a save measured to its result document. */

import type { SavedTo } from '../node/output/save-to.ts';
import { buildResult, type Plain, type ResultDocument } from '../results/result.ts';
import type { LateTurnsResult } from '../stats/late-turns.ts';
import { describeMachine } from './machine.ts';

/** The result document of a save that this process made. */
export function resultOf(
  saved: SavedTo,
  about: {
    readonly command: string;
    readonly load_ms: number;
    readonly options: Record<string, Plain>;
    readonly late_turns?: LateTurnsResult | undefined;
  },
): ResultDocument {
  const { sink } = saved;
  return buildResult({
    ...about,
    world: 'real',
    wall_ns: saved.wall_ns,
    sync_ms: sink.sync_ms,
    downtime_ns: saved.downtime_ns,
    converged: saved.converged,
    guest_bytes: saved.guest_bytes,
    stream_bytes: saved.stream_bytes,
    ram: saved.counters.stats(0, saved.wall_ns),
    spans: saved.spans.list,
    blackout_ms: saved.blackout.summary_ms(),
    eagain: saved.eagain,
    short_writes: saved.short_writes,
    longest_write_ns: saved.longest_write_ns,
    xbzrle_cache: saved.xbzrle_cache,
    disk: sink.disk === undefined ? undefined : { direct: sink.is_direct ?? false, ...sink.disk },
    machine: describeMachine(),
  });
}
