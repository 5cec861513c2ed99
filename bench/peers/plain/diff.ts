/** Finding changed pages in plain TypeScript: by a shadow, and by the fingerprints of assembly/diff.ts. */

const PAGE_WORDS = 1024;
const LANES = 16;
const FACTOR = 0x9e3779b1;

function mark(bitmap: Uint32Array, page: number): void {
  bitmap[page >>> 5] = (bitmap[page >>> 5] ?? 0) | (1 << (page & 31));
}

function differsPlain(a: Uint32Array, b: Uint32Array, at: number): boolean {
  let any = 0;
  for (let i = at; i < at + PAGE_WORDS; i += 2) {
    any |= ((a[i] ?? 0) ^ (b[i] ?? 0)) | ((a[i + 1] ?? 0) ^ (b[i + 1] ?? 0));
  }
  return any !== 0;
}

/** Marks the pages of `ram` that differ from `shadow`; returns how many. */
export function diffShadowPlain(ram: Uint32Array, shadow: Uint32Array, bitmap: Uint32Array): number {
  let count = 0;
  for (let at = 0; at < ram.length; at += PAGE_WORDS) {
    if (!differsPlain(ram, shadow, at)) continue;
    mark(bitmap, at / PAGE_WORDS);
    count++;
  }
  return count;
}

/** As `diffShadowPlain`, by Buffer.compare, a page a call. */
export function diffByBuffer(ram: Uint8Array, shadow: Uint8Array, bitmap: Uint32Array): number {
  let count = 0;
  for (let at = 0; at < ram.length; at += 4096) {
    if (Buffer.compare(ram.subarray(at, at + 4096), shadow.subarray(at, at + 4096)) === 0) continue;
    mark(bitmap, at / 4096);
    count++;
  }
  return count;
}

function mix(state: number, word: number): number {
  const product = Math.imul(state ^ word, FACTOR);
  return product ^ (product >>> 15);
}

const chains = new Uint32Array(LANES);

/** The fingerprint of the page at word `at`: four words, in `chains`. */
function fingerprintPlain(ram: Uint32Array, at: number): void {
  chains.fill(FACTOR);
  for (let row = at; row < at + PAGE_WORDS; row += LANES) {
    for (let lane = 0; lane < LANES; lane++) chains[lane] = mix(chains[lane] ?? 0, ram[row + lane] ?? 0);
  }
  for (let from = 4; from < LANES; from += 4) {
    const [a = 0, b = 0, c = 0, d = 0] = chains;
    chains[0] = mix(b, chains[from] ?? 0);
    chains[1] = mix(c, chains[from + 1] ?? 0);
    chains[2] = mix(d, chains[from + 2] ?? 0);
    chains[3] = mix(a, chains[from + 3] ?? 0);
  }
}

/** Marks the pages whose fingerprint is not the one in `prints`; returns how many. */
export function diffFingerprintPlain(ram: Uint32Array, prints: Uint32Array, bitmap: Uint32Array): number {
  let count = 0;
  for (let at = 0, print = 0; at < ram.length; at += PAGE_WORDS, print += 4) {
    fingerprintPlain(ram, at);
    let any = 0;
    for (let i = 0; i < 4; i++) any |= (chains[i] ?? 0) ^ (prints[print + i] ?? 0);
    if (any === 0) continue;
    mark(bitmap, at / PAGE_WORDS);
    count++;
  }
  return count;
}
