/**
 * What the migration thread leaves of the main loop: blackout and throughput with and without it, beside an idle
 * loop of the same length. The guest is 1 GiB, no page of it zero.
 */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Blackout, median, parseWorkload, systemClock } from '../src/index.ts';
import type { BlackoutSummary, Guest, SavedTo } from '../src/node.ts';
import { Heartbeat } from '../src/save/heartbeat.ts';

type NodeModule = typeof import('../src/node.ts');

const SIZE_BYTES = 2 ** 30;
const RUNS = 5;
const SLICE_NS = 50_000_000;

/** One save, or one stretch of nothing. */
interface Run {
  readonly wall_ns: number;
  readonly blackout_ms: BlackoutSummary;
}

/** The package as it is built, for a thread does not read TypeScript. */
async function builtPackage(): Promise<NodeModule> {
  const built: NodeModule = await import(new URL('../dist/node.js', import.meta.url).href);
  return built;
}

async function idleRun(length_ms: number): Promise<Run> {
  const began_ns = systemClock.now();
  const blackout = new Blackout(began_ns);
  const heartbeat = new Heartbeat(systemClock, blackout);
  await sleep(length_ms);
  heartbeat.stop();
  return { wall_ns: systemClock.now() - began_ns, blackout_ms: blackout.summary_ms() };
}

class Bench {
  readonly #built: NodeModule;
  readonly #guest: Guest;
  readonly #path: string;
  readonly #runs = new Map<string, Run[]>();
  readonly #ways: ('file' | 'pipe')[] = ['pipe', 'file'];
  #is_warm = false;

  constructor(built: NodeModule, guest: Guest, folder: string) {
    this.#built = built;
    this.#guest = guest;
    this.#path = join(folder, `pagepipe-bench-${process.pid}.mig`);
  }

  /** One of each, in turn: what the machine does meanwhile falls on all alike. */
  async round(): Promise<void> {
    // the other way round every other time: what one leaves to be written back slows down the next
    this.#ways.reverse();
    for (const via of this.#ways) {
      const built = this.#built;
      const ways = { via, direct: false, force: true };
      const policy = built.slice(built.unlimited, SLICE_NS);
      const thread_policy = { name: 'unlimited', slice_ns: SLICE_NS } as const;
      const saves = [
        () =>
          this.#add(`${via}, main loop`, () => built.saveTo(this.#guest, this.#path, { ...ways, policy })),
        () =>
          this.#add(`${via}, --thread`, () =>
            built.saveInThread(this.#guest, this.#path, { ...ways, policy: thread_policy }),
          ),
      ];
      for (const save of this.#ways[0] === 'file' ? saves : saves.reverse()) await save();
      const saved = this.#runs.get(`${via}, --thread`)?.at(-1);
      this.#note(`${via}, idle`, await idleRun((saved?.wall_ns ?? 0) / 1e6));
    }
  }

  /** A round that is not counted: the first pays for the page cache's memory. All that it writes is read again. */
  async warmUp(): Promise<void> {
    this.#is_warm = false;
    await this.round();
    this.#is_warm = true;
    this.#runs.clear();
  }

  lines(): string[] {
    const head = 'run               GB/s (worst to best)      blackout: p50, p99 (worst), longest; ms';
    return [head, ...Array.from(this.#runs, ([name, runs]) => lineOf(name, runs))];
  }

  async #add(name: string, save: () => Promise<SavedTo>): Promise<void> {
    const { wall_ns, blackout } = await save();
    // a contender that loses pages would be fast at nothing
    if (!this.#is_warm) await this.#check();
    rmSync(this.#path);
    this.#note(name, { wall_ns, blackout_ms: blackout.summary_ms() });
  }

  #note(name: string, run: Run): void {
    this.#runs.set(name, [...(this.#runs.get(name) ?? []), run]);
  }

  async #check(): Promise<void> {
    const { guest } = await this.#built.readGuest(this.#path);
    const ramOf = (one: Guest) => one.ram(one.largestBlock());
    if (Buffer.compare(ramOf(guest), ramOf(this.#guest)) !== 0) throw new Error('pages were lost');
  }
}

function lineOf(name: string, runs: readonly Run[]): string {
  const rates = runs.map(({ wall_ns }) => SIZE_BYTES / (wall_ns / 1e9)).sort((a, b) => a - b);
  const rate = (bytes_per_s = 0): string => (bytes_per_s / 1e9).toFixed(2);
  const of = (key: keyof BlackoutSummary): number[] => runs.map(({ blackout_ms }) => blackout_ms[key]);
  const ms = (value: number): string => value.toFixed(2);
  const speed = name.endsWith('idle')
    ? ''
    : `${rate(median(rates))} (${rate(rates[0])} to ${rate(rates.at(-1))})`;
  const p99 = `${ms(median(of('p99')))} (${ms(Math.max(...of('p99')))})`;
  return `${name.padEnd(18)}${speed.padEnd(26)}${ms(median(of('p50')))}, ${p99}, ${ms(Math.max(...of('max')))}`;
}

/** @param folder where the files go, and are removed */
export async function benchThread(folder: string = tmpdir()): Promise<void> {
  const built = await builtPackage();
  const guest = new built.Guest([{ name: 'ram', bytes: SIZE_BYTES }], { shared: true });
  built.fillContent(guest.ram(guest.largestBlock()), parseWorkload('idle,zero=0%'), 1);
  const bench = new Bench(built, guest, folder);
  await bench.warmUp();
  for (let run = 0; run < RUNS; run++) await bench.round();
  process.stdout.write(`migration thread, 1 GiB of normal pages, ${RUNS} runs: medians\n`);
  process.stdout.write(`${bench.lines().join('\n')}\n\n`);
}
