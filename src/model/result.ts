/** The result document of a save in the model: the same keys as of a real one. */
import { policyNameOf } from '../policy/table.ts';
import { buildResult, type DiskResult, type Plain, type ResultDocument } from '../results/result.ts';
import { Log2Histogram } from '../stats/histogram.ts';
import { specOf } from './policy.ts';
import type { CostSet } from './scenario/costs.ts';
import { drawnOnly, type Scenario } from './scenario/scenario.ts';
import { type Simulated, simulate } from './simulate.ts';

/** What a simulation is of. */
export interface ModelRun {
  readonly scenario: Scenario;
  readonly costs: CostSet;
  readonly seed: number;
}

function diskOf({ scenario, disk_times_ns }: Simulated): DiskResult | undefined {
  if (disk_times_ns.length === 0) return undefined;
  const histogram = new Log2Histogram();
  let sum_ns = 0;
  let max_ns = 0;
  for (const time_ns of disk_times_ns) {
    histogram.add(Math.floor(time_ns / 1000));
    sum_ns += time_ns;
    max_ns = Math.max(max_ns, time_ns);
  }
  return {
    direct: scenario.output.via === 'pipe',
    writes: disk_times_ns.length,
    sum_ms: sum_ns / 1e6,
    max_ms: max_ns / 1e6,
    log2_us: histogram.rows(),
  };
}

/** The options as a real save's result has them. */
function optionsOf({ scenario }: Simulated, seed: number): Record<string, Plain> {
  const { policy, loop, guest, output } = scenario;
  return {
    scenario: scenario.name,
    size_bytes: guest.size,
    via: output.via,
    direct: output.via === 'pipe' && output.reader === 'helper',
    policy: policyNameOf(specOf(policy)),
    limit_bytes_per_s: policy.limit === 'unlimited' ? null : policy.limit,
    slice_ms: policy.slice === 'off' ? null : policy.slice / 1e6,
    complete: loop.complete,
    thread: loop.thread,
    max_rounds: loop.max_rounds === 'unlimited' ? null : loop.max_rounds,
    seed,
  };
}

/** What a simulation gave, as a document. */
export function modelResult({ scenario, costs, seed }: ModelRun, simulated: Simulated): ResultDocument {
  const { wall_ns } = simulated;
  return buildResult({
    command: 'simulate',
    world: 'model',
    wall_ns,
    load_ms: 0,
    sync_ms: simulated.sync_ns / 1e6,
    downtime_ns: simulated.downtime_ns,
    close_ns: simulated.close_ns,
    converged: simulated.converged,
    guest_bytes: simulated.guest_bytes,
    stream_bytes: simulated.stream_bytes,
    ram: simulated.counters.stats(simulated.remaining_pages, wall_ns),
    spans: simulated.spans.list,
    blackout_ms: simulated.blackout.summary_ms(),
    eagain: simulated.eagain,
    short_writes: simulated.short_writes,
    longest_write_ns: simulated.longest_write_ns,
    disk: diskOf(simulated),
    options: optionsOf(simulated, seed),
    machine: { model: true },
    model: {
      scenario: scenario.name,
      seed,
      costs: costs.name,
      backlog_bytes: simulated.backlog_bytes,
      events: simulated.events,
      drawn: drawnOnly(scenario, simulated.scenario),
    },
  });
}

/**
 * Runs a scenario once and gives its result document.
 *
 * @example
 * runModel({ scenario: findScenario('nvme'), costs: findCosts('host-2026'), seed: 1 }).phases.iterate.max_ms;
 */
export function runModel(run: ModelRun): ResultDocument {
  return modelResult(run, simulate(run.scenario, run.costs, run.seed));
}
