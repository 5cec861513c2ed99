/** Buffers in the core's memory with guards around each, so that a write astray is seen. */
import * as assert from 'uvu/assert';
import type { CoreExports } from '../../src/core/instantiate.ts';
import { type CoreBuild, instantiateBuild } from './core-builds.ts';

const GUARD_BYTES = 64;

/** A buffer; `size_bytes` of it may change, the rest up to `capacity_bytes` is guard. */
export interface Range {
  readonly address: number;
  readonly capacity_bytes: number;
  size_bytes: number;
  sealed: boolean;
}

/** Never zero, and not the same at two places near each other. */
function patternAt(address: number): number {
  return 1 + ((address * 31 + (address >> 8) * 7) % 255);
}

/** Fails with the first offset that differs: a diff of 4096 bytes tells nothing. */
export function sameBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  if (Buffer.compare(actual, expected) === 0) return;
  const at = expected.findIndex((byte, index) => byte !== actual[index]);
  const where = at < 0 ? expected.length : at;
  assert.unreachable(
    `${what}: byte ${where} is ${actual[where]}, not ${expected[where]} (${actual.length} and ${expected.length} bytes)`,
  );
}

/**
 * One build on a memory that is pattern all over; `place` hands out ranges with at least 64 bytes of
 * pattern on both sides. `check` compares all of the memory outside of the ranges.
 */
export class Guarded {
  readonly core: CoreExports;
  readonly memory: WebAssembly.Memory;
  readonly #pattern: Uint8Array;
  readonly #expected: Uint8Array;
  readonly #ranges: Range[] = [];
  #next = GUARD_BYTES;

  constructor(build: CoreBuild, size_bytes: number) {
    const { core, memory } = instantiateBuild(build, size_bytes);
    this.core = core;
    this.memory = memory;
    this.#pattern = Uint8Array.from({ length: memory.buffer.byteLength }, (_, at) => patternAt(at));
    this.#expected = this.#pattern.slice();
    this.#all().set(this.#expected);
  }

  /** A range that ends right before its guard; filled with pattern, not with zero. */
  place(size_bytes: number, alignment_bytes = 8): Range {
    const address = Math.ceil(this.#next / alignment_bytes) * alignment_bytes;
    this.#next = address + size_bytes + GUARD_BYTES;
    assert.ok(this.#next <= this.memory.buffer.byteLength, 'the guarded memory is too small for the test');
    const range = { address, capacity_bytes: size_bytes, size_bytes, sealed: false };
    this.#ranges.push(range);
    return range;
  }

  /** Opens the first `size_bytes` of the range and makes the rest of it guard. */
  resize(range: Range, size_bytes: number): void {
    assert.ok(size_bytes <= range.capacity_bytes, 'larger than the range was placed');
    range.size_bytes = size_bytes;
    range.sealed = false;
    const painted = this.#pattern.subarray(range.address, range.address + range.capacity_bytes);
    this.#expected.set(painted, range.address);
    this.#all().set(painted, range.address);
  }

  /** Writes what the core may read but not change: from now on it is guard, too. */
  seal(range: Range, bytes: Uint8Array): void {
    this.resize(range, bytes.length);
    this.view(range).set(bytes);
    this.#expected.set(bytes, range.address);
    range.sealed = true;
  }

  view(range: Range): Uint8Array {
    return new Uint8Array(this.memory.buffer, range.address, range.size_bytes);
  }

  /** What a range holds before anything is written to it. */
  patternOf({ address, size_bytes }: Range): Uint8Array {
    return this.#pattern.subarray(address, address + size_bytes);
  }

  u32(address: number): number {
    return new DataView(this.memory.buffer).getUint32(address, true);
  }

  u64(address: number): number {
    return Number(new DataView(this.memory.buffer).getBigUint64(address, true));
  }

  setU32(address: number, value: number): void {
    new DataView(this.memory.buffer).setUint32(address, value, true);
  }

  /** Fails if a byte outside of the open ranges has changed. */
  check(what: string): void {
    const all = this.#all();
    let from = 0;
    for (const range of this.#ranges) {
      if (range.sealed) continue;
      this.#checkGuard(all, from, range.address, what);
      from = range.address + range.size_bytes;
    }
    this.#checkGuard(all, from, all.length, what);
  }

  #checkGuard(all: Uint8Array, from: number, end: number, what: string): void {
    sameBytes(all.subarray(from, end), this.#expected.subarray(from, end), `${what}: guard from ${from}`);
  }

  #all(): Uint8Array {
    return new Uint8Array(this.memory.buffer);
  }
}

export interface BlockPlan {
  name: Uint8Array;
  pages: number;
  /** Without it, the host address is that of assembly/layout.ts NOWHERE. */
  with_ram: boolean;
  /** Pages of the block before and after those that stand here; none where not said. */
  first?: number;
  beyond?: number;
  /** Without it, the entry has no bitmap of pages that are present. */
  with_present?: boolean;
  /** Without it, the entry has no bitmap of pages that a record came for. */
  with_seen?: boolean;
}

export interface PlacedBlock {
  ram: Range | undefined;
  bitmap: Range;
  present: Range | undefined;
  seen: Range | undefined;
  idstr: Range;
}

/** Numbers of a block's entry that the core adds to. */
export interface Counters {
  normal: number;
  zero: number;
  fill: number;
  xbzrle: number;
}

/** Bytes of an entry, and where its counters stand: assembly/layout.ts draws it. */
const ENTRY_BYTES = 64;
const COUNTERS_AT = 16;
const COUNTERS_END = 48;

/** A block table with all it points to, as drawn in assembly/layout.ts; each part in a range of its own. */
export class GuardedBlocks {
  readonly blocks: readonly PlacedBlock[];
  readonly table: Range;
  readonly #guarded: Guarded;

