import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { CostSet } from '../../src/model/scenario/costs.ts';
import { HOST_2026 } from '../../src/model/scenario/host-2026.ts';
import { formatCost, reportCosts } from '../../src/report/costs.ts';
import { COST_MEANINGS, type CostName, mapCosts } from '../../src/results/costs.ts';
import { COSTS_SCHEMA } from '../../src/results/schemas.ts';
import { assertWidth } from '../support/cli.ts';

function setOf(value: (name: CostName) => number | [number, number]): CostSet {
  const costs = mapCosts((name) => ({ value: value(name), ground: 'made up' }));
  return { schema: COSTS_SCHEMA, name: 'made-up', about: '', costs };
}

test('the conclusion comes first: 4096 bytes in 409.6 ns are 10 GB/s', () => {
  const values: Partial<Record<CostName, number>> = {
    normal_page_ns: 399.6,
    encode_call_ns: 70,
    zero_page_ns: 204.8,
    write_call_ns: 0,
    write_byte_ns: 0.2,
    wake_ns: 12_000,
  };
  const [first, second] = reportCosts(
    setOf((name) => values[name] ?? 1),
    {},
  ).split('\n');
  assert.is(first, 'encode 10.0 GB/s of normal pages, 20.0 GB/s of zero pages; pipe 5.00 GB/s;');
  assert.is(second, 'wake-up 12.0 us');
});

test('each cost has its row, with its spread where there is one', () => {
  const text = reportCosts(
    setOf(() => 1500),
    { turn_ns: { low_ns: 1400, high_ns: 1600 } },
  );
  for (const name of Object.keys(COST_MEANINGS)) assert.match(text, new RegExp(`^${name} +1\\.50 us`, 'm'));
  assert.match(
    text,
    /^turn_ns +1\.50 us {2}1\.40 us to 1\.60 us {2}a turn of the main loop in which nothing$/m,
  );
  assertWidth(text);
});

test('a range of costs, and the widest there may be', () => {
  const text = reportCosts(
    setOf(() => [123_456, 999_999_999_999]),
    {},
  );
  assert.match(text, /^wake_ns +123 us to 1000 s /m);
  assert.match(reportCosts(HOST_2026, {}), /^encode [\d.]+ GB\/s/);
  assertWidth(reportCosts(HOST_2026, {}));
});

test('less than a nanosecond, and more', () => {
  const texts = [0, 0.07123, 1, 55.34, 999.4, 999.6, 12_345, 1e6].map(formatCost);
  assert.equal(texts, ['0 ns', '0.0712 ns', '1 ns', '55.3 ns', '999 ns', '1.00 us', '12.3 us', '1.00 ms']);
});

test.run();
