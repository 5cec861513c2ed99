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
  /**
   * Four words. A field that holds a number of over 31 bits is an object on the heap wherever V8 compresses pointers,
   * as in Chromium: then four fields cost four new objects a draw.
   */
  readonly #state = new Int32Array(4);

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
    for (let i = 0; i < this.#state.length; i++) this.#state[i] = split();
  }

  /** A whole number from 0 to 2^32 - 1. */
  nextU32(): number {
    const state = this.#state;
    const b = state[1] ?? 0;
    const scrambled = Math.imul(b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const c = (state[2] ?? 0) ^ (state[0] ?? 0);
    const d = (state[3] ?? 0) ^ b;
    state[1] = b ^ c;
    state[0] = (state[0] ?? 0) ^ d;
    state[2] = c ^ (b << 9);
    state[3] = (d << 11) | (d >>> 21);
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
