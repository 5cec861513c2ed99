/** `save --channels`: the same file, its options, and what it ends with. */
import { readdirSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { assertRefused, inPlace } from '../support/cli.ts';
import { until } from '../support/patience.ts';

const MAPPED = ['--format', 'mapped-ram', '--slice', 'off'];
const IDLE = ['save', '--workload', 'idle', '--size', '24MiB', ...MAPPED];

test('one, several, and none said: the same bytes, and options.channels', () =>
  inPlace(async (place) => {
    await place.done([...IDLE, '-o', 'none.map']);
    for (const channels of [1, 2, 16]) {
      const name = `${channels}.map`;
      const json = await place.done([...IDLE, '-o', name, '--channels', `${channels}`, '--json']);
      const { options, ram, phases, converged } = JSON.parse(json);
      assert.is(options.channels, channels);
      assert.is(ram.normal + ram.duplicate, (24 * 2 ** 20) / 4096);
      assert.equal([phases.begin.count, phases.complete.count, converged], [1, 1, true]);
      assert.ok(place.read(name).equals(place.read('none.map')), name);
    }
    const { options } = JSON.parse(await place.done([...IDLE, '-o', 'json.map', '--json']));
    assert.is(options.channels, 1);
  }));

test('a guest that runs, from an image, kept and loaded; the profile has a span a round', () =>
  inPlace(async (place) => {
    const hot = [
      'save',
      '--workload',
      'hot,set=2MiB',
      '--size',
      '16MiB',
      '--max-rounds',
      '5',
      '--downtime',
      '1ns',
    ];
    const extras = ['--keep-ram', 'kept.ram', '--trace', 'profile.txt', '--direct'];
    await place.done([...hot, ...MAPPED, '--channels', '3', '-o', 'hot.map', ...extras]);
    await place.done(['load', 'hot.map', '-o', 'loaded.ram']);
    assert.ok(place.read('loaded.ram').equals(place.read('kept.ram')));
    const profile = place.read('profile.txt').toString();
    const iterates = profile.match(/> Iterate/g)?.length ?? 0;
    assert.ok(iterates >= 2 && iterates <= 5, `${iterates} rounds`);
    await place.done(['save', '--ram', 'loaded.ram', ...MAPPED, '--channels', '2', '-o', 'again.map']);
    await place.done(['load', 'again.map', '-o', 'again.ram']);
    assert.ok(place.read('again.ram').equals(place.read('kept.ram')));
    const said = await place.done(['inspect', 'hot.map', '--json']);
    assert.is(JSON.parse(said).format, 'mapped-ram');
  }));

test('what does not go with it is wrong usage', () =>
  inPlace(async (place) => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['--channels', '0'], /--channels 0: give a whole number from 1 to 16/],
      [['--channels', '17'], /--channels 17: give a whole number from 1 to 16/],
      [['--channels', 'two'], /--channels two: give a whole number from 1 to 16/],
      [['--channels', '2', '--limit', '1MiB/s'], /--channels 2 and --limit with a rate contradict/],
      [['--channels', '2', '--policy', 'adaptive'], /--channels 2 and --policy adaptive contradict/],
      [['--channels', '2', '--complete', 'blocking'], /--channels 2 and --complete blocking contradict/],
      [['--channels', '2', '--staging', '1MiB'], /--channels 2 and --staging contradict/],
      [['--channels', '2', '--thread'], /--channels 2 and --thread contradict/],
    ];
    for (const [more, says] of cases) {
      await place.refused([...IDLE, '-o', 'out', ...more], { status: 2, says, names: [] });
    }
    const stream = ['save', '--workload', 'idle', '--size', '1MiB', '-o', 'out', '--channels'];
    for (const channels of ['1', '2']) {
      const says = /--channels needs --format mapped-ram: add it/;
      await place.refused([...stream, channels], { status: 2, says, names: [] });
    }
  }));

test('Ctrl-C in the middle of endless rounds leaves nothing', () =>
  inPlace(async (place) => {
    const hot = ['save', '--workload', 'hot', '--size', '64MiB', '--downtime', '0ns', ...MAPPED];
    const started = place.start([...hot, '--channels', '2', '-o', 'out.map']);
    await until('a part', () => readdirSync(place.folder).find((name) => name.endsWith('.part')));
    started.child.kill('SIGINT');
    assertRefused(await started.ended, { status: 130, says: /interrupted; nothing was left/ });
    assert.equal(readdirSync(place.folder), []);
  }));

test('a file that may not grow: one line, and nothing is left', () =>
  inPlace(async (place) => {
    const save = `pagepipe save --workload idle,zero=0% --size 64MiB --format mapped-ram --channels 2 -o out.map`;
    // 20 MiB, in units of 512 bytes; the signal of the limit is ignored, as Node does
    const ended = await place.shell(`ulimit -f 40960; ${save}`);
    assertRefused(ended, { status: 1, says: /writing out\.map failed at byte \d+ \(file too large\)/ });
    assert.equal(readdirSync(place.folder), []);
  }));

test.run();
