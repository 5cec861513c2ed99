/** The fuzzer for some thousands of inputs, its corpus, and that it sees the faults that it is there for. */
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { streamErrors } from '../../src/error-catalogue/stream.ts';
import { fail } from '../../src/errors.ts';
import { marked } from './mutate.ts';
import { checkError } from './oracle.ts';
import { FAMILIES } from './seeds.ts';
import { run } from './targets.ts';
import { fuzz, type Report } from './watch.ts';

const CORPUS = new URL('corpus/', import.meta.url);
const SEED = 1;
const INPUTS = 4000;

/** Codes of reading that no input of this fuzzer leads to, and why. */
const NOT_REACHED: Readonly<Record<string, string>> = {
  'tail-too-large': 'takes 256 MiB of input',
  'no-such-block': 'a name that the caller asks for',
  'no-blocks': 'a guest that the caller makes',
  'main-memory': 'a block that the caller asks for',
  'missing-pages': 'such pages are taken as zero here, and loader and inspector agree on their number',
  'block-empty': 'a guest that the caller makes',
  'block-named-twice': 'a guest that the caller makes',
  'block-in-parts': 'a view that the caller asks for',
  'page-beyond': 'a page that the caller asks for',
  'name-latin1': 'a guest that the caller makes',
  'block-name': 'a guest that the caller makes; a length byte says no more than 255',
};
/** Of the others, so many may be missed by the corpus and these inputs together. */
const MISSED_MAX = 4;

/** Codes that the corpus leads to: the name of a file is its family and its outcome. */
function codesOfCorpus(): string[] {
  const outcomes = readdirSync(CORPUS).map((file) => file.replace(/^[a-z]+-/, '').replace('.bin', ''));
  return outcomes.flatMap((outcome) => outcome.split('+'));
}

/** Codes of reading a stream, and of the blocks that it gives. */
const codesOfReading = (): string[] => Object.keys(streamErrors);

test('the corpus: each file leads where its name says', () => {
  const files = readdirSync(CORPUS).filter((file) => file.endsWith('.bin'));
  assert.ok(files.length > 60, `${files.length} files`);
  for (const file of files) {
    const family = FAMILIES.find((name) => file.startsWith(`${name}-`));
    if (family === undefined) throw new Error(`no family: ${file}`);
    const { code } = run(family, marked(readFileSync(new URL(file, CORPUS)), []));
    assert.is(`${family}-${code.replace('core:', '')}.bin`, file);
  }
});

test(`${INPUTS} inputs find nothing, and most codes of reading`, async () => {
  const report: Report = await fuzz(SEED, { inputs: INPUTS });
  assert.equal(report.findings, []);
  const [stats] = report.stats;
  if (stats === undefined) throw new Error('nothing was run');
  for (const family of [...FAMILIES, 'file']) assert.ok((stats.inputs[family] ?? 0) > 0, family);
  assert.ok(stats.signatures > 150, `${stats.signatures} signatures`);

  const codes = codesOfReading();
  assert.ok(codes.length > 40, `${codes.length} codes in the catalogue`);
  for (const code of Object.keys(NOT_REACHED)) assert.ok(codes.includes(code), `${code} is in the catalogue`);
  const wanted = codes.filter((code) => !(code in NOT_REACHED));
  const in_corpus = codesOfCorpus();
  const missed = wanted.filter((code) => stats.codes[code] === undefined && !in_corpus.includes(code));
  assert.ok(missed.length <= MISSED_MAX, `not reached: ${missed.join(', ')}`);
});

/** What the oracle says of an error, or nothing; uvu's `throws` lets its own assertions pass. */
function complaint(detail: { offset: number; wanted: string }, end: number): string {
  try {
    checkError(fail('stream-cut', detail), end);
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

test('a message that steers a terminal, or an offset outside of the input, would be a finding', () => {
  assert.is(complaint({ offset: 10, wanted: 'a page record' }, 10), '');
  assert.match(complaint({ offset: 10, wanted: 'a page record' }, 9), /not within 0 to 9/);
  assert.match(complaint({ offset: 1, wanted: 'a page\u009b2J' }, 9), /holds/);
  assert.match(complaint({ offset: 1, wanted: String(undefined) }, 9), /holds/);
  assert.match(complaint({ offset: Number.NaN, wanted: '' }, 9), /holds/);
});

test.run();
