/** What is saved in any arrangement loads as the same RAM. */
import { mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ResultDocument } from '../../src/results/result.ts';
import { inPlace, type Place } from '../support/cli.ts';
import { assertNames } from '../support/leftovers.ts';

const MIB = 2 ** 20;
const SIZE_BYTES = 16 * MIB;
const GUEST = ['save', '--workload', 'idle', '--size', '16MiB'] as const;
const BUSY = ['save', '--workload', 'steady,dirty=20MiB/s,set=4MiB', '--size', '16MiB'] as const;

/** Saves with the RAM kept; the stream and the RAM appear, for their owner alone, and agree. */
async function saveAndLoad(place: Place, args: readonly string[]): Promise<ResultDocument> {
  const text = await place.done([...args, '-o', 'out.mig', '--keep-ram', 'kept.ram', '--json']);
  assertNames(place.folder, ['kept.ram', 'out.mig']);
  for (const name of ['kept.ram', 'out.mig']) {
    assert.is((statSync(place.path(name)).mode & 0o777).toString(8), '600', name);
  }
  await place.done(['load', 'out.mig', '-o', 'loaded.ram']);
  assertSame(place, 'loaded.ram', 'kept.ram');
  assert.is(place.read('kept.ram').length, SIZE_BYTES);
  const result: ResultDocument = JSON.parse(text);
  // pages stand at their places in a mapped-ram file, and zero ones are holes
  if (!args.includes('mapped-ram')) assert.is(result.stream_bytes, place.read('out.mig').length);
  return result;
}

function assertSame(place: Place, one: string, other: string): void {
  assert.ok(place.read(one).equals(place.read(other)), `${one} and ${other} are the same`);
}

const ARRANGEMENTS: readonly (readonly string[])[] = [
  [],
  ['--via', 'pipe'],
  ['--via', 'pipe', '--direct'],
  ['--via', 'file'],
  ['--via', 'file', '--direct'],
  ['--slice', '1ms'],
  ['--slice', '200us', '--via', 'file'],
  ['--slice', 'off', '--via', 'file'],
  ['--limit', '64MiB/s'],
  ['--limit', '64MiB/s', '--policy', 'token-bucket', '--via', 'file'],
  ['--limit', 'unlimited', '--policy', 'unlimited'],
  ['--complete', 'blocking'],
  ['--complete', 'turns', '--via', 'file', '--slice', '1ms'],
  ['--staging', '256KiB'],
  ['--seed', '77', '--downtime', '1s'],
  ['--thread'],
  ['--thread', '--via', 'file', '--slice', 'off', '--policy', 'adaptive'],
  ['--thread', '--direct', '--limit', '64MiB/s'],
  ['--thread', '--complete', 'blocking', '--staging', '256KiB'],
  ['--thread', '--format', 'mapped-ram', '--direct'],
];

for (const options of ARRANGEMENTS) {
  test(`an idle guest, ${options.join(' ') || 'no options'}`, () =>
    inPlace(async (place) => {
      const result = await saveAndLoad(place, [...GUEST, ...options]);
      assert.ok(result.converged);
      assert.is(result.ram.normal + result.ram.duplicate, SIZE_BYTES / 4096);
    }));
}

const RUNNING: readonly (readonly string[])[] = [
  [],
  ['--via', 'file', '--slice', '1ms'],
  ['--direct', '--limit', '64MiB/s', '--complete', 'blocking'],
  ['--max-rounds', '2', '--limit', '32MiB/s', '--downtime', '1us'],
  ['--thread'],
  ['--thread', '--via', 'file', '--xbzrle', '--limit', '64MiB/s'],
  ['--thread', '--format', 'mapped-ram', '--max-rounds', '2', '--downtime', '1us'],
];

for (const options of RUNNING) {
  test(`a guest that goes on writing, ${options.join(' ') || 'no options'}`, () =>
    inPlace(async (place) => {
      const result = await saveAndLoad(place, [...BUSY, ...options]);
      assert.ok(result.ram['dirty-sync-count'] >= 2);
    }));
}

