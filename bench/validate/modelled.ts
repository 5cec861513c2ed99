/** One configuration in the model. */

import { parseSize } from '../../src/index.ts';
import {
  type CostSet,
  parseScenario,
  runModel,
  type ScenarioDocument,
  scenarioDocument,
} from '../../src/model/index.ts';
import { BLOCK, type Configuration, GUEST_SIZE, LIMIT, SEED, SLICE } from './configurations.ts';
import type { Figures } from './real.ts';

/** The scenario of a configuration: a guest that stands still, a reader that throws away, an idle machine. */
export function scenarioOf(configuration: Configuration): ScenarioDocument {
  const base = scenarioDocument('nvme');
  const { reader, zero_share, staging, policy } = configuration;
  const pages = parseSize(GUEST_SIZE) / 4096;
  return {
    ...base,
    name: 'validate',
    about: 'one of the configurations that were also run for real',
    guest: {
      ...base.guest,
      size: GUEST_SIZE,
      content: (pages - Math.round(pages * zero_share)) * 4096,
      layout: 'runs',
      touched: 1,
      running: false,
    },
    loop: { ...base.loop, staging },
    policy: {
      ...base.policy,
      name: policy === 'window' ? 'window' : 'unlimited',
      limit: policy === 'window' ? LIMIT : 'unlimited',
      slice: policy === 'slice' ? SLICE : 'off',
    },
    output: { ...base.output, reader: 'discard', block: BLOCK, rate: reader },
    cpu: { ...base.cpu, count: 2, contention: false },
  };
}

/** Saves in the model. */
export function runModelled(configuration: Configuration, costs: CostSet): Figures {
  const scenario = parseScenario(scenarioOf(configuration), 'validate');
  const result = runModel({ scenario, costs, seed: SEED });
  return {
    bytes_per_s: (result.guest_bytes * 1e3) / result.wall_ms,
    iterate_p50_ms: result.phases.iterate.p50_ms,
    iterates: result.phases.iterate.count,
    blackout_p99_ms: result.blackout_ms.p99,
  };
}
