/** The memory that the kernels are measured on: RAM, a shadow of it, a ring for records, bitmap and fingerprints. */

import { Arena } from '../src/core/arena.ts';
import { LAYOUT } from '../src/core/core.ts';
import { type Content, fillRam } from './contents.ts';

export const PAGE_BYTES = LAYOUT.PAGE_SIZE;
export const RING_BYTES = 2 ** 20;
export const GIB = 2 ** 30;
export const MIB = 2 ** 20;

export class BenchMemory {
  readonly arena = new Arena();
  readonly core = this.arena.core;
  readonly ram: number;
  readonly shadow: number;
  readonly ring: number;
  readonly bitmap: number;
  readonly prints: number;
  readonly state: number;
  readonly blocks: number;
  readonly #idstr: number;

  constructor(ram_bytes: number, options: { shadow: boolean }) {
    const { arena } = this;
    const pages = ram_bytes / PAGE_BYTES;
    arena.reserve(ram_bytes * (options.shadow ? 2 : 1) + pages * LAYOUT.FINGERPRINT_SIZE + 4 * RING_BYTES);
    this.ring = arena.alloc(RING_BYTES, PAGE_BYTES);
    this.bitmap = arena.alloc(pages / 8);
    this.prints = arena.alloc(pages * LAYOUT.FINGERPRINT_SIZE);
    this.state = arena.alloc(LAYOUT.ENCODE_STATE_SIZE);
    this.blocks = arena.alloc(LAYOUT.BLOCK_SIZE);
    this.#idstr = arena.alloc(4);
    this.ram = arena.alloc(ram_bytes, PAGE_BYTES);
    this.shadow = options.shadow ? arena.alloc(ram_bytes, PAGE_BYTES) : 0;
    arena.bytes(this.#idstr, 4).set([3, ...Buffer.from('ram')]);
    arena.bytes(this.ring, RING_BYTES).fill(1);
  }

  /** Writes every page of the RAM and of its shadow. */
  fill(content: Content, ram_bytes: number): void {
    fillRam(this.words(this.ram, ram_bytes), content);
    if (this.shadow !== 0) this.bytes(this.shadow, ram_bytes).set(this.bytes(this.ram, ram_bytes));
  }

  bytes(address: number, size_bytes: number): Uint8Array {
    return this.arena.bytes(address, size_bytes);
  }

  words(address: number, size_bytes: number): Uint32Array {
    return new Uint32Array(this.arena.memory.buffer, address, size_bytes / 4);
  }

  /** Encodes all of the first `ram_bytes` into the ring; returns how many bytes, modulo 2^32. */
  encodeAll(ram_bytes: number): number {
    const { core, state, blocks } = this;
    const pages = ram_bytes / PAGE_BYTES;
    this.bytes(blocks, LAYOUT.BLOCK_SIZE).fill(0);
    this.bytes(state, LAYOUT.ENCODE_STATE_SIZE).fill(0);
    core.setU32(blocks + LAYOUT.BLOCK_HOST, this.ram);
    core.setU32(blocks + LAYOUT.BLOCK_PAGES, pages);
    core.setU32(blocks + LAYOUT.BLOCK_BITMAP, this.bitmap);
    core.setU32(blocks + LAYOUT.BLOCK_IDSTR, this.#idstr);
    core.bitmapSet(this.bitmap, 0, pages);
    let written = 0;
    do written += core.encode(state, blocks, 1, this.ring, RING_BYTES, pages);
    while (core.encodeStop(state) !== 'end');
    return written >>> 0;
  }
}
