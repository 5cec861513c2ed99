import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findCosts, parseCosts } from '../../../src/model/index.ts';
import { Cpus } from '../../../src/model/machine/cpus.ts';
import { Kernel } from '../../../src/model/machine/kernel.ts';
import { MeasuredWakes, TwoWakes } from '../../../src/model/machine/wakes.ts';
import { Random } from '../../../src/model/scenario/random.ts';
import { failure } from '../../support/folder.ts';
import { MS, US } from '../../support/model-world.ts';

const TABLE = {
  ground: 'made up',
  waits: [
    { wait_ns: 1000, calls_ns: [100, 200], latencies_ns: [10, 20] },
    { wait_ns: 3000, calls_ns: [300], latencies_ns: [30] },
    { wait_ns: 9000, calls_ns: [400, 500, 600, 700], latencies_ns: [40, 50, 60, 70] },
  ],
};
const DRAWS = 20_000;

function drawn(waited_ns: number): Map<string, number> {
  const wakes = new MeasuredWakes(TABLE, new Random(5, 'wakes'));
  const counts = new Map<string, number>();
  for (let i = 0; i < DRAWS; i++) {
    const { call_ns, latency_ns } = wakes.draw(waited_ns);
    const key = `${call_ns}/${latency_ns}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

const isNear = (count: number | undefined, share: number): boolean =>
  Math.abs((count ?? 0) / DRAWS - share) < 0.02;

test('call and latency of one wake-up stay together, and all of a wait are equally likely', () => {
  for (const waited_ns of [9000, 9001, 1e9]) {
    const counts = drawn(waited_ns);
    assert.equal([...counts.keys()].sort(), ['400/40', '500/50', '600/60', '700/70']);
    for (const count of counts.values()) assert.ok(isNear(count, 0.25));
  }
  assert.equal([...drawn(0).keys()].sort(), ['100/10', '200/20']);
  assert.equal([...drawn(1000).keys()].sort(), ['100/10', '200/20']);
  assert.equal([...drawn(3000).keys()], ['300/30']);
});

test('between two waits either one is drawn, by how near it is', () => {
  const counts = drawn(1500);
  assert.ok(isNear(counts.get('300/30'), 0.25));
  assert.ok(isNear(counts.get('100/10'), 0.375));
  assert.ok(isNear(counts.get('200/20'), 0.375));
});

test('two kinds of wake-ups, and one kind where the CPU does not sleep deeply', () => {
  const costs = { wake_call_ns: 7, wake_ns: 20, wake_idle_ns: 300, idle_after_ns: 1000 };
  assert.equal(new TwoWakes(costs).draw(999), { call_ns: 7, latency_ns: 20 });
  assert.equal(new TwoWakes(costs).draw(1000), { call_ns: 7, latency_ns: 300 });
  assert.equal(new TwoWakes(costs, false).draw(1e9), { call_ns: 7, latency_ns: 20 });
});

test('who stirs a sleeper pays for it once, and nothing where it does not sleep', () => {
  const kernel = new Kernel();
  const cpus = new Cpus(kernel, { count: 1, slice_ns: 4 * MS, switch_ns: 0 });
  const main = cpus.thread('main', new MeasuredWakes(TABLE, new Random(1, 'main')));
  main.spend(10);
  assert.is(main.stir(), 0, 'it runs');
  const calls_ns: number[] = [];
  let is_over = false;
  kernel.after(3000, () => {
    is_over = true;
    calls_ns.push(main.stir(), main.stir());
  });
  main.wait(() => is_over);
  assert.equal(calls_ns, [300, 300], 'one wake-up, however often it is told');
  assert.is(kernel.now(), 10 + 3000 + 30);
});

test('each field of the table of wake-ups is refused on its own', async () => {
  const [first, second] = TABLE.waits;
  const bad: [unknown, RegExp][] = [
    [{ ...TABLE, ground: '' }, /wakes\.ground/],
    [{ ...TABLE, waits: [] }, /wakes\.waits/],
    [{ ...TABLE, waits: [second, first] }, /wakes\.waits.*do not rise/],
    [{ ...TABLE, waits: [first, first] }, /wakes\.waits.*do not rise/],
    [{ ...TABLE, waits: [{ ...first, calls_ns: [1] }] }, /wakes\.waits\.0.*more calls than latencies/],
    [{ ...TABLE, waits: [{ ...first, calls_ns: [], latencies_ns: [] }] }, /wakes\.waits\.0\.calls_ns/],
    [{ ...TABLE, waits: [{ ...first, latencies_ns: [1, -1] }] }, /wakes\.waits\.0\.latencies_ns\.1/],
    [{ ...TABLE, waits: [{ ...first, wait_ns: -1 * US }] }, /wakes\.waits\.0\.wait_ns/],
    [{ ...TABLE, more: 1 }, /wakes\.more/],
  ];
  const set = findCosts('host-2011');
  assert.equal(parseCosts({ ...set, wakes: TABLE }, 'file').wakes, TABLE);
  for (const [wakes, expected] of bad) {
    const { message } = await failure('usage-document', () => parseCosts({ ...set, wakes }, 'file'));
    assert.match(message, expected);
  }
});

test.run();
