/** The thread that fuzzes. Its inputs stand in shared memory before they are run: a hang is seen from outside. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { Engine } from './engine.ts';
import { isJob, SharedInput } from './shared-input.ts';

const given: unknown = workerData;
if (!isJob(given) || parentPort === null) throw new Error('not a job of the fuzzer');
const job = given;
const port = parentPort;

// memories that are not used any more are given back between looks at how much is in use
setFlagsFromString('--expose-gc');
Reflect.set(globalThis, 'gc', runInNewContext('gc'));

const shared = new SharedInput(job.shared);
const engine = new Engine(job.seed, {
  onBegin: (family, bytes) => shared.begin(family, bytes),
  onEnd: () => shared.end(),
  onFinding: (finding) => port.postMessage({ finding }),
});
const { confirm } = job;
if (confirm === undefined) {
  await fuzzOn();
} else {
  await engine.runOne(confirm.family, { bytes: Buffer.from(confirm.input, 'base64'), fields: [] }, false);
}
engine.close();
port.postMessage({ stats: engine.stats });

async function fuzzOn(): Promise<void> {
  const until_ms = performance.now() + job.seconds * 1000;
  let told_ms = 0;
  await engine.runSeeds();
  for (let inputs = 0; inputs < job.inputs && performance.now() < until_ms; inputs++) {
    await engine.next();
    if (performance.now() - told_ms < 1000) continue;
    told_ms = performance.now();
    port.postMessage({ stats: engine.stats });
  }
}
