/** The core's walk over a guest's dirty pages, from bank to bank. */
import type { Core } from '../../core/core.ts';
import { LAYOUT } from '../../core/core.ts';
import type { Bank } from '../../guest/bank.ts';
import type { Guest } from '../../guest/guest.ts';
import type { Encoded } from '../interfaces.ts';
import { NOTHING_ENCODED, type StagingBuffer } from './output-format.ts';

/** What the core is to do in one bank; returns how many bytes it wrote at `out`. */
export type EncodeIn = (
  core: Core,
  bank: { readonly state: number; readonly table: number; readonly scratch: number },
  out: number,
) => number;

/** A bank, and what the core keeps for it between two calls. */
interface Walked {
  readonly bank: Bank;
  readonly state: number;
  /** Where the core writes in a bank that does not have the staging buffer. */
  readonly out: number;
  /** More room of the caller's. */
  readonly scratch: number;
}

/**
 * Goes through the banks in order, over and over, and through each as its cursor says. In the first bank,
 * for nearly every guest the only one, the core writes right into the staging buffer; what it writes in
 * another bank is copied there.
 */
export class BankWalk {
  readonly #guest: Guest;
  readonly #staging: StagingBuffer;
  readonly #walked: readonly Walked[];
  #at = 0;
  /** 1 + index of the block of the last record, which the next bank has to know for CONTINUE. */
  #last_block = 0;
  encoded: Encoded = NOTHING_ENCODED;

  constructor(guest: Guest, staging: StagingBuffer, scratch_bytes: number) {
    this.#guest = guest;
    this.#staging = staging;
    this.#walked = guest.banks.map((bank, index) => ({
      bank,
      state: bank.arena.alloc(LAYOUT.ENCODE_STATE_SIZE),
      out: index === 0 ? 0 : bank.arena.alloc(staging.bytes),
      scratch: scratch_bytes === 0 ? 0 : bank.arena.alloc(scratch_bytes),
    }));
  }

  /** The address of the first bank's state, for what is set there. */
  get state(): number {
    return this.#walked[0]?.state ?? 0;
  }

  /** The core and the scratch of the bank that was last encoded in. */
  get current(): { readonly core: Core; readonly state: number; readonly scratch: number } | undefined {
    const walked = this.#walked[this.#at];
    return walked && { core: walked.bank.arena.core, state: walked.state, scratch: walked.scratch };
  }

  /** Encodes in the first bank that has something, at most once around; returns how many bytes. */
  encode(at: number, room_bytes: number, encodeIn: EncodeIn): number {
    const out = this.#staging.place(at, room_bytes);
    for (let tries = 0; tries < this.#walked.length; tries++) {
      const walked = this.#walked[this.#at];
      if (walked === undefined) break;
      const bytes = this.#encodeIn(walked, at, out, encodeIn);
      const { normal, zero, xbzrle, skipped } = this.encoded;
      if (normal + zero + xbzrle + skipped > 0) {
        this.#guest.sentPages(normal + zero + xbzrle + skipped);
        return bytes;
      }
      this.#at = (this.#at + 1) % this.#walked.length;
    }
    return 0;
  }

  #encodeIn({ bank, state, out, scratch }: Walked, at: number, staged: number, encodeIn: EncodeIn): number {
    const { core } = bank.arena;
    core.setU32(state + LAYOUT.ENCODE_LAST_BLOCK, this.#last_block);
    const bytes = encodeIn(core, { state, table: bank.table, scratch }, out === 0 ? staged : out);
    if (out !== 0) this.#staging.write(at, bank.arena.bytes(out, bytes));
    this.#last_block = core.u32(state + LAYOUT.ENCODE_LAST_BLOCK);
    this.encoded = {
      normal: core.u32(state + LAYOUT.ENCODE_NORMAL),
      zero: core.u32(state + LAYOUT.ENCODE_ZERO),
      xbzrle: core.u32(state + LAYOUT.ENCODE_XBZRLE),
      skipped: core.u32(state + LAYOUT.ENCODE_SKIPPED),
    };
    return bytes;
  }
}
