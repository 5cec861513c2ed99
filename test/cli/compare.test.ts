/** `compare`: the conclusion, the verdict and its exit code, the document, and what is refused. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { CompareDocument } from '../../src/results/compare.ts';
import { assertWidth, type Ended, inPlace, type Place } from '../support/cli.ts';

/** A result document whose times are `slowness` times those of the first. */
function result(slowness: number, options: object = {}, world = 'real', machine: object = {}): string {
  const document = {
    schema: 'pagepipe/result/1',
    world,
    wall_ms: 1000 * slowness,
    downtime_ms: 10,
    guest_bytes: 2 ** 30,
    stream_bytes: 2 ** 20,
    guest_bytes_per_s: Math.round(2 ** 30 / slowness),
    phases: { iterate: { p50_ms: 1, p99_ms: 2, max_ms: 50 * slowness } },
    blackout_ms: { p50: 1, p99: 2, max: 40 * slowness },
    options: { policy: 'window', size_bytes: 2 ** 30, ...options },
    machine,
  };
  return `${JSON.stringify(document)}\n`;
}

/** Six samples around a slowness. */
function several(slowness: number, options: object = {}, world = 'real'): string {
  return [0, 1, 2, 3, 4, 5]
    .map((i) => result(slowness * (1 + i / 200), { ...options, seed: i }, world))
    .join('');
}

const compare = (place: Place, ...rest: readonly string[]): Promise<Ended> =>
  place.run(['compare', 'base.json', 'new.json', ...rest]);

test('several samples: the conclusion with its interval first, then every figure', () =>
  inPlace(async (place) => {
    place.write('base.json', several(1));
    place.write('new.json', several(0.8));
    const text = await place.done(['compare', 'base.json', 'new.json']);
    assert.match(
      text,
      /^NEW is 1\.25x BASE in throughput \(95 %: 1\.2\dx to 1\.2\dx\), its longest blackout 0\.80x\n/,
    );
    assert.match(text, /^ {2}BASE {2}base\.json: real, 6 samples$/m);
    assert.match(text, /^ {2}both {2}policy window, size_bytes 1073741824$/m);
    assert.match(text, /^throughput +higher +1\.06 GB\/s +1\.33 GB\/s +1\.25x {2}1\.2\dx to 1\.2\dx$/m);
    assert.match(text, /^blackout, longest +lower +40\.5 ms +32\.4 ms +0\.80x /m);
    assert.match(text, /the machine itself changed between them\s+\(drift\)/);
    assert.not.match(text, /Verdict|noise|too narrow/);
    assertWidth(text);
    assert.is(await place.done(['compare', 'base.json', 'new.json']), text, 'the same again');
  }));

test('one sample each: no interval, and both reasons for doubt', () =>
  inPlace(async (place) => {
    place.write('base.json', result(1, {}, 'real', { cpu: 'a', cpus: 2 }));
    place.write('new.json', result(2, { policy: 'token-bucket' }, 'real', { cpu: 'b', cpus: 2 }));
    const text = await place.done(['compare', 'base.json', 'new.json']);
    assert.match(text, /^NEW is 0\.50x BASE in throughput, its longest blackout 2\.00x\n/);
    assert.match(text, /^ {2}NEW {3}new\.json: real, one sample; policy token-bucket$/m);
    assert.match(text, /One sample each cannot tell noise from change/);
    assert.match(text, /\(drift\)\s+is not excluded/);
    assert.match(text, /The machines differ: cpu\./);
    assertWidth(text);
  }));

test('two models do not drift; a model beside a real machine is named', () =>
  inPlace(async (place) => {
    place.write('base.json', several(1, {}, 'model'));
    place.write('new.json', several(1.1, {}, 'model'));
    const models = await place.done(['compare', 'base.json', 'new.json']);
    assert.not.match(models, /drift/);
    assert.match(models, /same seed are pairs/);
    place.write('new.json', several(1.1));
    const mixed = await place.done(['compare', 'base.json', 'new.json']);
    assert.match(mixed, /^NEW \(real\) is 0\.91x BASE \(model\) in throughput/);
    assert.match(mixed, /how near they are/);
  }));

