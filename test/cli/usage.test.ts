/** Wrong usage: exit 2, one line that says what to do, and no file. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { assertWidth, inPlace } from '../support/cli.ts';
import { assertNames } from '../support/leftovers.ts';

const GUEST = ['save', '--workload', 'idle', '--size', '1MiB'] as const;
const SAVE = [...GUEST, '-o', 'out.mig'] as const;

/** The call, and what its one line has to say. */
type Case = readonly [args: readonly string[], says: RegExp];

const CASES: Readonly<Record<string, readonly Case[]>> = {
  'unknown commands and options': [
    [['nonsense'], /'nonsense'.*see pagepipe --help/],
    [[...SAVE, '--bogus'], /'--bogus'.*see pagepipe --help/],
    [['inspect', 'in.mig', '--bogus'], /'--bogus'.*--help/],
    [['load', 'in.mig', '-o', 'out', '--bogus'], /'--bogus'.*--help/],
    [['trace', 'log', '--bogus'], /'--bogus'.*--help/],
    [['demo', '--bogus'], /'--bogus'.*--help/],
    [['compare', 'base', 'new', '--bogus'], /'--bogus'.*--help/],
    [['bench', '--bogus'], /'--bogus'.*--help/],
  ],
  'arguments missing or too many': [
    [[...GUEST], /-o, --output.*--help/],
    [['load', 'in.mig'], /-o, --output.*--help/],
    [['load', '-o', 'out'], /'IN'.*--help/],
    [['inspect'], /'IN'.*--help/],
    [['trace'], /'LOG'.*--help/],
    [['compare'], /'BASE'.*--help/],
    [['compare', 'base'], /'NEW'.*--help/],
    [[...SAVE, '--limit'], /argument missing.*--help/],
    [['inspect', 'one', 'two'], /too many arguments.*--help/],
    [['save', '-o', 'out.mig'], /--ram or --workload: add it/],
    [['save', '--workload', 'idle', '-o', 'out.mig'], /--size, such as 1GiB: add it/],
  ],
  'options that contradict each other': [
    [[...SAVE, '--ram', 'in.mig'], /--ram and --workload .*: leave one out/],
    [['save', '--ram', 'in.mig', '--size', '1MiB', '-o', 'out.mig'], /--ram and --size .*: leave one out/],
    [[...SAVE, '--trace', '-', '--json'], /--trace - and --json .*: leave one out/],
    [[...GUEST, '-o', '-', '--trace', '-'], /-o - and --trace - .*: leave one out/],
    [[...SAVE, '--trace', '/dev/stdout', '--json'], /--trace \/dev\/stdout and --json .*: leave one out/],
    [[...GUEST, '-o', '-', '--keep-ram', '-'], /-o - and --keep-ram - .*: leave one out/],
    [[...GUEST, '-o', '-', '--keep-ram', '/dev/fd/1'], /-o - and --keep-ram \/dev\/fd\/1 contradict/],
    [[...SAVE, '--keep-ram', 'out.mig', '--force'], /-o out.mig and --keep-ram out.mig .*: leave one out/],
    [[...SAVE, '--trace', 'out.mig'], /-o out.mig and --trace out.mig .*: leave one out/],
    [[...SAVE, '--keep-ram', './out.mig'], /-o out.mig and --keep-ram .\/out.mig .*: leave one out/],
    [[...SAVE, '--keep-ram', 'x', '--trace', '../work/x'], /--keep-ram x and --trace ..\/work\/x contradict/],
    [[...GUEST, '-o', 'exec:cat', '--via', 'file'], /exec: and --via file .*: leave one out/],
    [[...GUEST, '-o', 'exec:cat', '--direct'], /exec: and --direct .*: leave one out/],
    [[...SAVE, '--policy', 'window'], /--policy window needs --limit .*32MiB\/s: add it/],
    [[...SAVE, '--policy', 'token-bucket'], /--policy token-bucket needs --limit .*: add it/],
    [[...SAVE, '--policy', 'window', '--limit', 'unlimited'], /needs --limit with a rate/],
    [[...SAVE, '--policy', 'unlimited', '--limit', '1MiB/s'], /--policy unlimited and --limit .*: leave one/],
    [['load', 'in.mig', '-o', 'out', '--all', '--block', 'ram'], /--all and --block .*: leave one out/],
    [['compare', '-', '-'], /BASE - and NEW - contradict each other: leave one out/],
  ],
  'sizes that are none': [
    ...['12parsecs', '', 'MiB', '1e6', '-1', '0x1000', '1.5B', '1,5GiB'].map(
      (size): Case => [
        ['save', '--workload', 'idle', `--size=${size}`, '-o', 'out.mig'],
        /is not a size: give bytes, KiB, .*such as 64KiB/,
      ],
    ),
    [['demo', '--size', 'big'], /"big" is not a size: give bytes, KiB/],
    [[...SAVE, '--staging', '32 parsecs'], /is not a size: give bytes, KiB/],
    [['save', '--workload', 'idle', '--size', '9999999999GiB', '-o', 'out.mig'], /2\^53.*: give less/],
  ],
  'guests that are no whole pages': [
    [['save', '--workload', 'idle', '--size', '5000', '-o', 'out.mig'], /give a multiple of 4096/],
    [['save', '--workload', 'idle', '--size', '0', '-o', 'out.mig'], /give a multiple of 4096/],
    [['demo', '--size', '5000'], /5000 bytes is not whole pages: give a multiple of 4096/],
    [['demo', '--size', '0'], /give a multiple of 4096/],
    [['bench', '--size', '1000000'], /1000000 bytes is not measured: give whole MiB, 1MiB to 4016MiB/],
    [['bench', '--size', '0'], /give whole MiB, 1MiB/],
    [['bench', '--size', '8GiB'], /give whole MiB, 1MiB/],
  ],
  'rates and durations without a unit': [
    [[...SAVE, '--limit', '5'], /"5" is not a rate: give B, KiB, MiB,.* with \/s, as 32MiB\/s/],
    [[...SAVE, '--limit', '5MiB'], /is not a rate/],
    [[...SAVE, '--limit', '0MiB/s'], /is not a rate/],
    [[...SAVE, '--slice', '5'], /"5" is not a duration: .* ns, us, ms, s, min, such as 50ms/],
    [[...SAVE, '--slice', '-5ms'], /is not a duration/],
    [[...SAVE, '--downtime', '300'], /is not a duration/],
  ],
  'workloads that are none': [
    [['save', '--workload', 'busy', '--size', '1MiB', '-o', 'out.mig'], /"busy": .* idle, steady, hot/],
    [
      ['save', '--workload', 'idle,speed=1', '--size', '1MiB', '-o', 'out.mig'],
      /speed=1.* zero, dirty, set, change/,
    ],
    [['save', '--workload', 'idle,zero=120%', '--size', '1MiB', '-o', 'out.mig'], /120%.*0% to 100%/],
    [['save', '--workload', 'hot,dirty=1', '--size', '1MiB', '-o', 'out.mig'], /"1" is not a rate/],
    [['save', '--workload', 'hot,change=bit', '--size', '1MiB', '-o', 'out.mig'], /change=bit|"bit"/],
  ],
  'words and numbers that are not taken': [
    [[...SAVE, '--via', 'smoke'], /--via smoke .*: give one of file, pipe/],
    [[...SAVE, '--complete', 'soon'], /--complete soon .*: give one of turns, blocking/],
    [[...SAVE, '--policy', 'fair'], /--policy fair .*: give one of unlimited, window, token-bucket/],
    [[...SAVE, '--max-rounds', '0'], /--max-rounds 0: give a whole number from 1 up/],
    [[...SAVE, '--max-rounds', '1.5'], /--max-rounds 1.5: give a whole number/],
    [[...SAVE, '--seed', '-1'], /--seed -1: give a whole number from 0 up/],
    ...['0', '100', '5%', '-5', '', '1e1', 'five'].map(
      (percent): Case => [
        ['compare', 'base', 'new', `--fail-below=${percent}`],
        /--fail-below .*: give a bare number of per cent, above 0 and below 100, such as 5/,
      ],
    ),
    [[...SAVE, '--staging', '100'], /100 bytes .*: give at least \d+/],
  ],
};

