/** What has to be known to read a comparison rightly: the verdict, cases of one side alone, doubts. */
import { type CompareDocument, hasFallen, hasInterval, type Side, throughputOf } from '../results/compare.ts';
import type { Case, Sample } from '../results/samples.ts';
import { formatCount } from '../units.ts';
import { labelsOf, type Sides } from './compare-sides.ts';
import { printable } from './table.ts';

/** Cases in one file only that are named. */
const ONLY_SHOWN = 4;
/** An interval of medians of fewer samples is too narrow more often than it says. */
const FEW_SAMPLES = 5;

export function verdictRemarks({ cases, fail_below, verdict }: CompareDocument): string[] {
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

export function onlyRemarks(document: CompareDocument): string[] {
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
export function doubtRemarks(
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
