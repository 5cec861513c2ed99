/**
 * pagepipe/model: the save loop in virtual time. Safe in a browser; needs neither WebAssembly nor Node.
 *
 * @example
 * import { findCosts, findScenario, runModel } from 'pagepipe/model';
 * const result = runModel({ scenario: findScenario('thread-2011'), costs: findCosts('host-2011'), seed: 1 });
 * console.log(result.phases.iterate.max_ms);
 */

export { COSTS_SCHEMA, SCENARIO_SCHEMA } from '../stats/schemas.ts';
export { COST_SET_NAMES, findCosts } from './cost-sets.ts';
export {
  COST_MEANINGS,
  type Cost,
  type CostName,
  type CostSet,
  costSetSchema,
  type DrawnCosts,
  drawCosts,
  mapCosts,
  parseCosts,
} from './costs.ts';
export { type ModelRun, modelResult, runModel } from './result.ts';
export {
  type DrawnScenario,
  drawScenario,
  parseScenario,
  type Scenario,
  type ScenarioDocument,
  scenarioSchema,
  withSetting,
} from './scenario.ts';
export { findScenario, SCENARIO_NAMES, scenarioDocument } from './scenarios.ts';
export { type Simulated, simulate } from './simulate.ts';
