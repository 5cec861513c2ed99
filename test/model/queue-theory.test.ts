/**
 * Kernel, draws and station together against what theory says of them: queues whose means are known exactly.
 * Formulas: Kleinrock, Queueing Systems I (1975), 3.6 (M/M/1/K) and 5.7 (Pollaczek-Khinchin, for M/D/1).
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Kernel } from '../../src/model/machine/kernel.ts';
import { Station } from '../../src/model/machine/station.ts';
import { Random } from '../../src/model/scenario/random.ts';

/** Long against a nanosecond, so that whole nanoseconds change nothing. */
const SERVICE_NS = 1_000_000;
const EVENTS = 1_000_000;
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
/** Long against the time in which a queue forgets how it was, so that their means are independent. */
const BATCHES = 50;

interface Estimate {
  readonly mean: number;
  /** Of the mean, by the means of batches. */
  readonly standard_error: number;
}

/** A ratio of two sums, each given by batches; its error is that of the batches' own ratios. */
function ratioOf(batches: readonly (readonly [above: number, below: number])[]): Estimate {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const mean = sum(batches.map(([above]) => above)) / sum(batches.map(([, below]) => below));
  const variance = sum(batches.map(([above, below]) => (above / below - mean) ** 2)) / (batches.length - 1);
  return { mean, standard_error: Math.sqrt(variance / batches.length) };
}

/** What is drawn of a queue: jobs per service time, places, and how long a service takes. */
interface Queue {
  readonly rho: number;
  readonly places: number;
  readonly serviceNs: (random: Random) => number;
}

/** What was counted in a batch. */
interface Batch {
  arrivals: number;
  lost: number;
  /** Jobs in the system, times how long they were so many. */
  job_ns: number;
  elapsed_ns: number;
  /** Time in the queue, without the service, of those that were served. */
  wait_ns: number;
  served: number;
}

/** A run of so many events of the kernel: arrivals and ends of services. */
function runQueue({ rho, places, serviceNs }: Queue, seed: number): Batch[] {
  const kernel = new Kernel();
  const station = new Station(kernel, places);
  const [arrivals, services] = [new Random(seed, 'arrivals'), new Random(seed, 'services')];
  const newBatch = (): Batch => ({ arrivals: 0, lost: 0, job_ns: 0, elapsed_ns: 0, wait_ns: 0, served: 0 });
  let batch = newBatch();
  let since_ns = 0;
  // how long the system held how many: taken whenever that is about to change
  const count = (jobs: number): void => {
    const now_ns = kernel.now();
    batch.job_ns += jobs * (now_ns - since_ns);
    batch.elapsed_ns += now_ns - since_ns;
    since_ns = now_ns;
  };
  const arrive = (): void => {
    kernel.after(Math.round(arrivals.exponential(SERVICE_NS / rho)), arrive);
    count(station.length);
    const arrived_ns = kernel.now();
    const service_ns = Math.round(serviceNs(services));
    const is_taken = station.serve(service_ns, () => {
      // the one that is done is not counted any more when it says so
      count(station.length + 1);
      batch.wait_ns += kernel.now() - arrived_ns - service_ns;
      batch.served++;
    });
    batch.arrivals++;
    if (!is_taken) batch.lost++;
  };
  kernel.after(0, arrive);
  const batches: Batch[] = [];
  while (batches.length < BATCHES) {
    const until = ((batches.length + 1) * EVENTS) / BATCHES;
    while (kernel.handled < until) kernel.step();
    count(station.length);
    batches.push(batch);
    batch = newBatch();
  }
  return batches;
}

/** Each run within four standard errors of theory, and the mean of all within 1 %. */
function assertMean(what: string, wanted: number, estimates: readonly Estimate[]): void {
  estimates.forEach(({ mean, standard_error }, i) => {
    const errors = (mean - wanted) / standard_error;
    assert.ok(Math.abs(errors) < 4, `${what}, seed ${SEEDS[i]}: ${mean} for ${wanted}, ${errors} errors`);
    // an error that is as large as the mean would let anything pass
    assert.ok(
      standard_error < 0.05 * wanted,
      `${what}, seed ${SEEDS[i]}: error ${standard_error} of ${mean}`,
    );
  });
  const mean = estimates.reduce((sum, estimate) => sum + estimate.mean, 0) / estimates.length;
  assert.ok(Math.abs(mean / wanted - 1) < 0.01, `${what}: ${mean} for ${wanted}`);
}

