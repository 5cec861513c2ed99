/** `simulate`: text, document and profile of a small scenario, the same every time; what is refused. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findCosts, SCENARIO_NAMES, scenarioDocument } from '../../src/model/index.ts';
import type { ResultDocument } from '../../src/results/result.ts';
import { assertWidth, inPlace, type Place } from '../support/cli.ts';
import { asJson, changed } from '../support/document.ts';

const SIZE_BYTES = 64 * 2 ** 20;
const SMALL = [
  ...['simulate', 'thread-2011', '--set', 'guest.size=64MiB'],
  ...['--set', 'guest.content=[8MiB,16MiB]', '--seed', '3'],
] as const;

async function simulated(place: Place, ...rest: readonly string[]): Promise<ResultDocument> {
  return JSON.parse(await place.done([...SMALL, ...rest, '--json']));
}

test('the text: that it is a model, the conclusion, what it was told, the figures', () =>
  inPlace(async (place) => {
    const text = await place.done(SMALL);
    assert.match(
      text,
      /^model: saving 64\.0 MiB takes .* \(.* GB\/s\); the main loop is unanswered for at most /,
    );
    assert.match(text, /^ {2}told {6}thread-2011, costs host-2011, seed 3$/m);
    for (const line of ['output', 'pages', 'iterate', 'complete', 'pipe', 'blackout', 'calls']) {
      assert.match(text, new RegExp(`^ {2}${line} `, 'm'));
    }
    assertWidth(text);
  }));

test('--json: a result document of the model, with what it was told and what the seed drew', () =>
  inPlace(async (place) => {
    const result = await simulated(place);
    assert.is(result.schema, 'pagepipe/result/1');
    assert.equal([result.command, result.world], ['simulate', 'model']);
    assert.is(result.guest_bytes, SIZE_BYTES);
    assert.is(result.ram.remaining, 0);
    assert.ok(result.ram.normal + result.ram.duplicate >= SIZE_BYTES / 4096);
    assert.ok(Math.abs((result.guest_bytes_per_s * result.wall_ms) / 1000 - SIZE_BYTES) < SIZE_BYTES / 1000);
    assert.is(result.phases.begin.count, 1);
    assert.is(result.options.seed, 3);
    assert.is(result.options.size_bytes, SIZE_BYTES);
    assert.is(result.model?.scenario, 'thread-2011');
    assert.is(result.model?.costs, 'host-2011');
    const content = result.model?.drawn['guest.content'];
    assert.ok(typeof content === 'number' && content >= 8 * 2 ** 20 && content <= 16 * 2 ** 20);
    assert.not.ok('guest.size' in (result.model?.drawn ?? {}), 'what has no range is not drawn');
  }));

test('two processes give the same bytes; another seed gives others', () =>
  inPlace(async (place) => {
    const [one, two, other] = await Promise.all([
      place.done([...SMALL, '--json']),
      place.done([...SMALL, '--json']),
      place.done([...SMALL, '--seed', '4', '--json']),
    ]);
    assert.is(one, two);
    assert.not.equal(one, other);
  }));

test('--set changes what it names: a slice bounds the iterates, a limit is a window', () =>
  inPlace(async (place) => {
    const sliced = await simulated(place, '--set', 'policy.slice=1ms');
    assert.is(sliced.options.slice_ms, 1);
    assert.ok(sliced.phases.iterate.count > 0 && sliced.phases.iterate.max_ms < 3);
    const limited = await simulated(place, '--set', 'policy.limit=16MiB/s');
    assert.equal([limited.options.policy, limited.options.limit_bytes_per_s], ['window', 16 * 2 ** 20]);
    assert.ok(limited.wall_ms > 1.2 * (await simulated(place)).wall_ms);
    const plain = await simulated(place, '--set', 'output.via=file', '--set', 'guest.running=false');
    assert.is(plain.eagain, 0);
  }));

test('--show prints the scenario, which is a file for the next run with the same result', () =>
  inPlace(async (place) => {
    const shown = await place.done([...SMALL, '--show']);
    place.write('mine.json', shown);
    const { guest }: { guest: { size: string; content: string[] } } = JSON.parse(shown);
    assert.equal([guest.size, guest.content], ['64MiB', ['8MiB', '16MiB']]);
    const wanted = await place.done([...SMALL, '--json']);
    assert.is(await place.done(['simulate', 'mine.json', '--seed', '3', '--json']), wanted);
    const piped = await place.shell('cat mine.json | pagepipe simulate - --seed 3 --json');
    assert.is(piped.stdout.toString(), wanted);
  }));

test('--costs: a built-in set, or a file of one', () =>
  inPlace(async (place) => {
    const costs = asJson(findCosts('host-2011'));
    const slow = changed(changed(costs, 'name', 'slow'), 'costs.zero_page_ns.value', 1_000_000);
    place.write('slow.json', JSON.stringify(changed(slow, 'costs.zero_hot_page_ns.value', 1_000_000)));
    const [named, own, slower] = await Promise.all([
      simulated(place, '--costs', 'host-2011'),
      simulated(place),
      simulated(place, '--costs', 'slow.json'),
    ]);
    assert.equal(named, own);
    assert.is(slower.model?.costs, 'slow');
    assert.ok(slower.wall_ms > own.wall_ms + 1000, `${slower.wall_ms}, ${own.wall_ms}`);
  }));

test("--trace -: the thread's own form on standard output, the text on standard error, and trace reads it", () =>
  inPlace(async (place) => {
    const { status, stdout, stderr } = await place.run([...SMALL, '--trace', '-']);
    const result = await simulated(place);
    const profile = stdout.toString();
    assert.is(status, 0);
    assert.match(stderr, /^model: saving 64\.0 MiB/);
    const lines = profile.split('\n');
    const { count } = result.phases.all;
    assert.equal(lines.slice(0, 3), ['Begin', '  0.000 Start', '  0.000 > Begin']);
    const spans = lines.slice(2, 2 + 2 * count);
    spans.forEach((line, i) => {
      const form =
        i % 2 === 0 ? /^ +\d+\.\d{3} > (Begin|Iterate|Complete)$/ : /^ +\d+\.\d{3} < \w+ +\d+\.\d{3}$/;
      assert.match(line, form);
    });
    assert.match(
      lines[2 + 2 * count] ?? '',
      new RegExp(`^avg \\d+ = sum \\d+ / count ${count}; min \\d+ max \\d+$`),
    );
    assert.is(lines[3 + 2 * count], `value |${'-'.repeat(50)} count`);
    assert.match(profile, /\n\n$/);
    assertWidth(profile);
    place.write('log', profile);
    const { missing, phases } = JSON.parse(await place.done(['trace', 'log', '--json']));
    assert.is(phases.all.count, count);
    // a guest of this size may be done without any iterate
    assert.ok(missing.every((what: string) => what === 'any span of Iterate'));
    await place.done([...SMALL, '--trace', 'file']);
    assert.is(place.read('file').toString(), profile);
  }));

test('-h lists the scenarios, within the columns', () =>
  inPlace(async (place) => {
    const help = await place.done(['simulate', '-h']);
    for (const name of SCENARIO_NAMES) assert.match(help, new RegExp(`^ {2}${name} +\\S`, 'm'));
    assertWidth(help);
  }));

/** The call behind `simulate`, and what its one line has to say. */
const REFUSED: readonly (readonly [args: readonly string[], says: RegExp])[] = [
  [['thread-2011', '--set', 'policy.slice'], /"policy\.slice" sets nothing: give path=value, such as/],
  [['thread-2011', '--set', 'guest.running=no'], /guest\.running: "no" is not taken: give true or false$/m],
  [['thread-2011', '--set', 'guest.touched=2'], /guest\.touched: 2 is too much: give at most 1$/m],
  [['thread-2011', '--set', 'guest.touched=[0.2,0.1]'], /its lower end is above its upper: swap them$/m],
  [['thread-2011', '--set', 'policy.name=window'], /policy\.limit: this policy needs a rate: give one/],
  [['thread-2011', '--set', 'guest.size=5000'], /guest\.size: not whole pages: give a multiple of 4096/],
  [['thread-2011', '--seed', '-1'], /--seed -1: give a whole number from 0 up/],
  [['thread-2011', '--costs', 'none'], /no set of costs "none": give a file, or one of host-/],
  [
    ['thread-2011', '--costs', 'scenario.json'],
    /"pagepipe\/scenario\/1" is not taken: give "pagepipe\/costs\/1"/,
  ],
  [['thread-2011', '--trace', '-', '--json'], /--trace - and --json contradict each other: leave one out/],
  [['scenario.json'], /scenario\.json: guest\.vcpus: "two" is not taken: give a number$/m],
  [['text.json'], /text\.json: is no JSON \(.*\): mend it$/m],
  [['nasty.json'], /nasty\.json: guest\.layout: "\\u001b\[2J\\u000ax" is not taken: give "boot" or "runs"$/m],
];

