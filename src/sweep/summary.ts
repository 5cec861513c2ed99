/** Cells of a sweep summed up: a row for each combination of settings, over its seeds. */

import type { CellFigures, Spread, SweepRow } from '../results/cells.ts';
import { percentile } from '../stats/quantiles.ts';
import type { Sweep } from './sweep.ts';

function spreadOf(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).sort();
  return { p10: percentile(sorted, 10), p50: percentile(sorted, 50), p90: percentile(sorted, 90) };
}

/** A row for every combination that a cell is there of, in the order of the sweep. */
export function summariseCells(sweep: Sweep, cells: ReadonlyMap<number, CellFigures>): SweepRow[] {
  const by_combination = new Map<number, CellFigures[]>();
  for (const [index, figures] of cells) {
    const combination = sweep.combinationOf(index);
    const others = by_combination.get(combination);
    if (others === undefined) by_combination.set(combination, [figures]);
    else others.push(figures);
  }
  const combinations = [...by_combination].sort(([one], [other]) => one - other);
  return combinations.map(([combination, list]) => {
    const of = (name: keyof CellFigures): Spread => spreadOf(list.map((figures) => figures[name]));
    return {
      choices: sweep.choices(combination),
      seeds: list.length,
      figures: {
        wall_ms: of('wall_ms'),
        iterate_max_ms: of('iterate_max_ms'),
        blackout_p99_ms: of('blackout_p99_ms'),
        blackout_max_ms: of('blackout_max_ms'),
        guest_bytes_per_s: of('guest_bytes_per_s'),
      },
    };
  });
}
