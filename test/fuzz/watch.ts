/** Runs the fuzzer in a thread and watches it: an input that never ends is a finding, and another thread goes on. */
import { Worker } from 'node:worker_threads';
import { LAST_RESORT_MS } from '../support/patience.ts';
import { threadUrl } from '../support/thread-url.ts';
import type { Finding, Stats } from './engine.ts';
import { type Job, SharedInput } from './shared-input.ts';

const WORKER = new URL('./worker.ts', import.meta.url);

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
      } else if (performance.now() - since_ms > LAST_RESORT_MS) {
        const input = shared.copy().toString('base64');
        clearInterval(timer);
        tell({ family: shared.family, what: `hang: no end in ${LAST_RESORT_MS} ms`, input, is_timing: true });
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
  await runThread({ seed: 0, seconds: 0, inputs: 0, confirm }, () => {
    is_slow = true;
  });
  return is_slow;
}

/** How long to go on: for so long, or for so many inputs beside the first sound ones, which are the same each time. */
export type Bound = { readonly seconds: number } | { readonly inputs: number };

export async function fuzz(seed: number, bound: Bound, onFinding: Tell = () => undefined): Promise<Report> {
  const [seconds, inputs] =
    'seconds' in bound ? [bound.seconds, Number.POSITIVE_INFINITY] : [Number.POSITIVE_INFINITY, bound.inputs];
  const findings: Finding[] = [];
  const doubtful: Finding[] = [];
  const stats: Stats[] = [];
  const tell = (finding: Finding): void => {
    findings.push(finding);
    onFinding(finding);
  };
  const begin_ms = performance.now();
  const passed = (): number => (performance.now() - begin_ms) / 1000;
  const isOver = (): boolean => seconds === Number.POSITIVE_INFINITY || passed() >= seconds - 1;
  for (let thread = 0; thread === 0 || !isOver(); thread++) {
    const told = await runThread({ seed: seed + thread, seconds: seconds - passed(), inputs }, (finding) => {
      if (finding.is_timing === true) doubtful.push(finding);
      else tell(finding);
    });
    if (told !== undefined) stats.push(told);
  }
  for (const finding of doubtful) if (await isConfirmed(finding)) tell(finding);
  return { stats, findings, seconds: passed() };
}
