/** The texts of a bench: the conclusion first, units on all numbers, under 100 columns. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { reportBench } from '../../src/report/bench.ts';
import { type BenchDocument, type BenchRatio, benchCase, unmeasuredCase } from '../../src/results/bench.ts';
import { assertWidth } from '../support/cli.ts';

const GIB = 2 ** 30;
const SAMPLES = [0.1, 0.11, 0.12];

const DOCUMENT: BenchDocument = {
  schema: 'pagepipe/bench/1',
  version: '1.2.3',
  commit: 'abc1234',
  cases: [
    benchCase({ name: 'encode/normal/16MiB', bytes: GIB / 64, wire_bytes: 16_809_984 }, SAMPLES),
    benchCase({ name: 'encode/normal/1GiB', bytes: GIB, wire_bytes: 1_075_838_976 }, SAMPLES),
    benchCase({ name: 'encode/zero/1GiB', bytes: GIB, wire_bytes: 2_359_301 }, [0.05]),
    benchCase({ name: 'bitmap-walk/empty/1GiB', bytes: GIB }, [1e-6]),
    benchCase({ name: 'facade/bitmap-next', bytes: 4096 }, [3e-9]),
  ],
  machine: {},
};

test('one build: the encoder at the largest size, then a row a case', () => {
  const text = reportBench(DOCUMENT);
  assert.match(
    text,
    /^The encoder takes 1\.00 GiB at 9\.76 GB\/s of normal pages, 21\.5 GB\/s of zero pages\.\n\n/,
  );
  assert.match(text, /^case +GB\/s +slowest +fastest +a page +on the wire +samples$/m);
  assert.match(text, /^encode\/normal\/1GiB +9\.76 +8\.95 +10\.7 +420 ns +1\.00 GiB +3$/m);
  assert.match(text, /^encode\/normal\/16MiB +0\.15 +0\.14 +0\.17 +26\.86 us +16\.0 MiB +3$/m);
  assert.match(text, /^bitmap-walk\/empty\/1GiB +1,073,740 +1,073,740 +1,073,740 +<0\.1 ns +1$/m);
  assert.match(text, /^facade\/bitmap-next +1,365 .* 3\.0 ns +1$/m);
  assert.match(text, /^pagepipe \(1\.2\.3, abc1234\)\. GB\/s are medians, in 10\^9 bytes of guest RAM/m);
  assert.match(text, /a page is one call/);
  assertWidth(text);
});

test('cases without the encoder: from where to where the rates go', () => {
  const some = (...names: readonly string[]): string =>
    reportBench({
      ...DOCUMENT,
      commit: null,
      cases: names.map((name, i) => benchCase({ name, bytes: GIB }, [0.1 * (i + 1)])),
    });
  assert.match(some('load/half/64MiB', 'zero/1GiB'), /^The 2 cases go at 5\.37 to 10\.7 GB\/s\.\n/);
  assert.match(some('zero/1GiB'), /^The case goes at 10\.7 GB\/s\.\n/);
  assert.match(some('zero/1GiB'), /^pagepipe \(1\.2\.3\)\./m);
  assert.not.match(some('zero/1GiB'), /one call/);
});

test('what could not be measured has no figures, and the reason stands below', () => {
  const unmeasured = ['zero/1GiB', 'facade/bitmap-next'].map((name) =>
    unmeasuredCase({ name, bytes: GIB }, 'the clock stands still'),
  );
  const text = reportBench({ ...DOCUMENT, cases: [...DOCUMENT.cases.slice(0, 2), ...unmeasured] });
  assert.match(text, /^The encoder takes 1\.00 GiB at 9\.76 GB\/s of normal pages\.\n/);
  assert.match(text, /^zero\/1GiB +- +- +- +- +0$/m);
  assert.match(text, /^Not measured, because the clock stands still: zero\/1GiB, facade\/bitmap-next\.$/m);
  assert.match(reportBench({ ...DOCUMENT, cases: unmeasured }), /^No case could be measured\.\n/);
  const against = { version: null, commit: null, cases: unmeasured, ratios: [] };
  const beside = reportBench({ ...DOCUMENT, cases: unmeasured, against });
  assert.match(beside, /^No case could be compared with the other build\.\n/);
  assert.match(beside, /^Not measured, because the clock stands still: zero\/1GiB, facade\/bitmap-next\.$/m);
  assert.not.match(beside, /Of this build only/);
  for (const one of [text, beside]) assertWidth(one);
});

test('two builds: the range of the ratios and how many are sure, then both rates a case', () => {
  const ratio = (index: number, value: number, verdict: BenchRatio['verdict']): BenchRatio => {
    const name = DOCUMENT.cases[index]?.name ?? '';
    return { name, ratio: value, low: value - 0.01, high: value + 0.01, verdict };
  };
  const text = reportBench({
    ...DOCUMENT,
    against: {
      version: '1.2.2',
      commit: '\x1b[2J',
      cases: DOCUMENT.cases.slice(0, 4),
      ratios: [
        ratio(0, 0.8, 'slower'),
        ratio(1, 1, 'same'),
        ratio(2, 1.2, 'faster'),
        ratio(3, 1.02, 'unsure'),
      ],
    },
  });
  assert.match(
    text.replaceAll('\n', ' '),
    /^Over 4 of 5 cases this build is 0\.80x to 1\.20x the other \(1\.2\.2, \?\[2J\) in throughput \(median 1\.01x\): faster in 1, slower in 1, the same in 1, not sure in 1\. {2}case/,
  );
  assert.match(text, /^encode\/normal\/16MiB +0\.15 +0\.15 +0\.80x +0\.79x to 0\.81x +slower$/m);
  assert.match(text, /^bitmap-walk\/empty\/1GiB +1,073,740 +1,073,740 +1\.02x +1\.01x to 1\.03x +not sure$/m);
  assert.match(text, /^Of this build only, so not compared: facade\/bitmap-next\.$/m);
  assert.not.ok(text.includes('\x1b'));
  assertWidth(text);
});

test.run();
