/** Saves a guest from a thread of its own: the main loop stays free, as QEMU's does since 1.4. */
import { Worker } from 'node:worker_threads';
import { fail, restoredError } from '../../errors.ts';
import { type Guest, PAGE_BYTES } from '../../guest/guest.ts';
import type { PolicySpec } from '../../policy/table.ts';
import { systemClock } from '../../save/event-loop.ts';
import type { Running } from '../../save/guest-source.ts';
import { Heartbeat } from '../../save/heartbeat.ts';
import type { SaveOptions, SaveSettings } from '../../save/run-save.ts';
import { Blackout } from '../../stats/blackout.ts';
import { RamCounters } from '../../stats/counters.ts';
import { Spans } from '../../stats/spans.ts';
import type { OutputOptions, SavedTo } from '../output/save-to.ts';
import { STARTER_EXEC_ARGV, starterFile } from '../starter-file.ts';
import {
  ABORTED,
  CONTROL_WORDS,
  type FromThread,
  PAUSED,
  type ThreadSetup,
  type ToThread,
} from './thread-protocol.ts';

/** How often a guest that runs does what is due; a timer of Node's is no finer. */
const RUN_PERIOD_MS = 1;

export interface ThreadOptions
  extends OutputOptions,
    SaveSettings,
    Pick<SaveOptions, 'running' | 'signal' | 'onPaused' | 'onBegin' | 'onStuck'> {
  readonly policy: PolicySpec;
}

type Message<Type extends FromThread['type']> = Extract<FromThread, { type: Type }>;

/** A guest that runs on the main loop, from Begin until it is paused. */
class MainLoopGuest {
  readonly #running: Running;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(running: Running) {
    this.#running = running;
  }

  start(): void {
    this.#running.start(systemClock.now());
    this.#timer = setInterval(() => this.#running.advance(systemClock.now()), RUN_PERIOD_MS);
  }

  pause(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#running.advance(systemClock.now());
    this.#running.stop();
  }
}

/** One save: the thread, and what the main thread does meanwhile. */
class ThreadedSave {
  readonly #guest: Guest;
  readonly #options: ThreadOptions;
  readonly #control = new Int32Array(new SharedArrayBuffer(CONTROL_WORDS * Int32Array.BYTES_PER_ELEMENT));
  readonly #running: MainLoopGuest | undefined;
  #blackout = new Blackout(0);
  #heartbeat: Heartbeat | undefined;
  /** How far this thread's clock is ahead of the other's. */
  #ahead_ns = 0;
  #fault: unknown;
  #progress = { remaining_bytes: 0, stream_bytes: 0 };

  constructor(guest: Guest, options: ThreadOptions) {
    this.#guest = guest;
    this.#options = options;
    this.#running = options.running === undefined ? undefined : new MainLoopGuest(options.running);
  }

  async run(output: string): Promise<SavedTo> {
    const worker = new Worker(starterFile('./save-worker', import.meta.url), {
      workerData: this.#setup(output),
      execArgv: [...STARTER_EXEC_ARGV],
    });
    const { signal } = this.#options;
    const abort = (): void => this.#abort(worker);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    try {
      const { figures, spans, counts } = await this.#saved(worker);
      this.#heartbeat?.stop();
      const counters = new RamCounters(this.#guest.ram_bytes, PAGE_BYTES, counts);
      const began_ns = figures.began_ns + this.#ahead_ns;
      const blackout = this.#blackout;
      return { ...figures, began_ns, spans: Spans.of(spans, this.#ahead_ns), counters, blackout };
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#heartbeat?.stop();
      this.#running?.pause();
      await worker.terminate();
    }
  }

  #setup(output: string): ThreadSetup {
    // what is left out has functions, which do not go to another thread
    const {
      running,
      signal: _signal,
      onPaused,
      onBegin: _onBegin,
      onStuck: _onStuck,
      policy,
      ...options
    } = this.#options;
    const is_running = running !== undefined;
    return {
      guest: this.#guest.share(),
      output,
      options,
      policy,
      is_running,
      is_pause_told: is_running || onPaused !== undefined,
      control: this.#control,
    };
  }

  #saved(worker: Worker): Promise<Message<'saved'>> {
    return new Promise((resolve, reject) => {
      worker.on('message', (message: FromThread) => {
        if (message.type === 'saved') resolve(message);
        else if (message.type === 'failed') reject(this.#fault ?? restoredError(message.error));
        else this.#heard(message, worker);
      });
      worker.on('error', (cause) =>
        reject(fail('thread-ended', { how: `failed (${cause.message})` }, cause)),
      );
      worker.on('exit', (status) => reject(fail('thread-ended', { how: `ended with status ${status}` })));
    });
  }

  /** What fails here calls the save off: the thread removes what it has begun, and says when that is done. */
  #heard(message: Message<'begun' | 'progress' | 'stuck' | 'pause'>, worker: Worker): void {
    try {
      if (message.type === 'begun') this.#begun(message);
      if (message.type === 'progress') this.#progress = message;
      if (message.type === 'stuck') this.#options.onStuck?.(message.stuck);
      if (message.type === 'pause') this.#pause();
    } catch (fault) {
      this.#fault ??= fault;
      this.#abort(worker);
    }
  }

  #begun({ began_ns, began_hrtime_ns }: Message<'begun'>): void {
    const main_ns = systemClock.now() - Number(process.hrtime.bigint() - began_hrtime_ns);
    const { ram_bytes } = this.#guest;
    this.#ahead_ns = main_ns - began_ns;
    this.#progress = { remaining_bytes: ram_bytes, stream_bytes: 0 };
    this.#blackout = new Blackout(main_ns);
    this.#heartbeat = new Heartbeat(systemClock, this.#blackout);
    this.#running?.start();
    this.#options.onBegin?.({
      began_ns: main_ns,
      ram_bytes,
      remaining_bytes: () => this.#progress.remaining_bytes,
      stream_bytes: () => this.#progress.stream_bytes,
      wall_ns: () => systemClock.now() - main_ns,
    });
  }

  #pause(): void {
    this.#running?.pause();
    this.#options.onPaused?.();
    this.#wake();
  }

  /** The thread may sleep until the guest stands still. */
  #wake(): void {
    Atomics.store(this.#control, PAUSED, 1);
    Atomics.notify(this.#control, PAUSED);
  }

  #abort(worker: Worker): void {
    const message: ToThread = 'abort';
    Atomics.store(this.#control, ABORTED, 1);
    worker.postMessage(message);
    this.#wake();
  }
}

/**
 * Saves a guest as `saveTo` does, from a thread of its own. The guest has to be in shared memory, its writes may go
 * on meanwhile (`Guest.logWrite` after each), and the blackout is that of the calling thread's loop.
 *
 * @param output a path, `-` for standard output, or `exec:COMMAND`
 * @throws `guest-not-shared`, `thread-ended`, and what the output can fail with; then nothing is left of it
 * @example
 * const { guest } = await readGuest('guest.mig', { shared: true });
 * await saveInThread(guest, 'out.mig', { via: 'pipe', direct: true, force: false, policy: { name: 'unlimited' } });
 */
export async function saveInThread(guest: Guest, output: string, options: ThreadOptions): Promise<SavedTo> {
  return new ThreadedSave(guest, options).run(output);
}
