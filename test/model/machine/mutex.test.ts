import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Cpus } from '../../../src/model/machine/cpus.ts';
import { Kernel } from '../../../src/model/machine/kernel.ts';
import { Mutex } from '../../../src/model/machine/mutex.ts';
import { failure } from '../../support/folder.ts';
import { AWAKE_AT_ONCE, US } from '../../support/model-world.ts';

function machine(count: number, switch_ns = 0) {
  const kernel = new Kernel();
  const cpus = new Cpus(kernel, { count, slice_ns: 4_000_000, switch_ns });
  return { kernel, thread: (name: string) => cpus.thread(name, AWAKE_AT_ONCE) };
}

test('a free lock is taken at once, and is free again after', () => {
  const mutex = new Mutex();
  let has_taken = false;
  assert.is(mutex.is_held, false);
  mutex.take(() => {
    has_taken = true;
    assert.is(mutex.is_held, true);
  });
  assert.is(has_taken, true);
  assert.is(mutex.is_held, true);
  mutex.release();
  assert.is(mutex.is_held, false);
});

test('those who wait get it in their order, one at each release, and it is never free in between', () => {
  const mutex = new Mutex();
  const taken: number[] = [];
  for (let i = 0; i < 5; i++) mutex.take(() => taken.push(i));
  for (let i = 0; i < 5; i++) {
    assert.equal(
      taken,
      Array.from({ length: i + 1 }, (_, n) => n),
    );
    assert.is(mutex.is_held, true);
    mutex.release();
  }
  assert.is(taken.length, 5);
  assert.is(mutex.is_held, false);
});

test('who lets go and takes it again comes after all who wait', () => {
  const mutex = new Mutex();
  const taken: string[] = [];
  mutex.take(() => taken.push('a'));
  mutex.take(() => taken.push('b'));
  mutex.release();
  mutex.take(() => taken.push('a again'));
  assert.equal(taken, ['a', 'b']);
  mutex.release();
  assert.equal(taken, ['a', 'b', 'a again']);
});

test('who gets it may let go of it at once, within the call', () => {
  const mutex = new Mutex();
  const taken: number[] = [];
  mutex.take(() => undefined);
  for (let i = 0; i < 4; i++) {
    mutex.take(() => {
      taken.push(i);
      mutex.release();
    });
  }
  mutex.release();
  assert.equal(taken, [0, 1, 2, 3]);
  assert.is(mutex.is_held, false);
});

test('takeNow of a free lock takes no time and no event', () => {
  const { kernel, thread } = machine(1);
  const main = thread('main');
  main.spend(10);
  const handled = kernel.handled;
  const mutex = new Mutex();
  mutex.takeNow(main);
  assert.is(mutex.is_held, true);
  assert.is(kernel.now(), 10);
  assert.is(kernel.handled, handled);
});

for (const count of [1, 2]) {
  test(`takeNow waits until the holder lets go, of ${count} CPUs, and goes on without a wake-up`, () => {
    const { kernel, thread } = machine(count);
    const [main, holder] = [thread('main'), thread('holder')];
    const mutex = new Mutex();
    let let_go_ns = 0;
    mutex.take(() => {
      holder.run(30 * US, () => {
        let_go_ns = kernel.now();
        mutex.release();
      });
    });
    main.spend(0);
    mutex.takeNow(main);
    assert.is(let_go_ns, 30 * US);
    assert.is(kernel.now(), 30 * US);
    assert.is(mutex.is_held, true);
    assert.is(main.used_ns, 0);
    main.spend(5);
    assert.is(kernel.now(), 30 * US + 5);
  });
}

test('takeNow waits for its turn behind those who came before', () => {
  const { kernel, thread } = machine(3);
  const mutex = new Mutex();
  const order: string[] = [];
  for (const name of ['first', 'second', 'third']) {
    const holder = thread(name);
    mutex.take(() =>
      holder.run(10 * US, () => {
        order.push(`${name} at ${kernel.now() / US}`);
        mutex.release();
      }),
    );
  }
  const main = thread('main');
  main.spend(1);
  mutex.takeNow(main);
  order.push(`main at ${kernel.now() / US}`);
  assert.equal(order, ['first at 10', 'second at 20', 'third at 30', 'main at 30']);
});

test('a lock that nobody will let go of is an error, not a wait for ever', async () => {
  const { thread } = machine(1);
  const mutex = new Mutex();
  mutex.take(() => undefined);
  await failure('internal-model', () => mutex.takeNow(thread('main')));
});

test.run();
