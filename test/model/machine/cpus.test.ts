import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type CpuOptions, Cpus } from '../../../src/model/machine/cpus.ts';
import { Kernel } from '../../../src/model/machine/kernel.ts';
import type { Thread } from '../../../src/model/machine/thread.ts';
import { TwoWakes } from '../../../src/model/machine/wakes.ts';
import { Random } from '../../../src/model/scenario/random.ts';
import { failure } from '../../support/folder.ts';
import { AWAKE_AT_ONCE, MS, RandomWorld, runUntil, SECOND, startHog, US } from '../../support/model-world.ts';

/** A thread that wakes up preempts one that has had so much more (src/model/cpus.ts). */
const GRANULARITY_NS = MS;
/** Of the one who wakes another. */
const FREE = { wake_call_ns: 0 };

function machine(options: Partial<CpuOptions> = {}) {
  const kernel = new Kernel();
  const cpus = new Cpus(kernel, { count: 1, slice_ns: 4 * MS, switch_ns: 0, ...options });
  const thread = (name: string, nice = 0): Thread => cpus.thread(name, AWAKE_AT_ONCE, nice);
  return { kernel, cpus, thread };
}

/** CPU time that threads had while something ran. */
function usedDuring(threads: readonly Thread[], run: () => void): number[] {
  const before = threads.map((thread) => thread.used_ns);
  run();
  return threads.map((thread, i) => thread.used_ns - (before[i] ?? 0));
}

function assertNear(actual: number, wanted: number, within: number, what: string): void {
  assert.ok(Math.abs(actual - wanted) <= within, `${what}: ${actual} and not ${wanted} within ${within}`);
}

test('one thread alone uses exactly its cost, over any number of slices, and one switch', () => {
  for (const switch_ns of [0, 1_500]) {
    const { kernel, thread } = machine({ switch_ns });
    const alone = thread('alone');
    const done_ns: number[] = [];
    alone.run(12_345_678, () => {
      done_ns.push(kernel.now());
      // it goes on where it is: no switch
      alone.run(1_000, () => done_ns.push(kernel.now()));
    });
    while (kernel.step());
    assert.equal(done_ns, [12_345_678 + switch_ns, 12_346_678 + switch_ns]);
    assert.is(alone.used_ns, kernel.now());
    // it was off the CPU meanwhile, and nobody else was on it
    alone.run(10, () => done_ns.push(kernel.now()));
    while (kernel.step());
    assert.is(done_ns[2], 12_346_688 + switch_ns);
  }
});

test('spend alone: the same costs, to the nanosecond', () => {
  const { kernel, thread } = machine({ switch_ns: 700 });
  const alone = thread('alone');
  alone.spend(0);
  assert.is(kernel.now(), 700);
  for (const cost_ns of [1, 0, 50 * MS, 12.4, 12.6]) alone.spend(cost_ns);
  assert.is(kernel.now(), 700 + 1 + 50 * MS + 12 + 13);
  assert.is(alone.used_ns, kernel.now());
});

test('costs that a seed draws between two numbers are rounded, wherever they come from', () => {
  const kernel = new Kernel();
  const cpus = new Cpus(kernel, { count: 1, slice_ns: 4 * MS, switch_ns: 1_500.4 });
  const thread = cpus.thread(
    't',
    new TwoWakes({ ...FREE, wake_ns: 2_000.6, wake_idle_ns: 50_000.2, idle_after_ns: 1_000_000.5 }),
  );
  thread.spend(10);
  thread.wait(() => true);
  // back on the CPU that it was on, which had nobody else meanwhile: no switch
  assert.is(kernel.now(), 1_500 + 10 + 2_001);
});

test('a thread that runs is not to be run', async () => {
  const { thread } = machine();
  const busy = thread('busy');
  busy.run(10, () => undefined);
  await failure('internal-model', () => busy.run(10, () => undefined));
});

test('a synchronous thread that waits for what never comes says so', async () => {
  const { thread } = machine();
  const main = thread('main');
  await failure('internal-model', () => main.wait(() => false));
});