for (const { rho, places } of [
  { rho: 0.8, places: 4 },
  { rho: 1.2, places: 16 },
]) {
  test(`M/M/1/${places} at ${rho}: how many are lost, and how many are there`, () => {
    const queue: Queue = { rho, places, serviceNs: (random) => random.exponential(SERVICE_NS) };
    const runs = SEEDS.map((seed) => runQueue(queue, seed));
    // p(n) = (1 - rho) rho^n / (1 - rho^(K+1)); arrivals see what the time average sees, so p(K) of them are lost
    const share = (n: number): number => ((1 - rho) * rho ** n) / (1 - rho ** (places + 1));
    const loss = share(places);
    // L = rho / (1 - rho) - (K + 1) rho^(K+1) / (1 - rho^(K+1)), the sum of n p(n)
    const tail = rho ** (places + 1);
    const length = rho / (1 - rho) - ((places + 1) * tail) / (1 - tail);
    assertMean(
      'lost',
      loss,
      runs.map((run) => ratioOf(run.map((batch) => [batch.lost, batch.arrivals]))),
    );
    assertMean(
      'in system',
      length,
      runs.map((run) => ratioOf(run.map((batch) => [batch.job_ns, batch.elapsed_ns]))),
    );
  });
}

test('M/D/1 at 0.5: how long a job waits before its service', () => {
  const rho = 0.5;
  const queue: Queue = { rho, places: Number.POSITIVE_INFINITY, serviceNs: () => SERVICE_NS };
  const runs = SEEDS.map((seed) => runQueue(queue, seed));
  // W = rho s / 2 (1 - rho): half of what it is where services are exponential, for those of one length vary by 0
  const wait_ns = (rho * SERVICE_NS) / (2 * (1 - rho));
  assertMean(
    'wait',
    wait_ns,
    runs.map((run) => ratioOf(run.map((batch) => [batch.wait_ns, batch.served]))),
  );
  // Little: what waits is what comes times how long it waits; with the one in service it is rho more
  assertMean(
    'in system',
    rho + (rho * wait_ns) / SERVICE_NS,
    runs.map((run) => ratioOf(run.map((batch) => [batch.job_ns, batch.elapsed_ns]))),
  );
  assert.ok(runs.flat().every((batch) => batch.lost === 0));
});

test('jobs are served one at a time, first come first served, at their own lengths', () => {
  const kernel = new Kernel();
  const station = new Station(kernel);
  const done: [job: number, at_ns: number][] = [];
  const lengths_ns = [30, 0, 5, 5, 100];
  lengths_ns.forEach((length_ns, job) => {
    assert.is(
      station.serve(length_ns, () => done.push([job, kernel.now()])),
      true,
    );
  });
  assert.is(station.length, 5);
  while (kernel.step());
  assert.equal(done, [
    [0, 30],
    [1, 30],
    [2, 35],
    [3, 40],
    [4, 140],
  ]);
  assert.is(station.length, 0);
});

test('a place is free again when its job says that it is done', () => {
  const kernel = new Kernel();
  const station = new Station(kernel, 2);
  const done: string[] = [];
  const serve = (name: string, then: () => void = () => undefined): boolean =>
    station.serve(10, () => {
      done.push(`${name} at ${kernel.now()}`);
      then();
    });
  assert.is(
    serve('a', () => assert.is(serve('d'), true)),
    true,
  );
  assert.is(serve('b'), true);
  assert.is(serve('c'), false, 'the one that is served has a place too');
  while (kernel.step());
  assert.equal(done, ['a at 10', 'b at 20', 'd at 30']);
});

test.run();
