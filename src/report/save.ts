/** What a person is told of a save: the conclusion first. */

import type { ResultDocument } from '../results/result.ts';
import type { Stuck } from '../stats/convergence.ts';
import type { LateTurnsResult } from '../stats/late-turns.ts';
import { formatBytes, formatCount, formatGbPerS, formatMs, formatRate } from '../units.ts';

/** How much over its slice an iterate may be before that is worth a word. */
const SLICE_SLACK_MS = 10;

/** What the result document does not say. */
export interface SaveRemarks {
  readonly output: string;
  /** Why O_DIRECT was not used, although it was asked for. */
  readonly direct_refusal?: string | undefined;
}

/** A few lines under 100 columns on what the save did and where its time went. */
export function reportSave(result: ResultDocument, remarks: SaveRemarks): string {
  const { blackout_ms } = result;
  const lines = [
    `saved ${formatBytes(result.guest_bytes)} in ${formatMs(result.wall_ms)} ` +
      `(${formatGbPerS(result.guest_bytes_per_s)}); the main loop was unanswered for at most ` +
      formatMs(blackout_ms.max),
    `  output    ${remarks.output}: ${formatBytes(result.stream_bytes)}, synced in ${formatMs(result.sync_ms)}`,
    ...figureLines(result),
    ...diskLines(result, remarks),
    ...(result.late_turns === undefined ? sliceLines(result) : targetLines(result, result.late_turns)),
  ];
  return lines.join('\n');
}

/**
 * One line on a save that does not converge: what is the case, then what to set.
 *
 * @param limit_bytes_per_s the limit in force, undefined for none
 */
export function reportStuck(stuck: Stuck, limit_bytes_per_s: number | undefined): string {
  const { rounds, remaining_bytes, dirty_bytes_per_s, taken_bytes_per_s } = stuck;
  return (
    `does not converge: ${formatBytes(remaining_bytes)} left for ${rounds} rounds, the guest dirties ` +
    `${formatRate(dirty_bytes_per_s)}, the output takes ${formatRate(taken_bytes_per_s)}; set ` +
    `${limit_bytes_per_s === undefined ? '' : 'a higher --limit, '}${downtimeFor(stuck)}--max-rounds, or --xbzrle`
  );
}

/** The downtime with which it would converge: what is left, by the rate, and a fifth more. */
function downtimeFor({ remaining_bytes, taken_bytes_per_s }: Stuck): string {
  if (taken_bytes_per_s === 0) return '';
  const downtime_ms = (remaining_bytes * 1200) / taken_bytes_per_s;
  return `--downtime ${Math.ceil(downtime_ms / 10) * 10}ms, `;
}

/** Pages, phases and the pipe, a line each: of a real save and of a modelled one. */
export function figureLines(result: ResultDocument): string[] {
  const { ram, phases } = result;
  const { iterate, complete } = phases;
  return [
    `  pages     ${formatCount(ram.normal)} normal, ${formatCount(ram.duplicate)} zero; ` +
      `${formatCount(ram['dirty-sync-count'])} dirty syncs`,
    `  iterate   ${formatCount(iterate.count)} calls, median ${formatMs(iterate.p50_ms)}, ` +
      `p99 ${formatMs(iterate.p99_ms)}, longest ${formatMs(iterate.max_ms)}`,
    `  complete  ${formatMs(complete.sum_ms)} with the guest paused${result.converged ? '' : ', rounds used up'}`,
    `  pipe      ${formatCount(result.eagain)} EAGAIN, ${formatCount(result.short_writes)} short writes, ` +
      `longest write ${formatMs(result.longest_write_ms)}`,
  ];
}

/** What the disk end did. */
export function diskLines(
  { disk }: ResultDocument,
  { direct_refusal }: Pick<SaveRemarks, 'direct_refusal'> = {},
): string[] {
  const lines: string[] = [];
  if (disk !== undefined) {
    lines.push(
      `  disk end  ${formatCount(disk.writes)} writes (${disk.direct ? 'O_DIRECT' : 'buffered'}), ` +
        `${formatMs(disk.sum_ms)} in all, longest ${formatMs(disk.max_ms)}`,
    );
  }
  if (direct_refusal !== undefined)
    lines.push(`  --direct was not possible: ${direct_refusal}; written buffered`);
  return lines;
}

/** Whether the target of a policy was held, and if not, what the late turns did with their time. */
function targetLines({ blackout_ms, options }: ResultDocument, late: LateTurnsResult): string[] {
  const figure = `99 of 100 requests were answered within ${formatMs(blackout_ms.p99)}`;
  if (blackout_ms.p99 <= late.over_ms)
    return [`  target    held: ${figure}, under ${formatMs(late.over_ms)}`];
  const missed = `  target    missed: ${figure}, not ${formatMs(late.over_ms)}`;
  if (late.count === 0)
    return [missed, '            no turn of the save was longer: other work of the process was'];
  return [
    missed,
    `            ${formatCount(late.count)} longer turns, ${formatMs(late.sum_ms)}: ` + `${lateShares(late)}`,
    `            ${lateCause(late, options.via === 'file')}`,
  ];
}

function lateShares({ write_ms, cpu_ms, queued_ms }: LateTurnsResult): string {
  return [
    `${formatMs(write_ms)} in writes`,
    ...(cpu_ms === undefined ? [] : [`${formatMs(cpu_ms)} computing`]),
    ...(queued_ms === undefined ? [] : [`${formatMs(queued_ms)} waiting for CPU`]),
  ].join(', ');
}

/** What took the most of the late turns. */
function lateCause(
  { sum_ms, write_ms, cpu_ms = 0, queued_ms = 0 }: LateTurnsResult,
  is_file: boolean,
): string {
  const half_ms = sum_ms / 2;
  if (queued_ms >= half_ms) return 'other processes had the CPU meanwhile';
  if (write_ms < half_ms) return 'the encoder was slow: touching memory for the first time may be dear here';
  const what = cpu_ms >= half_ms ? 'computed inside' : 'blocked';
  const hint = is_file ? '; try --via pipe or --thread' : '';
  return `the kernel ${what} single writes, no slice cuts them${hint}`;
}

/** Says so where a slice was overrun, and by what. */
function sliceLines({ options, phases, longest_write_ms }: ResultDocument): string[] {
  const slice_ms = options.slice_ms;
  const longest_ms = phases.iterate.max_ms;
  if (typeof slice_ms !== 'number' || longest_ms <= slice_ms + SLICE_SLACK_MS) return [];
  return [
    `  the longest iterate overran the slice of ${formatMs(slice_ms)}: no slice can cut short a write that ` +
      `the kernel`,
    `  blocks, and the longest took ${formatMs(longest_write_ms)}; a pipe (--via pipe) does not block`,
  ];
}
