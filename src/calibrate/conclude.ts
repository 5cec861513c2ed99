/** From what the rounds found to a set of costs. */

import { fail } from '../errors.ts';
import type { Cost, CostSet, WakeTable } from '../model/scenario/costs.ts';
import { type CostName, mapCosts } from '../results/costs.ts';
import { COSTS_SCHEMA } from '../results/schemas.ts';
import { quantile } from '../stats/quantiles.ts';
import { ASSUMED, GIVEN, HOW, type RoundName } from './grounds.ts';
import { medianOrNaN } from './numbers.ts';
import { IDLE_AFTER_DEFAULT_NS, idleAfter_ns } from './wakes.ts';

const DIGITS = 3;

/** One number for each cost that is measured in rounds; NaN where that is not possible. */
export type Sample = Readonly<Record<RoundName, number>>;

/** From the 10th to the 90th percentile of the rounds. */
export interface Spread {
  readonly low_ns: number;
  readonly high_ns: number;
}

export interface Calibration {
  readonly set: CostSet;
  /** Of the costs that were measured in rounds. */
  readonly spreads: Partial<Record<CostName, Spread>>;
}

/** The medians, each with how it was measured and how far the rounds lie apart. */
export function conclude(
  samples: readonly Sample[],
  wakes: WakeTable | undefined,
  is_quick: boolean,
): Calibration {
  const spreads: Partial<Record<CostName, Spread>> = {};
  const costs = mapCosts((name): Cost => {
    if (name === 'idle_after_ns') return idleAfter(wakes === undefined ? undefined : idleAfter_ns(wakes));
    if (name === 'reset_page_ns' || name === 'timer_grain_ns') return GIVEN[name];
    const values = samples.map((sample) => sample[name]).filter((value) => !Number.isNaN(value));
    if (values.length === 0) return assumed(name);
    const [low_ns, value, high_ns] = [quantile(values, 0.1), medianOrNaN(values), quantile(values, 0.9)].map(
      rounded,
    );
    if (low_ns === undefined || value === undefined || high_ns === undefined) return assumed(name);
    spreads[name] = { low_ns, high_ns };
    const spread = `median of ${values.length} rounds, 10th to 90th percentile ${low_ns} to ${high_ns}`;
    return { value, ground: `measured: ${HOW[name]}; ${spread}` };
  });
  const about = `measured by pagepipe calibrate${is_quick ? ' --quick: too rough for a model' : ''}`;
  return { set: { schema: COSTS_SCHEMA, name: 'calibrated', about, costs, wakes }, spreads };
}

function idleAfter(measured_ns: number | undefined): Cost {
  if (measured_ns === undefined) {
    return {
      value: IDLE_AFTER_DEFAULT_NS,
      ground: 'assumed: no difference between waits of 1 us to 2 ms is seen',
    };
  }
  const ground =
    'measured: the wait after which the latency is in the middle between wake_ns and wake_idle_ns';
  return { value: rounded(measured_ns), ground };
}

function assumed(name: CostName): Cost {
  const cost = ASSUMED[name];
  if (cost === undefined) throw fail('internal-model', { what: `${name} could not be measured` });
  return cost;
}

/** Three digits that count: the spread is wider than what they leave away. */
function rounded(ns: number): number {
  return Number(ns.toPrecision(DIGITS));
}
