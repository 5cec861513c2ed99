/** A save in virtual time: puts a scenario's world together and runs it. */
import { RECORDS } from '../core/records.ts';
import { startPolicy } from '../policy/table.ts';
import { Save } from '../save/save.ts';
import { Blackout } from '../stats/blackout.ts';
import { RamCounters } from '../stats/counters.ts';
import { Spans } from '../stats/spans.ts';
import { BacklogChannel } from './backlog-channel.ts';
import { type ModelChannel, PipeChannel } from './channels.ts';
import { Load } from './contention.ts';
import { FileChannel } from './file-channel.ts';
import { layoutGuest } from './layout.ts';
import { Cpus } from './machine/cpus.ts';
import { Disk } from './machine/disk.ts';
import { Kernel } from './machine/kernel.ts';
import { PageCache } from './machine/page-cache.ts';
import { PipeInode } from './machine/pipe-inode.ts';
import type { Thread } from './machine/thread.ts';
import { MeasuredWakes, TwoWakes } from './machine/wakes.ts';
import { MainLoop } from './main-loop.ts';
import { mannerOf } from './manner.ts';
import { BigLock, MonitorThread, runMigrationThread } from './migration-thread.ts';
import { specOf } from './policy.ts';
import { ModelRam } from './ram.ts';
import { Helper, PacedReader } from './reader.ts';
import { type CostSet, type DrawnCosts, drawCosts } from './scenario/costs.ts';
import { Random } from './scenario/random.ts';
import { type DrawnScenario, drawScenario, type Scenario } from './scenario/scenario.ts';
import { ModelSource } from './source.ts';

/** What a save in the model gives. */
export interface Simulated {
  readonly scenario: DrawnScenario;
  readonly costs: DrawnCosts;
  readonly wall_ns: number;
  readonly downtime_ns: number;
  /** How long closing the descriptor held up the main loop, after complete. */
  readonly close_ns: number;
  /** From the last byte taken to the output being final. */
  readonly sync_ns: number;
  readonly converged: boolean;
  readonly guest_bytes: number;
  readonly stream_bytes: number;
  readonly spans: Spans;
  readonly counters: RamCounters;
  readonly remaining_pages: number;
  readonly blackout: Blackout;
  readonly eagain: number;
  readonly short_writes: number;
  readonly longest_write_ns: number;
  /** The most that was ever buffered before the pipe. */
  readonly backlog_bytes: number;
  readonly disk_times_ns: readonly number[];
  /** Events that happened. */
  readonly events: number;
}

/** A guest that boots waits for its devices all the time: its vCPUs compute in short bursts. */
const VCPU_BURST_NS = 1_000_000;

/** All that takes part in one save. */
class World {
  readonly #scenario: DrawnScenario;
  readonly #costs: DrawnCosts;
  readonly #seed: number;
  readonly #kernel = new Kernel();
  readonly #cpus: Cpus;
  readonly #disk: Disk;
  readonly #vcpus: Load[] = [];

