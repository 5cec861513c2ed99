/** Who owns which bytes of the memory that the core works on. */
import { fail } from '../errors.ts';
import { Core } from './core.ts';

const WASM_PAGE_BYTES = 65_536;
const WASM_PAGES_MAX = 65_536;

/**
 * The most guest RAM that one memory takes: 4 GiB, what a 32-bit core can address, less 16 MiB for bitmaps
 * (two bits a page: 256 KiB), staging, input window and tables.
 */
export const MEMORY_BYTES_MAX = 2 ** 32 - 16 * 2 ** 20;

/** The most that a guest has: sixteen memories; the host has to have as much, but for pages that are zero. */
export const GUEST_BYTES_MAX = 16 * MEMORY_BYTES_MAX;

/**
 * One memory and its one owner: hands out ranges from the bottom up and grows the memory as needed.
 * Nothing is given back; a guest lives as long as its arena.
 *
 *     0       64          next
 *     ┌───────┬───────────┬─────────────────┐
 *     │ never │ handed out│ grown on demand │  ... up to 4 GiB
 *     └───────┴───────────┴─────────────────┘
 *
 * Growing detaches every view made before (WebAssembly.Memory.prototype.grow), so no view is kept here:
 * `bytes` makes a new one, and whoever holds one across an `alloc` holds a dead one.
 */
export class Arena {
  readonly memory: WebAssembly.Memory;
  readonly core: Core;
  #next = 64;
  readonly #kept = new Map<string, { readonly address: number; readonly size_bytes: number }>();

  constructor(options: { shared?: boolean } = {}) {
    this.memory = new WebAssembly.Memory({
      initial: 1,
      maximum: WASM_PAGES_MAX,
      shared: options.shared ?? false,
    });
    this.core = new Core(this.memory);
  }

  /**
   * The address of `size_bytes` fresh zero bytes.
   *
   * @throws `memory-full` where the engine does not give the memory
   */
  alloc(size_bytes: number, alignment_bytes = 64): number {
    const address = Math.ceil(this.#next / alignment_bytes) * alignment_bytes;
    const end = address + size_bytes;
    const missing = Math.ceil((end - this.memory.buffer.byteLength) / WASM_PAGE_BYTES);
    if (missing > 0) this.#grow(missing, size_bytes);
    this.#next = end;
    return address;
  }

  /**
   * A range for one use, the same one whenever that is asked for: what a save or a load needs for itself is not
   * allocated anew with every one of the same guest. It holds what was left there.
   *
   * @throws `memory-full`
   */
  keep(use: string, size_bytes: number, alignment_bytes = 64): number {
    const kept = this.#kept.get(use);
    if (kept !== undefined && kept.size_bytes >= size_bytes) return kept.address;
    const address = this.alloc(size_bytes, alignment_bytes);
    this.#kept.set(use, { address, size_bytes });
    return address;
  }

  /**
   * Makes room at once for what is about to be allocated. Each growth of a large memory may make the engine
   * collect garbage: 4096 blocks, a growth each, took 40 s.
   *
   * @throws `memory-full`
   */
  reserve(size_bytes: number): void {
    const end = Math.min(this.#next + size_bytes, WASM_PAGES_MAX * WASM_PAGE_BYTES);
    const missing = Math.ceil((end - this.memory.buffer.byteLength) / WASM_PAGE_BYTES);
    if (missing > 0) this.#grow(missing, size_bytes);
  }

  /** A view of `size_bytes` at an address; valid until the next `alloc`. */
  bytes(address: number, size_bytes: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.memory.buffer, address, size_bytes);
  }

  #grow(wasm_pages: number, wanted_bytes: number): void {
    try {
      this.memory.grow(wasm_pages);
    } catch (cause) {
      throw fail('memory-full', { wanted_bytes }, cause);
    }
  }
}
