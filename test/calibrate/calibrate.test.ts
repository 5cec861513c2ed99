/** Calibration: every cost is there and may stand in a model, and nothing is left behind. No speeds. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseCpuList } from '../../src/calibrate/affinity.ts';
import { type Calibration, calibrate, measureCosts } from '../../src/calibrate/index.ts';
import { lineThrough } from '../../src/calibrate/numbers.ts';
import { undisturbed, type WakeSample, wakeCosts, wakeTable } from '../../src/calibrate/wakes.ts';
import { drawCosts, parseCosts } from '../../src/model/scenario/costs.ts';
import { COST_MEANINGS } from '../../src/results/costs.ts';
import { median, quantile } from '../../src/stats/quantiles.ts';
import { assertRefused, assertWidth, inPlace, type Place } from '../support/cli.ts';
import { failure, inFolder } from '../support/folder.ts';
import { assertNames, type FoundProcess, processesIn } from '../support/leftovers.ts';
import { eventually } from '../support/patience.ts';

const NAMES = Object.keys(COST_MEANINGS);
const QUICK = { quick: true, rounds: 3 };

/** What came of a calibration, and of what it used. */
interface Seen extends Calibration {
  readonly shares: readonly number[];
  /** What is left in the folder for its files. */
  readonly names: readonly string[];
  /** The CPUs that this process may use, before and after. */
  readonly cpus: readonly [string, string];
}

const allowedCpus = (): string =>
  /^Cpus_allowed_list:.*$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[0] ?? '';

let seen: Promise<Seen> | undefined;

async function look(): Promise<Seen> {
  const shares: number[] = [];
  const before = allowedCpus();
  let found: Seen | undefined;
  await inFolder(async (dir) => {
    const calibration = await calibrate({ ...QUICK, dir, onProgress: (share) => shares.push(share) });
    found = { ...calibration, shares, names: readdirSync(dir), cpus: [before, allowedCpus()] };
  })();
  if (found === undefined) throw new Error('nothing was measured');
  return found;
}

/** One calibration for all who only look at it. */
function quickly(): Promise<Seen> {
  seen ??= look();
  return seen;
}