test('exit 2, in one line: what is wrong, where, and what to do', () =>
  inPlace(async (place) => {
    const document = asJson(scenarioDocument('thread-2011'));
    place.write('scenario.json', JSON.stringify(changed(document, 'guest.vcpus', 'two')));
    place.write('nasty.json', JSON.stringify(changed(document, 'guest.layout', '\x1b[2J\nx')));
    place.write('text.json', 'hello\nworld');
    const names = ['scenario.json', 'nasty.json', 'text.json'];
    await Promise.all(
      REFUSED.map(([args, says]) => place.refused(['simulate', ...args], { status: 2, says, names })),
    );
  }));

test('exit 2 with a list of what there is, which may be longer than a line of the terminal', () =>
  inPlace(async (place) => {
    const refused = async (args: readonly string[], says: RegExp): Promise<void> => {
      const { status, stdout, stderr } = await place.run(['simulate', ...args]);
      assert.equal([status, stdout.toString()], [2, '']);
      assert.match(stderr, /^pagepipe: [^\n]+\n$/);
      assert.match(stderr, says);
    };
    await refused(['nonsense'], /no scenario "nonsense": give a file, or one of thread-2011, .*, terabyte$/m);
    await refused(
      ['thread-2011', '--set', 'guest.sise=1'],
      /no "sise"; give path=value with one of size, content/,
    );
    await refused(
      ['thread-2011', '--set', 'policy.slice=5'],
      /policy\.slice: "5" is not a duration: give a num/,
    );
  }));

test('exit 1: a file that cannot be read, an output that exists', () =>
  inPlace(async (place) => {
    place.write('log', 'kept');
    await place.refused(['simulate', 'none.json'], {
      status: 1,
      says: /none\.json cannot be read \(no such file/,
    });
    await place.refused([...SMALL, '--trace', 'log'], {
      status: 1,
      says: /log exists: add --force/,
      names: ['log'],
    });
    assert.is(place.read('log').toString(), 'kept');
    await place.done([...SMALL, '--trace', 'log', '--force']);
    assert.match(place.read('log').toString(), /^Begin\n/);
  }));

test.run();
