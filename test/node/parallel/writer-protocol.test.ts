/** The words that channels share: every range once, whoever takes it, and the sums of what was sent. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WriterControl } from '../../../src/node/parallel/writer-protocol.ts';

test('any channels in any order take every range once, and after a restart once more', () => {
  const count = fc.integer({ min: 1, max: 16 });
  fc.assert(
    fc.property(count, fc.nat(60), fc.array(fc.nat(15), { maxLength: 80 }), (channels, ranges, order) => {
      const control = WriterControl.forWriters(channels);
      for (let round = 0; round < 2; round++) {
        control.restart();
        const turns = [
          ...order.map((channel) => channel % channels),
          ...new Array<number>(ranges + 1).fill(0),
        ];
        const taken = turns.map((channel) => control.takeRange(channel, ranges));
        const ended = taken.indexOf(undefined);
        assert.equal(
          taken.slice(0, ended).sort((a, b) => (a ?? 0) - (b ?? 0)),
          Array.from({ length: ranges }, (_, range) => range),
        );
        assert.ok(taken.slice(ended).every((range) => range === undefined));
      }
    }),
  );
});

test('each begins in its own section, in order, and then helps the next', () => {
  const control = WriterControl.forWriters(3);
  assert.equal([control.takeRange(1, 9), control.takeRange(1, 9), control.takeRange(0, 9)], [3, 4, 0]);
  assert.equal([control.takeRange(1, 9), control.takeRange(1, 9), control.takeRange(2, 9)], [5, 6, 7]);
});

test('sums over the channels, and a stop, seen by whoever has the buffer', () => {
  const control = WriterControl.forWriters(2);
  const other = new WriterControl(control.buffer);
  other.sent(0, 3, 2 ** 40);
  other.sent(1, 4, 1);
  other.sent(1, 1, 1);
  assert.equal([control.sent_pages, control.sent_bytes], [8, 2 ** 40 + 2]);
  assert.equal([other.takeRange(0, 2), control.takeRange(1, 2), control.is_stopped], [0, 1, false]);
  control.stop();
  assert.ok(other.is_stopped);
  assert.equal([control.sent_pages, control.takeRange(0, 2)], [8, undefined]);
});

/** Takes all that it gets, when told to, and says how much. */
const TAKER = `
  import { parentPort, workerData } from 'node:worker_threads';
  import { WriterControl } from '${new URL('../../../dist/node/parallel/writer-protocol.js', import.meta.url).href}';
  const control = new WriterControl(workerData.buffer);
  parentPort.once('message', (ranges) => {
    let taken = 0;
    while (control.takeRange(0, ranges) !== undefined) taken++;
    parentPort.postMessage(taken);
  });
  parentPort.postMessage('ready');`;

test('two threads at the same section: no range is taken twice', async () => {
  const ranges = 400_000;
  const { buffer } = WriterControl.forWriters(2);
  const url = new URL(`data:text/javascript,${encodeURIComponent(TAKER)}`);
  const takers = [0, 1].map(() => new Worker(url, { workerData: { buffer } }));
  try {
    await Promise.all(takers.map((taker) => once(taker, 'message')));
    for (const taker of takers) taker.postMessage(ranges);
    const taken = await Promise.all(takers.map((taker) => once(taker, 'message')));
    assert.is(
      taken.reduce((sum, [count]) => sum + count, 0),
      ranges,
    );
  } finally {
    await Promise.all(takers.map((taker) => taker.terminate()));
  }
});

test.run();
