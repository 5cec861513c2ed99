import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildResult, type Measured } from '../../src/results/result.ts';
import { RamCounters } from '../../src/stats/counters.ts';

const MS = 1_000_000;

const measured: Measured = {
  command: 'save',
  world: 'real',
  wall_ns: 2_000_400_600,
  load_ms: 12.34567,
  sync_ms: 3.0004,
  downtime_ns: 410 * MS + 499,
  converged: true,
  guest_bytes: 2_147_483_648,
  stream_bytes: 123_456,
  ram: new RamCounters(2_147_483_648, 4096).stats(0, 2_000_400_600),
  spans: [
    { phase: 'begin', start_ns: 0, end_ns: 22 * MS },
    { phase: 'iterate', start_ns: 22 * MS, end_ns: 26 * MS },
  ],
  blackout_ms: { p50: 0.1, p99: 22, max: 22.5 },
  eagain: 3,
  short_writes: 1,
  longest_write_ns: 1_500_400,
  options: { policy: 'window', limit_bytes_per_s: 33_554_432 },
  machine: { node: '20.20.0', cpus: 4 },
};

/** The keys that docs/cli.md promises to others; more may stand beside them. */
const PROMISED = [
  'schema command world wall_ms load_ms sync_ms downtime_ms converged guest_bytes stream_bytes',
  'guest_bytes_per_s ram phases blackout_ms eagain short_writes options machine',
]
  .join(' ')
  .split(' ');

const FIGURES = ['count', 'sum_ms', 'avg_ms', 'min_ms', 'max_ms', 'p50_ms', 'p99_ms'];

test('all keys that others read are there', () => {
  const document = buildResult(measured);
  for (const key of PROMISED) assert.ok(Object.hasOwn(document, key), key);
  assert.equal(Object.keys(document.phases), ['begin', 'iterate', 'complete', 'all']);
  for (const phase of ['begin', 'iterate', 'complete'] as const) {
    assert.equal(Object.keys(document.phases[phase]), FIGURES);
  }
  assert.equal(Object.keys(document.phases.all), [...FIGURES, 'log2_ms', 'log2_us']);
});

test('times are milliseconds to the microsecond, rates a second of wall time', () => {
  const document = buildResult(measured);
  assert.is(document.schema, 'pagepipe/result/1');
  assert.is(document.wall_ms, 2000.401);
  assert.is(document.load_ms, 12.346);
  assert.is(document.sync_ms, 3);
  assert.is(document.downtime_ms, 410);
  assert.is(document.longest_write_ms, 1.5);
  // 2147483648 / 2.0004006
  assert.is(document.guest_bytes_per_s, 1_073_526_797);
  assert.is(document.phases.begin.sum_ms, 22);
  assert.is(document.phases.all.count, 2);
  assert.equal(document.phases.all.log2_ms, [
    { ge: 4, count: 1 },
    { ge: 16, count: 1 },
  ]);
});

test('what was measured goes through as it is', () => {
  const document = buildResult(measured);
  for (const key of ['command', 'world', 'converged', 'guest_bytes', 'stream_bytes', 'ram'] as const) {
    assert.equal(document[key], measured[key], key);
  }
  for (const key of ['blackout_ms', 'eagain', 'short_writes', 'options', 'machine'] as const) {
    assert.equal(document[key], measured[key], key);
  }
});

test('no wall time is no rate, not Infinity, which JSON has not', () => {
  assert.is(buildResult({ ...measured, wall_ns: 0 }).guest_bytes_per_s, 0);
});

test('parts that were not used are absent, not null', () => {
  const document = buildResult({ ...measured, disk: undefined, xbzrle_cache: undefined });
  assert.not.ok(Object.hasOwn(document, 'disk'));
  assert.not.ok(Object.hasOwn(document, 'xbzrle-cache'));
});

test('parts that were used are there', () => {
  const log2_us = [{ ge: 1024, count: 2 }];
  const disk = { direct: true, writes: 2, sum_ms: 3.00049, max_ms: 2.0005001, log2_us };
  const cache = {
    'cache-size': 67_108_864,
    bytes: 512,
    pages: 9,
    'cache-miss': 4,
    'cache-miss-rate': 0.5,
    'encoding-rate': 8,
    overflow: 1,
  };
  const document = buildResult({ ...measured, disk, xbzrle_cache: cache });
  assert.equal(document.disk, { direct: true, writes: 2, sum_ms: 3, max_ms: 2.001, log2_us });
  assert.equal(document['xbzrle-cache'], cache);
});

test('JSON carries the whole document', () => {
  const document = buildResult(measured);
  assert.equal(JSON.parse(JSON.stringify(document)), document);
});

test.run();
