/** Makes inputs, runs them and keeps those that lead to something new. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runFile } from './file-target.ts';
import { type Marked, mutate } from './mutate.ts';
import type { Outcome } from './oracle.ts';
import { Random } from './random.ts';
import { FAMILIES, type Family, firstSeeds, seedOf } from './seeds.ts';
import { run } from './targets.ts';

export interface Finding {
  readonly family: Family | 'file';
  readonly what: string;
  /** The input itself, in base64. */
  readonly input: string;
  /** It is about time alone, and to be tried where nothing else is. */
  readonly is_timing?: boolean;
}

class SlowError extends Error {}

export interface Stats {
  readonly inputs: Readonly<Record<string, number>>;
  readonly codes: Readonly<Record<string, number>>;
  readonly signatures: number;
  readonly rss_bytes_max: number;
  readonly slowest_ms: number;
}

export interface Hooks {
  /** An input is about to be run: whoever watches has it if it never ends. */
  readonly onBegin?: (family: Family | 'file', bytes: Uint8Array) => void;
  readonly onEnd?: () => void;
  readonly onFinding?: (finding: Finding) => void;
  readonly onOutcome?: (family: Family, input: Marked, outcome: Outcome) => void;
}

/** Cheap ones come more often; a family is as often as it stands here. */
const TURNS: readonly [Family, ...Family[]] = [
  'stream',
  ...FAMILIES,
  ...(['stream', 'stream', 'mapped', 'tail', 'records', 'xbzrle'] as const),
];
const SEEDS_A_FAMILY = 24;
const POOL_MAX = 1500;
/** One in so many of whole inputs is written to a file, too: that takes longer than all else. */
const FILE_EVERY = 150;
/** For each time that an input is read; a stream is read three times. Ten times what a slow machine takes at most. */
const SLOW_MS = 20_000;
const READS = 3;
/** Lists of thousands of blocks take a second; they are to come, but seldom. */
const FIELDS_SELDOM = 4000;
const SELDOM = 0.005;
const RSS_RISE_BYTES_MAX = 512 * 2 ** 20;
const FINDINGS_MAX = 20;
/** Between looks at the memory in use, and collections of what is no longer used. */
const COLLECT_EVERY = 256;

function collectGarbage(): void {
  const collect: unknown = Reflect.get(globalThis, 'gc');
  if (typeof collect === 'function') collect();
}

/** Milliseconds from now on, of the clock or of processors, whichever are fewer: others may be at work beside us. */
function stopwatch(): () => number {
  const begin_ms = performance.now();
  const begin = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(begin);
    return Math.min(performance.now() - begin_ms, (user + system) / 1000);
  };
}

export class Engine {
  readonly #random: Random;
  readonly #hooks: Hooks;
  readonly #pools = new Map<Family, Marked[]>(FAMILIES.map((family) => [family, []]));
  readonly #signatures = new Set<string>();
  readonly #inputs: Record<string, number> = {};
  readonly #codes: Record<string, number> = {};
  readonly #found = new Set<string>();
  readonly #folder = mkdtempSync(join(tmpdir(), 'pagepipe-fuzz-'));
  #rss_base = 0;
  #rss_max = 0;
  #slowest_ms = 0;
  #count = 0;

  constructor(seed: number, hooks: Hooks = {}) {
    this.#random = new Random(seed);
    this.#hooks = hooks;
  }

