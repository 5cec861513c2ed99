import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ln, Random } from '../../../src/model/scenario/random.ts';

const view = new DataView(new ArrayBuffer(8));

/** A double by its place among all doubles, so that neighbours differ by 1. */
function placeOf(value: number): bigint {
  view.setFloat64(0, value);
  const bits = view.getBigInt64(0);
  return bits < 0n ? -(bits & 0x7fff_ffff_ffff_ffffn) : bits;
}

function ulpsBetween(a: number, b: number): number {
  return Math.abs(Number(placeOf(a) - placeOf(b)));
}

function assertLn(x: number): void {
  assert.ok(ulpsBetween(ln(x), Math.log(x)) <= 2, `ln(${x}) is ${ln(x)}, Math.log gives ${Math.log(x)}`);
}

test('ln is within 2 units in the last place of Math.log at any magnitude', () => {
  fc.assert(
    fc.property(
      fc.double({ min: Number.MIN_VALUE, max: Number.MAX_VALUE, noNaN: true }),
      fc.integer({ min: -1000, max: 1000 }),
      (any, exponent) => {
        assertLn(any);
        assertLn((1 + (any % 1)) * 2 ** exponent);
      },
    ),
    { numRuns: 5_000 },
  );
});

test('ln near 1, where a sum of two large parts would lose all digits', () => {
  assert.is(ln(1), 0);
  for (let bits = 1; bits <= 52; bits++) {
    for (const factor of [1, 1.25, 1.5, 1.75]) {
      assertLn(1 - factor * 2 ** -bits * 0.5);
      assertLn(1 + factor * 2 ** -bits);
    }
  }
});

test('ln of all that a draw can give: 1 less a multiple of 2^-32', () => {
  for (let i = 1; i < 100_000; i++) assertLn(1 - i / 2 ** 32);
  for (let i = 1; i < 2 ** 32; i += 40_009) assertLn(i / 2 ** 32);
});

test('ln at the edges where it takes another exponent, and of the smallest and largest doubles', () => {
  for (let exponent = -1022; exponent <= 1022; exponent++) {
    for (const edge of [1, Math.SQRT2, Math.SQRT1_2]) {
      const x = edge * 2 ** exponent;
      for (const near of [x, x * (1 + Number.EPSILON), x * (1 - Number.EPSILON)]) assertLn(near);
    }
  }
  assertLn(Number.MIN_VALUE);
  assertLn(Number.MAX_VALUE);
});

/** The first numbers of a stream, as it draws them: 32 bits. */
function first(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.uniform(0, 2 ** 32));
}

// written down from a program of 20 lines in another language: FNV-1a, splitmix32 and xoshiro128** as their
// authors have them; a scenario and its seed are to give the same run in every version
const FIRST_DRAWS: readonly (readonly [seed: number, name: string, draws: readonly number[]])[] = [
  [1, 'disk', [44555545, 4016556363, 2138589224, 701049666]],
  [1, 'arrivals', [1859712671, 2717369129, 492641032, 2502264809]],
  [2, 'disk', [1730847832, 3824856332, 2361981862, 2617772403]],
  [4294967295, 'scenario.disk.rate', [3850670073, 2825189021, 2124819257, 3298498896]],
  [0, '', [2988730470, 1666900107, 221464154, 2801406039]],
];

test('the first draws are what they were', () => {
  for (const [seed, name, draws] of FIRST_DRAWS) {
    assert.equal(first(new Random(seed, name), draws.length), draws, `seed ${seed} of "${name}"`);
  }
});

test('the first exponential draws are what they were, but for the last digits', () => {
  const random = new Random(1, 'disk');
  // by the same program and the logarithm of the C library
  for (const wanted of [10428.080140092843, 2736101.021431457, 689013.9452280162, 178201.0716265881]) {
    const drawn = random.exponential(1e6);
    assert.ok(Math.abs(drawn - wanted) <= 4 * Number.EPSILON * wanted, `${drawn} and not ${wanted}`);
  }
});

test('below and chance are made of the same draws', () => {
  for (let seed = 0; seed < 100; seed++) {
    const [a, b, c] = [new Random(seed, 'x'), new Random(seed, 'x'), new Random(seed, 'x')];
    const draws = first(a, 20);
    // 2^32 is a multiple of 8, so that no draw is refused
    for (const draw of draws) assert.is(b.below(8), draw % 8);
    for (const draw of draws) assert.is(c.chance(0.3), draw < 0.3 * 2 ** 32);
  }
});

