/** Pages that had no record: who may have left them out, and whether they may be taken as zero. */
import { LAYOUT } from '../core/core.ts';
import { fail } from '../errors.ts';
import type { StreamFacts } from './read-stream.ts';

/** The pages of a block that had no record. */
export interface MissingPages {
  readonly block: string;
  readonly missing: number;
  /** All pages of the block. */
  readonly pages: number;
  /** The block is the memory of a virtio-mem device, which sends nothing for what is unplugged. */
  readonly is_virtio_mem: boolean;
}

/** What becomes of pages that had no record: the stream is refused, or they are taken as zero. */
export type MissingRule = 'refuse' | 'zero';

/** The section of a virtio-mem device, and since QEMU 8.0 the one that it sends before RAM, by the device's path. */
const VIRTIO_MEM = /^(.+)\/virtio-mem(-device-early)?$/;

/** Each block of a stream with its pages that had no record. */
export function pagesOfBlocks(facts: StreamFacts): MissingPages[] {
  const devices = facts.sections.flatMap(({ name }) => VIRTIO_MEM.exec(name)?.[1] ?? []);
  return facts.blocks.map(({ name, bytes }, index) => ({
    block: name,
    missing: facts.missing_pages?.[index] ?? 0,
    pages: bytes / LAYOUT.PAGE_SIZE,
    // the device registers its memory under its own path (hw/virtio/virtio-mem.c, virtio_mem_device_realize)
    is_virtio_mem: devices.some((path) => name.startsWith(`${path}/`)),
  }));
}

/** The blocks of a stream with pages that had no record. */
export function missingPages(facts: StreamFacts): MissingPages[] {
  return pagesOfBlocks(facts).filter(({ missing }) => missing > 0);
}

/**
 * Whether a stream looks like the main channel of a multifd migration: before QEMU 9.0 that has zero pages, later none,
 * and the bytes of no page (migration/ram.c, ram_save_target_page_multifd). QEMU 8.1 and later also send a flag, which
 * is refused by itself. With x-ignore-shared, what is missing was shared.
 */
export function looksLikeMultifd(facts: StreamFacts): boolean {
  if (facts.has_content || facts.capabilities.includes('x-ignore-shared')) return false;
  return missingPages(facts).some(({ is_virtio_mem }) => !is_virtio_mem);
}

/**
 * Refuses pages without a record, but for those of virtio-mem devices. A multifd migration's main channel is refused
 * whole: a page that is zero there may have been written since, and sent by another channel.
 *
 * @param blocks names of the blocks that are wanted; all where it is absent
 * @throws `missing-pages`
 */
export function refuseMissing(facts: StreamFacts, blocks?: readonly string[]): void {
  const is_multifd = looksLikeMultifd(facts);
  for (const { block, missing, pages, is_virtio_mem } of missingPages(facts)) {
    if (is_virtio_mem || !(is_multifd || (blocks?.includes(block) ?? true))) continue;
    throw fail('missing-pages', { block, missing, pages, is_multifd });
  }
}
