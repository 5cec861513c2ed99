/** What a person is told of a bench: the conclusion first, then every case. */
import {
  type BenchAgainst,
  type BenchCaseResult,
  type BenchDocument,
  type BenchVerdict,
  type BuildFacts,
  isMeasured,
  type MeasuredCase,
} from '../results/bench.ts';
import { median } from '../stats/quantiles.ts';
import { formatBytes, formatCount, formatGbPerS } from '../units.ts';
import { rangeOf } from './compare.ts';
import { formatInterval, formatRatio } from './ratio.ts';
import { type Column, formatTable, printable, wrap } from './table.ts';

const WIDTH = 98;
const PAGE_BYTES = 4096;
const BYTES_PER_GB = 1e9;
const NS_PER_S = 1e9;

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

const WORDS: Readonly<Record<BenchVerdict, string>> = {
  faster: 'faster',
  slower: 'slower',
  same: 'the same',
  unsure: 'not sure',
};

/** A rate in GB/s as a number: the column's head has the unit. */
function formatGb(gb_per_s: number): string {
  if (gb_per_s >= 1000) return formatCount(Math.round(gb_per_s));
  return formatGbPerS(gb_per_s * BYTES_PER_GB).replace(' GB/s', '');
}

/** What a page takes, or in cases of the facade a call. */
function formatPage({ gb_per_s }: MeasuredCase): string {
  const ns = (PAGE_BYTES / (gb_per_s.median * BYTES_PER_GB)) * NS_PER_S;
  if (ns < 0.1) return '<0.1 ns';
  return ns < 1000 ? `${ns.toFixed(ns < 99.95 ? 1 : 0)} ns` : `${(ns / 1000).toFixed(2)} us`;
}

/** A build by what is known of it. */
function nameOf({ version, commit }: BuildFacts): string {
  const known = [version, commit].flatMap((fact) => (fact === null ? [] : [printable(fact)]));
  return known.length === 0 ? '' : ` (${known.join(', ')})`;
}

/** The whole text, under 100 columns. */
export function reportBench(document: BenchDocument): string {
  const { against } = document;
  const [conclusion, table, remarks] =
    against === undefined
      ? [conclude(document.cases.filter(isMeasured)), caseTable(document.cases), caseRemarks(document)]
      : [concludeAgainst(document, against), ratioTable(document, against), ratioRemarks(document, against)];
  return [wrap(conclusion, WIDTH), '', table, '', ...remarks.map((text) => wrap(text, WIDTH))].join('\n');
}

/** The encoder at the largest size, by what the pages hold; else from where to where the rates go. */
function conclude(cases: readonly MeasuredCase[]): string {
  if (cases.length === 0) return 'No case could be measured.';
  const largest_bytes = Math.max(
    ...cases.flatMap(({ name, bytes }) => (name.startsWith('encode/') ? [bytes] : [])),
  );
  const contents = { normal: 'of normal pages', half: 'where half are zero', zero: 'of zero pages' };
  const rates = Object.entries(contents).flatMap(([content, words]) => {
    const found = cases.find(
      ({ name, bytes }) => bytes === largest_bytes && name.startsWith(`encode/${content}/`),
    );
    return found === undefined ? [] : [`${formatGbPerS(found.gb_per_s.median * BYTES_PER_GB)} ${words}`];
  });
  if (rates.length > 0) return `The encoder takes ${formatBytes(largest_bytes)} at ${rates.join(', ')}.`;
  const medians = cases.map(({ gb_per_s }) => gb_per_s.median).sort((a, b) => a - b);
  const [slowest = 0, fastest = 0] = [medians[0], medians.at(-1)];
  const count = cases.length === 1 ? 'The case goes' : `The ${formatCount(cases.length)} cases go`;
  const range =
    slowest === fastest ? `${formatGb(slowest)} GB/s` : `${formatGb(slowest)} to ${formatGb(fastest)} GB/s`;
  return `${count} at ${range}.`;
}