test('chance: 0 is never and 1 is always', () => {
  const random = new Random(5, 'chance');
  for (let i = 0; i < 10_000; i++) {
    assert.is(random.chance(0), false);
    assert.is(random.chance(1), true);
  }
});

test('a stream does not change with what another draws', () => {
  const alone = first(new Random(7, 'disk'), 100);
  const [disk, load] = [new Random(7, 'disk'), new Random(7, 'load')];
  const beside: number[] = [];
  for (let i = 0; i < 100; i++) {
    for (let n = 0; n < i % 5; n++) load.exponential(1);
    beside.push(...first(disk, 1));
  }
  assert.equal(beside, alone);
});

/** How much two lists of draws from 0 to 1 go together: 0 for independent ones, with a deviation of 1/sqrt(n). */
function correlation(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  a.forEach((x, i) => {
    sum += (x - 0.5) * ((b[i] ?? 0) - 0.5);
  });
  return (sum / a.length) * 12;
}

test('streams of other names and of neighbouring seeds have nothing in common', () => {
  const COUNT = 20_000;
  const drawn = ['disk', 'disl', 'load', 'costs.wake_ns', 'costs.wake_idle_ns'].flatMap((name) =>
    [1, 2, 3].map((seed) => {
      const random = new Random(seed, name);
      return Array.from({ length: COUNT }, () => random.uniform(0, 1));
    }),
  );
  drawn.forEach((a, i) => {
    for (const b of drawn.slice(i + 1)) {
      // 105 pairs: five deviations come by chance once in 17,000 such tests
      assert.ok(Math.abs(correlation(a, b)) < 5 / Math.sqrt(COUNT));
    }
  });
});

/** Mean, variance and range. */
function momentsOf(count: number, draw: () => number) {
  const values = Array.from({ length: count }, draw);
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
  const skewness = values.reduce((sum, value) => sum + (value - mean) ** 3, 0) / count / variance ** 1.5;
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  return { mean, variance, skewness, low, high };
}

const COUNT = 400_000;

test('uniform: mean, variance and ends', () => {
  const random = new Random(1, 'uniform');
  const { mean, variance, skewness, low, high } = momentsOf(COUNT, () => random.uniform(-2, 6));
  // (high - low)^2 / 12 = 5.333; the deviations of these estimates are 0.0037, 0.0075 and 0.003
  assert.ok(Math.abs(mean - 2) < 0.015, `mean ${mean}`);
  assert.ok(Math.abs(variance - 64 / 12) < 0.03, `variance ${variance}`);
  assert.ok(Math.abs(skewness) < 0.015, `skewness ${skewness}`);
  assert.ok(low >= -2 && low < -1.999 && high < 6 && high > 5.999, `${low} to ${high}`);
});

test('exponential: mean, variance, skewness, and its share beyond any bound', () => {
  const random = new Random(1, 'exponential');
  const { mean, variance, skewness, low } = momentsOf(COUNT, () => random.exponential(5));
  // mean 5, variance 25, skewness 2; the deviations of these estimates are 0.008, 0.11 and 0.04
  assert.ok(Math.abs(mean - 5) < 0.03, `mean ${mean}`);
  assert.ok(Math.abs(variance - 25) < 0.5, `variance ${variance}`);
  assert.ok(Math.abs(skewness - 2) < 0.2, `skewness ${skewness}`);
  assert.ok(low >= 0 && low < 0.001, `${low}`);
  const again = new Random(2, 'exponential');
  const beyond = [0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < COUNT; i++) {
    const drawn = again.exponential(1);
    for (let bound = 0; bound < beyond.length; bound++) {
      if (drawn > bound) beyond[bound] = (beyond[bound] ?? 0) + 1;
    }
  }
  beyond.forEach((count, bound) => {
    const wanted = COUNT * Math.exp(-bound);
    // four deviations of a binomial count
    assert.ok(
      Math.abs(count - wanted) <= 4 * Math.sqrt(wanted) + 1,
      `beyond ${bound}: ${count} and not ${wanted}`,
    );
  });
});

test.run();
