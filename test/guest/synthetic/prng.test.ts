import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Prng } from '../../../src/guest/synthetic/prng.ts';
import { xoshiro128 } from '../../ref/prng.ts';

const seeds = fc.integer({ min: -(2 ** 31), max: 2 ** 32 - 1 });

test('any seed gives the numbers of xoshiro128** 1.1 over splitmix32', () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const [random, oracle] = [new Prng(seed), xoshiro128(seed)];
      for (let i = 0; i < 200; i++) assert.is(random.nextU32(), oracle.next().value, `number ${i}`);
    }),
  );
});

test('the seeds at the edges, far into the sequence', () => {
  for (const seed of [0, 1, -1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
    const [random, oracle] = [new Prng(seed), xoshiro128(seed)];
    for (let i = 0; i < 5_000; i++) assert.is(random.nextU32(), oracle.next().value);
  }
});

test('below gives the rest of the first number that favours none', () => {
  const bounds = fc.oneof(
    fc.integer({ min: 1, max: 2 ** 32 }),
    fc.constantFrom(1, 2, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 1, 2 ** 32),
  );
  fc.assert(
    fc.property(seeds, bounds, (seed, bound) => {
      const [random, oracle] = [new Prng(seed), xoshiro128(seed)];
      const usable = Math.floor(2 ** 32 / bound) * bound;
      for (let i = 0; i < 20; i++) {
        let wanted = oracle.next().value;
        while (wanted >= usable) wanted = oracle.next().value;
        assert.is(random.below(bound), wanted % bound);
      }
    }),
  );
});

test('below takes no number at the edge: the bound itself is drawn again', () => {
  for (let seed = 0; seed < 50; seed++) {
    const oracle = xoshiro128(seed);
    const [first, second] = [oracle.next().value, oracle.next().value];
    // over 2^31 it is the whole multiple of itself, and would give 0
    if (first > 2 ** 31 && second < first) assert.is(new Prng(seed).below(first), second);
  }
});

test('below gives every number, about as often', () => {
  const random = new Prng(11);
  const counts = [0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < 70_000; i++) {
    const value = random.below(7);
    counts[value] = (counts[value] ?? 0) + 1;
  }
  // 10,000 each; the standard deviation is 93
  assert.ok(counts.length === 7 && counts.every((count) => Math.abs(count - 10_000) < 500), counts.join(' '));
});

test('uniform is from 0 up to, and without, 1', () => {
  const [random, oracle] = [new Prng(3), xoshiro128(3)];
  for (let i = 0; i < 1_000; i++) {
    const value = random.uniform();
    assert.is(value, oracle.next().value / 4_294_967_296);
    assert.ok(value >= 0 && value < 1);
  }
});

test.run();
