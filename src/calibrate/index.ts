/** What do the parts of a save cost on this machine? */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fail } from '../errors.ts';
import type { CostSet, WakeTable } from '../model/scenario/costs.ts';
import { codeOf, reasonOf } from '../node/os-error.ts';
import { nextTurn } from '../save/event-loop.ts';
import { OwnCpu } from './affinity.ts';
import { type Calibration, conclude, type Sample } from './conclude.ts';
import { EncodeQuestion } from './encode.ts';
import { FileQuestion } from './files.ts';
import { LoopQuestion } from './loop.ts';
import { MemoryQuestion } from './memory.ts';
import { Peer } from './peer.ts';
import { PipeQuestion } from './pipes.ts';
import { switchRound } from './switches.ts';
import { timerRound } from './timers.ts';
import { WaitQuestion } from './waiting.ts';
import { type WakeCosts, WakeQuestion } from './wakes.ts';

const ROUNDS_DEFAULT = 31;
const ROUNDS_QUICK = 5;
/** In the first rounds the engine still compiles, and the page cache still finds its memory. */
const WARM_UP_ROUNDS = 2;
/** Of a round. */
const QUESTIONS = 8;
const MIB = 2 ** 20;
/** News of a signal are there by then. */
const NEWS_MS = 20;
/** A peer that has closed its ends has ended, or is about to. */
const END_MS = 10_000;

const THOROUGH = {
  ram_bytes: 256 * MIB,
  fresh_bytes: 32 * MIB,
  saves: 24,
  times: 64,
  wakes: 160,
  writes: 120,
};
const QUICK = {
  ram_bytes: 32 * MIB,
  fresh_bytes: 8 * MIB,
  saves: 4,
  times: 10,
  wakes: 16,
  writes: 10,
};

export type { Calibration };

export interface MeasureOptions {
  /** How often everything is measured; the median counts. */
  readonly rounds?: number | undefined;
  /** Fewer rounds, smaller guests and fewer calls a round: a first look, and no numbers for a model. */
  readonly quick?: boolean | undefined;
  /** Where files are written, and removed; the system's temporary folder unless given. */
  readonly dir?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with the share that is done. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

/**
 * Measures this machine's costs, each with how it was measured. Meanwhile the main thread of this process is kept on one
 * CPU, where taskset(1) is to be had.
 *
 * @throws `interrupted`; `output-refused` where nothing can be written in `dir`; `no-fifo`, `calibration-peer`
 * @example
 * const costs = await measureCosts();
 * console.log(costs.costs.wake_ns.value);
 */
export async function measureCosts(options: MeasureOptions = {}): Promise<CostSet> {
  return (await calibrate(options)).set;
}

/** The same, and how far the rounds lie apart. */
export async function calibrate(options: MeasureOptions = {}): Promise<Calibration> {
  const folder = await makeFolder(options.dir ?? tmpdir());
  const cpu = new OwnCpu();
  try {
    const wakes = await askWakes(cpu, options);
    const peer = new Peer(cpu.others);
    const kept = cpu.other === undefined ? undefined : new Peer(cpu.other);
    const questions = new Questions(folder, peer, kept, wakes.rounds, options);
    try {
      const samples = await questions.ask();
      return conclude(samples, wakes.table, options.quick === true);
    } finally {
      await Promise.all([peer.close(() => questions.release()), kept?.close()]);
    }
  } finally {
    cpu.release();
    await rm(folder, { recursive: true, force: true });
  }
}

function roundsOf(options: MeasureOptions): number {
  return WARM_UP_ROUNDS + (options.rounds ?? (options.quick === true ? ROUNDS_QUICK : ROUNDS_DEFAULT));
}

interface AskedWakes {
  readonly rounds: readonly WakeCosts[];
  readonly table: WakeTable | undefined;
}

/** All rounds of this one, before there is another process: see wakes.ts. */
async function askWakes(cpu: OwnCpu, options: MeasureOptions): Promise<AskedWakes> {
  const peer = new Peer(cpu.others);
  const question = new WakeQuestion(peer, (options.quick === true ? QUICK : THOROUGH).wakes);
  try {
    const rounds: WakeCosts[] = [];
    while (rounds.length < roundsOf(options)) {
      rounds.push(await ask(() => question.round(), [peer], options.signal));
    }
    return { rounds, table: question.table() };
  } finally {
    await peer.close();
  }
}

/**
 * Asks a question; before it whatever else is due has its turn, Ctrl-C too. A peer that is gone shows in many ways, and
 * may be gone by the same Ctrl-C.
 */
async function ask<Answer>(
  question: () => Answer | Promise<Answer>,
  peers: readonly Peer[],
  signal: AbortSignal | undefined,
): Promise<Answer> {
  await nextTurn();
  if (signal?.aborted) throw fail('interrupted', {});
  try {
    return await question();
  } catch (cause) {
    await delay(NEWS_MS);
    if (isOfGonePeer(cause)) await Promise.race(peers.map((peer) => peer.endsWithin(END_MS)));
    if (signal?.aborted) throw fail('interrupted', {}, cause);
    const how = peers.map(({ ended }) => ended).find((ended) => ended !== undefined);
    throw how === undefined ? cause : fail('calibration-peer', { how }, cause);
  }
}

/** Whether it is what a pipe says whose other end is closed. */
function isOfGonePeer(cause: unknown): boolean {
  return ['EPIPE', 'reader-closed', 'calibration-peer'].includes(codeOf(cause) ?? '');
}

async function makeFolder(parent: string): Promise<string> {
  try {
    return await mkdtemp(join(parent, 'pagepipe-calibrate-'));
  } catch (cause) {
    throw fail('output-refused', { path: parent, reason: reasonOf(cause) }, cause);
  }
}

/** Asks every question once a round, so that a disturbance spoils a round of each and no question whole. */
class Questions {
  readonly #options: MeasureOptions;
  readonly #rounds: number;
  readonly #peer: Peer;
  readonly #encode: EncodeQuestion;
  readonly #loop: LoopQuestion;
  readonly #memory = new MemoryQuestion();
  readonly #pipes: PipeQuestion;
  readonly #waiting: WaitQuestion;
  readonly #kept: Peer | undefined;
  readonly #wakes: readonly WakeCosts[];
  readonly #files: FileQuestion;
  #asked = 0;

