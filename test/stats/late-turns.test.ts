import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LateTurns } from '../../src/stats/late-turns.ts';

const MS = 1_000_000;

test('turns over the target are summed up, the target itself is not over it', () => {
  const late = new LateTurns(10 * MS);
  late.turn({ turn_ns: 10 * MS, write_ns: 10 * MS, cpu_ns: MS, queued_ns: MS });
  assert.equal(late.result(), { over_ms: 10, count: 0, sum_ms: 0, write_ms: 0, cpu_ms: 0, queued_ms: 0 });
  late.turn({ turn_ns: 11 * MS, write_ns: 4 * MS, cpu_ns: 5 * MS, queued_ns: 2 * MS });
  late.turn({ turn_ns: 30 * MS, write_ns: 20 * MS, cpu_ns: MS, queued_ns: 0 });
  assert.equal(late.result(), { over_ms: 10, count: 2, sum_ms: 41, write_ms: 24, cpu_ms: 6, queued_ms: 2 });
});

test('what the system did not say once is unknown for the sum', () => {
  const late = new LateTurns(MS);
  late.turn({ turn_ns: 2 * MS, write_ns: MS, cpu_ns: MS });
  late.turn({ turn_ns: 2 * MS, write_ns: MS, cpu_ns: MS, queued_ns: MS });
  assert.equal(late.result(), { over_ms: 1, count: 2, sum_ms: 4, write_ms: 2, cpu_ms: 2 });
});

test.run();
