/** Spans summed up, as the result document has them. */

import { type Bucket, Log2Histogram } from '../stats/histogram.ts';
import { percentile } from '../stats/quantiles.ts';
import type { Phase, Span } from '../stats/spans.ts';
import { msOfNs } from '../units.ts';

/** The figures of one phase; all 0 where it has no span. */
export interface PhaseSummary {
  readonly count: number;
  readonly sum_ms: number;
  readonly avg_ms: number;
  readonly min_ms: number;
  readonly max_ms: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
}

export interface AllSummary extends PhaseSummary {
  /**
   * By the whole milliseconds of each span, cut off. The printed profile cuts the two times instead, as the
   * thread's script does, and so may have a span one millisecond lower or higher.
   */
  readonly log2_ms: readonly Bucket[];
  readonly log2_us: readonly Bucket[];
}

export interface Phases {
  readonly begin: PhaseSummary;
  readonly iterate: PhaseSummary;
  readonly complete: PhaseSummary;
  readonly all: AllSummary;
}

function summarise(spans: readonly Span[]): PhaseSummary {
  const sorted = Float64Array.from(spans, (span) => span.end_ns - span.start_ns).sort();
  const sum_ns = sorted.reduce((sum, span_ns) => sum + span_ns, 0);
  return {
    count: spans.length,
    sum_ms: msOfNs(sum_ns),
    avg_ms: msOfNs(spans.length === 0 ? 0 : sum_ns / spans.length),
    min_ms: msOfNs(sorted[0] ?? 0),
    max_ms: msOfNs(sorted[sorted.length - 1] ?? 0),
    p50_ms: msOfNs(percentile(sorted, 50)),
    p99_ms: msOfNs(percentile(sorted, 99)),
  };
}

function buckets(spans: readonly Span[], unit_ns: number): Bucket[] {
  const histogram = new Log2Histogram();
  for (const span of spans) histogram.add(Math.floor((span.end_ns - span.start_ns) / unit_ns));
  return histogram.rows();
}

/** Sums spans up by phase and over all. */
export function summarisePhases(spans: readonly Span[]): Phases {
  const of = (phase: Phase): PhaseSummary => summarise(spans.filter((span) => span.phase === phase));
  return {
    begin: of('begin'),
    iterate: of('iterate'),
    complete: of('complete'),
    all: { ...summarise(spans), log2_ms: buckets(spans, 1e6), log2_us: buckets(spans, 1e3) },
  };
}