test('every cost is a number that a model takes, with its ground', async () => {
  const { set } = await quickly();
  assert.equal(Object.keys(set.costs), NAMES);
  assert.equal(parseCosts(JSON.parse(JSON.stringify(set)), 'costs.json'), set);
  for (const [name, { value, ground }] of Object.entries(set.costs)) {
    assert.type(value, 'number', name);
    assert.ok(Number.isFinite(value) && Number(value) >= 0, `${name}: ${value}`);
    assert.match(ground, /^(measured: |assumed|synthetic guests|Node's timers)/);
    assert.not.match(ground, /NaN|undefined|\n/);
  }
});

test('what cannot be otherwise', async () => {
  const costs = drawCosts((await quickly()).set, 1);
  for (const name of [
    'zero_page_ns',
    'zero_hot_page_ns',
    'encode_call_ns',
    'sync_page_ns',
    'walk_page_ns',
    'eagain_call_ns',
    'wait_call_ns',
    'turn_ns',
    'memmove_byte_ns',
  ] as const) {
    assert.ok(costs[name] > 0, name);
  }
  assert.ok(costs.sync_page_ns < costs.walk_page_ns, 'a bit a page against a byte a page');
  assert.is(costs.reset_page_ns, 0);
  assert.is(costs.timer_grain_ns, 1e6);
});

test('this process may run where it could before', async () => {
  const [before, after] = (await quickly()).cpus;
  assert.is(after, before);
});

test('lists of CPUs', () => {
  assert.equal(parseCpuList('0'), [0]);
  assert.equal(parseCpuList('0-2,5,7-8'), [0, 1, 2, 5, 7, 8]);
});

test('wake-ups by wait: some, also where nearly all that was measured was disturbed', async () => {
  const { wakes } = (await quickly()).set;
  assert.ok((wakes?.waits.length ?? 0) >= 1);
});

/** Wake-ups after these waits, each with a latency and a call of its own. */
const samplesOf = (waits_ns: readonly number[]): WakeSample[] =>
  waits_ns.map((waited_ns, i) => ({ waited_ns, latency_ns: 1000 + i, call_ns: 10 + i }));

test('the table of wake-ups: rising, none lost, and never a wait of fewer than four but where there are no more', () => {
  const lists = fc.array(fc.double({ min: 0.001, max: 8e6, noNaN: true }), { minLength: 1, maxLength: 120 });
  const shorter = fc.array(fc.double({ min: 0.001, max: 3000, noNaN: true }), { maxLength: 120 });
  fc.assert(
    fc.property(lists, shorter, (some, more) => {
      const samples = samplesOf([...some, ...more]);
      const waits = wakeTable(samples)?.waits ?? [];
      assert.ok(waits.length >= 1);
      waits.forEach(({ wait_ns, calls_ns, latencies_ns }, i) => {
        assert.ok(i === 0 || wait_ns > (waits[i - 1]?.wait_ns ?? 0), `${waits.map((one) => one.wait_ns)}`);
        assert.is(calls_ns.length, latencies_ns.length);
        assert.ok(calls_ns.length >= Math.min(4, samples.length));
      });
      if (samples.length <= 24) {
        const found = waits.flatMap(({ latencies_ns }) => latencies_ns).sort((a, b) => a - b);
        assert.equal(
          found,
          samples.map(({ latency_ns }) => latency_ns),
        );
      }
    }),
    { seed: 5, numRuns: 300 },
  );
  assert.is(wakeTable([]), undefined);
});

test('waits apart from each other stand apart in the table', () => {
  const waits = [1000, 1001, 1002, 1003, 1004, 50_000, 50_001, 50_002, 50_003, 900_000];
  assert.equal(
    wakeTable(samplesOf(waits))?.waits.map(({ wait_ns, latencies_ns }) => [wait_ns, latencies_ns]),
    [
      [1002, [1000, 1001, 1002, 1003, 1004]],
      [50_002, [1005, 1006, 1007, 1008, 1009]],
    ],
  );
});

test('a wake-up counts by its wait, and by the nearest there is where none is such', () => {
  const costs = (...waits_ns: number[]) => Object.values(wakeCosts(samplesOf(waits_ns)));
  assert.equal(costs(1, 2000, 5000, 9000, 20_000, 400_000), [1002, 1005]);
  assert.equal(costs(60_000), [1000, 1000]);
  assert.equal(costs(30_000, 40_000, 50_000, 60_000, 70_000), [1001.5, 1002.5]);
});

test('what was not waited for, and what was held up, is left out; a slow machine is not held up', () => {
  const waits = (latencies_ns: readonly number[]): number[] =>
    undisturbed(latencies_ns.map((latency_ns, i) => ({ waited_ns: i, latency_ns, call_ns: 0 }))).map(
      ({ waited_ns }) => waited_ns,
    );
  assert.equal(waits([5, 5000, 6000, 7000, 200_000]), [1, 2, 3]);
  assert.equal(waits([5, 200_000, 300_000, 250_000, 2_000_000]), [1, 2, 3]);
});

test('a spread has its median within, and the ground says it', async () => {
  const { set, spreads } = await quickly();
  for (const [name, spread] of Object.entries(spreads)) {
    const { value, ground } = set.costs[name as keyof typeof set.costs];
    assert.ok(spread.low_ns <= Number(value) && Number(value) <= spread.high_ns, name);
    assert.ok(ground.includes(`median of 3 rounds, 10th to 90th percentile ${spread.low_ns} to `), ground);
  }
});

test('progress goes from some to all, and the folder is empty afterwards', async () => {
  const { set, shares, names } = await quickly();
  assert.is(set.schema, 'pagepipe/costs/1');
  assert.equal(
    shares,
    [...shares].sort((a, b) => a - b),
  );
  assert.ok((shares[0] ?? 1) < 1);
  assert.is(shares.at(-1), 1);
  assert.equal(names, []);
});

test(
  'an abort ends it soon, with nothing left',
  inFolder(async (folder) => {
    const controller = new AbortController();
    const options = { ...QUICK, dir: folder, signal: controller.signal };
    await failure('interrupted', () => measureCosts({ ...options, onProgress: () => controller.abort() }));
    assert.equal(readdirSync(folder), []);
  }),
);

test(
  'a folder that is not there',
  inFolder(async (folder) => {
    const error = await failure('output-refused', () =>
      measureCosts({ ...QUICK, dir: join(folder, 'none') }),
    );
    assert.match(error.message, /none cannot be written \(no such file or directory\)/);
  }),
);

test('medians, percentiles and lines', () => {
  assert.is(median([3, 1, 2]), 2);
  assert.is(quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.9), 9);
  assert.is(median([]), 0);
  assert.equal(
    lineThrough([
      [1, 5],
      [2, 7],
      [3, 9],
    ]),
    { base: 3, slope: 2 },
  );
  // no call gives time back
  assert.equal(
    lineThrough([
      [1, 2],
      [2, 1],
    ]),
    { base: 1.5, slope: 0 },
  );
});

/** The processes that a calibration measures with; others come and go. */
function peersOf(place: Place): readonly FoundProcess[] {
  return processesIn(place.folder).filter(({ command }) => /node.*calibrate-peer/.test(command));
}

/** Starts a calibration and waits until it measures, or is about to. */
async function startMeasuring(place: Place): Promise<ReturnType<Place['start']>> {
  const started = place.start(['calibrate', '--quick', '-o', 'costs.json', '--dir', '.']);
  await eventually('its peers', () => peersOf(place).length === 2);
  return started;
}

test('Ctrl-C leaves no file, no folder and no process', () =>
  inPlace(async (place) => {
    const started = await startMeasuring(place);
    started.child.kill('SIGINT');
    assertRefused(await started.ended, { status: 130, says: /interrupted; nothing was left behind/ });
    assertNames(place.folder, []);
  }));

test('Ctrl-C as a terminal gives it, to its peers too', () =>
  inPlace(async (place) => {
    const started = await startMeasuring(place);
    for (const { pid } of peersOf(place)) process.kill(pid, 'SIGINT');
    started.child.kill('SIGINT');
    assertRefused(await started.ended, { status: 130, says: /interrupted; nothing was left behind/ });
    assertNames(place.folder, []);
  }));

test('a peer that is killed fails it', () =>
  inPlace(async (place) => {
    const started = await startMeasuring(place);
    for (const { pid } of peersOf(place)) process.kill(pid, 'SIGKILL');
    assertRefused(await started.ended, {
      status: 1,
      says: /the second process of the measurement was ended by SIGKILL: run it/,
    });
    assertNames(place.folder, []);
  }));

test('where no process can be kept on a CPU, that is said', () =>
  inPlace(async (place) => {
    place.write('taskset', '#!/bin/sh\nexit 1\n');
    const script = `
      chmod +x taskset; PATH=.:$PATH '${process.execPath}' --input-type=module -e "
        import { measureCosts } from '${new URL('../../dist/calibrate/index.js', import.meta.url)}';
        const set = await measureCosts({ quick: true, rounds: 1 });
        process.stdout.write(set.costs.switch_ns.ground);"`;
    const { status, stdout, stderr } = await place.shell(script);
    assert.is(status, 0, stderr);
    assert.match(stdout.toString(), /^assumed, a context switch .* no process can be kept on one CPU here$/);
  }));

test('what would be refused is refused before the work', () =>
  inPlace(async (place) => {
    place.write('costs.json', 'precious');
    const names = ['costs.json'];
    await place.refused(['calibrate', '-o', 'costs.json'], {
      status: 1,
      says: /costs\.json exists: add --force/,
      names,
    });
    await place.refused(['calibrate', '-o', 'none/costs.json'], {
      status: 1,
      says: /none does not exist/,
      names,
    });
    await place.refused(['calibrate', '-o', 'exec:cat'], { status: 1, says: /a text goes to a file/, names });
    await place.refused(['calibrate', '--dir', 'none'], { status: 1, says: /none cannot be written/, names });
    assert.is(place.read('costs.json').toString(), 'precious');
  }));

test('the whole of it: a table for people, the same costs in the file, in place of an old one', () =>
  inPlace(async (place) => {
    place.write('costs.json', 'old');
    const text = await place.done(['calibrate', '--quick', '-o', 'costs.json', '--force', '--dir', '.']);
    assert.match(
      text,
      /^encode [\d.]+ GB\/s of normal pages, [\d.]+ GB\/s of zero pages; pipe [\d.]+ GB\/s;\nwake-up /,
    );
    for (const name of NAMES) assert.match(text, new RegExp(`^${name} `, 'm'));
    assertWidth(text);
    const set = parseCosts(JSON.parse(place.read('costs.json').toString()), 'costs.json');
    assert.is(set.name, 'calibrated');
    assert.match(set.about, /--quick: too rough for a model$/);
    assert.ok(Number(set.machine?.cpus) > 0);
    assertNames(place.folder, ['costs.json']);
  }));

test.run();
