/** What a person is told of two sets of results: the conclusion first, then how sure it is. */

import {
  type CompareDocument,
  type ComparedCase,
  type ComparedFigure,
  hasInterval,
  type MedianRatio,
  type Side,
  throughputOf,
} from '../results/compare.ts';
import type { Case, FigureName, Sample } from '../results/samples.ts';
import { median } from '../stats/quantiles.ts';
import { formatBytes, formatCount, formatGbPerS, formatMs, formatRate } from '../units.ts';
import { doubtRemarks, onlyRemarks, verdictRemarks } from './compare-remarks.ts';

import { describe, labelsOf, type Sides } from './compare-sides.ts';
import { formatInterval, formatRatio } from './ratio.ts';
import { type Column, formatTable, printable, wrap } from './table.ts';

const WIDTH = 98;
/** More cases than this are shown as those with the lowest throughput. */
const CASES_SHOWN = 40;
const LABEL_WIDTH = 30;
/** Below this a rate in GB/s is all zeros. */
const SMALL_RATE_BYTES_PER_S = 1e7;

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

const formatSpeed = (bytes_per_s: number): string =>
  bytes_per_s < SMALL_RATE_BYTES_PER_S ? formatRate(bytes_per_s) : formatGbPerS(bytes_per_s);

const TITLES: Readonly<Record<FigureName, readonly [title: string, format: (value: number) => string]>> = {
  guest_bytes_per_s: ['throughput', formatSpeed],
  wall_ms: ['time in all', formatMs],
  downtime_ms: ['downtime', formatMs],
  'phases.iterate.p50_ms': ['iterate, median', formatMs],
  'phases.iterate.p99_ms': ['iterate, p99', formatMs],
  'phases.iterate.max_ms': ['iterate, longest', formatMs],
  'blackout_ms.p50': ['blackout, median', formatMs],
  'blackout_ms.p99': ['blackout, p99', formatMs],
  'blackout_ms.max': ['blackout, longest', formatMs],
  stream_bytes: ['stream', formatBytes],
  bytes_per_s: ['throughput', formatSpeed],
  seconds: ['time', (seconds) => formatMs(seconds * 1000)],
};

const isFigureName = (name: string): name is FigureName => Object.hasOwn(TITLES, name);

/**
 * @param files the names of the two
 * @param samples what was compared
 */
export function reportCompare(
  document: CompareDocument,
  files: Sides<string>,
  samples: Sides<readonly Sample[]>,
): string {
  const { cases } = document;
  const [only] = cases;
  const body =
    only !== undefined && cases.length === 1 ? oneCase(only, files) : manyCases(cases, labelsOf(document));
  const remarks = [
    ...verdictRemarks(document),
    ...onlyRemarks(document),
    ...doubtRemarks(document, files, samples),
  ];
  return [...body, ...(remarks.length === 0 ? [] : ['']), ...remarks.map((text) => wrap(text, WIDTH))].join(
    '\n',
  );
}

/** A side by its name, and where its figures come from if the two do not come from the same. */
function sideName(side: Side, worlds: Sides<string>): string {
  const name = side.toUpperCase();
  return worlds.base === worlds.new ? name : `${name} (${worlds[side]})`;
}

/** Whether a change can be told at all. */
function doubt({ low, high }: MedianRatio): string {
  if (low === null) return '';
  return low <= 1 && (high === null || high >= 1) ? '; no change can be told' : '';
}

function oneCase(one: ComparedCase, files: Sides<string>): string[] {
  const { worlds, figures } = one;
  const throughput = throughputOf(one);
  const blackout = figures['blackout_ms.max'];
  const certainty =
    throughput !== undefined && hasInterval(throughput)
      ? ` (95 %: ${formatInterval(throughput)}${doubt(throughput)})`
      : '';
  const conclusion =
    `${sideName('new', worlds)} is ${formatRatio(throughput?.ratio ?? null)} ${sideName('base', worlds)} ` +
    `in throughput${certainty}` +
    (blackout === undefined ? '' : `, its longest blackout ${formatRatio(blackout.ratio)}`);
  const entries = Object.entries(figures);
  return [
    wrap(conclusion, WIDTH),
    ...sideLines(one, files),
    '',
    formatTable(
      [left('figure'), left('better'), right('BASE'), right('NEW'), right('ratio'), left('95 %')],
      entries.flatMap(([name, figure]) => (isFigureName(name) ? [figureRow(name, figure)] : [])),
    ),
  ];
}

