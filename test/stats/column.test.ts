/** Numbers that are kept as they come: all of them, and none is copied while others come. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Blackout, REQUEST_PERIOD_NS } from '../../src/stats/blackout.ts';
import { Column } from '../../src/stats/column.ts';
import { Spans } from '../../src/stats/spans.ts';
import { copiesOf } from '../support/copies.ts';

test('the numbers are those that came, in their order, however many', () => {
  for (const count of [0, 1, 4095, 4096, 4097, 20_000]) {
    const numbers = Array.from({ length: count }, (_, i) => i * 2 ** 40 + 0.5);
    const column = new Column();
    for (const number of numbers) column.push(number);
    assert.is(column.length, count);
    assert.equal(Array.from(column.values()), numbers);
    assert.equal(Array.from(Column.of(numbers).values()), numbers);
  }
});

test('what is given out is a copy', () => {
  const column = Column.of([1, 2]);
  column.values()[0] = 9;
  assert.equal(Array.from(column.values()), [1, 2]);
});

test('while spans and samples come, nothing that is there is copied', async () => {
  const spans = new Spans();
  const blackout = new Blackout(0);
  const copies = await copiesOf(() => {
    for (let i = 0; i < 20_000; i++) {
      spans.enter('iterate', i * REQUEST_PERIOD_NS);
      spans.leave((i + 1) * REQUEST_PERIOD_NS);
      blackout.answered((i + 1) * REQUEST_PERIOD_NS);
    }
  });
  assert.equal(copies, []);
  assert.is(spans.list.length, 20_000);
  assert.is(spans.list[19_999]?.start_ns, 19_999 * REQUEST_PERIOD_NS);
  assert.is(blackout.count, 20_000);
});

test.run();
