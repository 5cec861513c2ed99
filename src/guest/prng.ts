/** A small seeded generator, the same on every engine. */

/**
 * xoshiro128** 1.1 (Blackman and Vigna, 2018), its state filled by splitmix32. For synthetic guests, not for
 * secrets.
 *
 * @example
 * const random = new Prng(1);
 * const page = random.below(1024);
 */
export class Prng {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number) {
    let state = seed | 0;
    const split = (): number => {
      state = (state + 0x9e3779b9) | 0;
      let z = state ^ (state >>> 16);
      z = Math.imul(z, 0x21f0aaad);
      z ^= z >>> 15;
      z = Math.imul(z, 0x735a2d97);
      return z ^ (z >>> 15);
    };
    this.#a = split();
    this.#b = split();
    this.#c = split();
    this.#d = split();
  }

  /** A whole number from 0 to 2^32 - 1. */
  nextU32(): number {
    const scrambled = Math.imul(this.#b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result >>> 0;
  }

  /** A whole number from 0 to `bound` - 1, for a bound up to 2^32; each is as likely as the others. */
  below(bound: number): number {
    // what lies over the last whole multiple of the bound would favour the small numbers
    const usable = 2 ** 32 - (2 ** 32 % bound);
    let value = this.nextU32();
    while (value >= usable) value = this.nextU32();
    return value % bound;
  }

  /** A number from 0 up to, and without, 1. */
  uniform(): number {
    return this.nextU32() / 2 ** 32;
  }
}
