import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RamCounters } from '../../src/stats/counters.ts';

test('all zero before anything is sent, and no division by no time', () => {
  assert.equal(new RamCounters(8192, 4096).stats(2, 0), {
    total: 8192,
    transferred: 0,
    duplicate: 0,
    normal: 0,
    'normal-bytes': 0,
    remaining: 8192,
    'dirty-sync-count': 0,
    'page-size': 4096,
    mbps: 0,
  });
});

test('what encodes wrote is added up, by the names of query-migrate', () => {
  const counters = new RamCounters(4096 * 4096, 4096);
  counters.countDirtySync();
  counters.count({ normal: 2, zero: 1, bytes: 2 * 4104 + 9 });
  counters.count({ normal: 0, zero: 4093, bytes: 4093 * 9 });
  counters.countDirtySync();
  const transferred = 2 * 4104 + 4094 * 9;
  assert.equal(counters.stats(0, 500_000_000), {
    total: 16_777_216,
    transferred,
    duplicate: 4094,
    normal: 2,
    'normal-bytes': 8192,
    remaining: 0,
    'dirty-sync-count': 2,
    'page-size': 4096,
    // half a second: twice the megabits, 0.720864, to three decimals
    mbps: 0.721,
  });
});

test('guests beyond 4 GiB are counted whole', () => {
  const counters = new RamCounters(2 ** 40, 4096);
  for (let turn = 0; turn < 4; turn++) counters.count({ normal: 2 ** 26, zero: 0, bytes: 4104 * 2 ** 26 });
  const stats = counters.stats(0, 1e9);
  assert.is(stats.normal, 268_435_456);
  assert.is(stats['normal-bytes'], 1_099_511_627_776);
  assert.is(stats.transferred, 1_101_659_111_424);
});

test.run();