  get stats(): Stats {
    return {
      inputs: this.#inputs,
      codes: this.#codes,
      signatures: this.#signatures.size,
      rss_bytes_max: this.#rss_max,
      slowest_ms: this.#slowest_ms,
    };
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Sound inputs first, of every family. */
  async runSeeds(): Promise<void> {
    for (const family of FAMILIES) {
      const more = Array.from({ length: SEEDS_A_FAMILY }, () => seedOf(family, this.#random));
      for (const seed of [...firstSeeds(family, this.#random), ...more])
        await this.runOne(family, seed, true);
    }
    collectGarbage();
    this.#rss_base = process.memoryUsage.rss();
  }

  /** One more input, which hangs on the seed and all inputs before it, and on nothing else. */
  async next(): Promise<void> {
    const random = this.#random;
    const family = random.pick(TURNS);
    const is_file = family !== 'xbzrle' && family !== 'records' && random.below(FILE_EVERY) === 0;
    const input = random.chance(0.04) ? seedOf(family, random) : this.#mutated(family);
    if (is_file) await this.#runFile(input);
    else await this.runOne(family, input, false);
    if (++this.#count % COLLECT_EVERY === 0) this.#checkMemory(family, input);
  }

  /** Runs an input; what breaks a rule is told by the hook. */
  async runOne(family: Family, input: Marked, is_kept: boolean): Promise<Outcome | undefined> {
    const outcome = await this.#watched(family, input, () => run(family, input));
    if (outcome === undefined) return undefined;
    const signature = `${family} ${outcome.signature}`;
    const is_new = !this.#signatures.has(signature);
    this.#signatures.add(signature);
    if (is_new || is_kept) this.#keep(family, input);
    this.#hooks.onOutcome?.(family, input, outcome);
    return outcome;
  }

  #mutated(family: Family): Marked {
    const pool = this.#pools.get(family) ?? [];
    // those that came last are the likeliest to lead on
    const from = this.#random.chance(0.3) ? Math.max(0, pool.length - 40) : 0;
    let input = pool[from + this.#random.below(pool.length - from)] ?? seedOf(family, this.#random);
    if (input.fields.length > FIELDS_SELDOM && !this.#random.chance(SELDOM)) input = pool[0] ?? input;
    const is_whole = family === 'stream' || family === 'mapped' || family === 'libvirt';
    const kin = is_whole ? this.#random.pick(['stream', 'mapped', 'libvirt'] as const) : family;
    const picked = this.#random.pickAny(this.#pools.get(kin) ?? []) ?? input;
    const other = picked.fields.length > FIELDS_SELDOM ? input : picked;
    return mutate(input, this.#random, other);
  }

  #keep(family: Family, input: Marked): void {
    const pool = this.#pools.get(family);
    if (pool === undefined) return;
    if (pool.length < POOL_MAX) pool.push(input);
    else pool[SEEDS_A_FAMILY + this.#random.below(POOL_MAX - SEEDS_A_FAMILY)] = input;
  }

  async #runFile(input: Marked): Promise<void> {
    const path = join(this.#folder, 'input');
    const outcome = await this.#watched('file', input, () => runFile(input, path));
    if (outcome !== undefined) this.#signatures.add(outcome.signature);
  }

  async #watched(
    family: Family | 'file',
    input: Marked,
    work: () => Outcome | Promise<Outcome>,
  ): Promise<Outcome | undefined> {
    this.#hooks.onBegin?.(family, input.bytes);
    this.#inputs[family] = (this.#inputs[family] ?? 0) + 1;
    try {
      let spent = stopwatch();
      const outcome = await work();
      let took_ms = spent();
      if (took_ms > SLOW_MS * READS) {
        // a machine that did something else meanwhile is no finding
        spent = stopwatch();
        await work();
        took_ms = Math.min(took_ms, spent());
        if (took_ms > SLOW_MS * READS) throw new SlowError(`slow: it took ${Math.round(took_ms)} ms, twice`);
      }
      this.#slowest_ms = Math.max(this.#slowest_ms, took_ms);
      for (const code of outcome.code.split('+')) this.#codes[code] = (this.#codes[code] ?? 0) + 1;
      return outcome;
    } catch (fault) {
      this.#tell(family, input, fault);
      return undefined;
    } finally {
      this.#hooks.onEnd?.();
    }
  }

  #tell(family: Family | 'file', input: Marked, fault: unknown): void {
    const what = fault instanceof Error ? (fault.stack ?? fault.message) : String(fault);
    // the same fault at other numbers is the same finding
    const kind = `${family} ${what
      .split('\n', 2)
      .join(' ')
      .replace(/"[^"]*"|\d+/g, '#')
      .slice(0, 200)}`;
    if (this.#found.has(kind) || this.#found.size >= FINDINGS_MAX) return;
    this.#found.add(kind);
    const base64 = Buffer.from(input.bytes).toString('base64');
    this.#hooks.onFinding?.({ family, what, input: base64, is_timing: fault instanceof SlowError });
  }

  #checkMemory(family: Family, input: Marked): void {
    collectGarbage();
    const rss_bytes = process.memoryUsage.rss();
    this.#rss_max = Math.max(this.#rss_max, rss_bytes);
    const rise = rss_bytes - this.#rss_base;
    if (rise > RSS_RISE_BYTES_MAX) this.#tell(family, input, new Error(`memory rose by ${rise} bytes`));
  }
}
