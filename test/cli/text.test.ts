/** What people read: the conclusion first, and no line that a terminal of 100 columns breaks. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ResultDocument } from '../../src/results/result.ts';
import { assertWidth, inPlace } from '../support/cli.ts';
import { assertNames } from '../support/leftovers.ts';

const GUEST = ['save', '--workload', 'idle', '--size', '16MiB'] as const;
const ROWS = [
  'plain file, unlimited',
  'plain file, 50 ms slice',
  'pipe + O_DIRECT helper',
  'the same, 5 ms slice',
  'plain file, 128 MiB/s',
];

test('save, through a helper that writes by O_DIRECT', () =>
  inPlace(async (place) => {
    const text = await place.done([...GUEST, '-o', 'out.mig', '--direct']);
    assert.match(text, /^saved 16\.0 MiB in .*; the main loop was unanswered for at most [\d.]+ [mu]?s\n/);
    for (const row of ['output    out.mig: ', 'pages ', 'iterate ', 'complete ', 'pipe ', 'disk end ']) {
      assert.ok(text.includes(`\n  ${row}`), row);
    }
    assertWidth(text);
  }));

test('save, where the rounds are used up and the slice is overrun', () =>
  inPlace(async (place) => {
    const hot = ['save', '--workload', 'hot,dirty=100MiB/s', '--size', '16MiB', '--via', 'file'];
    const limits = ['--limit', '32MiB/s', '--max-rounds', '1', '--downtime', '1us', '--slice', '1us'];
    const text = await place.done([...hot, ...limits, '-o', 'out.mig']);
    assert.match(text, /with the guest paused, rounds used up$/m);
    assertWidth(text);
  }));

test('a save that does not converge says so once, whichever loop makes it', () =>
  inPlace(async (place) => {
    // the whole working set is rewritten many times a round, so that no round has less left than the one before
    const hot = ['save', '--workload', 'hot,dirty=4GiB/s,set=4MiB,zero=0%', '--size', '16MiB', '--seed', '3'];
    const stuck = ['--downtime', '1us', '--max-rounds', '60'];
    const ways: readonly (readonly string[])[] = [
      ['--limit', '256MiB/s'],
      ['--limit', '256MiB/s', '--thread'],
      ['--format', 'mapped-ram', '--channels', '2'],
    ];
    for (const [index, way] of ways.entries()) {
      const { status, stderr } = await place.run([...hot, ...stuck, ...way, '-o', `out${index}`]);
      assert.is(status, 0, stderr);
      assert.match(stderr, /^pagepipe: does not converge: .* left for 3 rounds, .*; set .*--max-rounds/);
      assert.is(stderr.trimEnd().split('\n').length, 1, `${way.join(' ')}: one line`);
    }
  }));

test('load and inspect, with a stream of several rounds and many sections', () =>
  inPlace(async (place) => {
    const busy = ['save', '--workload', 'steady,dirty=100MiB/s', '--size', '16MiB', '--limit', '64MiB/s'];
    const rounds = ['--downtime', '1us', '--max-rounds', '3', '--slice', '1ms'];
    await place.done([...busy, ...rounds, '-o', 'in.mig', '--machine', 'pc-i440fx-7.2']);
    const load = await place.done(['load', 'in.mig', '-o', 'ram']);
    assert.match(
      load,
      /^loaded 16\.0 MiB of RAM into ram in .*\n {2}block "ram", machine pc-i440fx-7\.2, blocks 1, rounds 4\n$/,
    );
    assertWidth(load);
    const inspect = await place.done(['inspect', 'in.mig']);
    assert.match(inspect, /^QEMU stream, version 3, machine pc-i440fx-7\.2: 16\.0 MiB of RAM in /);
    assert.match(inspect, /^… [\d,]+ more \(--json shows all\)$/m);
    assert.match(inspect, /^ram +16\.0 MiB /m);
    assertWidth(inspect);
  }));

test('no colours and no progress where nothing is a terminal', () =>
  inPlace(async (place) => {
    for (const args of [
      [...GUEST, '-o', 'in.mig'],
      ['load', 'in.mig', '-o', 'ram'],
      ['inspect', 'in.mig'],
      ['demo', '--size', '1MiB'],
      ['demo', '--size', '1MiB', '--json'],
    ]) {
      const { status, stdout, stderr } = await place.run(['--no-color', ...args]);
      assert.is(status, 0, stderr);
      assert.is(stderr, '');
      assert.not.ok(stdout.includes('\x1b'));
    }
  }));

test('demo: the conclusion, a row for each arrangement, and nothing left of its files', () =>
  inPlace(async (place) => {
    const text = await place.done(['demo', '--size', '64MiB', '--dir', '.']);
    assert.match(text, /^Saving 64\.0 MiB to a plain file without a limit, nobody was answered\s/);
    for (const row of ROWS) {
      assert.is(
        text.split('\n').filter((line) => line.startsWith(`${row} `)).length,
        2,
        `${row}: table, bars`,
      );
    }
    assertWidth(text);
    assertNames(place.folder, []);
  }));

test('demo --json: a result document for each arrangement', () =>
  inPlace(async (place) => {
    const rows: ResultDocument[] = JSON.parse(await place.done(['demo', '--size', '16MiB', '--json']));
    assert.equal(
      rows.map(({ options }) => options.arrangement),
      ROWS,
    );
    const keys = [
      'arrangement',
      'workload',
      'seed',
      'via',
      'direct',
      'policy',
      'limit_bytes_per_s',
      'slice_ms',
    ];
    for (const row of rows) {
      assert.is(row.schema, 'pagepipe/result/1');
      assert.is(row.command, 'demo');
      assert.is(row.guest_bytes, 16 * 2 ** 20);
      assert.is(row.ram.normal + row.ram.duplicate, 4096);
      assert.equal(Object.keys(row.options), keys);
      assert.equal(
        row.disk === undefined,
        row.options.via === 'file',
        'a disk end has only the helper (a file here is not direct)',
      );
    }
    assert.equal(
      rows.map(({ options }) => [options.via, options.slice_ms, options.limit_bytes_per_s]),
      [
        ['file', null, null],
        ['file', 50, null],
        ['pipe', null, null],
        ['pipe', 5, null],
        ['file', null, 128 * 2 ** 20],
      ],
    );
    assertNames(place.folder, []);
  }));

test.run();
