/** The profile as the thread of 2011 prints it: its script's lines, then SystemTap's @hist_log. */
import { type Bucket, Log2Histogram } from '../stats/histogram.ts';
import type { Phase, Span } from '../stats/spans.ts';

/** HIST_WIDTH of SystemTap's runtime (runtime/stat-common.c): the most columns of a bar. */
const BAR_WIDTH = 50;
/** HIST_ELISION: rows shown around one that holds something. */
const MARGIN_ROWS = 2;
const LABEL_WIDTH_MIN = 5;

const NAMES: Readonly<Record<Phase, string>> = { begin: 'Begin', iterate: 'Iterate', complete: 'Complete' };

const wholeMs = (ns: number): number => Math.floor(ns / 1e6);

/** `%3d.%03d`: seconds and milliseconds. */
function stamp(ms: number): string {
  return `${String(Math.floor(ms / 1000)).padStart(3)}.${String(ms % 1000).padStart(3, '0')}`;
}

/** A span's own time as the script takes it: the difference of two times, each cut to whole milliseconds. */
function spanMs(span: Span): number {
  return wholeMs(span.end_ns) - wholeMs(span.start_ns);
}

/**
 * The whole profile: a line when a span begins, one when it ends, the sum, the histogram.
 *
 * @param start_ns the time that counts as 0.000
 */
export function formatProfile(spans: readonly Span[], start_ns: number): string {
  const sinceStart = (ns: number): string => stamp(wholeMs(ns) - wholeMs(start_ns));
  const lines = ['Begin', `${stamp(0)} Start`];
  for (const span of spans) {
    const name = NAMES[span.phase];
    lines.push(`${sinceStart(span.start_ns)} > ${name}`);
    lines.push(`${sinceStart(span.end_ns)} < ${name} ${stamp(spanMs(span))}`);
  }
  const times_ms = spans.map(spanMs);
  return `${[...lines, formatSums(times_ms)].join('\n')}\n${formatHistLog(times_ms)}`;
}

function formatSums(times_ms: readonly number[]): string {
  const count = times_ms.length;
  const sum = times_ms.reduce((total, ms) => total + ms, 0);
  const avg = count === 0 ? 0 : Math.floor(sum / count);
  const [min, max] = times_ms.reduce(
    ([low, high], ms) => [Math.min(low, ms), Math.max(high, ms)],
    [times_ms[0] ?? 0, 0],
  );
  return `avg ${avg} = sum ${sum} / count ${count}; min ${min} max ${max}`;
}

/** SystemTap's @hist_log of whole numbers; ends with a blank line. */
export function formatHistLog(values: readonly number[]): string {
  const histogram = new Log2Histogram();
  for (const value of values) histogram.add(value);
  return formatBuckets(histogram.rows());
}

/** The lower bounds of all buckets: 0, 1, 2, 4, 8 … */
function labelAt(index: number): number {
  return index === 0 ? 0 : 2 ** (index - 1);
}

function indexOf(label: number): number {
  return label === 0 ? 0 : Math.log2(label) + 1;
}

/**
 * The histogram of counted buckets. Rows run from two below the lowest that holds something to two above the
 * highest; of the empty ones between, those that are more than two away from any that holds something are
 * left out, and a run of them shows as one `~`.
 */
export function formatBuckets(buckets: readonly Bucket[]): string {
  const first = buckets[0];
  const last = buckets[buckets.length - 1];
  if (first === undefined || last === undefined) return '\n';
  const counts = new Map(buckets.map((bucket) => [indexOf(bucket.ge), bucket.count]));
  const low = Math.max(0, indexOf(first.ge) - MARGIN_ROWS);
  const high = indexOf(last.ge) + MARGIN_ROWS;
  const highest = Math.max(...buckets.map((bucket) => bucket.count));
  const scale = highest <= BAR_WIDTH ? 1 : Math.ceil(highest / BAR_WIDTH);
  const label_width = Math.max(LABEL_WIDTH_MIN, String(labelAt(high)).length);
  const count_width = BAR_WIDTH + 1 + String(highest).length;

  const isShown = (row: number): boolean => {
    for (let near = row - MARGIN_ROWS; near <= row + MARGIN_ROWS; near++) {
      if ((counts.get(near) ?? 0) > 0) return true;
    }
    return false;
  };

  const lines = [`${'value'.padStart(label_width)} |${'-'.repeat(BAR_WIDTH)} count`];
  for (let row = low; row <= high; row++) {
    if (isShown(row)) {
      const count = counts.get(row) ?? 0;
      const bar = '@'.repeat(Math.floor(count / scale));
      lines.push(
        `${String(labelAt(row)).padStart(label_width)} |${bar}${String(count).padStart(count_width - bar.length)}`,
      );
    } else if (isShown(row - 1)) {
      lines.push(`${' '.repeat(label_width)} ~`);
    }
  }
  return `${lines.join('\n')}\n\n`;
}