test('--fail-below decides with an interval: exit 1, and one line that says where', () =>
  inPlace(async (place) => {
    place.write('base.json', several(1));
    place.write('new.json', several(1.2));
    const failed = await compare(place, '--fail-below', '5');
    assert.is(failed.status, 1);
    assert.match(
      failed.stderr,
      /^pagepipe: throughput fell by over 5 %, to 0\.83x \(0\.8\dx to 0\.8\dx\): find out why\n$/,
    );
    assert.match(failed.stdout.toString(), /Verdict: fail .* below 0\.95x\); decided with an interval, not/);
    const passed = await compare(place, '--fail-below', '20');
    assert.equal([passed.status, passed.stderr], [0, '']);
    assert.match(passed.stdout.toString(), /Verdict: pass \(--fail-below 20: throughput below 0\.8x\)/);
    place.write('new.json', result(0.9) + result(1.3) + result(1.4));
    const unsure = await compare(place, '--fail-below', '5');
    assert.is(unsure.status, 0, 'the median is below, but not the whole interval');
    assert.match(unsure.stdout.toString(), /The interval reaches below 0\.95x/);
    assert.match(unsure.stdout.toString(), /too narrow/);
  }));

test('--fail-below with two numbers fails by them, and says so', () =>
  inPlace(async (place) => {
    place.write('base.json', result(1));
    place.write('new.json', result(1.2));
    const { status, stdout, stderr } = await compare(place, '--fail-below', '5');
    assert.is(status, 1);
    assert.is(
      stderr,
      'pagepipe: throughput fell by over 5 %, to 0.83x (no interval): repeat it to be sure\n',
    );
    assert.match(stdout.toString(), /decided with two numbers, not with an\s+interval/);
  }));

