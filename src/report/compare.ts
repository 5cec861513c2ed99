/** What a person is told of two sets of results: the conclusion first, then how sure it is. */

import {
  type CompareDocument,
  type ComparedCase,
  type ComparedFigure,
  hasFallen,
  hasInterval,
  type MedianRatio,
  type Side,
  type SureRatio,
  throughputOf,
} from '../results/compare.ts';
import type { Case, FigureName, Sample } from '../results/samples.ts';
import { median } from '../stats/quantiles.ts';
import { formatBytes, formatCount, formatGbPerS, formatMs, formatRate } from '../units.ts';
import { type Column, formatTable, printable, wrap } from './table.ts';

const WIDTH = 98;
/** More cases than this are shown as those with the lowest throughput. */
const CASES_SHOWN = 40;
/** Cases in one file only that are named. */
const ONLY_SHOWN = 4;
const LABEL_WIDTH = 30;
/** An interval of medians of fewer samples is too narrow more often than it says. */
const FEW_SAMPLES = 5;
/** Below this a rate in GB/s is all zeros. */
const SMALL_RATE_BYTES_PER_S = 1e7;

type Sides<T> = Readonly<Record<Side, T>>;

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

/** Three digits that count; what has no ratio was 0 before. */
export function formatRatio(ratio: number | null): string {
  if (ratio === null) return 'from 0';
  if (ratio >= 99.95) return `${formatCount(Math.round(ratio))}x`;
  if (ratio >= 9.995) return `${ratio.toFixed(1)}x`;
  if (ratio >= 0.0995 || ratio === 0) return `${ratio.toFixed(2)}x`;
  return ratio < 0.001 ? '<0.001x' : `${ratio.toFixed(3)}x`;
}

export function formatInterval({ low, high }: SureRatio): string {
  if (low === null) return '';
  return high === null ? `${formatRatio(low)} or more` : `${formatRatio(low)} to ${formatRatio(high)}`;
}

/** A ratio, and in brackets how sure it is. */
export function formatCertainty(figure: SureRatio): string {
  return `${formatRatio(figure.ratio)} (${hasInterval(figure) ? formatInterval(figure) : 'no interval'})`;
}

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

/** Options in words; those that are not set are left out. */
function describe(of: Case): string {
  return Object.entries(of)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => printable(`${key} ${value}`))
    .join(', ');
}

/** A name for every case: what tells them apart. */
function labelsOf({ cases, only_base, only_new }: CompareDocument): (of: Case) => string {
  const all = [...cases.map((one) => one.case), ...only_base, ...only_new];
  const keys = [...new Set(all.flatMap((of) => Object.keys(of)))];
  const valuesOf = (key: string): number => new Set(all.map((of) => String(of[key]))).size;
  const single = keys.find((key) => valuesOf(key) === all.length);
  const telling = single === undefined ? keys.filter((key) => valuesOf(key) > 1) : [single];
  return (of) =>
    single !== undefined && typeof of[single] === 'string'
      ? printable(of[single])
      : printable(telling.map((key) => `${key}=${of[key] ?? 'none'}`).join(' '));
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

function verdictRemarks({ cases, fail_below, verdict }: CompareDocument): string[] {
  if (fail_below === null) return [];
  const throughputs = cases.flatMap((one) => throughputOf(one) ?? []);
  const least = 1 - fail_below / 100;
  const limit = `${Number(least.toPrecision(6))}x`;
  const deciding = throughputs.filter((figure) => hasFallen(figure, fail_below) === (verdict === 'fail'));
  const by_two = deciding.filter((figure) => !hasInterval(figure)).length;
  const manner =
    by_two === 0
      ? 'decided with an interval, not with two numbers'
      : by_two === deciding.length
        ? 'decided with two numbers, not with an interval: repeat the runs to be sure'
        : `decided with intervals, but with two numbers in ${formatCount(by_two)} of the cases`;
  const straddling = throughputs.filter(
    ({ low, high }) => low !== null && low < least && (high === null || high >= least),
  ).length;
  return [
    `Verdict: ${verdict} (--fail-below ${fail_below}: throughput below ${limit}); ${manner}.`,
    ...(straddling === 0
      ? []
      : [
          `The interval reaches below ${limit}${cases.length === 1 ? '' : ` in ${formatCount(straddling)} cases`}, ` +
            'so more samples might still show a fall.',
        ]),
  ];
}

function onlyRemarks(document: CompareDocument): string[] {
  const labelOf = labelsOf(document);
  const remark = (name: string, only: readonly Case[]): string[] => {
    if (only.length === 0) return [];
    const named = only.slice(0, ONLY_SHOWN).map(labelOf);
    const more = only.length - named.length;
    return [
      `Only in ${name}, so not compared: ${named.join('; ')}${more === 0 ? '' : `; and ${formatCount(more)} more`}.`,
    ];
  };
  return [...remark('BASE', document.only_base), ...remark('NEW', document.only_new)];
}

/** What the figures cannot tell. */
function doubtRemarks(
  { cases }: CompareDocument,
  files: Sides<string>,
  samples: Sides<readonly Sample[]>,
): string[] {
  const remarks: string[] = [];
  const fewest = Math.min(...cases.map((one) => Math.min(one.samples.base, one.samples.new)));
  const most = Math.max(...cases.map((one) => Math.max(one.samples.base, one.samples.new)));
  if (most === 1) {
    remarks.push(
      'One sample each cannot tell noise from change: repeat the runs, 5 times or more (a model: by seeds).',
    );
  } else if (fewest === 1) {
    remarks.push('With one sample on a side there is no interval: repeat the runs, 5 times or more.');
  } else if (fewest < FEW_SAMPLES) {
    remarks.push(
      `An interval from fewer than ${FEW_SAMPLES} samples a side is often too narrow: give more of them.`,
    );
  }
  if (most > 1 && cases.every(({ paired }) => paired)) {
    remarks.push('Samples of the same seed are pairs: the same machine was drawn for both.');
  }
  if (files.base === files.new) return remarks;
  const worldsOf = (side: Side): Set<string> => new Set(samples[side].map(({ world }) => world));
  const [base, next] = [worldsOf('base'), worldsOf('new')];
  if (base.has('real') && next.has('real')) {
    remarks.push(
      'The two files were measured one after the other: that the machine itself changed between them (drift) ' +
        'is not excluded.',
      ...machineRemarks(samples),
    );
  } else if (base.has('real') || next.has('real')) {
    remarks.push(
      'A model stands beside a real machine: the ratio says how near they are, not what a change did; that the ' +
        'machine was otherwise than on another day (drift) is not excluded.',
    );
  }
  return remarks;
}

/** Whether it was the same machine at all. */
function machineRemarks(samples: Sides<readonly Sample[]>): string[] {
  const [base, next] = [samples.base[0]?.machine ?? {}, samples.new[0]?.machine ?? {}];
  const keys = [...new Set([...Object.keys(base), ...Object.keys(next)])];
  const differing = keys.filter((key) => base[key] !== next[key]);
  if (differing.length === 0) return [];
  return [`The machines differ: ${differing.map((key) => printable(key)).join(', ')}.`];
}
