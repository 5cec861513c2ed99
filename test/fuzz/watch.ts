/** Runs the fuzzer in a thread and watches it: an input that never ends is a finding, and another thread goes on. */
import { Worker } from 'node:worker_threads';
import { threadUrl } from '../support/thread-url.ts';
import type { Finding, Stats } from './engine.ts';
import { type Job, SharedInput } from './shared-input.ts';

const WORKER = new URL('./worker.ts', import.meta.url);

/** Longer than what is called slow, which the thread finds itself: here it is about no end at all. */
const HANG_MS = 30_000;
const LOOK_MS = 500;

export interface Report {
  readonly stats: readonly Stats[];
  readonly findings: readonly Finding[];
  readonly seconds: number;
}

interface Message {
  readonly finding?: Finding;
  readonly stats?: Stats;
}

type Tell = (finding: Finding) => void;

/** One thread to its end, or to its hang; returns what it told last. */
function runThread(job: Omit<Job, 'shared'>, tell: Tell): Promise<Stats | undefined> {
  return new Promise((resolve, reject) => {
    const shared = new SharedInput();
    const worker = new Worker(threadUrl(WORKER), { workerData: { ...job, shared: shared.buffer } });
    let stats: Stats | undefined;
    worker.on('message', (message: Message) => {
      if (message.finding !== undefined) tell(message.finding);
      if (message.stats !== undefined) stats = message.stats;
    });
    let last: number | undefined;
    let since_ms = 0;
    const timer = setInterval(() => {
      const running = shared.running;
      if (running !== last || running === undefined) {
        last = running;
        since_ms = performance.now();
      } else if (performance.now() - since_ms > HANG_MS) {
        const input = shared.copy().toString('base64');
        clearInterval(timer);
        tell({ family: shared.family, what: `hang: no end in ${HANG_MS} ms`, input, is_timing: true });
        void worker.terminate();
      }
    }, LOOK_MS);
    worker.on('error', reject);
    worker.on('exit', () => {
      clearInterval(timer);
      resolve(stats);
    });
  });
}

/**
 * A fresh thread is slow, too. Where thousands of inputs are kept a guest of 60 GiB takes seconds, for each of its
 * memories makes the engine collect garbage; alone it takes half of one.
 */
async function isConfirmed({ family, input }: Finding): Promise<boolean> {
  if (family === 'file') return true;
  let is_slow = false;
  const confirm = { family, input };
  await runThread({ seed: 0, seconds: 0, confirm }, () => {
    is_slow = true;
  });
  return is_slow;
}

export async function fuzz(
  seed: number,
  seconds: number,
  onFinding: Tell = () => undefined,
): Promise<Report> {
  const findings: Finding[] = [];
  const doubtful: Finding[] = [];
  const stats: Stats[] = [];
  const tell = (finding: Finding): void => {
    findings.push(finding);
    onFinding(finding);
  };
  const begin_ms = performance.now();
  const passed = (): number => (performance.now() - begin_ms) / 1000;
  for (let thread = 0; thread === 0 || passed() < seconds - 1; thread++) {
    const told = await runThread({ seed: seed + thread, seconds: seconds - passed() }, (finding) => {
      if (finding.is_timing === true) doubtful.push(finding);
      else tell(finding);
    });
    if (told !== undefined) stats.push(told);
  }
  for (const finding of doubtful) if (await isConfirmed(finding)) tell(finding);
  return { stats, findings, seconds: passed() };
}
