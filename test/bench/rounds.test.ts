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

/** A clock that goes by steps, in a world in which a run takes 400 ns, but for those that something else delays. */
class CoarseWorld extends World {
  readonly #step_ns: number;

  constructor(step_ns: number) {
    super(20);
    this.#step_ns = step_ns;
  }

  override now(): number {
    return Math.floor(super.now() / this.#step_ns) * this.#step_ns;
  }

  delayed(run_ns: number, delays_ns: ReadonlyMap<number, number>): Entry {
    let runs = 0;
    const run = () => {
      this.now_ns += run_ns + (delays_ns.get(runs++) ?? 0);
    };
    return { ...this.entry('a'), contenders: [{ ready: { run }, runs: 1, samples_s: [] }] };
  }
}

/** The first runs, and those that end a warm-up early: what takes 30 ms there takes nothing later. */
const DELAYED = [[], [0], [1], [0, 1], [2], [3], [7], [15], [20], [100], [1000], [5000], [20_000]];

for (const delayed of DELAYED) {
  test(`by a clock of steps of 100 us each sample is far above a step, with runs ${delayed} delayed`, async () => {
    const world = new CoarseWorld(100_000);
    const entry = world.delayed(400, new Map(delayed.map((run) => [run, 31_000_000])));
    await world.measure([entry], 0);
    const [contender] = entry.contenders;
    assert.is(contender?.unmeasured, undefined);
    assert.is(contender?.samples_s.length, ROUNDS_MIN);
    // 25 steps at the least, so a step more or less is 4 %; a delayed run may have come into one sample
    const off = (contender?.samples_s ?? []).filter((seconds) => Math.abs(seconds / 400e-9 - 1) > 0.04);
    assert.ok(off.length <= delayed.length, `${off}`);
  });
}

test('a clock that stands still measures nothing, and one that shows only its own readings neither', async () => {
  const reasons = async (now: () => number): Promise<readonly (string | number | undefined)[]> => {
    let runs = 0;
    const ready = {
      run: () => {
        runs++;
      },
    };
    const entry = { ...new World().entry('a'), contenders: [{ ready, runs: 1, samples_s: [] }] };
    const [contender]: Entry['contenders'] = entry.contenders;
    await measure([entry], 0, { clock: { now }, onTurn: () => undefined });
    assert.ok(runs < 1000, `${runs} runs for nothing`);
    return [contender?.unmeasured, contender?.samples_s.length];
  };
  let reads = 0;
  assert.equal(await reasons(() => 7), ['the clock stands still', 0]);
  assert.equal(await reasons(() => 100_000 * reads++), ['the clock shows no more time for more work', 0]);
});

test('by a clock so coarse that a sample would take over a second, only long runs are measured', async () => {
  const world = new CoarseWorld(100_000_000);
  const entries = [world.delayed(400, new Map()), world.delayed(6e9, new Map())];
  await world.measure(entries, 0);
  const [short, long] = entries.flatMap(({ contenders }) => contenders);
  assert.is(short?.unmeasured, 'the clock goes by steps of 100 ms, so a sample would have to take 5000 ms');
  assert.is(short?.samples_s.length, 0);
  assert.is(long?.unmeasured, undefined);
  assert.is(long?.samples_s.length, ROUNDS_MIN);
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
