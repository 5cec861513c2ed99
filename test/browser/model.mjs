/** What the page does with the model: it imports nothing else of the library. */
import { findCosts, parseScenario, runModel, scenarioDocument, withSetting } from 'pagepipe/model';

/** The result document of a scenario with some settings, as text. */
export function model({ name, settings, seed }) {
  const scenario = parseScenario(settings.reduce(withSetting, scenarioDocument(name)), name);
  return JSON.stringify(runModel({ scenario, costs: findCosts('host-2011'), seed }));
}
