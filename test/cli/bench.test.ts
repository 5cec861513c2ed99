/** `bench`: its text and its document, two builds side by side, what is refused, and Ctrl-C. */
import { copyFileSync, mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { benchCaseNames } from '../../src/bench/index.ts';
import type { BenchDocument } from '../../src/results/bench.ts';
import type { CompareDocument } from '../../src/results/compare.ts';
import { assertWidth, inPlace, type Place } from '../support/cli.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MIB = 2 ** 20;

/** The least that there is to measure. */
const QUICK = ['bench', '--size', '1MiB', '--budget', '1ms'] as const;

const measure = async (place: Place, ...args: readonly string[]): Promise<BenchDocument> =>
  JSON.parse(await place.done([...QUICK, '--json', ...args]));

/** A folder with a package whose module is this build's, with something of its own. */
function makePackage(place: Place, name: string, own: string): string {
  mkdirSync(place.path(`${name}/dist`), { recursive: true });
  place.write(`${name}/package.json`, '{ "type": "module", "version": "9.9.9" }');
  place.write(`${name}/dist/index.js`, `export * from '${ROOT}dist/index.js';\n${own}\n`);
  return name;
}

test('the text: the conclusion first, a row a case, under 100 columns', () =>
  inPlace(async (place) => {
    const text = await place.done([...QUICK, '--only', '^(encode/zero|facade)']);
    assert.match(text, /^The encoder takes 1\.00 MiB at [\d.]+ GB\/s of zero pages\.\n\ncase +GB\/s/);
    assert.match(text, /^encode\/zero\/1MiB +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+ [nu]s +2\.25 KiB +\d+$/m);
    assert.match(text, /^facade\/bitmap-next +[\d.,]+ /m);
    assert.not.match(text, /decode/);
    assertWidth(text);
  }));

test('--json: one document with the keys of the contract, and what is known of build and machine', () =>
  inPlace(async (place) => {
    const document = await measure(place);
    assert.is(document.schema, 'pagepipe/bench/1');
    assert.equal(
      document.cases.map(({ name }) => name),
      benchCaseNames(MIB),
    );
    for (const one of document.cases) {
      assert.equal(Object.keys(one.gb_per_s), ['median', 'min', 'max']);
      assert.ok(one.bytes > 0 && one.samples.length >= 15 && one.samples.every((seconds) => seconds > 0));
    }
    assert.match(String(document.version), /^\d+\.\d+\.\d+/);
    assert.ok(document.commit === null || /^[0-9a-f]{7,40}(-dirty)?$/.test(document.commit));
    assert.match(String(document.machine.node), /^\d+\./);
  }));

test('compare reads two of them: a fall by the whole interval is exit 1, and drift is not excluded', () =>
  inPlace(async (place) => {
    const document = await measure(place, '--only', '^(zero|xbzrle-encode/all)');
    // samples of a steady machine, so that the verdict does not hang on this one
    const steady = (seconds: number): number[] =>
      Array.from({ length: 21 }, (_, i) => seconds * (1 + ((i * 8) % 21) / 1000));
    const slowed = (name: string, slowness: number): BenchDocument => ({
      ...document,
      cases: document.cases.map((one) => ({ ...one, samples: steady(one.name === name ? slowness : 1) })),
    });
    const write = (file: string, of: object): void => place.write(file, JSON.stringify(of, null, 2));
    write('base.json', slowed('none', 1));
    write('new.json', slowed('xbzrle-encode/all', 1.2));
    const { status, stdout, stderr } = await place.run([
      ...['compare', 'base.json', 'new.json'],
      ...['--fail-below', '5'],
    ]);
    assert.is(status, 1);
    assert.match(
      stderr,
      /^pagepipe: throughput fell by over 5 % in 1 of 2 cases, worst 0\.83x \(0\.8\dx to /,
    );
    const text = stdout.toString();
    assert.match(text, /slower in 1; in 1 no change can be told/);
    assert.match(text, /^xbzrle-encode\/all +21, 21 +0\.83x/m);
    assert.match(text, /decided with an\s+interval/);
    assert.match(text.replaceAll('\n', ' '), /changed between them \(drift\) is not excluded/);
    write('new.json', slowed('xbzrle-encode/all', 1.03));
    await place.done(['compare', 'base.json', 'new.json', '--fail-below', '5']);
  }));

test('--against another package: both sides in the document, ratios, and its own version', () =>
  inPlace(async (place) => {
    const other = makePackage(place, 'other', '');
    const document = await measure(place, '--against', other, '--only', '^(zero|load)');
    const names = ['zero/1MiB', 'load/half/1MiB'];
    const { against } = document;
    assert.is(against?.version, '9.9.9');
    for (const list of [document.cases, against?.cases, against?.ratios]) {
      assert.equal(
        list?.map(({ name }) => name),
        names,
      );
    }
    assert.equal(
      document.cases.map(({ samples }) => samples.length),
      against?.cases.map(({ samples }) => samples.length),
    );
    for (const { ratio, low, high, verdict } of against?.ratios ?? []) {
      assert.ok(ratio !== null && low !== null && high !== null && low <= high);
      assert.ok(['faster', 'slower', 'same', 'unsure'].includes(verdict));
    }
    place.write('ab.json', JSON.stringify(document));
    const compared: CompareDocument = JSON.parse(
      await place.done(['compare', 'ab.json', 'ab.json', '--json', '--fail-below', '5']),
    );
    assert.is(compared.cases.length, 2, 'of such a document its own cases are compared');
    const text = await place.done([...QUICK, '--against', other, '--only', '^zero']);
    assert.match(text, /^In one case this build is [\d.]+x the other \(9\.9\.9\) in throughput/);
    assertWidth(text);
  }));

test('--against a core.wasm, or the folder that it is in: whole saves are left out', () =>
  inPlace(async (place) => {
    copyFileSync(`${ROOT}build/core.wasm`, place.path('core.wasm'));
    for (const dir of ['core.wasm', '.']) {
      const { cases, against } = await measure(place, '--against', dir, '--only', '^(zero|load)');
      assert.equal([cases.length, against?.cases.map(({ name }) => name)], [2, ['zero/1MiB']]);
    }
  }));

test('another build that answers wrongly is said, with the case: exit 1', () =>
  inPlace(async (place) => {
    const wrong = `import { Core as This } from '${ROOT}dist/index.js';
      export class Core extends This { countZeroPages() { return 0; } }`;
    const args = [...QUICK, '--against', makePackage(place, 'wrong', wrong)];
    const { status, stdout, stderr } = await place.run(args);
    assert.equal([status, stdout.toString()], [1, '']);
    assert.match(stderr, /^pagepipe: zero\/1MiB: the other build answers wrongly \(.*\): rebuild it$/m);
    assertWidth(stderr);
  }));

test('refused: what is no build, in one line that says what is', () =>
  inPlace(async (place) => {
    const refused = (dir: string, says: RegExp): Promise<void> =>
      place.refused([...QUICK, '--against', dir], { status: 2, says });
    const advice = /: (give a built checkout, a package or a core\.wasm|install and build it)$/m;
    mkdirSync(place.path('empty'));
    place.write('no.wasm', 'no core');
    mkdirSync(place.path('alien/dist'), { recursive: true });
    place.write('alien/dist/index.js', 'export const nothing = 1;');
    place.write('alien/package.json', '{ "type": "module" }');
    const lacks = makePackage(place, 'lacks', "import 'gone';");
    for (const dir of ['empty', 'none', 'no.wasm', 'alien', lacks]) await refused(dir, advice);
    await refused('empty', /--against empty holds no build/);
    await refused('no.wasm', /--against no\.wasm is no core of pagepipe/);
    await refused('alien', /--against alien is no pagepipe/);
    await refused(lacks, /--against lacks does not load \(Cannot find package 'gone'\)/);
  }));

test('refused: patterns that find nothing, or are none; a verdict without another build', () =>
  inPlace(async (place) => {
    const refused = (args: readonly string[], says: RegExp): Promise<void> =>
      place.refused([...QUICK, ...args], { status: 2, says });
    await refused(['--only', 'nothing'], /--only "nothing" is in no name: give part of a name/);
    await refused(['--only', '('], /--only "\(" is no regular expression: give part of a name/);
    await refused(['--fail-below', '5'], /--fail-below needs --against/);
    await refused(
      ['--against', '.', '--fail-below', '5%'],
      /--fail-below 5%: give a bare number of per cent/,
    );
  }));

test('Ctrl-C ends it in one line with 130, and leaves nothing', () =>
  inPlace(async (place) => {
    const started = await place.startInterruptible(['bench', '--size', '4MiB']);
    // it is in the middle of it by then, or has not begun: both are to end alike
    await sleep(500);
    started.child.kill('SIGINT');
    const { status, stdout, stderr } = await started.ended;
    assert.equal([status, stdout.toString()], [130, '']);
    assert.match(stderr, /^pagepipe: interrupted[^\n]+\n$/);
  }));

test.run();
