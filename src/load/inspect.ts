/** Looks through a migration stream without keeping its pages. */

import { Arena } from '../core/arena.ts';
import { LAYOUT } from '../core/core.ts';
import type { BlockLength } from '../format/reader.ts';
import { allocTable, blockKinds, TABLE_BYTES_MAX } from '../guest/bank.ts';
import type { InspectAdvice, InspectDocument, PageCounts } from '../results/inspect.ts';
import { INSPECT_SCHEMA } from '../results/schemas.ts';
import { looksLikeMultifd } from './missing-pages.ts';
import { type StreamFacts, StreamReader } from './read-stream.ts';

/** Guests up to this have a bit a page for what is not zero: 128 MiB of bits. */
const PRESENT_BYTES_MAX = 4 * 2 ** 40;
/** What a page takes: its word, and itself or one byte. */
const NORMAL_BYTES = LAYOUT.WORD_SIZE + LAYOUT.PAGE_SIZE;
const ZERO_BYTES = LAYOUT.WORD_SIZE + LAYOUT.FILL_SIZE;
/** Head, EOS and footer of a section of records. */
const SECTION_BYTES = 1 + 4 + 8 + 5;

/** Looks through a stream piece by piece: fill `reader.window` and call `reader.step`, then `end`. */
export class StreamInspector {
  readonly reader: StreamReader;
  readonly #arena = new Arena();
  #table = 0;
  /** One bitmap a block of pages that are not zero. */
  #present: readonly { readonly address: number; readonly pages: number }[] = [];

  constructor() {
    this.reader = new StreamReader(this.#arena, {
      ram_bytes_max: TABLE_BYTES_MAX,
      make: (blocks) => {
        this.#table = allocTable(this.#arena, blocks);
        this.#allocPresent(blocks);
        return { banks: [{ arena: this.#arena, table: this.#table }] };
      },
    });
  }

  /**
   * Says that the input has ended.
   *
   * @param gzip_share how much smaller gzip makes the stream, 0 to 1, where that was tried
   * @throws `stream-cut` and whatever else was wrong with it
   */
  end(gzip_share?: number): InspectDocument {
    const facts = this.reader.end();
    const blocks = facts.blocks.map((block, index) => ({
      name: block.name,
      used_bytes: block.bytes,
      pages: this.#kinds(facts, index),
      missing_pages: facts.missing_pages?.[index] ?? null,
    }));
    const pages = sumOf(blocks.map((block) => block.pages));
    return {
      schema: INSPECT_SCHEMA,
      format: formOf(facts),
      version: facts.version,
      machine: facts.machine,
      capabilities: facts.capabilities,
      page_size: LAYOUT.PAGE_SIZE,
      sections: facts.sections,
      blocks,
      pages,
      looks_like_multifd: looksLikeMultifd(facts),
      rounds: facts.rounds,
      stream_bytes: facts.stream_bytes,
      advice: this.#advice(facts, pages, gzip_share),
      ...(facts.libvirt === undefined ? {} : { libvirt: facts.libvirt }),
    };
  }

  #allocPresent(blocks: readonly BlockLength[]): void {
    const { core } = this.#arena;
    if (blocks.reduce((sum, block) => sum + block.bytes, 0) > PRESENT_BYTES_MAX) return;
    this.#present = blocks.map(({ bytes }, index) => {
      const pages = bytes / LAYOUT.PAGE_SIZE;
      const address = this.#arena.alloc(core.bitmapSize(pages));
      core.setU32(this.#table + index * LAYOUT.BLOCK_SIZE + LAYOUT.BLOCK_PRESENT, address);
      return { address, pages };
    });
  }

  #kinds({ mapped_counts }: StreamFacts, index: number): PageCounts {
    const mapped = mapped_counts?.[index];
    if (mapped !== undefined) return { ...mapped, fill: 0, xbzrle: 0 };
    return blockKinds(this.#arena, this.#table, index);
  }

  #advice(facts: StreamFacts, pages: PageCounts, gzip_share: number | undefined): InspectAdvice {
    const ram_pages = facts.blocks.reduce((sum, block) => sum + block.bytes, 0) / LAYOUT.PAGE_SIZE;
    const missing = (facts.missing_pages ?? []).reduce((sum, count) => sum + count, 0);
    const records = pages.normal + pages.fill + pages.zero + pages.xbzrle;
    return {
      resent_pages: Math.max(0, records - (ram_pages - missing)),
      zero_saved_bytes: facts.mapped_counts === undefined ? pages.zero * (NORMAL_BYTES - ZERO_BYTES) : 0,
      xbzrle_saved_bytes: Math.max(0, pages.xbzrle * NORMAL_BYTES - xbzrleBytes(facts, pages)),
      mapped_ram_bytes: this.#mappedBytes(facts, pages),
      gzip_bytes: gzip_share === undefined ? null : Math.round(facts.stream_bytes * gzip_share),
    };
  }

  #mappedBytes(facts: StreamFacts, pages: PageCounts): number | null {
    const { mapped_counts, blocks } = facts;
    if (mapped_counts !== undefined) return pages.normal * LAYOUT.PAGE_SIZE;
    if (looksLikeMultifd(facts)) return null;
    if (this.#present.length < blocks.length) return null;
    const { core } = this.#arena;
    const present = this.#present.map((bitmap) => core.bitmapCount(bitmap.address, bitmap.pages));
    return present.reduce((sum, count) => sum + count, 0) * LAYOUT.PAGE_SIZE;
  }
}

/** What XBZRLE records take: what is left of RAM's sections when all else is taken off, but for names. */
function xbzrleBytes({ sections, ram_section_id }: StreamFacts, pages: PageCounts): number {
  if (pages.xbzrle === 0) return 0;
  const further = sections.filter(({ id, type }) => id === ram_section_id && type !== 'start');
  const bytes = further.reduce(
    (sum, section) => sum + section.bytes - SECTION_BYTES * (section.count ?? 1),
    0,
  );
  return bytes - pages.normal * NORMAL_BYTES - (pages.zero + pages.fill) * ZERO_BYTES;
}

function sumOf(counts: readonly PageCounts[]): PageCounts {
  const sum = (kind: keyof PageCounts): number => counts.reduce((total, of) => total + of[kind], 0);
  return { normal: sum('normal'), fill: sum('fill'), zero: sum('zero'), xbzrle: sum('xbzrle') };
}

function formOf({ libvirt, mapped_counts }: StreamFacts): InspectDocument['format'] {
  if (libvirt !== undefined) return 'libvirt-save';
  return mapped_counts === undefined ? 'qemu-stream' : 'mapped-ram';
}

/**
 * Looks through a migration stream in memory.
 *
 * @example inspectStream(bytes).pages.zero
 */
export function inspectStream(bytes: Uint8Array): InspectDocument {
  const inspector = new StreamInspector();
  inspector.reader.readWhole(bytes);
  return inspector.end();
}
