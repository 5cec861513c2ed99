/** A save in the form of a mapped-ram file: each page at its own place, written there again when it changes. */
import { LAYOUT } from '../core/core.ts';
import { RAM_SECTION_ID } from '../format/constants.ts';
import { type FilePiece, type MappedBegin, mappedBegin } from '../format/mapped-ram.ts';
import { deviceLessTail, endHead, partHead, sectionClose } from '../format/writer.ts';
import type { Guest, Part } from '../guest/guest.ts';
import { BankWalk } from './bank-walk.ts';
import type { Element } from './interfaces.ts';
import { type Encoded, type OutputFormat, Placements, type StagingBuffer } from './output-format.ts';
import type { StreamOrigin } from './ram-source.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const BITS_A_BYTE = 8;

export class MappedOutput implements OutputFormat {
  readonly record_bytes_max = LAYOUT.PAGE_SIZE;
  readonly placements = new Placements();
  readonly xbzrle_stats = undefined;
  readonly #guest: Guest;
  readonly #staging: StagingBuffer;
  readonly #walk: BankWalk;
  readonly #runs_max: number;
  readonly #begin: MappedBegin;
  readonly #short: Readonly<Record<'part' | 'end' | 'close', Bytes>>;
  readonly #tail: Bytes;
  /** The bitmap of each part's pages that the file holds. */
  readonly #present: ReadonlyMap<Part, number>;
  /** Where the stream goes on. */
  #stream_offset: number;
  #tail_pieces: readonly FilePiece[] = [];

  constructor(
    guest: Guest,
    staging: StagingBuffer,
    options: { readonly machine: string; readonly origin?: StreamOrigin | undefined },
  ) {
    this.#guest = guest;
    this.#staging = staging;
    const section_id = options.origin?.ram_section_id ?? RAM_SECTION_ID;
    this.#runs_max = Math.max(1, Math.floor(staging.bytes / LAYOUT.PAGE_SIZE));
    this.#walk = new BankWalk(guest, staging, this.#runs_max * LAYOUT.RUN_SIZE);
    this.#begin = mappedBegin({
      machine: options.machine,
      ram_section_id: section_id,
      blocks: guest.blocks,
      page_bytes: LAYOUT.PAGE_SIZE,
    });
    this.#stream_offset = this.#begin.end_offset;
    this.#short = { part: partHead(section_id), end: endHead(section_id), close: sectionClose(section_id) };
    this.#tail = options.origin?.tail ?? deviceLessTail(LAYOUT.PAGE_SIZE);
    this.#present = allocPresent(guest);
  }

  get encoded(): Encoded {
    return this.#walk.encoded;
  }

  elementBytes(element: Element): number {
    if (element === 'begin') return sumBytes(this.#begin.pieces);
    if (element !== 'tail') return this.#short[element].length;
    return this.#begin.places.reduce((sum, place) => sum + place.bitmap_bytes, this.#tail.length);
  }

  stageElement(element: Element, from: number, at: number, room_bytes: number): number {
    if (element === 'begin') return this.#stagePiece(this.#begin.pieces, from, at, room_bytes);
    if (element === 'tail') {
      // only now the bitmaps say what the file holds in the end
      if (from === 0) this.#tail_pieces = this.#endPieces();
      return this.#stagePiece(this.#tail_pieces, from, at, room_bytes);
    }
    const bytes = this.#staging.write(at, this.#short[element].subarray(from, from + room_bytes));
    this.placements.add({ file_offset: this.#stream_offset, bytes, is_pages: false });
    this.#stream_offset += bytes;
    return bytes;
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
  #stagePiece(pieces: readonly FilePiece[], from: number, at: number, room_bytes: number): number {
    let before = 0;
    for (const { file_offset, bytes } of pieces) {
      const within = from - before;
      if (within < bytes.length) {
        const staged = this.#staging.write(at, bytes.subarray(within, within + room_bytes));
        this.placements.add({ file_offset: file_offset + within, bytes: staged, is_pages: false });
        return staged;
      }
      before += bytes.length;
    }
    return 0;
  }

  /** Tells where the pages belong that were just collected. */
  #placeRuns(): void {
    const { current } = this.#walk;
    if (current === undefined) return;
    const { core, state, scratch } = current;
    const run_count = core.u32(state + LAYOUT.ENCODE_RUNS);
    for (let i = 0; i < run_count; i++) {
      const run = scratch + i * LAYOUT.RUN_SIZE;
      const place = this.#begin.places[core.u32(run + LAYOUT.RUN_BLOCK)];
      const first = core.u32(run + LAYOUT.RUN_FIRST);
      this.placements.add({
        file_offset: (place?.pages_offset ?? 0) + first * LAYOUT.PAGE_SIZE,
        bytes: core.u32(run + LAYOUT.RUN_COUNT) * LAYOUT.PAGE_SIZE,
        is_pages: true,
      });
    }
  }

  /** The blocks' bitmaps in their places, and what follows RAM. */
  #endPieces(): FilePiece[] {
    const bitmaps = this.#guest.blocks.map((block, index) => {
      const { bitmap_offset = 0, bitmap_bytes = 0 } = this.#begin.places[index] ?? {};
      const bytes = new Uint8Array(bitmap_bytes);
      for (const part of block.parts) {
        // parts begin at whole bytes: a memory holds a multiple of eight pages
        const part_bytes = Math.ceil(part.pages / BITS_A_BYTE);
        const present = part.bank.arena.bytes(this.#present.get(part) ?? 0, part_bytes);
        bytes.set(present, part.first / BITS_A_BYTE);
      }
      return { file_offset: bitmap_offset, bytes };
    });
    return [...bitmaps, { file_offset: this.#stream_offset, bytes: this.#tail }];
  }
}

function sumBytes(pieces: readonly FilePiece[]): number {
  return pieces.reduce((sum, piece) => sum + piece.bytes.length, 0);
}

/** Makes the bitmaps of present pages, empty, and tells the core of them. */
function allocPresent(guest: Guest): Map<Part, number> {
  const present = new Map<Part, number>();
  for (const part of guest.blocks.flatMap((block) => block.parts)) {
    const { arena, table } = part.bank;
    const address = arena.alloc(arena.core.bitmapSize(part.pages));
    arena.core.setU32(table + part.block_index * LAYOUT.BLOCK_SIZE + LAYOUT.BLOCK_PRESENT, address);
    present.set(part, address);
  }
  return present;
}
