/** Who owns which bytes of the memory that the core works on. */
import { fail } from '../errors.ts';
import { Core } from './core.ts';
import { isShared } from './instantiate.ts';

const WASM_PAGE_BYTES = 65_536;
const WASM_PAGES_MAX = 65_536;
const ADDRESSES_END = WASM_PAGES_MAX * WASM_PAGE_BYTES;

/**
 * The most guest RAM that one memory takes: 4 GiB, what a 32-bit core can address, less 16 MiB for bitmaps
 * (two bits a page: 256 KiB), staging, input window and tables.
 */
export const MEMORY_BYTES_MAX = 2 ** 32 - 16 * 2 ** 20;

/** The most that a guest has: sixteen memories; the host has to have as much, but for pages that are zero. */
export const GUEST_BYTES_MAX = 16 * MEMORY_BYTES_MAX;

/** Where an arena begins to hand out; what lies before is its own. */
const FIRST_ADDRESS = 64;
/** The word, a u64 at address 0, that says up to where ranges were handed out; 0 = none yet. */
const NEXT_WORD = 0;
/** The u64 behind it, that says that an arena made the memory: "pagepip1" in ASCII, as a u64 in little-endian. */
const MARK_WORD = 1;
const MARK = 0x3170_6970_6567_6170n;

export interface ArenaOptions {
  /** A memory that threads can share, and the core built for such. */
  readonly shared?: boolean | undefined;
  /** The shared memory of another thread's arena, instead of a new one; no other memory is taken. */
  readonly memory?: WebAssembly.Memory;
}

/**
 * Hands out ranges of a memory from the bottom up and grows it as needed. Nothing is given back; a guest lives as
 * long as its arena.
 *
 *     0      8      16     64           next
 *     ┌──────┬──────┬──────┬────────────┬─────────────────┐
 *     │ next │ mark │      │ handed out │ grown on demand │  ... up to 4 GiB
 *     └──────┴──────┴──────┴────────────┴─────────────────┘
 *
 * How far it is stands in the memory itself and is changed by atomic exchange, so that threads with an arena each on
 * one shared memory are never given the same range.
 *
 * Growing detaches every view of a memory of one thread (WebAssembly.Memory.prototype.grow); views of a shared
 * memory stay, and do not see what was added. So no view is kept here: `bytes` makes a new one, and whoever holds
 * one across an `alloc` may hold a dead one.
 *
 * @example
 * const arena = new Arena({ shared: true });
 * const worker = new Worker(url, { workerData: arena.memory });
 * // there: const arena = new Arena({ memory: workerData });
 */
export class Arena {
  readonly memory: WebAssembly.Memory;
  readonly core: Core;
  readonly #kept = new Map<string, { readonly address: number; readonly size_bytes: number }>();

  /**
   * @throws `arena-foreign-memory` for a memory that no arena made, `arena-not-shared` for one of another arena that
   *   threads cannot share; neither is written to
   */
  constructor({ shared = false, memory }: ArenaOptions = {}) {
    this.memory = memory === undefined ? newMemory(shared) : checkedMemory(memory);
    this.core = new Core(this.memory);
  }

  /** Whether other threads can have this memory too. */
  get is_shared(): boolean {
    return isShared(this.memory);
  }

  /**
   * The address of `size_bytes` fresh zero bytes.
   *
   * @throws `memory-full` where the engine does not give the memory
   */
  alloc(size_bytes: number, alignment_bytes = 64): number {
    for (;;) {
      const next = this.#next();
      const address = Math.ceil(Math.max(Number(next), FIRST_ADDRESS) / alignment_bytes) * alignment_bytes;
      const end = address + size_bytes;
      this.#growTo(end, size_bytes);
      // another thread was first: again, behind what it was given
      if (Atomics.compareExchange(this.#words(), NEXT_WORD, next, BigInt(end)) === next) return address;
    }
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

  /** As `keep`, and all of it zero. */
  keepZeros(use: string, size_bytes: number): number {
    const before = this.#kept.get(use)?.address;
    const address = this.keep(use, size_bytes);
    // what was never handed out before is zero: written once more, it would only take memory
    if (address === before) this.bytes(address, size_bytes).fill(0);
    return address;
  }

  /**
   * Makes room at once for what is about to be allocated. Each growth of a large memory may make the engine
   * collect garbage: 4096 blocks, a growth each, took 40 s.
   *
   * @throws `memory-full`
   */
  reserve(size_bytes: number): void {
    const end = Math.max(Number(this.#next()), FIRST_ADDRESS) + size_bytes;
    this.#growTo(Math.min(end, ADDRESSES_END), size_bytes);
  }

  /** A view of `size_bytes` at an address; valid until the next `alloc`. */
  bytes(address: number, size_bytes: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, address, size_bytes);
  }

  #words(): BigInt64Array {
    return ownWords(this.memory);
  }

  #next(): bigint {
    return Atomics.load(this.#words(), NEXT_WORD);
  }

  #growTo(end: number, wanted_bytes: number): void {
    const missing = Math.ceil((end - this.memory.buffer.byteLength) / WASM_PAGE_BYTES);
    if (missing <= 0) return;
    try {
      this.memory.grow(missing);
    } catch (cause) {
      throw fail('memory-full', { wanted_bytes }, cause);
    }
  }
}

function ownWords(memory: WebAssembly.Memory): BigInt64Array {
  return new BigInt64Array(memory.buffer, 0, FIRST_ADDRESS / BigInt64Array.BYTES_PER_ELEMENT);
}

function newMemory(shared: boolean): WebAssembly.Memory {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: WASM_PAGES_MAX, shared });
  Atomics.store(ownWords(memory), MARK_WORD, MARK);
  return memory;
}

/**
 * A memory of another arena. In any other one, the words here are somebody's data, and nobody can know what else
 * is in use.
 */
function checkedMemory(memory: WebAssembly.Memory): WebAssembly.Memory {
  if (!isArenas(memory)) throw fail('arena-foreign-memory', {});
  if (!isShared(memory)) throw fail('arena-not-shared', {});
  return memory;
}

/** Whether an arena made a memory: its mark is there, and it is as far as an arena can be. */
function isArenas(memory: WebAssembly.Memory): boolean {
  if (memory.buffer.byteLength < FIRST_ADDRESS) return false;
  const words = ownWords(memory);
  if (Atomics.load(words, MARK_WORD) !== MARK) return false;
  const next = Atomics.load(words, NEXT_WORD);
  // not by the memory's size: a growth by another thread may not have come to this one yet
  return next === 0n || (next >= BigInt(FIRST_ADDRESS) && next <= BigInt(ADDRESSES_END));
}
