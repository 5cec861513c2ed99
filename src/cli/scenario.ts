/** The scenario and the costs that a command is about: built-in names or files, with `--set` applied. */
import { existsSync } from 'node:fs';
import { fail } from '../errors.ts';
import { COST_SET_NAMES, findCosts } from '../model/scenario/cost-sets.ts';
import { type CostSet, parseCosts } from '../model/scenario/costs.ts';
import { type Scenario, withSetting } from '../model/scenario/scenario.ts';
import { SCENARIO_NAMES, scenarioDocument } from '../model/scenario/scenarios.ts';
import { readText } from '../node/output/text-file.ts';

async function readJson(path: string): Promise<unknown> {
  const text = await readText(path);
  try {
    return JSON.parse(text);
  } catch (cause) {
    // what V8 says of it, without the words that stand before it here
    const reason = (cause instanceof Error ? cause.message : String(cause)).replace(
      / is not valid JSON$/,
      '',
    );
    throw fail(
      'usage-document',
      { file: path, path: '', reason: `is no JSON (${reason})`, hint: 'mend it' },
      cause,
    );
  }
}

/** Whether a word names a file: a built-in name never has a dot or a slash. */
const isFile = (word: string): boolean => word === '-' || /[./]/.test(word) || existsSync(word);

/** The scenario as a document, before anything is set in it. @throws `usage-scenario`, `input-refused` */
export async function readScenario(word: string): Promise<unknown> {
  if (SCENARIO_NAMES.includes(word) || !isFile(word)) return scenarioDocument(word);
  return readJson(word);
}

/** A document with settings applied. @throws `usage-set` */
export function applySettings(document: unknown, settings: readonly string[]): unknown {
  return settings.reduce<unknown>(withSetting, document);
}

/** The costs that are named, or the scenario's own. @throws `usage-costs`, `usage-document` */
export async function chooseCosts(word: string | undefined, scenario: Scenario): Promise<CostSet> {
  const name = word ?? scenario.costs;
  if (COST_SET_NAMES.includes(name) || !isFile(name)) return findCosts(name);
  return parseCosts(await readJson(name), name);
}

/** A commander parser for an option that may be given several times. */
export function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}