function caseTable(cases: readonly BenchCaseResult[]): string {
  return formatTable(
    [
      left('case'),
      right('GB/s'),
      right('slowest'),
      right('fastest'),
      right('a page'),
      right('on the wire'),
      right('samples'),
    ],
    cases.map((one) => [
      printable(one.name),
      ...(isMeasured(one) ? rateCells(one) : NO_RATES),
      one.wire_bytes === undefined ? '' : formatBytes(one.wire_bytes),
      formatCount(one.samples.length),
    ]),
  );
}

function rateCells(one: MeasuredCase): string[] {
  const { median, min, max } = one.gb_per_s;
  return [formatGb(median), formatGb(min), formatGb(max), formatPage(one)];
}

/** In the columns of the rates, of a case that could not be measured. */
const NO_RATES = ['-', '-', '-', '-'];

/** Which cases could not be measured, a remark for each reason. */
function unmeasuredRemarks(cases: readonly BenchCaseResult[]): string[] {
  const names = new Map<string, string[]>();
  for (const { name, unmeasured } of cases) {
    if (unmeasured === undefined) continue;
    names.set(unmeasured, [...(names.get(unmeasured) ?? []), printable(name)]);
  }
  return Array.from(
    names,
    ([reason, of]) => `Not measured, because ${printable(reason)}: ${[...new Set(of)].join(', ')}.`,
  );
}

function caseRemarks({ cases, ...facts }: BenchDocument): string[] {
  return [
    ...unmeasuredRemarks(cases),
    `pagepipe${nameOf(facts)}. GB/s are medians, in 10^9 bytes of guest RAM a second; slowest and fastest are ` +
      'single samples. On the wire: bytes of stream a run.',
    ...(cases.some(({ name }) => name.startsWith('facade/'))
      ? ['In the cases of the facade a page is one call from JavaScript.']
      : []),
  ];
}

function concludeAgainst({ cases }: BenchDocument, { ratios, ...facts }: BenchAgainst): string {
  const counts = Object.entries(WORDS).map(([verdict, words]) => {
    const count = ratios.filter((ratio) => ratio.verdict === verdict).length;
    return `${words} in ${formatCount(count)}`;
  });
  const of = ratios.length === cases.length ? '' : ` of ${formatCount(cases.length)}`;
  if (ratios.length === 0) return `No case could be compared with the other build${nameOf(facts)}.`;
  return (
    `${ratios.length === 1 ? 'In one case' : `Over ${formatCount(ratios.length)}${of} cases`} this build is ${rangeOf(ratios.map(({ ratio }) => ratio))} the ` +
    `other${nameOf(facts)} in throughput (median ${formatRatio(median(ratios.map(({ ratio }) => ratio ?? 0)))}): ` +
    `${counts.join(', ')}.`
  );
}

function ratioTable({ cases }: BenchDocument, against: BenchAgainst): string {
  const rateIn = (all: readonly BenchCaseResult[], name: string): string => {
    const found = all.find((one) => one.name === name);
    return found === undefined || !isMeasured(found) ? '' : formatGb(found.gb_per_s.median);
  };
  return formatTable(
    [left('case'), right('this GB/s'), right('other GB/s'), right('ratio'), left('95 %'), left('this is')],
    against.ratios.map((ratio) => [
      printable(ratio.name),
      rateIn(cases, ratio.name),
      rateIn(against.cases, ratio.name),
      formatRatio(ratio.ratio),
      formatInterval(ratio),
      WORDS[ratio.verdict],
    ]),
  );
}

function ratioRemarks({ cases }: BenchDocument, { cases: others }: BenchAgainst): string[] {
  const there = new Set(others.map(({ name }) => name));
  const rest = cases.filter(({ name }) => !there.has(name)).map(({ name }) => printable(name));
  return [
    'Samples of the two took turns. Faster and slower: the whole 95 % interval is over 3 % away from 1; the ' +
      'same: it is within 5 %. Where others use the machine, a case or two of many are called wrongly: repeat it.',
    ...unmeasuredRemarks([...cases, ...others]),
    ...(rest.length === 0 ? [] : [`Of this build only, so not compared: ${rest.join(', ')}.`]),
  ];
}
