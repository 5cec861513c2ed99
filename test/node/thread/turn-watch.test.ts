import { existsSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LateTurnWatch } from '../../../src/node/thread/turn-watch.ts';

/** Computes until the process has used so much more CPU time. */
function computeFor(cpu_us: number): void {
  const before = process.cpuUsage();
  let used = 0;
  while (used < cpu_us) {
    const { user, system } = process.cpuUsage(before);
    used = user + system;
  }
}

test('a turn that computes is on a CPU, one that sleeps is not', () => {
  const watch = new LateTurnWatch(1);
  const asleep = new Int32Array(new SharedArrayBuffer(4));
  watch.turnBegins();
  Atomics.wait(asleep, 0, 0, 20);
  watch.turnEnded(20_000_000, 0);
  const slept = watch.result();
  watch.turnBegins();
  computeFor(50_000);
  watch.turnEnded(50_000_000, 0);
  const both = watch.result();
  watch.close();
  assert.equal([slept.count, both.count], [1, 2]);
  if (!existsSync('/proc/self/schedstat')) {
    assert.is(both.cpu_ms, undefined);
    return;
  }
  // what else the process does meanwhile, such as collecting garbage, may be in both
  const [slept_ms, both_ms] = [slept.cpu_ms ?? Number.NaN, both.cpu_ms ?? Number.NaN];
  assert.ok(both_ms > slept_ms, `${slept_ms} ms asleep, ${both_ms} ms with the work`);
  assert.ok((both.queued_ms ?? -1) >= 0);
});

test('turns within the target are not counted', () => {
  const watch = new LateTurnWatch(1_000);
  watch.turnBegins();
  watch.turnEnded(1_000, 1_000);
  watch.close();
  assert.equal([watch.result().count, watch.result().sum_ms], [0, 0]);
});

test.run();
