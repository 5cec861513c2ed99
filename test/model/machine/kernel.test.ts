import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Kernel, type ModelEvent } from '../../../src/model/machine/kernel.ts';
import { failure } from '../../support/folder.ts';

/** Lets all happen that is planned. */
function drain(kernel: Kernel): void {
  while (kernel.step());
}

test('events come by their time, whatever the order of their planning', () => {
  const kernel = new Kernel();
  const seen: [name: string, now_ns: number][] = [];
  for (const at_ns of [30, 10, 20, 0]) kernel.at(at_ns, () => seen.push([`for ${at_ns}`, kernel.now()]));
  assert.equal(seen, [], 'nothing happens before a step');
  drain(kernel);
  assert.equal(seen, [
    ['for 0', 0],
    ['for 10', 10],
    ['for 20', 20],
    ['for 30', 30],
  ]);
  assert.is(kernel.now(), 30);
  assert.is(kernel.handled, 4);
});

test('of many at one time the first planned is first, those planned meanwhile included', () => {
  const kernel = new Kernel();
  const seen: number[] = [];
  for (let i = 0; i < 100; i++) {
    kernel.at(7, () => {
      seen.push(i);
      // at the same time, and yet after all that stood before
      kernel.after(0, () => seen.push(100 + i));
    });
  }
  drain(kernel);
  assert.equal(
    seen,
    Array.from({ length: 200 }, (_, i) => i),
  );
});

test('a cancelled event does not happen, does not count and does not move the clock', () => {
  const kernel = new Kernel();
  const seen: string[] = [];
  const [first, , last] = ['a', 'b', 'c'].map((name, i) => kernel.at(10 * (i + 1), () => seen.push(name)));
  Kernel.cancel(first);
  Kernel.cancel(last);
  Kernel.cancel(undefined);
  assert.is(kernel.next_ns, 20);
  drain(kernel);
  assert.equal(seen, ['b']);
  assert.is(kernel.now(), 20);
  assert.is(kernel.handled, 1);
  assert.is(kernel.next_ns, Number.POSITIVE_INFINITY);
});

test('an event that has happened can be cancelled, which changes nothing', () => {
  const kernel = new Kernel();
  let count = 0;
  const event = kernel.at(1, () => count++);
  kernel.step();
  Kernel.cancel(event);
  assert.is(kernel.step(), false);
  assert.is(count, 1);
});

test('any number of cancelled events in a row is passed over', () => {
  const kernel = new Kernel();
  let is_last_seen = false;
  const events = Array.from({ length: 100_000 }, (_, i) => kernel.at(i, () => undefined));
  kernel.at(events.length, () => {
    is_last_seen = true;
  });
  for (const event of events) Kernel.cancel(event);
  assert.is(kernel.step(), true);
  assert.is(is_last_seen, true);
  assert.is(kernel.step(), false);
});

test('skip lets time go by, and refuses to pass an event, to meet one and to go back', async () => {
  const kernel = new Kernel();
  const event = kernel.at(100, () => undefined);
  kernel.skip(99);
  assert.is(kernel.now(), 99);
  assert.is(kernel.handled, 0);
  for (const to_ns of [100, 101, 98]) await failure('internal-model', () => kernel.skip(to_ns));
  assert.is(kernel.now(), 99, 'a refusal moves nothing');
  Kernel.cancel(event);
  kernel.skip(1_000);
  assert.is(kernel.now(), 1_000);
});

