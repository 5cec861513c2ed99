/** `pagepipe simulate`. */
import type { Command } from 'commander';
import { modelResult } from '../model/result.ts';
import { parseScenario } from '../model/scenario/scenario.ts';
import { SCENARIO_NAMES, scenarioDocument } from '../model/scenario/scenarios.ts';
import { simulate as simulateScenario } from '../model/simulate.ts';
import { writeText } from '../node/output/text-file.ts';
import { reportSimulation } from '../report/simulation.ts';
import { formatProfile } from '../results/systemtap.ts';
import { contradiction, wholeNumber } from './options.ts';
import { checkOutputs, isStdoutTaken } from './outputs.ts';
import { applySettings, chooseCosts, collect, readScenario } from './scenario.ts';
import { print, printError, printJson } from './terminal.ts';

interface SimulateFlags {
  readonly set: readonly string[];
  readonly costs?: string;
  readonly seed: number;
  readonly trace?: string;
  readonly json?: boolean;
  readonly show?: boolean;
  readonly force?: boolean;
}

export function defineSimulate(command: Command): void {
  command
    .argument('<SCENARIO>', 'a built-in name, see below, or a JSON file')
    .option(
      '--set <key=value>',
      'change the scenario, such as policy.slice=20ms; may be repeated',
      collect,
      [],
    )
    .option('--costs <FILE>', 'costs that calibrate measured, or the name of a built-in set')
    .option('--seed <N>', 'draws every range of the scenario', wholeNumber('--seed', 0), 1)
    .option('--trace <FILE|->', "the profile in the thread's own form")
    .option('--show', 'print the scenario as JSON and run nothing')
    .option('--json', 'one JSON document instead of text')
    .option('-f, --force', 'replace an output that exists')
    .addHelpText('after', `\nScenarios:\n${scenarioLines().join('\n')}`)
    .action(simulate);
}

function scenarioLines(): string[] {
  const width = Math.max(...SCENARIO_NAMES.map((name) => name.length));
  return SCENARIO_NAMES.map(
    (name) => `  ${name.padEnd(width)}  ${shortened(scenarioDocument(name).about, 66)}`,
  );
}

function shortened(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, columns - 1).replace(/[ ,:]+\S*$/, '')} …`;
}

async function simulate(word: string, flags: SimulateFlags): Promise<void> {
  const { trace, json } = flags;
  if (json === true && isStdoutTaken([trace])) throw contradiction(`--trace ${trace}`, '--json');
  if (trace !== undefined)
    checkOutputs([{ option: '--trace', path: trace }], { force: flags.force ?? false });
  const document = applySettings(await readScenario(word), flags.set);
  const scenario = parseScenario(document, word);
  if (flags.show === true) {
    print(JSON.stringify(document, null, 2));
    return;
  }
  const costs = await chooseCosts(flags.costs, scenario);
  const simulated = simulateScenario(scenario, costs, flags.seed);
  const result = modelResult({ scenario, costs, seed: flags.seed }, simulated);
  const is_taken = isStdoutTaken([trace]);
  if (trace !== undefined) {
    const profile = formatProfile(simulated.spans.list, 0);
    if (is_taken) process.stdout.write(profile);
    else await writeText(trace, profile, { force: flags.force ?? false });
  }
  if (json === true) printJson(result);
  else (is_taken ? printError : print)(reportSimulation(result, scenario.about));
}
