/** What a sweep tells of its cells. */

/** The figures of a cell that people are shown. */
export interface CellFigures {
  readonly wall_ms: number;
  readonly iterate_max_ms: number;
  readonly blackout_p99_ms: number;
  readonly blackout_max_ms: number;
  readonly guest_bytes_per_s: number;
}

/** A figure over the seeds. */
export interface Spread {
  readonly p10: number;
  readonly p50: number;
  readonly p90: number;
}

export interface SweepRow {
  /** The values of what is varied, but the seed. */
  readonly choices: readonly string[];
  readonly seeds: number;
  readonly figures: Readonly<Record<keyof CellFigures, Spread>>;
}