for (const [threads, count] of [
  [2, 1],
  [3, 2],
  [5, 2],
  [7, 3],
  [2, 3],
] as const) {
  test(`${threads} threads that only compute have equal shares of ${count} CPUs`, () => {
    const { kernel, thread } = machine({ count });
    const hogs = Array.from({ length: threads }, (_, i) => thread(`hog ${i}`));
    // bursts of all lengths: what counts is the time, not how it is asked for
    hogs.forEach((hog, i) => {
      startHog(hog, 300 * US + 7_777_777 * i);
    });
    for (const until_ns of [SECOND, 10 * SECOND]) {
      runUntil(kernel, until_ns);
      for (const hog of hogs) {
        assertNear(
          hog.used_ns,
          until_ns * Math.min(1, count / threads),
          4 * MS,
          `${hog.name}, ${until_ns} ns`,
        );
      }
    }
  });
}

test('one that comes late has no claim to what the others had before', () => {
  const { kernel, thread } = machine();
  const [early, late] = [thread('early'), thread('late')];
  startHog(early, 3 * MS);
  runUntil(kernel, 5 * SECOND);
  startHog(late, 3 * MS);
  const used = usedDuring([early, late], () => runUntil(kernel, 6 * SECOND));
  // a slice of credit, and a slice that is not over
  for (const used_ns of used) assertNear(used_ns, SECOND / 2, 8 * MS, used.join(' '));
});

test('nor has one that comes while the others sleep', () => {
  const { kernel, thread } = machine();
  const [early, late] = [thread('early'), thread('late')];
  early.run(5 * SECOND, () => {
    kernel.after(10 * MS, () => early.wake(() => startHog(early, 3 * MS)));
  });
  runUntil(kernel, 5 * SECOND + MS);
  startHog(late, 3 * MS);
  const used = usedDuring([early, late], () => runUntil(kernel, 6 * SECOND + 10 * MS));
  assertNear(used[0] ?? 0, SECOND / 2, 16 * MS, used.join(' '));
});

test('nice: shares by weight, a step of it a quarter', () => {
  const { kernel, thread } = machine();
  const nices = [-3, 0, 0, 5];
  const hogs = nices.map((nice, i) => thread(`hog ${i}`, nice));
  for (const hog of hogs) startHog(hog, 2_345_678);
  runUntil(kernel, 20 * SECOND);
  const weights = nices.map((nice) => 1.25 ** -nice);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  hogs.forEach((hog, i) => {
    const wanted = (20 * SECOND * (weights[i] ?? 0)) / sum;
    // the heaviest pays for the slices of the others in time of its own weight
    assertNear(hog.used_ns, wanted, 4 * MS * (weights[0] ?? 1), `nice ${nices[i]}`);
  });
});

test('switches go on the account of the thread that comes', () => {
  const { kernel, thread } = machine({ switch_ns: 10 * US });
  const hogs = [thread('a'), thread('b')];
  let bursts = 0;
  for (const hog of hogs) {
    const goOn = (): void => {
      bursts++;
      hog.run(MS, goOn);
    };
    hog.run(MS, goOn);
  }
  runUntil(kernel, SECOND);
  // 4 ms slices with a switch each: 250 switches of 10 us
  assertNear(bursts, (SECOND - 250 * 10 * US) / MS, 3, 'bursts');
  assertNear((hogs[0]?.used_ns ?? 0) + (hogs[1]?.used_ns ?? 0), SECOND, 4 * MS, 'used');
});

/** How long after each wake-up a thread ran, which sleeps and computes for so long, beside hogs. */
function wakeUps(options: Partial<CpuOptions>, hogs: number, sleep_ns: number, burst_ns: number): number[] {
  const { kernel, thread } = machine(options);
  for (let i = 0; i < hogs; i++) startHog(thread(`hog ${i}`), 700 * MS);
  const sleeper = thread('sleeper');
  const latencies: number[] = [];
  const sleep = (): void => {
    kernel.after(sleep_ns, () => {
      const woken_ns = kernel.now();
      sleeper.wake(() => {
        latencies.push(kernel.now() - woken_ns);
        sleeper.run(burst_ns, sleep);
      });
    });
  };
  sleep();
  runUntil(kernel, 2 * SECOND);
  return latencies;
}

