/**
 * pagepipe/model: the save loop in virtual time. Safe in a browser; needs neither WebAssembly nor Node.
 *
 * @example
 * import { findCosts, findScenario, runModel } from 'pagepipe/model';
 * const result = runModel({ scenario: findScenario('thread-2011'), costs: findCosts('host-2011'), seed: 1 });
 * console.log(result.phases.iterate.max_ms);
 */

export { COST_MEANINGS, type CostName, mapCosts } from '../results/costs.ts';
export { COSTS_SCHEMA, SCENARIO_SCHEMA } from '../results/schemas.ts';
export { type ModelRun, modelResult, runModel } from './result.ts';
export { COST_SET_NAMES, findCosts } from './scenario/cost-sets.ts';
export {
  type Cost,
  type CostSet,
  costSetSchema,
  type DrawnCosts,
  drawCosts,
  parseCosts,
} from './scenario/costs.ts';
export {
  type DrawnScenario,
  drawScenario,
  parseScenario,
  type Scenario,
  type ScenarioDocument,
  scenarioSchema,
  withSetting,
} from './scenario/scenario.ts';
export { findScenario, SCENARIO_NAMES, scenarioDocument } from './scenario/scenarios.ts';
export { type Simulated, simulate } from './simulate.ts';