test('--max-rounds bounds the rounds where the downtime is never reached, and says so', () =>
  inPlace(async (place) => {
    const hot = ['save', '--workload', 'hot,dirty=100MiB/s', '--size', '16MiB', '--limit', '32MiB/s'];
    const result = await saveAndLoad(place, [...hot, '--max-rounds', '2', '--downtime', '1us']);
    assert.is(result.converged, false);
    // one in begin, one a round, one in complete
    assert.is(result.ram['dirty-sync-count'], 4);
    assert.is(result.options.max_rounds, 2);
  }));

test('the same seed gives the same stream content, another seed another', () =>
  inPlace(async (place) => {
    for (const [name, seed] of Object.entries({ a: '5', b: '5', c: '6' })) {
      await place.done([...GUEST, '--seed', seed, '-o', `${name}.mig`, '--keep-ram', `${name}.ram`]);
    }
    assertSame(place, 'a.ram', 'b.ram');
    assert.not.ok(place.read('a.ram').equals(place.read('c.ram')));
  }));

test('--force replaces a file that exists, also behind a symbolic link, which stays', () =>
  inPlace(async (place) => {
    place.write('old.mig', 'old');
    symlinkSync('old.mig', place.path('link'));
    await place.done([...GUEST, '-o', 'link', '--force']);
    assertNames(place.folder, ['link', 'old.mig']);
    assert.is(place.read('old.mig').toString('latin1', 0, 4), 'QEVM');
    assert.is(readdirSync(place.folder, { withFileTypes: true }).filter((e) => e.isSymbolicLink()).length, 1);
    place.write('ram', 'old');
    await place.done(['load', 'old.mig', '-o', 'ram', '--force']);
    assert.is(place.read('ram').length, SIZE_BYTES);
  }));

test('a raw image and a stream as input give the RAM that they hold', () =>
  inPlace(async (place) => {
    await place.done([...GUEST, '-o', 'first.mig', '--keep-ram', 'first.ram', '--machine', 'pc-i440fx-7.2']);
    await place.done(['save', '--ram', 'first.ram', '-o', 'image.mig']);
    await place.done(['save', '--ram', 'first.mig', '-o', 'stream.mig']);
    for (const name of ['image', 'stream']) {
      await place.done(['load', `${name}.mig`, '-o', `${name}.ram`]);
      assertSame(place, `${name}.ram`, 'first.ram');
    }
    for (const input of ['first.ram', 'first.mig']) {
      const args = ['save', '--ram', input, '--via', 'file', '--slice', 'off', '--force'];
      await place.done([...args, '-o', 'main.mig']);
      await place.done([...args, '-o', 'thread.mig', '--thread']);
      assertSame(place, 'thread.mig', 'main.mig');
    }
    // the machine of the input goes on
    assert.match(await place.done(['inspect', 'stream.mig']), /machine pc-i440fx-7\.2\b/);
    assert.match(await place.done(['inspect', 'image.mig']), /machine none\b/);
  }));

test('load --block and --all write the block under its name', () =>
  inPlace(async (place) => {
    await place.done([...GUEST, '-o', 'in.mig', '--keep-ram', 'kept.ram']);
    await place.done(['load', 'in.mig', '--block', 'ram', '-o', 'block.ram']);
    assertSame(place, 'block.ram', 'kept.ram');
    await place.done(['load', 'in.mig', '--all', '-o', 'all']);
    assertNames(place.path('all'), ['ram']);
    assert.is((statSync(place.path('all')).mode & 0o777).toString(8), '700');
    assertSame(place, 'all/ram', 'kept.ram');
    mkdirSync(place.path('made'));
    await place.done(['load', 'in.mig', '--all', '-o', 'made']);
    assertSame(place, 'made/ram', 'kept.ram');
  }));

test.run();
