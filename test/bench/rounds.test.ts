/** Rounds by a clock that the test moves: how many, how long a sample, and in which order. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { clockStep_ns, type Entry, measure, ROUNDS_MAX, ROUNDS_MIN } from '../../src/bench/rounds.ts';

/** A world in which runs take what they are said to take; reading the clock takes `read_ns`. */
class World {
  now_ns = 0;
  readonly calls: string[] = [];
  readonly shares: number[] = [];
  readonly #read_ns: number;

  constructor(read_ns = 0) {
    this.#read_ns = read_ns;
  }

  now(): number {
    this.now_ns += this.#read_ns;
    return this.now_ns;
  }

  entry(name: string, ...runs_ns: readonly number[]): Entry {
    return {
      of: { name, bytes: 4096, prepare: () => ({ run: () => undefined }) },
      contenders: runs_ns.map((run_ns, side) => ({
        runs: 1,
        samples_s: [],
        ready: {
          run: () => {
            this.calls.push(`${name}${side}`);
            this.now_ns += run_ns;
          },
        },
      })),
    };
  }

  async measure(entries: readonly Entry[], budget_ns: number): Promise<void> {
    // the smallest step of this clock
    const clock = { now: () => this.now() };
    await measure(entries, budget_ns, { clock, onTurn: (share) => this.shares.push(share) });
  }
}

test('the step of a clock is the smallest that it makes', () => {
  let reads = 0;
  assert.is(clockStep_ns({ now: () => Math.floor(reads++ / 5) * 100_000 }), 100_000);
});

test('a short run is repeated until a sample has 2 ms; its seconds are of one run', async () => {
  const world = new World(1);
  const short = world.entry('a', 1000);
  await world.measure([short], 0);
  const [contender] = short.contenders;
  assert.ok((contender?.runs ?? 0) >= 1990 && (contender?.runs ?? 0) <= 2000, `${contender?.runs} runs`);
  assert.is(contender?.samples_s.length, ROUNDS_MIN);
  for (const seconds of contender?.samples_s ?? []) assert.ok(Math.abs(seconds - 1e-6) < 1e-9, `${seconds}`);
});

test('a clock of coarse steps makes samples longer', async () => {
  const world = new World(100_000);
  const entry = world.entry('a', 1_000_000);
  await world.measure([entry], 0);
  const runs = entry.contenders[0]?.runs ?? 0;
  assert.ok(runs >= 4 && runs <= 5, `50 steps of 0.1 ms are 5 ms: ${runs} runs`);
});

test('as many rounds as the time allows, within bounds', async () => {
  const rounds = async (budget_ns: number): Promise<number | undefined> => {
    const world = new World(1);
    const entry = world.entry('a', 10_000_000);
    await world.measure([entry], budget_ns);
    return entry.contenders[0]?.samples_s.length;
  };
  assert.is(await rounds(-1), ROUNDS_MIN);
  assert.is(await rounds(205_000_000), 20);
  assert.is(await rounds(1e12), ROUNDS_MAX);
});

test('all cases in every round; the two builds right after each other, and in turn the first', async () => {
  const world = new World(1);
  await world.measure(
    [world.entry('a', 10_000_000, 10_000_000), world.entry('b', 20_000_000, 20_000_000)],
    0,
  );
  const measured = world.calls.slice(-4 * ROUNDS_MIN);
  assert.equal(measured.slice(0, 8), ['a0', 'a1', 'b1', 'b0', 'a1', 'a0', 'b0', 'b1']);
  for (let round = 0; round < ROUNDS_MIN; round++) {
    assert.equal(measured.slice(4 * round, 4 * round + 4).sort(), ['a0', 'a1', 'b0', 'b1']);
  }
});

test('the share grows to 1, and what is thrown there ends it', async () => {
  const world = new World(1);
  await world.measure([world.entry('a', 10_000_000)], 0);
  assert.equal(
    world.shares,
    [...world.shares].sort((a, b) => a - b),
  );
  assert.is(world.shares.at(-1), 1);
  const entry = world.entry('a', 10_000_000);
  const onTurn = (share: number): void => {
    if (share > 0.5) throw new Error('enough');
  };
  try {
    await measure([entry], 0, { clock: { now: () => world.now() }, onTurn });
    assert.unreachable();
  } catch (error) {
    assert.is(error instanceof Error && error.message, 'enough');
  }
  assert.is(entry.contenders[0]?.samples_s.length, Math.ceil(ROUNDS_MIN / 2));
});

test('a run that is not done at once is waited for', async () => {
  const world = new World(1);
  let is_done = true;
  const run = async (): Promise<void> => {
    assert.ok(is_done, 'no run begins before the last has ended');
    is_done = false;
    await new Promise((resolve) => setImmediate(resolve));
    world.now_ns += 40_000_000;
    is_done = true;
  };
  const entry = { ...world.entry('a'), contenders: [{ ready: { run }, runs: 1, samples_s: [] as number[] }] };
  await world.measure([entry], 0);
  assert.ok(entry.contenders[0]?.samples_s.every((seconds) => Math.abs(seconds - 0.04) < 1e-6));
});

test.run();
