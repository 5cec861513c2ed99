/** What a person is told of a save: the conclusion first. */
import type { ResultDocument } from '../stats/result.ts';
import { formatBytes, formatCount, formatGbPerS, formatMs } from '../units.ts';

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
    ...sliceLines(result),
  ];
  return lines.join('\n');
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
