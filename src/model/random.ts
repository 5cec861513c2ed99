/** Draws for the model: the same on every engine, for they use nothing that engines may round differently. */
import { Prng } from '../guest/prng.ts';

/** Terms of the series of ln; (1/3)^(2 * 16) is below the last digit of a double. */
const LN_TERMS = 16;

/**
 * The natural logarithm of a number above 0, from +, -, * and / alone: Math.log is not the same to the last
 * digit on every engine. ln x = k ln 2 + 2 artanh((m - 1) / (m + 1)) with x = m 2^k, m from 1 up to 2.
 */
export function ln(x: number): number {
  let mantissa = x;
  let exponent = 0;
  for (; mantissa >= 2; exponent++) mantissa /= 2;
  for (; mantissa < 1; exponent--) mantissa *= 2;
  const t = (mantissa - 1) / (mantissa + 1);
  let sum = 0;
  for (let n = LN_TERMS; n >= 0; n--) sum = sum * t * t + 1 / (2 * n + 1);
  return exponent * Math.LN2 + 2 * t * sum;
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
