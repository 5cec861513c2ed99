import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PagepipeError } from '../../src/errors.ts';
import { Spans } from '../../src/stats/spans.ts';

const isInternal = (error: unknown): boolean =>
  error instanceof PagepipeError && error.code === 'internal-span';

test('spans are listed in order, once they are closed', () => {
  const spans = new Spans();
  assert.equal(spans.list, []);
  spans.enter('begin', 5);
  assert.equal(spans.list, []);
  assert.equal(spans.leave(27), { phase: 'begin', start_ns: 5, end_ns: 27 });
  spans.enter('iterate', 27);
  spans.leave(27);
  assert.equal(spans.list, [
    { phase: 'begin', start_ns: 5, end_ns: 27 },
    { phase: 'iterate', start_ns: 27, end_ns: 27 },
  ]);
});

test('a second span cannot begin inside the first', () => {
  const spans = new Spans();
  spans.enter('iterate', 1);
  assert.throws(() => spans.enter('complete', 2), isInternal);
  // the first is still the one that is open
  assert.equal(spans.leave(3), { phase: 'iterate', start_ns: 1, end_ns: 3 });
});

test('none can end that has not begun', () => {
  const spans = new Spans();
  assert.throws(() => spans.leave(1), isInternal);
  spans.enter('begin', 1);
  spans.leave(2);
  assert.throws(() => spans.leave(3), isInternal);
  assert.is(spans.list.length, 1);
});

test.run();
