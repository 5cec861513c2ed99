/** `trace` and `save --trace`: the profile in the thread's own form, written and read back. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ResultDocument, TraceDocument } from '../../src/results/result.ts';
import { assertWidth, inPlace, type Place } from '../support/cli.ts';

const EXCERPT = readFileSync(new URL('../vectors/thread-excerpt.txt', import.meta.url));
const SAVE = ['save', '--workload', 'steady,dirty=20MiB/s', '--size', '16MiB', '-o', 'out.mig'] as const;
const SUMS = /^avg (\d+) = sum (\d+) \/ count (\d+); min (\d+) max (\d+)$/m;

async function traceJson(place: Place, log: string): Promise<TraceDocument> {
  return JSON.parse(await place.done(['trace', log, '--json']));
}

/** The lines from the header of the histogram on, without blank ones. */
function histogramOf(text: string): string[] {
  const lines = text.split('\n');
  const head = lines.findIndex((line) => line.startsWith('value |---'));
  assert.ok(head >= 0, 'a histogram');
  return lines.slice(head).filter((line) => line !== '');
}

test("the thread's log: ten whole spans", () =>
  inPlace(async (place) => {
    place.write('log', EXCERPT);
    const document = await traceJson(place, 'log');
    assert.equal(Object.keys(document), ['schema', 'command', 'world', 'phases', 'missing']);
    assert.is(document.schema, 'pagepipe/result/1');
    assert.is(document.world, 'log');
    const { begin, iterate, complete, all } = document.phases;
    assert.equal([begin.count, iterate.count, complete.count, all.count], [1, 8, 1, 10]);
    assert.equal(
      [begin.sum_ms, complete.sum_ms, all.sum_ms, all.min_ms, all.max_ms],
      [22, 410, 7411, 4, 4926],
    );
    assert.equal(all.log2_ms, [
      { ge: 4, count: 4 },
      { ge: 8, count: 1 },
      { ge: 16, count: 1 },
      { ge: 256, count: 2 },
      { ge: 1024, count: 1 },
      { ge: 4096, count: 1 },
    ]);
    assert.match(document.missing.join('\n'), /91 of the 101 spans/);
  }));

test("the thread's log for people: the conclusion first, what is missing, and its own form", () =>
  inPlace(async (place) => {
    place.write('log', EXCERPT);
    const text = await place.done(['trace', 'log']);
    assert.match(text, /^10 spans, 7\.41 s in all; .* longest for 4\.93 s\n/);
    assert.match(text, /^ {2}missing: 91 of the 101 spans/m);
    assert.match(text, /^ 13\.078 < Iterate +4\.926$/m);
    assert.match(text, /^avg 741 = sum 7411 \/ count 10; min 4 max 4926$/m);
    assertWidth(text);
    const piped = await place.shell('cat log | pagepipe trace -');
    assert.is(piped.stdout.toString(), text);
  }));

test('what save --trace FILE writes, trace reads back with equal figures', () =>
  inPlace(async (place) => {
    const result: ResultDocument = JSON.parse(await place.done([...SAVE, '--trace', 'log', '--json']));
    const log = place.read('log').toString();
    const document = await traceJson(place, 'log');
    assert.equal(document.missing, []);
    const { begin, iterate, complete, all } = document.phases;
    const counts = [begin.count, iterate.count, complete.count, all.count];
    const saved = result.phases;
    assert.equal(counts, [saved.begin.count, saved.iterate.count, saved.complete.count, saved.all.count]);
    // whole milliseconds, as the log has them
    const [, avg, sum, count, min, max] = SUMS.exec(log) ?? [];
    assert.equal([sum, count, min, max].map(Number), [all.sum_ms, all.count, all.min_ms, all.max_ms]);
    assert.is(Number(avg), Math.trunc(all.avg_ms));
    assert.ok(Math.abs(all.max_ms - saved.all.max_ms) <= 1, 'each time is cut to whole milliseconds');
    assert.equal(histogramOf(await place.done(['trace', 'log'])), histogramOf(log));
  }));

test('the histogram of the log counts every span of it', () =>
  inPlace(async (place) => {
    await place.done([...SAVE, '--trace', 'log']);
    const [head, ...rows] = histogramOf(place.read('log').toString());
    assert.is(head, `value |${'-'.repeat(50)} count`);
    const counts = rows.map((row) => Number(/ (\d+)$/.exec(row)?.[1] ?? 0));
    const { phases } = await traceJson(place, 'log');
    assert.is(
      counts.reduce((sum, count) => sum + count, 0),
      phases.all.count,
    );
  }));

test('save --trace - has the profile on standard output, and the rest on standard error', () =>
  inPlace(async (place) => {
    const { status, stdout, stderr } = await place.run([...SAVE, '--trace', '-']);
    assert.is(status, 0);
    const profile = stdout.toString();
    assert.match(profile, /^ {2}0\.\d{3} > Begin$/m);
    assert.match(profile, /^ {2}0\.\d{3} < Complete +0\.\d{3}$/m);
    assert.match(profile, SUMS);
    assert.not.match(profile, /saved/);
    assert.match(stderr, /^saved 16\.0 MiB in /);
    assertWidth(profile);
    place.write('log', profile);
    assert.equal((await traceJson(place, 'log')).missing, []);
  }));

test('save --trace - | trace -', () =>
  inPlace(async (place) => {
    const save = `pagepipe ${SAVE.join(' ')} --trace - 2>/dev/null`;
    const { status, stdout, stderr } = await place.shell(`${save} | pagepipe trace - --json`);
    assert.is(status, 0, stderr);
    const document: TraceDocument = JSON.parse(stdout.toString());
    assert.equal(document.missing, []);
    assert.is(document.phases.begin.count, 1);
    assert.ok(document.phases.iterate.count >= 1);
  }));

test('a log that lost lines is read, and what is missing is said', () =>
  inPlace(async (place) => {
    await place.done([...SAVE, '--trace', 'log']);
    const lines = place.read('log').toString().split('\n');
    place.write('cut', lines.filter((line) => !line.includes('> Complete')).join('\n'));
    const { missing, phases } = await traceJson(place, 'cut');
    assert.is(missing.length, phases.complete.count);
    for (const what of missing) assert.match(what, /^the begin of Complete that ends at/);
    assert.match(await place.done(['trace', 'cut']), /^ {2}missing: the begin of Complete/m);
  }));

test.run();