  constructor(guarded: Guarded, plans: readonly BlockPlan[]) {
    this.#guarded = guarded;
    this.blocks = plans.map((plan) => this.#placeBlock(plan));
    this.table = guarded.place(plans.length * ENTRY_BYTES);
    plans.forEach((plan, index) => {
      this.#writeEntry(index, plan);
    });
  }

  counters(index: number): Counters {
    const entry = this.table.address + index * ENTRY_BYTES;
    return {
      normal: this.#guarded.u64(entry + 16),
      zero: this.#guarded.u64(entry + 24),
      fill: this.#guarded.u64(entry + 32),
      xbzrle: this.#guarded.u64(entry + 40),
    };
  }

  /** Sets the counters of all blocks to zero. */
  clearCounters(): void {
    for (let index = 0; index < this.blocks.length; index++) {
      const entry = index * ENTRY_BYTES;
      this.#guarded.view(this.table).fill(0, entry + COUNTERS_AT, entry + COUNTERS_END);
    }
  }

  /** The fields that the core only reads, and the free bytes of each entry. */
  fixedFields(): Uint8Array {
    const table = this.#guarded.view(this.table);
    return table.filter((_, at) => at % ENTRY_BYTES < COUNTERS_AT || at % ENTRY_BYTES >= COUNTERS_END);
  }

  /** Says anew which part of its block each entry has. */
  setWindows(windows: readonly { first: number; beyond: number }[]): void {
    windows.forEach(({ first, beyond }, index) => {
      const entry = this.table.address + index * ENTRY_BYTES;
      this.#guarded.setU32(entry + 48, first);
      this.#guarded.setU32(entry + 52, beyond);
    });
  }

  #placeBlock({ name, pages, with_ram, with_present = true, with_seen = true }: BlockPlan): PlacedBlock {
    const idstr = this.#guarded.place(1 + name.length, 1);
    this.#guarded.seal(idstr, Uint8Array.of(name.length, ...name));
    const bitmap = this.#guarded.place(Math.ceil(pages / 64) * 8);
    const present = with_present ? this.#guarded.place(Math.ceil(pages / 64) * 8) : undefined;
    const seen = with_seen ? this.#guarded.place(Math.ceil(pages / 64) * 8) : undefined;
    const ram = with_ram ? this.#guarded.place(pages * 4096) : undefined;
    return { ram, bitmap, present, seen, idstr };
  }

  #writeEntry(index: number, { pages, first = 0, beyond = 0 }: BlockPlan): void {
    const block = this.blocks[index];
    if (block === undefined) throw new Error(`no block ${index}`);
    const entry = this.table.address + index * ENTRY_BYTES;
    this.#guarded.view(this.table).fill(0, index * ENTRY_BYTES, (index + 1) * ENTRY_BYTES);
    const fields = { 0: block.ram?.address ?? 0xffff_ffff, 4: pages, 8: block.bitmap.address };
    const window = { 12: block.idstr.address, 48: first, 52: beyond };
    const bitmaps = { 56: block.present?.address ?? 0, 60: block.seen?.address ?? 0 };
    for (const [at, value] of Object.entries({ ...fields, ...window, ...bitmaps })) {
      this.#guarded.setU32(entry + Number(at), value);
    }
  }
}