  constructor(
    folder: string,
    peer: Peer,
    kept: Peer | undefined,
    wakes: readonly WakeCosts[],
    options: MeasureOptions,
  ) {
    const sizes = options.quick === true ? QUICK : THOROUGH;
    this.#options = options;
    this.#peer = peer;
    this.#kept = kept;
    this.#wakes = wakes;
    this.#rounds = roundsOf(options);
    this.#encode = new EncodeQuestion(sizes);
    this.#loop = new LoopQuestion(sizes.saves);
    this.#pipes = new PipeQuestion(peer, sizes.times);
    this.#waiting = new WaitQuestion(peer, sizes.times);
    this.#files = new FileQuestion(folder, sizes.writes);
  }

  async ask(): Promise<Sample[]> {
    const samples: Sample[] = [];
    for (let round = 0; round < this.#rounds; round++) {
      const sample = await this.#round(round);
      if (round >= WARM_UP_ROUNDS) samples.push(sample);
    }
    return samples;
  }

  async #round(round: number): Promise<Sample> {
    const { bare_call_ns, ...pages } = await this.#next(() => this.#encode.round());
    const { step_ns, ...turns } = await this.#next(() => this.#loop.round());
    const memory = await this.#next(() => this.#memory.round());
    const pipes = await this.#next(() => this.#pipes.round());
    const waits = await this.#next(() => this.#waiting.round(pipes.quiet_write_ns));
    const wakes = this.#wakes[round];
    const switch_ns = await this.#next(() => switchRound(this.#kept));
    const timers = await this.#next(timerRound);
    const files = await this.#next(() => this.#files.round());
    const encode_call_ns = bare_call_ns + step_ns;
    return {
      ...pages,
      encode_call_ns,
      ...turns,
      ...memory,
      ...pipes,
      ...waits,
      wake_ns: wakes?.wake_ns ?? Number.NaN,
      wake_idle_ns: wakes?.wake_idle_ns ?? Number.NaN,
      switch_ns,
      ...timers,
      ...files,
    };
  }

  async #next<Answer>(question: () => Answer | Promise<Answer>): Promise<Answer> {
    const peers = this.#kept === undefined ? [this.#peer] : [this.#peer, this.#kept];
    const answer = await ask(question, peers, this.#options.signal);
    this.#asked++;
    this.#options.onProgress?.(Math.min(1, this.#asked / (this.#rounds * QUESTIONS)));
    return answer;
  }

  /** Gives back the writing end of the pipe. */
  release(): void {
    this.#waiting.release();
  }
}
