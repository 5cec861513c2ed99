/** Records by hand, and the core's guest beside the oracle's; for the tests of decode. */
import * as assert from 'uvu/assert';
import { bytesOf } from '../ref/bitmap.ts';
import {
  type DecodeState,
  freshState,
  decode as refDecode,
  type TargetBlock,
  wholeBlock,
} from '../ref/decode.ts';
import type { CoreBuild } from '../support/core-builds.ts';
import { type BlockPlan, Guarded, GuardedBlocks, sameBytes } from '../support/guarded.ts';

/** Statuses of the core, assembly/layout.ts. */
export const STATUS = {
  more: 0,
  word: 1,
  continue_first: 2,
  unknown_block: 3,
  beyond_block: 4,
  elsewhere: 5,
  xbzrle_head: 6,
  xbzrle_size: 7,
  xbzrle_run: 8,
} as const;

const INPUT_BYTES_MAX = 30_000;

export const NOTHING = new Uint8Array();

/** One record's bytes; `flags` decides what its parts are. */
export function record(
  offset: bigint,
  flags: number,
  name: string | undefined,
  payload: Uint8Array,
): Uint8Array {
  const word = Buffer.alloc(8);
  word.writeBigUInt64BE(BigInt.asUintN(64, offset | BigInt(flags)));
  const idstr = name === undefined ? [] : [Uint8Array.of(name.length), Buffer.from(name)];
  return new Uint8Array(Buffer.concat([word, ...idstr, payload]));
}

/** A record of this kind for a page of the block named, or of the last one. */
function recordFor(page: number, kind: number, name: string | undefined, payload: Uint8Array): Uint8Array {
  return record(BigInt(page) * 4096n, name === undefined ? kind | 0x20 : kind, name, payload);
}

export function fillRecord(page: number, byte: number, name?: string): Uint8Array {
  return recordFor(page, 0x02, name, Uint8Array.of(byte));
}

export function pageRecord(page: number, salt: number, name?: string): Uint8Array {
  const content = Uint8Array.from({ length: 4096 }, (_, at) => (at * 7 + salt * 13 + 1) & 0xff);
  return recordFor(page, 0x08, name, content);
}

/** `size` is what the head says, which may be another than the changes have. */
export function xbzrleRecord(
  page: number,
  changes: Uint8Array,
  name?: string,
  size = changes.length,
): Uint8Array {
  const head = Uint8Array.of(1, size >> 8, size & 0xff);
  return recordFor(page, 0x40, name, new Uint8Array(Buffer.concat([head, changes])));
}

export const EOS = record(0n, 0x10, undefined, NOTHING);

export interface Outcome {
  consumed: number;
  status: number;
}

/** The core's guest beside the oracle's; the table holds one block, `hidden`, more than decode is told of. */
export class DecodeGuest {
  readonly #plans: readonly BlockPlan[];
  readonly #guarded;
  readonly #blocks;
  readonly #state;
  readonly #input;
  #model: TargetBlock[] = [];
  #model_state: DecodeState = freshState();

  /** @param bytes for the blocks and the input, with their guards */
  constructor(build: CoreBuild, plans: readonly BlockPlan[], bytes = 110_000) {
    this.#plans = plans;
    this.#guarded = new Guarded(build, bytes);
    const hidden = { name: Buffer.from('hidden'), pages: 1, with_ram: true };
    this.#blocks = new GuardedBlocks(this.#guarded, [...plans, hidden]);
    this.#state = this.#guarded.place(20, 4);
    // an odd address for the input
    this.#guarded.place(1);
    this.#input = this.#guarded.place(INPUT_BYTES_MAX, 1);
    this.restart();
  }

  /** Where the last XBZRLE fault stood in its record. */
  get faultAt(): number {
    return this.#guarded.u32(this.#state.address + 16);
  }

  /** Empty pages, counters and state on both sides. */
  restart(): void {
    this.#model = this.#plans.map((plan) => {
      const { name, pages, with_ram, with_present = true, with_seen = true, first = 0, beyond = 0 } = plan;
      const block = { ...wholeBlock(name, pages), first, beyond };
      return {
        ...{ ...block, ram: with_ram ? block.ram : undefined },
        ...(with_present ? { present: new Set<number>() } : {}),
        ...(with_seen ? { seen: new Set<number>() } : {}),
      };
    });
    this.#model_state = freshState();
    this.restartCore();
  }

  /** Empty pages, counters and state on the core's side alone. */
  restartCore(): void {
    this.#guarded.view(this.#state).fill(0);
    this.#blocks.clearCounters();
    for (const { ram, present, seen } of this.#blocks.blocks) {
      for (const range of [ram, present, seen]) if (range !== undefined) this.#guarded.view(range).fill(0);
    }
  }

  /** Offers input to the core alone. */
  offer(input: Uint8Array): Outcome {
    this.#guarded.seal(this.#input, input);
    const { address } = this.#blocks.table;
    const { core } = this.#guarded;
    const args = [this.#state.address, address, this.#plans.length, this.#input.address] as const;
    const consumed = core.decode(...args, input.length) >>> 0;
    assert.ok(consumed <= input.length, `consumed ${consumed} of ${input.length}`);
    this.#guarded.check(`${input.length} bytes of input`);
    return { consumed, status: this.#guarded.u32(this.#state.address + 8) };
  }

  /** Offers input to the oracle alone. */
  expectInput(input: Uint8Array): number {
    return refDecode(this.#model_state, this.#model, input);
  }

  /** Offers input to both, and compares all that they leave. */
  decode(input: Uint8Array): Outcome {
    const fixed = this.#blocks.fixedFields();
    const outcome = this.offer(input);
    assert.is(outcome.consumed, this.expectInput(input), 'consumed');
    sameBytes(this.#blocks.fixedFields(), fixed, 'block table');
    this.compare('decode');
    return outcome;
  }

  /** Offers a stream to both in pieces of these sizes, what is left each time again with what follows. */
  decodePieces(stream: Uint8Array, sizes: readonly number[]): void {
    let consumed = 0;
    let end = 0;
    for (const size of [...sizes, stream.length]) {
      end = Math.min(stream.length, end + size);
      consumed += this.decode(stream.subarray(consumed, end)).consumed;
    }
  }

  compare(what: string): void {
    const { last_block, last_page, status, wraps, fault_at } = this.#model_state;
    const state = [0, 4, 8, 12, 16].map((at) => this.#guarded.u32(this.#state.address + at));
    assert.equal(state, [last_block, last_page, status, wraps, fault_at], `${what}: state`);
    this.#model.forEach(({ ram, present, seen, normal, zero, fill, xbzrle }, index) => {
      const counters = { normal, zero, fill, xbzrle };
      assert.equal(this.#blocks.counters(index), counters, `${what}: counters ${index}`);
      const block = this.#blocks.blocks[index];
      if (block?.ram !== undefined && ram !== undefined) {
        sameBytes(this.#guarded.view(block.ram), ram, `${what}: pages of ${index}`);
      }
      if (block?.present !== undefined && present !== undefined) {
        const bits = bytesOf(present, block.present.size_bytes);
        sameBytes(this.#guarded.view(block.present), bits, `${what}: present ${index}`);
      }
      if (block?.seen !== undefined && seen !== undefined) {
        const bits = bytesOf(seen, block.seen.size_bytes);
        sameBytes(this.#guarded.view(block.seen), bits, `${what}: seen ${index}`);
      }
    });
    const none = { normal: 0, zero: 0, fill: 0, xbzrle: 0 };
    assert.equal(this.#blocks.counters(this.#plans.length), none, `${what}: hidden`);
  }
}
