/** What a person is told of a log. */

import { summarisePhases } from '../results/summary.ts';
import { formatProfile } from '../results/systemtap.ts';
import type { Span } from '../stats/spans.ts';
import { formatCount, formatMs } from '../units.ts';
import { formatTable } from './table.ts';

/** The conclusion, the phases, what is missing, and the log in its own form. */
export function reportTrace(spans: readonly Span[], missing: readonly string[]): string {
  const phases = summarisePhases(spans);
  const { all } = phases;
  const names = ['begin', 'iterate', 'complete', 'all'] as const;
  const table = formatTable(
    [
      { title: 'phase', align: 'left' },
      ...['count', 'sum', 'avg', 'min', 'p50', 'p99', 'max'].map((title) => ({
        title,
        align: 'right' as const,
      })),
    ],
    names.map((name) => {
      const { count, sum_ms, avg_ms, min_ms, p50_ms, p99_ms, max_ms } = phases[name];
      return [name, formatCount(count), ...[sum_ms, avg_ms, min_ms, p50_ms, p99_ms, max_ms].map(formatMs)];
    }),
  );
  return [
    `${formatCount(all.count)} spans, ${formatMs(all.sum_ms)} in all; ` +
      `the main loop was in the longest for ${formatMs(all.max_ms)}`,
    ...missing.map((what) => `  missing: ${what}`),
    '',
    table,
    '',
    formatProfile(spans, 0).trimEnd(),
  ].join('\n');
}