for (const [name, cases] of Object.entries(CASES)) {
  test(`exit 2: ${name}`, () =>
    inPlace(async (place) => {
      // side by side, for the time goes into the start of the processes; each may make a part while it runs
      await Promise.all(cases.map(([args, says]) => place.refused(args, { status: 2, says })));
      assertNames(place.folder, []);
    }));
}

test('no arguments give the help; so does --help, of every command, within the columns', () =>
  inPlace(async (place) => {
    const help = await place.done([]);
    assert.is(await place.done(['--help']), help);
    for (const command of ['save', 'load', 'inspect', 'simulate', 'trace', 'compare', 'bench', 'demo']) {
      assert.match(help, new RegExp(`^ {2}${command}\\b`, 'm'));
      const text = await place.done([command, '--help']);
      assert.match(text, new RegExp(`^Usage: pagepipe ${command} `));
      assertWidth(text);
    }
    assertWidth(help);
  }));

test('exit 2: what the contract names and the help does not, for it is not built yet', () =>
  inPlace(async (place) => {
    const help = await place.done(['--help']);
    const commands = ['simulate', 'sweep', 'calibrate', 'compare', 'report', 'bench', 'probe'];
    for (const command of commands.filter((name) => !help.includes(`\n  ${name} `))) {
      await place.refused([command, 'x'], { status: 2, says: /unknown command.*--help/ });
    }
    const save_help = await place.done(['save', '--help']);
    const options = [['--xbzrle'], ['--format', 'mapped-ram'], ['--thread'], ['--policy', 'adaptive']];
    for (const option of options.filter((words) => words.some((word) => !save_help.includes(word)))) {
      await place.refused([...SAVE, ...option], {
        status: 2,
        says: /unknown option|is not known/,
        names: [],
      });
    }
  }));

test('the help of save lists the workloads', () =>
  inPlace(async (place) => {
    const help = await place.done(['save', '--help']);
    for (const name of ['idle', 'steady', 'hot']) assert.match(help, new RegExp(`^ {2}${name} `, 'm'));
  }));

test('--version is that of package.json', () =>
  inPlace(async (place) => {
    const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
    const { version }: { version: string } = JSON.parse(file);
    assert.is(await place.done(['--version']), `${version}\n`);
  }));

test.run();