  constructor(scenario: DrawnScenario, costs: DrawnCosts, seed: number) {
    const { cpu } = scenario;
    this.#scenario = scenario;
    this.#costs = costs;
    this.#seed = seed;
    this.#cpus = new Cpus(this.#kernel, {
      count: cpu.count,
      slice_ns: cpu.slice,
      switch_ns: costs.switch_ns,
    });
    this.#disk = this.#makeDisk();
  }

  run(): Simulated {
    const { loop, output, guest } = this.#scenario;
    const kernel = this.#kernel;
    this.#startLoads();
    const thread = this.#thread(loop.thread ? 'migration' : 'main loop');
    const lock = new BigLock(thread);
    const source = this.#makeSource(thread, loop.thread ? lock : undefined);
    const inode = new PipeInode(output.slots);
    const reader = this.#makeReader(inode);
    const cache = new PageCache(this.#disk, this.#scenario.disk.cache);
    const channel =
      output.via === 'file'
        ? new FileChannel(cache, thread, this.#costs)
        : this.#makePipeChannel(inode, thread);
    const spans = new Spans();
    const counters = new RamCounters(source.ram_bytes, source.page_bytes);
    const policy = startPolicy(specOf(this.#scenario.policy), 0);
    const save = new Save(
      {
        ...{ clock: kernel, source, output: source, channel, policy, spans, counters },
        manner: mannerOf({
          page_bytes: source.page_bytes,
          downtime_limit_ns: loop.downtime,
          sync: loop.sync,
          estimate: loop.estimate,
          begin: loop.begin,
          close: () => channel.drain(),
        }),
      },
      {
        downtime_limit_ns: loop.downtime,
        max_rounds: loop.max_rounds === 'unlimited' ? Number.POSITIVE_INFINITY : loop.max_rounds,
        complete: loop.complete,
        encode_pages: loop.encode_pages === 'adapted' ? undefined : loop.encode_pages,
      },
    );
    const blackout = new Blackout(0);
    if (output.via === 'pipe') reader.start();
    const isFinal = (): boolean => (output.via === 'pipe' ? reader.is_done : cache.dirty_bytes === 0);
    const finish = (): void => {
      inode.close();
      if (output.via === 'file') cache.sync();
    };
    this.#drive({ save, channel, thread, lock, blackout, finish, isFinal });
    return {
      scenario: this.#scenario,
      costs: this.#costs,
      wall_ns: save.wall_ns,
      downtime_ns: save.downtime_ns,
      close_ns: save.close_ns,
      sync_ns: kernel.now() - save.wall_ns - save.close_ns,
      converged: save.converged,
      guest_bytes: guest.size,
      stream_bytes: save.stream_bytes,
      spans,
      counters,
      remaining_pages: source.dirty_pages,
      blackout,
      eagain: channel.eagain,
      short_writes: channel.short_writes,
      longest_write_ns: save.longest_write_ns,
      backlog_bytes: channel instanceof BacklogChannel ? channel.most_bytes : 0,
      disk_times_ns: this.#disk.times_ns,
      events: kernel.handled,
    };
  }

  /** Runs the save, and then waits for its output to be final, the main loop answering all the while. */
  #drive(world: {
    save: Save;
    channel: ModelChannel;
    thread: Thread;
    lock: BigLock;
    blackout: Blackout;
    finish: () => void;
    isFinal: () => boolean;
  }): void {
    const { save, channel, thread, lock, blackout, finish, isFinal } = world;
    const kernel = this.#kernel;
    const costs = this.#costs;
    const { loop, output } = this.#scenario;
    const shared = { kernel, thread, costs, channel, blackout, lock };
    const parts = { ...shared, restart: loop.restart, tries_ns: output.tries };
    if (this.#scenario.loop.thread) {
      const monitor = new MonitorThread(parts, this.#thread('main loop'), blackout);
      monitor.start();
      runMigrationThread(parts, save);
      finish();
      thread.wait(isFinal);
      monitor.stop();
    } else {
      const main_loop = new MainLoop(parts);
      main_loop.run(save);
      finish();
      main_loop.waitUntil(isFinal);
    }
    blackout.answered(kernel.now());
  }

  #thread(name: string, options: { deep_idle?: boolean; nice?: number } = {}): Thread {
    const deep_idle = options.deep_idle ?? true;
    const { wakes } = this.#costs;
    const measured = deep_idle && wakes !== undefined;
    return this.#cpus.thread(
      name,
      measured
        ? new MeasuredWakes(wakes, new Random(this.#seed, `wakes of ${name}`))
        : new TwoWakes(this.#costs, deep_idle),
      options.nice,
    );
  }

  #makeDisk(): Disk {
    const { disk } = this.#scenario;
    return new Disk(
      this.#kernel,
      {
        rate_bytes_per_s: disk.rate,
        jitter: disk.jitter,
        latency_ns: disk.latency,
        seek_share: disk.seek_share,
        seek_low_ns: disk.seek[0],
        seek_high_ns: disk.seek[1],
        stall_share: disk.stalls ? disk.stall_share : 0,
        stall_low_ns: disk.stall[0],
        stall_high_ns: disk.stall[1],
      },
      this.#seed,
    );
  }

  #makeSource(thread: Thread, lock: BigLock | undefined): ModelSource {
    const { guest, loop } = this.#scenario;
    const pages = guest.size / RECORDS.page_bytes;
    const stretches = layoutGuest({
      pages,
      content_pages: Math.min(pages, Math.round(guest.content / RECORDS.page_bytes)),
      layout: guest.layout,
      islands: guest.islands,
      touched_share: guest.touched,
      seed: this.#seed,
    });
    const rateOf = (rate: number | 'none'): number => (guest.running && rate !== 'none' ? rate : 0);
    const ram = new ModelRam({
      pages,
      stretches,
      dirty_bytes_per_s: rateOf(guest.dirty),
      set_share: guest.set,
      growth_bytes_per_s: rateOf(guest.growth),
      seed: this.#seed,
    });
    return new ModelSource({
      ...{ ram, thread, lock, costs: this.#costs },
      staging_bytes: loop.staging,
      is_running: guest.running,
      walks: loop.walks,
      sync_cost: loop.sync_cost,
      zero_records: guest.zero_records,
      faults: guest.faults,
      dear_touch_ns: guest.dear_touch === 'off' ? undefined : guest.dear_touch,
      onPaused: () => {
        for (const vcpu of this.#vcpus) vcpu.stop();
      },
    });
  }

  #makeReader(inode: PipeInode): Helper | PacedReader {
    const { output } = this.#scenario;
    const thread = this.#thread('helper', { deep_idle: output.deep_idle });
    const parts = { kernel: this.#kernel, thread, inode, costs: this.#costs };
    if (output.reader === 'helper') return new Helper(parts, output.block, this.#disk);
    const rate = output.rate === 'unlimited' ? Number.POSITIVE_INFINITY : output.rate;
    return new PacedReader(parts, output.block, rate);
  }

  #makePipeChannel(inode: PipeInode, thread: Thread): ModelChannel {
    const { loop, output } = this.#scenario;
    const costs = this.#costs;
    const pipe = new PipeChannel({
      ...{ inode, thread, costs },
      piece_bytes: output.piece,
      is_blocking: loop.thread,
      rewrites: output.rewrites,
    });
    return loop.backlog ? new BacklogChannel(pipe, thread, costs) : pipe;
  }

  #startLoads(): void {
    const { cpu, guest } = this.#scenario;
    const loads: Load[] = [];
    for (let i = 0; i < (cpu.contention ? cpu.load : 0); i++) {
      const thread = this.#thread(`load ${i}`, { nice: cpu.nice });
      loads.push(new Load(this.#kernel, thread, { busy_ns: cpu.busy, free_ns: cpu.free }, this.#seed));
    }
    for (let i = 0; i < (guest.running ? guest.vcpus : 0); i++) {
      const busy_ns = VCPU_BURST_NS;
      const free_ns = (busy_ns * (1 - guest.vcpu_busy)) / Math.max(0.01, guest.vcpu_busy);
      const load = new Load(this.#kernel, this.#thread(`vcpu ${i}`), { busy_ns, free_ns }, this.#seed);
      this.#vcpus.push(load);
    }
    for (const load of [...loads, ...this.#vcpus]) load.start();
  }
}

/**
 * Runs a scenario once. The same scenario, costs and seed give the same result everywhere.
 *
 * @example
 * const { spans, wall_ns } = simulate(findScenario('thread-2011'), findCosts('host-2011'), 1);
 */
export function simulate(scenario: Scenario, costs: CostSet, seed: number): Simulated {
  return new World(drawScenario(scenario, seed), drawCosts(costs, seed), seed).run();
}
