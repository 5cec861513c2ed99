/** Draws for the model: the same on every engine, for they use nothing that engines may round differently. */
import { Prng } from '../../guest/synthetic/prng.ts';

/** ln 2 in two parts: the first has so few digits that a multiple of it by an exponent is exact (fdlibm). */
const LN_2_HIGH = 0.6931471803691238;
const LN_2_LOW = 1.9082149292705877e-10;
/** Terms of the series after its first: |s| is below 0.172, and s^22 / 23 below the last digit of a double. */
const LN_TERMS = 10;

/**
 * The natural logarithm of a number above 0, from +, -, * and / alone: Math.log is not the same to the last
 * digit on every engine. ln x = k ln 2 + 2 artanh(s) with x = m 2^k, m = 1 + f from 0.71 up to 1.41, so that k
 * is 0 near 1, where the two would cancel; s = f / (2 + f), and 2 s = f - s f, for f is exact and s is not.
 */
export function ln(x: number): number {
  let mantissa = x;
  let exponent = 0;
  for (; mantissa >= Math.SQRT2; exponent++) mantissa /= 2;
  for (; mantissa < Math.SQRT1_2; exponent--) mantissa *= 2;
  const f = mantissa - 1;
  const s = f / (2 + f);
  const s_squared = s * s;
  let sum = 0;
  for (let n = LN_TERMS; n > 0; n--) sum = sum * s_squared + 1 / (2 * n + 1);
  const beyond_first = 2 * s_squared * sum;
  return exponent * LN_2_HIGH - (s * (f - beyond_first) - exponent * LN_2_LOW - f);
}

/** A seed of its own for each name, so that what one part draws does not change what another does (FNV-1a). */
function seedOf(seed: number, name: string): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash;
}

/** A stream of draws for one part of the model. */
export class Random {
  readonly #prng: Prng;

  constructor(seed: number, name: string) {
    this.#prng = new Prng(seedOf(seed, name));
  }

  /** From `low` up to `high`. */
  uniform(low: number, high: number): number {
    return low + (high - low) * this.#prng.uniform();
  }

  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number {
    return this.#prng.below(bound);
  }

  /** True so often. */
  chance(share: number): boolean {
    return this.#prng.uniform() < share;
  }

  /** Exponential, by its mean. */
  exponential(mean: number): number {
    return -mean * ln(1 - this.#prng.uniform());
  }
}
