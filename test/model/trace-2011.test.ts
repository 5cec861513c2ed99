/** What the model says of the thread of 2011, as far as it is certain of every run; bench/validate has shares. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  findCosts,
  parseScenario,
  type Simulated,
  scenarioDocument,
  simulate,
  withSetting,
} from '../../src/model/index.ts';
import type { Span } from '../../src/stats/spans.ts';

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
const PLAIN = 'thread-2011';
const DEAR = 'thread-2011-dear-touch';
const costs = findCosts('host-2011');

function runs(name: string, ...settings: string[]): Simulated[] {
  return runsOf(SEEDS, name, ...settings);
}

function runsOf(seeds: readonly number[], name: string, ...settings: string[]): Simulated[] {
  const document = settings.reduce<unknown>(withSetting, scenarioDocument(name));
  const scenario = parseScenario(document, name);
  return seeds.map((seed) => simulate(scenario, costs, seed));
}

const msOf = ({ start_ns, end_ns }: Span): number => (end_ns - start_ns) / 1e6;
const iteratesOf = ({ spans }: Simulated): number[] =>
  spans.list.filter(({ phase }) => phase === 'iterate').map(msOf);
const longestIterate = (simulated: Simulated): number => Math.max(0, ...iteratesOf(simulated));

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** 50 ms, the fixed cost of an iterate, 64 pages with their writes, and one time slice. */
function bound({ scenario, costs: drawn }: Simulated): number {
  const pages = scenario.guest.size / 4096;
  const fixed_ns =
    drawn.iterate_call_ns + drawn.sync_call_ns + scenario.loop.walks * drawn.walk_page_ns * pages;
  const page_ns = drawn.fault_ns + drawn.zero_page_ns + drawn.normal_page_ns + drawn.reset_page_ns;
  const touch_ns = scenario.guest.dear_touch === 'off' ? 0 : 2 * scenario.guest.dear_touch;
  const writes_ns = 9 * (drawn.write_call_ns + drawn.eagain_call_ns + 32_768 * drawn.write_byte_ns);
  return (50e6 + fixed_ns + 64 * page_ns + touch_ns + writes_ns + scenario.cpu.slice) / 1e6;
}

test('most iterates are short, and the longest is many times as long', () => {
  for (const simulated of runs(PLAIN)) {
    const iterates = iteratesOf(simulated);
    assert.ok(iterates.length > 50);
    assert.ok(median(iterates) > 1 && median(iterates) < 20, `median ${median(iterates)} ms`);
    assert.ok(longestIterate(simulated) > 10 * median(iterates), `longest ${longestIterate(simulated)} ms`);
    assert.ok(longestIterate(simulated) < 2_000, 'an ordinary host does not make seconds of it');
  }
});

test('dear touches make seconds of it, in most runs', () => {
  const longest = runs(DEAR).map(longestIterate);
  assert.ok(median(longest) > 1_000, `${longest.join(', ')}`);
});

test('zero records are the cause: without them no iterate is over 60 ms', () => {
  for (const name of [PLAIN, DEAR]) {
    // 2 GiB on the wire take longer to simulate
    for (const simulated of runsOf([1, 2], name, 'guest.zero_records=false')) {
      assert.ok(longestIterate(simulated) <= 60, `${name}: ${longestIterate(simulated)} ms`);
    }
  }
});

test('the first touch makes the seconds: without faults no iterate takes one', () => {
  for (const simulated of runs(DEAR, 'guest.faults=false')) {
    assert.ok(longestIterate(simulated) < 1_000, `${longestIterate(simulated)} ms`);
  }
});

test('the check after 50 ms: every iterate is within it, but for what it cannot see', () => {
  for (const name of [PLAIN, DEAR]) {
    for (const simulated of runs(`${name}-slice`)) {
      assert.ok(longestIterate(simulated) <= bound(simulated), `${name}: ${longestIterate(simulated)} ms`);
    }
  }
});

test('the limit of 32 MiB/s is no cure: zero runs still make long iterates', () => {
  const longest = runs(`${PLAIN}-limit`).map(longestIterate);
  assert.ok(median(longest) > 60, `${longest.join(', ')}`);
});

test('the thread: the main loop is never away for 100 ms, and closing takes none of its time', () => {
  for (const name of [PLAIN, DEAR]) {
    for (const simulated of runs(`${name}-thread`)) {
      const { max } = simulated.blackout.summary_ms();
      assert.ok(max < 100, `${name}: ${max} ms`);
      assert.is(simulated.close_ns, 0);
    }
  }
});

test.run();