test('a thread that sleeps for longer than the granularity preempts at once, however long the slice', () => {
  for (const hogs of [1, 3]) {
    for (const count of [1, 2]) {
      const latencies = wakeUps({ slice_ns: 100 * MS, count, switch_ns: 2 * US }, hogs, 5 * MS, 100 * US);
      assert.ok(latencies.length > 350, `${latencies.length} wake-ups`);
      assert.ok(
        latencies.slice(1).every((latency_ns) => latency_ns === (hogs < count ? 0 : 2 * US)),
        `${Math.max(...latencies)}`,
      );
    }
  }
});

test('one that sleeps for less waits once, until it has had less by the granularity', () => {
  const latencies = wakeUps({ slice_ns: 100 * MS }, 1, 300 * US, 100 * US);
  assert.ok(latencies.length > 4_000, `${latencies.length} wake-ups`);
  assert.ok(latencies.filter((latency_ns) => latency_ns > GRANULARITY_NS).length <= 1);
});

test('slices shorter than the granularity bound the wait instead of it', () => {
  const latencies = wakeUps({ slice_ns: 500 * US }, 1, 5 * MS, 100 * US);
  assert.ok(latencies.length > 350, `${latencies.length} wake-ups`);
  assert.ok(Math.max(...latencies) <= 500 * US, `${Math.max(...latencies)}`);
});

test('a sleeper has a slice of credit and no more, however long it slept', () => {
  const { kernel, thread } = machine({ slice_ns: 10 * MS });
  const [hog, sleeper] = [thread('hog'), thread('sleeper')];
  startHog(hog, 700 * MS);
  kernel.at(3 * SECOND + 7 * MS, () => startHog(sleeper, 700 * MS));
  runUntil(kernel, 3 * SECOND + 7 * MS);
  const used = usedDuring([hog, sleeper], () => runUntil(kernel, 4 * SECOND + 7 * MS));
  // half, with the credit of a slice against the hog, half of which is its own, and the slice that runs
  assertNear((used[1] ?? 0) - (used[0] ?? 0), 10 * MS, 10 * MS, used.join(' '));
});

test('wait gives the CPU away and adds what waking up takes: longer after a long wait', () => {
  const wakes = new TwoWakes({ ...FREE, wake_ns: 5 * US, wake_idle_ns: 80 * US, idle_after_ns: MS });
  for (const [wait_ns, wake_ns] of [
    [0, 5 * US],
    [MS - 1, 5 * US],
    [MS, 80 * US],
    [SECOND, 80 * US],
  ] as const) {
    const { kernel, cpus, thread } = machine({ switch_ns: 100 });
    const [main, other] = [cpus.thread('main', wakes), thread('other')];
    main.spend(1_000);
    const began_ns = kernel.now();
    let is_over = false;
    kernel.after(wait_ns, () => {
      is_over = true;
    });
    other.run(wait_ns, () => undefined);
    main.wait(() => is_over);
    assert.is(kernel.now() - began_ns, wait_ns + wake_ns + 100, `after ${wait_ns} ns`);
    assert.is(main.used_ns, 1_000 + 2 * 100, 'a wait uses nothing');
    if (wait_ns === SECOND) assert.is(other.used_ns, SECOND + 100, 'another has the CPU meanwhile');
  }
});

test('spin goes on at once when what it waits for is there', () => {
  const { kernel, cpus } = machine();
  const main = cpus.thread(
    'main',
    new TwoWakes({ ...FREE, wake_ns: 5 * US, wake_idle_ns: 80 * US, idle_after_ns: MS }),
  );
  let is_over = false;
  kernel.after(3 * MS, () => {
    is_over = true;
  });
  main.spin(() => is_over);
  assert.is(kernel.now(), 3 * MS);
});