function figureRow(name: FigureName, figure: ComparedFigure): string[] {
  const [title, format] = TITLES[name];
  const { base, new: next, better, ratio } = figure;
  return [title, better, format(base), format(next), formatRatio(ratio), formatInterval(figure)];
}

/** What the two sides are, a line each, and what they have in common. */
function sideLines({ case: shared, differs, worlds, samples }: ComparedCase, files: Sides<string>): string[] {
  const indent = (label: string, text: string): string =>
    `  ${label.padEnd(6)}${wrap(text, WIDTH - 8).replaceAll('\n', `\n${' '.repeat(8)}`)}`;
  const sideLine = (side: Side): string => {
    const rest = differs === undefined ? '' : describe(differs[side]);
    const count = samples[side] === 1 ? 'one sample' : `${formatCount(samples[side])} samples`;
    return indent(
      side.toUpperCase(),
      `${printable(files[side])}: ${worlds[side]}, ${count}${rest === '' ? '' : `; ${rest}`}`,
    );
  };
  const both = describe(shared);
  return [sideLine('base'), sideLine('new'), ...(both === '' ? [] : [indent('both', both)])];
}

export function rangeOf(ratios: readonly (number | null)[]): string {
  const known = ratios.map((ratio) => ratio ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);
  const [low = 0, high = 0] = [known[0], known[known.length - 1]];
  const text = (ratio: number): string => formatRatio(Number.isFinite(ratio) ? ratio : null);
  return text(low) === text(high) ? text(low) : `${text(low)} to ${text(high)}`;
}

function manyCases(cases: readonly ComparedCase[], labelOf: (of: Case) => string): string[] {
  const throughputs = cases.flatMap((one) => throughputOf(one) ?? []);
  const blackouts = cases.flatMap(({ figures }) => figures['blackout_ms.max'] ?? []);
  const middle = median(throughputs.map(({ ratio }) => ratio ?? 0));
  const conclusion =
    `Over ${formatCount(cases.length)} cases NEW is ${rangeOf(throughputs.map(({ ratio }) => ratio))} BASE in ` +
    `throughput (median ${formatRatio(middle)})` +
    (blackouts.length === 0 ? '' : `, its longest blackout ${rangeOf(blackouts.map(({ ratio }) => ratio))}`);
  const has_blackout = blackouts.length > 0;
  const ratio = (one: ComparedCase): number => throughputOf(one)?.ratio ?? Number.POSITIVE_INFINITY;
  const shown =
    cases.length <= CASES_SHOWN
      ? cases
      : [...cases].sort((a, b) => ratio(a) - ratio(b)).slice(0, CASES_SHOWN);
  const cell = (figure: MedianRatio | undefined): string =>
    figure === undefined ? '' : formatRatio(figure.ratio);
  return [
    wrap(conclusion, WIDTH),
    ...certaintyLines(throughputs),
    '',
    formatTable(
      [
        left('case'),
        right('samples'),
        right('throughput'),
        left('95 %'),
        ...(has_blackout ? [right('iterate'), right('blackout'), right('stream')] : []),
      ],
      shown.map((one) => {
        const { samples, figures } = one;
        const throughput = throughputOf(one);
        const rest = [figures['phases.iterate.max_ms'], figures['blackout_ms.max'], figures.stream_bytes];
        return [
          shortened(labelOf(one.case)),
          `${samples.base}, ${samples.new}`,
          cell(throughput),
          throughput === undefined ? '' : formatInterval(throughput),
          ...(has_blackout ? rest.map(cell) : []),
        ];
      }),
    ),
    ...(shown.length === cases.length
      ? []
      : [`… ${formatCount(cases.length - shown.length)} more, less slow (--json shows all)`]),
    ...(has_blackout
      ? ['', 'Ratios NEW by BASE; iterate and blackout are the longest. --json has all figures.']
      : []),
  ];
}

function shortened(label: string): string {
  return label.length <= LABEL_WIDTH ? label : `${label.slice(0, LABEL_WIDTH - 1)}…`;
}

/** In how many cases the interval leaves no doubt. */
function certaintyLines(throughputs: readonly MedianRatio[]): string[] {
  const sure = throughputs.filter(hasInterval);
  if (sure.length === 0) return [];
  const faster = sure.filter(({ low }) => low !== null && low > 1).length;
  const slower = sure.filter(({ high }) => high !== null && high < 1).length;
  return [
    `  by its interval faster in ${formatCount(faster)}, slower in ${formatCount(slower)}; in ` +
      `${formatCount(sure.length - faster - slower)} no change can be told`,
  ];
}