test('cases: by their options, a row each; those in one file only are said', () =>
  inPlace(async (place) => {
    const rate = (slice_ms: number): object => ({ slice_ms });
    place.write('base.json', several(1, rate(5)) + several(1, rate(50)) + several(1, rate(500)));
    place.write('new.json', several(1.5, rate(50)) + several(0.5, rate(5)) + several(1, rate(1)));
    const { status, stdout, stderr } = await compare(place, '--fail-below', '10');
    const text = stdout.toString();
    assert.is(status, 1);
    assert.match(stderr, /^pagepipe: throughput fell by over 10 % in 1 of 2 cases, worst 0\.67x \(0\./);
    assert.match(
      text,
      /^Over 2 cases NEW is 0\.67x to 2\.00x BASE in throughput \(median 1\.33x\), its\s+longest\s+blackout\s+0\.50x\s+to\s+1\.50x\n {2}by its interval faster in 1, slower in 1; in 0 no change can be told\n/,
    );
    assert.match(text, /^slice_ms=5 +6, 6 +2\.00x {2}1\.9\dx to 2\.0\dx +0\.50x +0\.50x +1\.00x$/m);
    assert.match(text, /^Only in BASE, so not compared: slice_ms=500\.$/m);
    assert.match(text, /^Only in NEW, so not compared: slice_ms=1\.$/m);
    assertWidth(text);
    assertWidth(stderr);
  }));

test('a sweep of many cells, the lowest of which are shown, with names that could steer a terminal', () =>
  inPlace(async (place) => {
    const cells = (slowness: number): string =>
      Array.from({ length: 100 }, (_, i) => {
        const cell = { 'policy.slice': `${i}ms`, 'guest.size': `\x1b[2J${'9'.repeat(60)}`, seed: 1 };
        const inner = JSON.parse(result(slowness + i / 1000, {}, 'model'));
        return `${JSON.stringify({ schema: 'pagepipe/cell/1', cell, result: inner })}\n`;
      }).join('');
    place.write('base.json', cells(1));
    place.write('new.json', cells(2));
    const text = await place.done(['compare', 'base.json', 'new.json']);
    assert.match(text, /^… 60 more, less slow \(--json shows all\)$/m);
    assert.match(text, /^0ms +1, 1 +0\.50x /m);
    assert.not.ok(text.includes('\x1b'));
    assertWidth(text);
  }));

test('--json: one document with the keys of the contract', () =>
  inPlace(async (place) => {
    place.write('base.json', several(1, { slice_ms: 5 }) + result(1, { slice_ms: 6 }));
    place.write('new.json', several(1.2, { slice_ms: 5 }));
    const { status, stdout } = await compare(place, '--json', '--fail-below', '5');
    assert.is(status, 1);
    const document: CompareDocument = JSON.parse(stdout.toString());
    assert.is(document.schema, 'pagepipe/compare/1');
    assert.is(document.verdict, 'fail');
    assert.equal(document.only_base, [{ policy: 'window', size_bytes: 2 ** 30, slice_ms: 6 }]);
    assert.equal(document.only_new, []);
    const [one] = document.cases;
    assert.equal(one?.case, { policy: 'window', size_bytes: 2 ** 30, slice_ms: 5 });
    assert.equal(one?.samples, { base: 6, new: 6 });
    assert.equal(Object.keys(one?.figures ?? {}), [
      'guest_bytes_per_s',
      'wall_ms',
      'downtime_ms',
      'phases.iterate.p50_ms',
      'phases.iterate.p99_ms',
      'phases.iterate.max_ms',
      'blackout_ms.p50',
      'blackout_ms.p99',
      'blackout_ms.max',
      'stream_bytes',
    ]);
    for (const [name, { base, new: next, ratio, low, high, better }] of Object.entries(one?.figures ?? {})) {
      assert.is(better, name === 'guest_bytes_per_s' ? 'higher' : 'lower', name);
      assert.ok(low !== null && ratio !== null && high !== null && low <= ratio && ratio <= high, name);
      assert.ok(Math.abs(ratio - next / base) < 1e-5, name);
    }
    const plain: CompareDocument = JSON.parse(
      await place.done(['compare', 'base.json', 'base.json', '--json']),
    );
    assert.is(plain.verdict, null);
  }));

test('benches: by their names, time and throughput', () =>
  inPlace(async (place) => {
    const bench = (...samples: readonly number[]): string =>
      JSON.stringify({
        schema: 'pagepipe/bench/1',
        cases: [
          { name: 'zero/1GiB', bytes: 2 ** 30, samples },
          { name: 'normal/1GiB', bytes: 2 ** 30, samples: [1, 1, 1] },
        ],
        machine: {},
      });
    place.write('base.json', bench(0.1, 0.11, 0.12));
    place.write('new.json', bench(0.2, 0.21, 0.22));
    const text = await place.done(['compare', 'base.json', 'new.json']);
    assert.match(text, /^Over 2 cases NEW is 0\.52x to 1\.00x BASE in throughput/);
    assert.match(text, /^zero\/1GiB +3, 3 +0\.52x {2}0\.\d\dx to 0\.\d\dx$/m);
    assert.not.match(text, /blackout/);
    assertWidth(text);
  }));

test('what the commands print is read: demo, save and simulate, one behind the other, and by a pipe', () =>
  inPlace(async (place) => {
    const save = 'pagepipe save --workload idle --size 1MiB -o out.mig -f --json';
    const { status, stdout, stderr } = await place.shell(
      `{ ${save}; ${save} --seed 2; } > base.json; ${save} --via file | pagepipe compare base.json - --json`,
    );
    assert.is(status, 0, stderr);
    const document: CompareDocument = JSON.parse(stdout.toString());
    assert.equal(document.cases[0]?.samples, { base: 2, new: 1 });
    assert.equal(document.cases[0]?.differs, { base: { via: 'pipe' }, new: { via: 'file' } });
  }));

test('refused: files without a case in common, no such file, no document', () =>
  inPlace(async (place) => {
    place.write('base.json', result(1, { a: 1 }) + result(1, { a: 2 }));
    place.write('new.json', result(1, { a: 3 }));
    place.write('empty.json', '');
    place.write('cut.json', result(1) + result(1).slice(0, 99));
    const refused = (base: string, next: string, status: number, says: RegExp) =>
      place.refused(['compare', base, next], { status, says });
    await refused(
      'base.json',
      'new.json',
      2,
      /no case in common: give runs of the same options, or one case/,
    );
    await refused(
      'base.json',
      'none.json',
      1,
      /none\.json cannot be read \(no such file or directory\): check/,
    );
    await refused('empty.json', 'new.json', 2, /empty\.json: is empty: give what --json printed/);
    await refused('base.json', 'cut.json', 2, /cut\.json: line 2: is no JSON: mend it, or leave it out/);
  }));

test.run();