test('a thread that is set going from the callback of another does not push that off its CPU in the midst', () => {
  for (const goes_on of [false, true]) {
    const { kernel, thread } = machine();
    const [giver, taker, third] = [thread('giver'), thread('taker'), thread('third')];
    const done: string[] = [];
    const end = (name: string) => () => done.push(`${name} at ${kernel.now() / MS}`);
    giver.run(10 * MS, () => {
      // taker has had nothing yet, and so is to have the CPU as soon as the giver's callback is over
      taker.run(2 * MS, end('taker'));
      if (goes_on) giver.run(5 * MS, end('giver'));
    });
    while (kernel.step());
    for (const { name, cpu } of [giver, taker]) assert.is(cpu, undefined, `${name} keeps its CPU`);
    third.run(MS, end('third'));
    while (kernel.step());
    const wanted = goes_on ? ['taker at 12', 'giver at 17', 'third at 18'] : ['taker at 12', 'third at 13'];
    assert.equal(done, wanted);
  }
});

test('a thread that the synchronous one sets going has its turn at its next burst, not at the slice', () => {
  const { kernel, thread } = machine({ slice_ns: 100 * MS });
  const [main, helper] = [thread('main'), thread('helper')];
  main.spend(10 * MS);
  let done_ns = 0;
  helper.run(MS, () => {
    done_ns = kernel.now();
  });
  main.spend(10 * MS);
  assert.is(done_ns, 11 * MS);
  assert.is(kernel.now(), 21 * MS);
});

test('both ways of spend begin a new slice at the end of one, even to spend nothing', () => {
  for (const has_dummies of [false, true]) {
    const { kernel, thread } = machine({ slice_ns: MS });
    const [main, helper] = [thread('main'), thread('helper')];
    const spend = (cost_ns: number): void => {
      if (has_dummies) kernel.after(0, () => undefined);
      main.spend(cost_ns);
    };
    for (const cost_ns of [0, MS, 0]) spend(cost_ns);
    let done_ns = 0;
    // it has had less, but not by so much that it preempts: it waits until the slice is over
    helper.run(10, () => {
      done_ns = kernel.now();
    });
    spend(3 * MS);
    assert.is(done_ns, 2 * MS + 10, has_dummies ? 'the long way' : 'the short way');
  }
});

/** Runs a random world, and asserts after each of its events what must always be so. */
function runChecked(seed: number, has_dummies: boolean): RandomWorld {
  const random = new Random(seed, 'world');
  const cpus = {
    count: 1 + random.below(3),
    slice_ns: (1 + random.below(5)) * MS,
    switch_ns: random.below(3_000),
  };
  const world = new RandomWorld({ seed, cpus, actors: random.below(6), has_dummies });
  world.kernel.check = () => {
    const now_ns = world.kernel.now();
    const on = world.threads.flatMap(({ cpu }) => cpu ?? []);
    const waits = world.threads.filter(({ cpu, burst }) => cpu === undefined && burst !== undefined);
    const about = `seed ${seed} at ${now_ns} ns`;
    assert.is(new Set(on).size, on.length, `two threads on a CPU, ${about}`);
    assert.ok(
      on.every((cpu) => cpu >= 0 && cpu < cpus.count),
      about,
    );
    if (waits.length > 0)
      assert.is(on.length, cpus.count, `${waits[0]?.name} waits for a CPU that is free, ${about}`);
    let used_ns = 0;
    for (const thread of world.threads) {
      assert.ok(
        thread.used_ns >= 0 && thread.used_ns <= now_ns,
        `${thread.name} used more than there was, ${about}`,
      );
      used_ns += thread.used_ns;
    }
    assert.ok(used_ns <= cpus.count * now_ns, `${used_ns} ns used, ${about}`);
  };
  world.run(60);
  assert.ok(
    world.threads.every(({ cpu, burst }) => cpu === undefined && burst === undefined),
    `seed ${seed}: all end`,
  );
  return world;
}

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

test('no CPU is idle while a thread waits, none has two threads, none gives more than its time; the same twice', () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      assert.equal(runChecked(seed, false).trace, runChecked(seed, false).trace);
    }),
    { numRuns: 150 },
  );
});

test('the short way of spend gives the same as the long one', () => {
  let skipped = 0;
  fc.assert(
    fc.property(seeds, (seed) => {
      const [short, long] = [runChecked(seed, false), runChecked(seed, true)];
      assert.equal(short.trace, long.trace);
      skipped += long.kernel.handled - short.kernel.handled;
    }),
    { numRuns: 300 },
  );
  assert.ok(skipped > 5_000, 'the short way was hardly ever gone');
});

test.run();
