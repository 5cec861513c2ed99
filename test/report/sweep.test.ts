/** The summary of a sweep: the conclusion first, and never wider than a terminal. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { reportSweep, type SweepTold } from '../../src/report/sweep.ts';
import type { Spread, SweepRow } from '../../src/results/cells.ts';
import { assertWidth } from '../support/cli.ts';

const even = (value: number): Spread => ({ p10: value / 2, p50: value, p90: value * 2 });

function rowOf(choices: readonly string[], ms: number, seeds = 1): SweepRow {
  return {
    choices,
    seeds,
    figures: {
      wall_ms: even(ms * 10),
      iterate_max_ms: even(ms),
      blackout_p99_ms: even(ms),
      blackout_max_ms: even(ms * 1.5),
      guest_bytes_per_s: even(1e9),
    },
  };
}

const told: SweepTold = {
  name: 'thread-2011',
  costs: ['host-2011'],
  keys: ['policy.slice'],
  rows: [rowOf(['off'], 200), rowOf(['20ms'], 20)],
  seeds: 1,
  cells: 2,
  done: 2,
  skipped: 0,
  file: 'out.ndjson',
  in_file: 2,
  shard: undefined,
  wall_ms: 1000,
};

test('settings: the least and the most, and a row each', () => {
  const text = reportSweep(told);
  assert.is(
    text,
    [
      'model: the longest blackout is least, 30.0 ms with policy.slice=20ms (wall 200 ms), and most, 300',
      'ms with policy.slice=off (wall 2.00 s)',
      '  told      thread-2011, costs host-2011; 2 combinations x 1 seed = 2 cells',
      '  file      out.ndjson: 2 cells in 1.00 s (2 cells/s)',
      '',
      'policy.slice    wall  longest iterate  blackout p99  blackout max  GB/s',
      '------------  ------  ---------------  ------------  ------------  ----',
      'off           2.00 s           200 ms        200 ms        300 ms  1.00',
      '20ms          200 ms          20.0 ms       20.0 ms       30.0 ms  1.00',
    ].join('\n'),
  );
});

test('seeds alone: median, and the 10th to the 90th percentile below', () => {
  const rows = [rowOf([], 600, 100)];
  const text = reportSweep({ ...told, keys: [], rows, seeds: 100, cells: 100, done: 100, in_file: 100 });
  assert.match(
    text,
    /^model: the main loop is unanswered for at most 900 ms, in the median of the seeds; one/,
  );
  assert.match(text, /\n {2}told {6}thread-2011, costs host-2011; 100 seeds = 100 cells\n/);
  assert.match(text, /\n {4}100 +6\.00 s +600 ms +600 ms +900 ms +1\.00\n/);
  assert.match(
    text,
    /\n10-90 % +3\.00–12\.0 s +300 ms–1\.20 s +300 ms–1\.20 s +450 ms–1\.80 s +0\.50–2\.00$/,
  );
  assertWidth(text);
});

test('what the file has: nothing new, a shard, some that were there', () => {
  const fileLine = (change: Partial<SweepTold>): string | undefined =>
    reportSweep({ ...told, ...change })
      .split('\n')
      .find((line) => line.startsWith('  file'));
  assert.match(fileLine({ done: 0, skipped: 2 }) ?? '', /out.ndjson: nothing to do, all 2 cells are there$/);
  assert.match(
    fileLine({ done: 1, cells: 4, in_file: 3, skipped: 1, shard: '0/2' }) ?? '',
    /: 1 cell of shard 0\/2 in 1\.00 s \(1 cells\/s\), 1 were there; it has 3 of 4$/,
  );
});

test('many and long settings are numbered and told below; many rows are cut', () => {
  const keys = ['guest.content', 'policy.slice', 'output.via', 'disk.rate'];
  const rows = Array.from({ length: 60 }, (_, i) =>
    rowOf(['["100MiB","200MiB"]', `${i}ms`, 'pipe', '["60MB/s","100MB/s"]'], 100 + i, 9),
  );
  const text = reportSweep({ ...told, keys, rows, seeds: 9, cells: 540, in_file: 540 });
  assertWidth(text);
  assert.match(text, /^50: +guest.content=\["100MiB","200MiB"\] policy.slice=49ms output.via=pipe/m);
  assert.not.match(text, /^51/m);
  assert.match(text, /\n… 10 more combinations: they are in the file$/);
});

test('no cell is there: it says so', () => {
  assert.match(reportSweep({ ...told, rows: [], done: 0, in_file: 0 }), /^model: thread-2011: no cell is/);
});

test.run();
