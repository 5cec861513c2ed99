/** What a person is told of a save in the model: the conclusion first, and that it is a model's. */
import type { ResultDocument } from '../results/result.ts';
import { formatBytes, formatGbPerS, formatMs } from '../units.ts';
import { rangeLabel, rangeOf, smallHistogram } from './histogram.ts';
import { diskLines, figureLines } from './save.ts';
import { wrap } from './table.ts';

const WIDTH = 98;
/** A close or a backlog below these is not worth a line. */
const CLOSE_MS_MIN = 1;
const BACKLOG_BYTES_MIN = 2 ** 20;

/**
 * @param about what the scenario assumes
 */
export function reportSimulation(result: ResultDocument, about: string): string {
  const { model, phases, blackout_ms } = result;
  const buckets = phases.all.log2_us;
  const range = rangeOf([buckets]);
  return [
    `model: saving ${formatBytes(result.guest_bytes)} takes ${formatMs(result.wall_ms)} ` +
      `(${formatGbPerS(result.guest_bytes_per_s)}); the main loop is unanswered for at most ` +
      formatMs(blackout_ms.max),
    `  ${wrap(about, WIDTH - 2).replaceAll('\n', '\n  ')}`,
    `  told      ${model?.scenario}, costs ${model?.costs}, seed ${model?.seed}`,
    `  output    ${formatBytes(result.stream_bytes)}, final ${formatMs(result.sync_ms)} after the last byte`,
    ...figureLines(result),
    ...closeLines(result),
    ...diskLines(result),
    `  blackout  median ${formatMs(blackout_ms.p50)}, p99 ${formatMs(blackout_ms.p99)}, ` +
      `longest ${formatMs(blackout_ms.max)}`,
    `  calls     |${smallHistogram(buckets, range)}| ${rangeLabel(range)}, a column doubles`,
  ].join('\n');
}

/** What no figure of the save loop shows: the buffer before the pipe, and what emptying it blocks. */
function closeLines({ close_ms, model }: ResultDocument): string[] {
  const lines: string[] = [];
  if (model !== undefined && model.backlog_bytes >= BACKLOG_BYTES_MIN) {
    lines.push(`  backlog   ${formatBytes(model.backlog_bytes)} at most, buffered before the pipe`);
  }
  if (close_ms !== undefined && close_ms >= CLOSE_MS_MIN) {
    lines.push(`  close     ${formatMs(close_ms)} in one call, until the buffer was empty`);
  }
  return lines;
}
