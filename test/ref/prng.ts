/**
 * xoshiro128** 1.1 and splitmix32 as their papers write them, in whole numbers of any size, cut to 32 bits
 * after every step: slow, and with no sign to get wrong. Shares no code with src/.
 */

const MASK = 0xffff_ffffn;

function rotateLeft(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (32n - bits))) & MASK;
}

/** splitmix32: the finaliser of MurmurHash3 with the constants of "prospector", over a Weyl sequence. */
function* splitmix32(seed: number): Generator<bigint, never> {
  let state = BigInt.asUintN(32, BigInt(seed));
  for (;;) {
    state = (state + 0x9e3779b9n) & MASK;
    let z = state;
    z = ((z ^ (z >> 16n)) * 0x21f0aaadn) & MASK;
    z = ((z ^ (z >> 15n)) * 0x735a2d97n) & MASK;
    yield z ^ (z >> 15n);
  }
}

/** The sequence of a seed, from its first number on. */
export function* xoshiro128(seed: number): Generator<number, never> {
  const fill = splitmix32(seed);
  const s: [bigint, bigint, bigint, bigint] = [
    fill.next().value,
    fill.next().value,
    fill.next().value,
    fill.next().value,
  ];
  for (;;) {
    const result = (rotateLeft((s[1] * 5n) & MASK, 7n) * 9n) & MASK;
    const t = (s[1] << 9n) & MASK;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotateLeft(s[3], 11n);
    yield Number(result);
  }
}