test('times are whole nanoseconds, from now on', async () => {
  const kernel = new Kernel();
  kernel.skip(10);
  const nothing = () => undefined;
  for (const at_ns of [9, 10.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    await failure('internal-model', () => kernel.at(at_ns, nothing));
  }
  for (const delay_ns of [-1, 0.5, Number.NaN]) {
    await failure('internal-model', () => kernel.after(delay_ns, nothing));
  }
  // as would a skip between two nanoseconds: from there no event could be planned any more
  for (const to_ns of [10.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    await failure('internal-model', () => kernel.skip(to_ns));
  }
  assert.is(kernel.next_ns, Number.POSITIVE_INFINITY, 'what was refused is not planned');
  assert.is(kernel.now(), 10);
});

/** The oracle: an array that is searched for the earliest, the first of equal ones. */
interface Planned {
  readonly at_ns: number;
  readonly name: number;
}

class SortedArray {
  now_ns = 0;
  #planned: Planned[] = [];

  plan(at_ns: number, name: number): void {
    this.#planned.push({ at_ns, name });
  }

  cancel(name: number): void {
    this.#planned = this.#planned.filter((planned) => planned.name !== name);
  }

  /** The next, without taking it. */
  get next(): Planned | undefined {
    // the sort of arrays is stable: those at one time stay in the order of their planning
    return [...this.#planned].sort((a, b) => a.at_ns - b.at_ns)[0];
  }

  /** The name of what happens next. */
  step(): number | undefined {
    const { next } = this;
    if (next === undefined) return undefined;
    this.cancel(next.name);
    this.now_ns = next.at_ns;
    return next.name;
  }
}

/** What is done to the kernel; `children` are planned by the event itself, so much after it. */
type Command =
  | { readonly kind: 'plan'; readonly delay_ns: number; readonly children: readonly number[] }
  | { readonly kind: 'cancel'; readonly which: number }
  | { readonly kind: 'skip'; readonly delay_ns: number }
  | { readonly kind: 'step' };

// short times, so that many fall together
const delays = fc.nat(12);
const commands: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('plan' as const),
      delay_ns: delays,
      children: fc.array(delays, { maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const), which: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('skip' as const), delay_ns: delays }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'step' as const }) },
);

/** The kernel and the oracle beside it: both are told the same. */
class Pair {
  readonly kernel = new Kernel();
  readonly oracle = new SortedArray();
  readonly #events: ModelEvent[] = [];
  #happened: number | undefined;

  plan(delay_ns: number, children: readonly number[]): void {
    const name = this.#events.length;
    this.oracle.plan(this.oracle.now_ns + delay_ns, name);
    this.#events.push(
      this.kernel.after(delay_ns, () => {
        this.#happened = name;
        // the oracle has no events that do anything: by now it has to stand at the same time
        this.oracle.step();
        for (const child_ns of children) this.plan(child_ns, []);
      }),
    );
  }

  cancel(which: number): void {
    this.oracle.cancel(which);
    Kernel.cancel(this.#events[which]);
  }

  skip(delay_ns: number): void {
    const to_ns = this.oracle.now_ns + delay_ns;
    const may = to_ns < (this.oracle.next?.at_ns ?? Number.POSITIVE_INFINITY);
    let is_refused = false;
    try {
      this.kernel.skip(to_ns);
    } catch {
      is_refused = true;
    }
    assert.is(is_refused, !may, `skip to ${to_ns}`);
    if (may) this.oracle.now_ns = to_ns;
  }

  step(): boolean {
    const wanted = this.oracle.next?.name;
    this.#happened = undefined;
    assert.is(this.kernel.step(), wanted !== undefined);
    assert.is(this.#happened, wanted);
    return wanted !== undefined;
  }

  check(): void {
    assert.is(this.kernel.now(), this.oracle.now_ns);
    assert.is(this.kernel.next_ns, this.oracle.next?.at_ns ?? Number.POSITIVE_INFINITY);
  }
}

test('any program of plans, cancels, skips and steps goes as in a sorted array', () => {
  fc.assert(
    fc.property(fc.array(commands, { maxLength: 120 }), (program) => {
      const pair = new Pair();
      for (const command of program) {
        if (command.kind === 'plan') pair.plan(command.delay_ns, command.children);
        else if (command.kind === 'cancel') pair.cancel(command.which);
        else if (command.kind === 'skip') pair.skip(command.delay_ns);
        else pair.step();
        pair.check();
      }
      while (pair.step()) pair.check();
    }),
    { numRuns: 400 },
  );
});

test.run();
