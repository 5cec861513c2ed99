/** One simulation in a process of its own, for its peak of memory: prints what it took as JSON. */
import {
  findCosts,
  findScenario,
  parseScenario,
  scenarioDocument,
  simulate,
  withSetting,
} from '../src/model/index.ts';

const [name = 'thread-2011', ...settings] = process.argv.slice(2);
const scenario =
  settings.length === 0
    ? findScenario(name)
    : parseScenario(settings.reduce<unknown>(withSetting, scenarioDocument(name)), name);
const costs = findCosts(scenario.costs);
const began_ms = performance.now();
const simulated = simulate(scenario, costs, 1);
const took_ms = performance.now() - began_ms;
process.stdout.write(
  JSON.stringify({
    took_ms,
    events: simulated.events,
    iterates: simulated.spans.list.length,
    virtual_s: simulated.wall_ns / 1e9,
    peak_mib: process.resourceUsage().maxRSS / 1024,
  }),
);
