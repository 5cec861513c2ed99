/** A sweep: a scenario with settings varied. Its cells are numbered in order, the last key varies fastest. */
import { fail } from '../errors.ts';
import { runModel } from '../model/result.ts';
import type { CostSet } from '../model/scenario/costs.ts';
import { parseScenario, type Scenario, withSetting } from '../model/scenario/scenario.ts';
import { type Axis, cellsOf, SEED_KEY } from './axes.ts';
import { cellLine } from './cell-line.ts';

/** All that a sweep is made of, but for the costs; plain, so that it can be sent to a worker. */
export interface SweepPlan {
  /** The scenario's document, with `--set` applied. */
  readonly document: unknown;
  /** What errors call it. */
  readonly word: string;
  /** The seed is one of them. */
  readonly axes: readonly Axis[];
}

/** A plan with what its cells cost; the sets by the names that the scenarios have for them. */
export interface SweepSetup {
  readonly plan: SweepPlan;
  readonly costs: Readonly<Record<string, CostSet>>;
  /** A hash of both. */
  readonly id: string;
}

/** A cell as it was checked. */
interface Combined {
  readonly combination: number;
  /** The document with the cell's settings. */
  readonly document: unknown;
  readonly scenario: Scenario;
}

/** The values that a cell has, one of each axis. */
function choicesAt(axes: readonly Axis[], index: number): string[] {
  const choices: string[] = [];
  let rest = index;
  for (const { values } of axes.toReversed()) {
    choices.unshift(values[rest % values.length] ?? '');
    rest = Math.floor(rest / values.length);
  }
  return choices;
}

function valueAt(document: unknown, path: string): unknown {
  let value = document;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.entries(value).find(([name]) => name === key)?.[1];
  }
  return value;
}

export class Sweep {
  readonly plan: SweepPlan;
  readonly cells: number;
  /** The axes but the seed. */
  readonly settings: readonly Axis[];
  readonly combinations: number;
  readonly seeds: number;
  /** The seed mostly varies fastest: many cells in a row are of one scenario. */
  #last: Combined | undefined;

  constructor(plan: SweepPlan) {
    this.plan = plan;
    this.settings = plan.axes.filter(({ key }) => key !== SEED_KEY);
    this.cells = cellsOf(plan.axes);
    this.combinations = cellsOf(this.settings);
    this.seeds = this.cells / this.combinations;
  }

  /**
   * Checks every cell; a seed fits any, so that one of each combination will do.
   *
   * @returns a scenario for each name of a set of costs
   * @throws `usage-set`, `usage-document`, with the settings of the cell
   */
  check(): Map<string, Scenario> {
    const by_costs = new Map<string, Scenario>();
    for (let i = 0; i < this.combinations; i++) {
      const { scenario } = this.#combined(i);
      by_costs.set(scenario.costs, scenario);
    }
    return by_costs;
  }

  /** The values of a combination, one for each of `settings`. */
  choices(combination: number): string[] {
    return choicesAt(this.settings, combination);
  }

  /** Which combination of settings a cell has, whatever its seed. */
  combinationOf(index: number): number {
    let combination = 0;
    let below = this.cells;
    for (const { key, values } of this.plan.axes) {
      below /= values.length;
      const choice = Math.floor(index / below) % values.length;
      if (key !== SEED_KEY) combination = combination * values.length + choice;
    }
    return combination;
  }

  /** What is special in a cell, in words. */
  wordsOf(index: number): string {
    const choices = choicesAt(this.plan.axes, index);
    return this.plan.axes.map(({ key }, i) => `${key}=${choices[i]}`).join(' ');
  }

  seedOf(index: number): number {
    const choices = choicesAt(this.plan.axes, index);
    return Number(choices[this.plan.axes.findIndex(({ key }) => key === SEED_KEY)]);
  }

  scenarioOf(index: number): Scenario {
    return this.#combined(this.combinationOf(index)).scenario;
  }

  /** What was varied, with the values that the document has of it. */
  cellOf(index: number): Record<string, unknown> {
    const { document } = this.#combined(this.combinationOf(index));
    const values = this.plan.axes.map(({ key }) => [
      key,
      key === SEED_KEY ? this.seedOf(index) : valueAt(document, key),
    ]);
    return Object.fromEntries(values);
  }

  #combined(combination: number): Combined {
    if (this.#last?.combination === combination) return this.#last;
    const choices = this.choices(combination);
    const settings = this.settings.map(({ key }, i) => `${key}=${choices[i]}`);
    const document = settings.reduce(withSetting, this.plan.document);
    const name = settings.length === 0 ? this.plan.word : `${this.plan.word} with ${settings.join(' ')}`;
    this.#last = { combination, document, scenario: parseScenario(document, name) };
    return this.#last;
  }
}

/** Runs a cell and gives its line; the same everywhere. */
export function runCell(sweep: Sweep, { costs, id }: SweepSetup, index: number): string {
  const scenario = sweep.scenarioOf(index);
  const set = costs[scenario.costs];
  if (set === undefined) throw fail('internal-model', { what: `the costs ${scenario.costs} are missing` });
  return cellLine({
    sweep: id,
    index,
    cells: sweep.cells,
    cell: sweep.cellOf(index),
    result: runModel({ scenario, costs: set, seed: sweep.seedOf(index) }),
  });
}
