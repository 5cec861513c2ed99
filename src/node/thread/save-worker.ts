/** The migration thread: the loop with its output, on its own event loop. See pipe/thread-protocol. */
import { parentPort, workerData } from 'node:worker_threads';
import { fail, plainError } from '../../errors.ts';
import { Guest } from '../../guest/guest.ts';
import { type Policy, wrapped } from '../../policy/policy.ts';
import { policyOf } from '../../policy/table.ts';
import type { Running } from '../../save/guest-source.ts';
import type { SaveProgress } from '../../save/run-save.ts';
import { type SavedTo, saveTo } from '../output/save-to.ts';
import { ABORTED, type FromThread, PAUSED, type ThreadSetup } from './thread-protocol.ts';

const PROGRESS_PERIOD_MS = 100;

const setup: ThreadSetup = workerData;
const { control } = setup;
const aborting = new AbortController();
let progress_timer: ReturnType<typeof setInterval> | undefined;

function tell(message: FromThread): void {
  parentPort?.postMessage(message);
}

function onBegin(progress: SaveProgress): void {
  tell({
    type: 'begun',
    began_ns: progress.began_ns,
    began_hrtime_ns: process.hrtime.bigint() - BigInt(progress.wall_ns()),
  });
  progress_timer = setInterval(() => {
    const remaining_bytes = progress.remaining_bytes();
    tell({ type: 'progress', remaining_bytes, stream_bytes: progress.stream_bytes() });
  }, PROGRESS_PERIOD_MS);
}

/** The guest runs on the main thread, by itself; here it is only known to. */
const running: Running = { start() {}, advance() {}, stop() {} };

const isAborted = (): boolean => Atomics.load(control, ABORTED) !== 0;

/** Returns when the guest stands still: all that it wrote is in its log then. @throws `interrupted` */
function pauseGuest(): void {
  tell({ type: 'pause' });
  Atomics.wait(control, PAUSED, 0);
  if (isAborted()) throw fail('interrupted', {});
}

/** A turn ends when the save is called off, however long it would be. */
function abortable(policy: Policy): Policy {
  return (start_ns) => {
    const inner = policy(start_ns);
    return wrapped(inner, { mustReturn: (now_ns) => isAborted() || inner.mustReturn(now_ns) });
  };
}

function save(): Promise<SavedTo> {
  const { output, options, is_running, is_pause_told } = setup;
  return saveTo(Guest.attach(setup.guest), output, {
    ...options,
    policy: abortable(policyOf(setup.policy)),
    running: is_running ? running : undefined,
    signal: aborting.signal,
    onBegin,
    onStuck: (stuck) => tell({ type: 'stuck', stuck }),
    onPaused: is_pause_told ? pauseGuest : undefined,
  });
}

async function run(): Promise<FromThread> {
  try {
    const { spans, counters, blackout: _, ...figures } = await save();
    return { type: 'saved', figures, spans: spans.columns(), counts: counters.counts };
  } catch (error) {
    return { type: 'failed', error: plainError(error) };
  }
}

parentPort?.on('message', () => aborting.abort());
const last = await run();
clearInterval(progress_timer);
tell(last);
parentPort?.close();
