/** Two pages, a payload's place and what goes in and out of them, each part guarded; for the tests of XBZRLE. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import * as ref from '../ref/xbzrle.ts';
import type { CoreBuild } from '../support/core-builds.ts';
import { Guarded, sameBytes } from '../support/guarded.ts';

export const PAGE_BYTES = 4096;
/** Every other byte changed, which is the longest: 2048 times two lengths and a byte. */
export const PAYLOAD_BYTES_MAX = 6144;

export const OVERFLOW = -1;

/** Neither zero nor the same at two places near each other. */
export const NOISE = Uint8Array.from({ length: PAGE_BYTES }, (_, at) => (at * 7 + (at >> 8) * 13 + 1) & 0xff);

export class XbzrlePages {
  readonly #guarded;
  readonly #old;
  readonly #new;
  readonly #payload;

  constructor(build: CoreBuild) {
    this.#guarded = new Guarded(build, 65_536);
    this.#old = this.#guarded.place(PAGE_BYTES);
    // odd addresses: nothing is said about how pages and payloads are aligned
    this.#guarded.place(1);
    this.#new = this.#guarded.place(PAGE_BYTES, 1);
    this.#payload = this.#guarded.place(PAYLOAD_BYTES_MAX + 8, 1);
  }

  /** Puts two pages in place for `encode`. */
  load(old_page: Uint8Array, new_page: Uint8Array): void {
    this.#guarded.seal(this.#old, old_page);
    this.#guarded.seal(this.#new, new_page);
  }

  /** What the core writes for the pages of `load` into this much room: its answer, and the payload. */
  encode(out_size: number): { size: number; payload: Uint8Array } {
    this.#guarded.resize(this.#payload, out_size);
    const args = [this.#old.address, this.#new.address, this.#payload.address, out_size] as const;
    const size = this.#guarded.core.xbzrle_encode(...args);
    this.#guarded.check(`out_size ${out_size}`);
    assert.ok(size <= out_size, `${size} bytes in ${out_size}`);
    return { size, payload: this.#guarded.view(this.#payload).slice(0, Math.max(0, size)) };
  }

  /** The core's answer and page for this payload; `is_check` gives no page, and then nothing may change. */
  decode(old_page: Uint8Array, payload: Uint8Array, is_check = false): { fault: number; page: Uint8Array } {
    this.#guarded.resize(this.#new, PAGE_BYTES);
    const page = this.#guarded.view(this.#new);
    page.set(old_page);
    this.#guarded.seal(this.#payload, payload);
    const at = is_check ? 0 : this.#new.address;
    const fault = this.#guarded.core.xbzrle_decode(at, this.#payload.address, payload.length) >>> 0;
    this.#guarded.check(`a payload of ${payload.length} bytes`);
    return { fault, page };
  }

  /** The core decodes as the oracle does, and says the same where it has no page. */
  compareDecode(old_page: Uint8Array, payload: Uint8Array, what: string): number {
    const expected = old_page.slice();
    const fault = ref.decode(expected, payload);
    const decoded = this.decode(old_page, payload);
    assert.is(decoded.fault, fault, `${what}: fault`);
    sameBytes(decoded.page, expected, `${what}: page`);
    const checked = this.decode(old_page, payload, true);
    assert.is(checked.fault, fault, `${what}: fault of a check`);
    sameBytes(checked.page, old_page, `${what}: page of a check`);
    return fault;
  }

  /** The core encodes the pages of `load` as the oracle does. */
  compareEncode(old_page: Uint8Array, new_page: Uint8Array, out_size: number, what: string): number {
    const expected = ref.encode(old_page, new_page, out_size);
    const { size, payload } = this.encode(out_size);
    assert.is(size, expected?.length ?? OVERFLOW, `${what}, out_size ${out_size}: size`);
    sameBytes(payload, expected ?? new Uint8Array(), `${what}, out_size ${out_size}: payload`);
    return size;
  }
}

/** One stretch of a page that changes: every byte of it, every second or every third. */
export interface Edit {
  at: number;
  length: number;
  step: number;
  /** What changed bytes differ by. */
  xor: number;
}

export function editedPage(old_page: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const page = old_page.slice();
  for (const { at, length, step, xor } of edits) {
    for (let i = at; i < Math.min(at + length, PAGE_BYTES); i += step) {
      page[i] = (old_page[i] ?? 0) ^ xor;
    }
  }
  return page;
}

const near = (middle: number, reach: number): fc.Arbitrary<number> =>
  fc.integer({ min: middle - reach, max: middle + reach });

/** Anywhere, at both ends, and around the edges of the 64 bytes that are compared at once. */
const anyPlace = fc.oneof(
  fc.nat(PAGE_BYTES - 1),
  fc.nat(3),
  near(PAGE_BYTES - 3, 2),
  fc.tuple(fc.integer({ min: 1, max: 63 }), near(0, 3)).map(([part, beside]) => part * 64 + beside),
);

const anyLength = fc.oneof(
  fc.constant(1),
  fc.nat(8),
  ...[16, 64, 128, 256].map((length) => near(length, 2)),
  fc.nat(PAGE_BYTES),
);

export const anyEdits: fc.Arbitrary<Edit[]> = fc.array(
  fc.record({
    at: anyPlace,
    length: anyLength,
    step: fc.constantFrom(1, 1, 1, 2, 3),
    xor: fc.integer({ min: 1, max: 255 }),
  }),
  { maxLength: 12 },
);

export const anyOldPage = fc.constantFrom(
  NOISE,
  new Uint8Array(PAGE_BYTES),
  new Uint8Array(PAGE_BYTES).fill(255),
);
