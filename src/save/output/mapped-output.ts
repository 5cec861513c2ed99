/** A save in the form of a mapped-ram file: each page at its own place, written there again when it changes. */

import { LAYOUT } from '../../core/core.ts';
import type { FilePiece } from '../../format/mapped-ram.ts';
import type { StreamOrigin } from '../../format/origin.ts';
import type { Guest } from '../../guest/guest.ts';
import type { Element, Encoded } from '../interfaces.ts';
import { BankWalk } from './bank-walk.ts';
import { MappedFile } from './mapped-file.ts';
import { type OutputFormat, Placements, type StagingBuffer } from './output-format.ts';

export class MappedOutput implements OutputFormat {
  readonly record_bytes_max = LAYOUT.PAGE_SIZE;
  readonly placements = new Placements();
  readonly xbzrle_stats = undefined;
  readonly #guest: Guest;
  readonly #staging: StagingBuffer;
  readonly #walk: BankWalk;
  readonly #runs_max: number;
  readonly #file: MappedFile;
  #tail_pieces: readonly FilePiece[] = [];

  constructor(
    guest: Guest,
    staging: StagingBuffer,
    options: { readonly machine: string; readonly origin?: StreamOrigin | undefined },
  ) {
    this.#guest = guest;
    this.#staging = staging;
    this.#runs_max = Math.max(1, Math.floor(staging.bytes / LAYOUT.PAGE_SIZE));
    this.#walk = new BankWalk(guest, staging, this.#runs_max * LAYOUT.RUN_SIZE);
    this.#file = new MappedFile(guest, options);
  }

  get encoded(): Encoded {
    return this.#walk.encoded;
  }

  get staging_bytes(): number {
    return this.#staging.bytes;
  }

  staging(): Uint8Array {
    return this.#staging.view();
  }

  elementBytes(element: Element): number {
    return this.#file.elementBytes(element);
  }

  stageElement(element: Element, from: number, at: number, room_bytes: number): number {
    if (element === 'begin') return this.#stagePieces(this.#file.beginPieces, from, at, room_bytes);
    if (element === 'tail') {
      // only now the bitmaps say what the file holds in the end
      if (from === 0) this.#tail_pieces = this.#file.endPieces();
      return this.#stagePieces(this.#tail_pieces, from, at, room_bytes);
    }
    return this.#stagePiece(this.#file.nextPiece(element, from, room_bytes), at);
  }

  encode(at: number, room_bytes: number, budget_pages: number): number {
    const block_count = this.#guest.blocks.length;
    const bytes = this.#walk.encode(at, room_bytes, (core, { state, table, scratch }, out) =>
      core.collect(state, table, block_count, out, room_bytes, budget_pages, scratch, this.#runs_max),
    );
    if (bytes > 0) this.#placeRuns();
    return bytes;
  }

  synced(): void {}

  paused(): void {}

  /** Stages from the piece that byte `from` of all pieces is in, and not beyond it. */
  #stagePieces(pieces: readonly FilePiece[], from: number, at: number, room_bytes: number): number {
    let before = 0;
    for (const { file_offset, bytes } of pieces) {
      const within = from - before;
      if (within < bytes.length) {
        const some = bytes.subarray(within, within + room_bytes);
        return this.#stagePiece({ file_offset: file_offset + within, bytes: some }, at);
      }
      before += bytes.length;
    }
    return 0;
  }

  #stagePiece({ file_offset, bytes }: FilePiece, at: number): number {
    this.placements.add({ file_offset, bytes: bytes.length, is_pages: false });
    return this.#staging.write(at, bytes);
  }

  /** Tells where the pages belong that were just collected. */
  #placeRuns(): void {
    const { current } = this.#walk;
    if (current === undefined) return;
    const { core, state, scratch } = current;
    const run_count = core.u32(state + LAYOUT.ENCODE_RUNS);
    for (let i = 0; i < run_count; i++) {
      const run = scratch + i * LAYOUT.RUN_SIZE;
      const { pages_offset } = this.#file.placesOf(core.u32(run + LAYOUT.RUN_BLOCK));
      this.placements.add({
        file_offset: pages_offset + core.u32(run + LAYOUT.RUN_FIRST) * LAYOUT.PAGE_SIZE,
        bytes: core.u32(run + LAYOUT.RUN_COUNT) * LAYOUT.PAGE_SIZE,
        is_pages: true,
      });
    }
  }
}
