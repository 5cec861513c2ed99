/** The thread's experiment side by side, and what it shows here, told to a newcomer. */
import type { ResultDocument } from '../results/result.ts';
import { formatBytes, formatCount, formatGbPerS, formatMs, formatRate } from '../units.ts';
import { rangeLabel, rangeOf, smallHistogram } from './histogram.ts';
import { formatTable, wrap } from './table.ts';

const WIDTH = 96;
/** How fast the zero test of 2011 went: 1,024 compares of 32 bits a page (QEMU 1.0, is_dup_page). */
const ZERO_RATE_2011_BYTES_PER_S = 1e9;
/** A zero page in the stream: its word and the byte that fills it. */
const ZERO_RECORD_BYTES = 9;
/** What the thread would call a stall, in ms. */
const STALL_MS = 1000;

/** The five arrangements, by what they are for in the text. */
export type DemoCase = 'file' | 'file_slice' | 'pipe' | 'pipe_slice' | 'window';

export interface DemoRow {
  readonly label: string;
  readonly result: ResultDocument;
}

export interface DemoFindings {
  readonly rows: Readonly<Record<DemoCase, DemoRow>>;
  /** The longest run of zero pages in this guest. */
  readonly zero_run_bytes: number;
  /** How fast this core goes through zero pages. */
  readonly zero_rate_bytes_per_s: number;
  /** Why O_DIRECT was not used, or proves nothing here. */
  readonly disk_remark: string | undefined;
}

/** The conclusion, the table, the histograms, and a paragraph that reads them. */
export function reportDemo(findings: DemoFindings): string {
  const rows = Object.values(findings.rows);
  return [conclusion(findings), '', table(rows), '', histograms(rows), '', ...readings(findings)].join('\n');
}

function conclusion({ rows }: DemoFindings): string {
  const worst_ms = rows.file.result.blackout_ms.max;
  const best = [rows.file_slice, rows.pipe, rows.pipe_slice].reduce((a, b) =>
    b.result.blackout_ms.max < a.result.blackout_ms.max ? b : a,
  );
  return wrap(
    `Saving ${formatBytes(rows.file.result.guest_bytes)} to a plain file without a limit, nobody was answered ` +
      `for ${formatMs(worst_ms)}; the best cure here (${best.label}) brings that to ` +
      `${formatMs(best.result.blackout_ms.max)}.`,
    WIDTH,
  );
}

function table(rows: readonly DemoRow[]): string {
  return formatTable(
    [
      { title: 'arrangement', align: 'left' },
      ...['time', 'GB/s', 'iterates', 'longest iterate', 'longest blackout', 'EAGAINs'].map((title) => ({
        title,
        align: 'right' as const,
      })),
    ],
    rows.map(({ label, result }) => [
      label,
      formatMs(result.wall_ms),
      (result.guest_bytes_per_s / 1e9).toFixed(2),
      formatCount(result.phases.iterate.count),
      formatMs(result.phases.iterate.max_ms),
      formatMs(result.blackout_ms.max),
      formatCount(result.eagain),
    ]),
  );
}

function histograms(rows: readonly DemoRow[]): string {
  const range = rangeOf(rows.map(({ result }) => result.phases.all.log2_us));
  const label_width = Math.max(...rows.map(({ label }) => label.length));
  return [
    `How long the calls took: a column doubles, from ${rangeLabel(range)}; heights are logarithmic.`,
    ...rows.map(
      ({ label, result }) =>
        `${label.padEnd(label_width)}  |${smallHistogram(result.phases.all.log2_us, range)}| ` +
        `${formatCount(result.phases.all.count)} calls`,
    ),
  ].join('\n');
}

/** What each row shows here, in the order of the table. */
function readings(findings: DemoFindings): string[] {
  const { rows } = findings;
  return [
    fileReading(rows.file.result),
    fileSliceReading(rows.file_slice.result),
    pipeReading(findings),
    pipeSliceReading(rows.pipe_slice.result),
    windowReading(rows.window.result),
    findings.disk_remark ?? '',
  ]
    .filter((text) => text !== '')
    .map((text) => wrap(text, WIDTH));
}

function shareOf(part_ms: number, whole_ms: number): string {
  return `${Math.round((100 * part_ms) / whole_ms)} %`;
}

function fileReading({ phases, wall_ms, blackout_ms }: ResultDocument): string {
  return (
    `Plain file: a file never says EAGAIN and there is no limit, so nothing ends the save loop; its longest ` +
    `call is ${shareOf(phases.iterate.max_ms, wall_ms)} of the whole save, and the monitor waited ` +
    `${formatMs(blackout_ms.max)}. That is what libvirt met in 2011 with QEMU's own file descriptor.`
  );
}

function fileSliceReading({ phases, options, longest_write_ms }: ResultDocument): string {
  const slice_ms = Number(options.slice_ms);
  const is_over = phases.iterate.max_ms > slice_ms + 10;
  return (
    `With the slice of ${formatMs(slice_ms)} (QEMU's cure of 2012) the loop looks at the clock: the longest ` +
    `call is ${formatMs(phases.iterate.max_ms)}` +
    (is_over
      ? `, over its slice because the kernel held a write for ${formatMs(longest_write_ms)}; ` +
        'no slice can cut that short.'
      : '.')
  );
}

function pipeReading({ rows, zero_run_bytes, zero_rate_bytes_per_s }: DemoFindings): string {
  const { result } = rows.pipe;
  const pass_ms = (zero_run_bytes * 1000) / zero_rate_bytes_per_s;
  const pass_2011_ms = (zero_run_bytes * 1000) / ZERO_RATE_2011_BYTES_PER_S;
  const stall_run_bytes = (zero_rate_bytes_per_s * STALL_MS) / 1000;
  return (
    `Through the pipe (64 KiB, non-blocking) the kernel said EAGAIN ${formatCount(result.eagain)} times, and ` +
    `each time the loop returned; its longest call is ${formatMs(result.phases.iterate.max_ms)}. ` +
    `The thread saw up to 20 s here: a zero page is 9 bytes in the stream, so a run of them does not fill the ` +
    `pipe, and the zero test of 2011 went at about ${formatGbPerS(ZERO_RATE_2011_BYTES_PER_S)}. ` +
    `This core goes at ${formatGbPerS(zero_rate_bytes_per_s)}: the longest zero run of this guest ` +
    `(${formatBytes(zero_run_bytes)}) takes it ${formatMs(pass_ms)}, and took ${formatMs(pass_2011_ms)} then. ` +
    `For a call of ${formatMs(STALL_MS)} the run would have to be ${formatBytes(stall_run_bytes)}.`
  );
}

function pipeSliceReading({ phases, options, wall_ms, blackout_ms }: ResultDocument): string {
  return (
    `The pipe with a slice of ${formatMs(Number(options.slice_ms))} bounds zero runs of any length too: ` +
    `longest call ${formatMs(phases.iterate.max_ms)}, longest blackout ${formatMs(blackout_ms.max)}, ` +
    `${formatMs(wall_ms)} in all.`
  );
}

function windowReading({ phases, options, ram, wall_ms }: ResultDocument): string {
  const limit = Number(options.limit_bytes_per_s);
  return (
    `QEMU's limit of ${formatRate(limit)} counts bytes in windows of 100 ms: the save takes ` +
    `${formatMs(wall_ms)} whatever the disk could do, and the longest call is ` +
    `${formatMs(phases.iterate.max_ms)}. It bounds bytes, not time: one window has room for ` +
    `${formatBytes((limit / 10 / ZERO_RECORD_BYTES) * ram['page-size'])} of zero pages.`
  );
}
