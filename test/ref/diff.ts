/** The oracle of the diff: bytes one after the other, and the fingerprint as 16 chains of plain numbers. */

const PAGE_BYTES = 4096;
export const PRINT_BYTES = 16;

/** The numbers of the pages in which a byte is not the shadow's. */
export function changedPages(ram: Uint8Array, shadow: Uint8Array): number[] {
  const changed: number[] = [];
  for (let at = 0; at < ram.length; at++) {
    const page = Math.floor(at / PAGE_BYTES);
    if (ram[at] !== shadow[at] && changed.at(-1) !== page) changed.push(page);
  }
  return changed;
}

/** One step of a chain: a product modulo 2^32, and its high bits once more at the low end. */
function step(state: number, word: number): number {
  const product = Math.imul(state ^ word, 0x9e3779b1) >>> 0;
  return (product ^ Math.floor(product / 2 ** 15)) >>> 0;
}

/**
 * The 16 bytes of a page: chain i goes over the words i, i + 16, i + 32, ... Then the chains are taken in fours,
 * from the first four on: each new four into the last, which moves on by one lane before.
 */
export function fingerprintOf(page: Uint8Array): Uint8Array {
  const words = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const chains: number[] = [];
  for (let chain = 0; chain < 16; chain++) {
    let state = 0x9e3779b1;
    for (let at = chain * 4; at < PAGE_BYTES; at += 64) state = step(state, words.getUint32(at, true));
    chains.push(state);
  }
  let lanes = chains.slice(0, 4);
  for (let four = 4; four < 16; four += 4) {
    lanes = [0, 1, 2, 3].map((lane) => step(lanes[(lane + 1) % 4] ?? 0, chains[four + lane] ?? 0));
  }
  const print = new DataView(new ArrayBuffer(PRINT_BYTES));
  lanes.forEach((lane, index) => {
    print.setUint32(index * 4, lane, true);
  });
  return new Uint8Array(print.buffer);
}

/** The fingerprints of all pages of a RAM, one after the other. */
export function fingerprintsOf(ram: Uint8Array): Uint8Array {
  const prints = new Uint8Array((ram.length / PAGE_BYTES) * PRINT_BYTES);
  for (let page = 0; page * PAGE_BYTES < ram.length; page++) {
    const from = page * PAGE_BYTES;
    prints.set(fingerprintOf(ram.subarray(from, from + PAGE_BYTES)), page * PRINT_BYTES);
  }
  return prints;
}

/** The numbers of the pages whose fingerprint is not the one that is known. */
export function changedPrints(ram: Uint8Array, prints: Uint8Array): number[] {
  const changed = new Set<number>();
  fingerprintsOf(ram).forEach((byte, at) => {
    if (byte !== prints[at]) changed.add(Math.floor(at / PRINT_BYTES));
  });
  return [...changed];
}
