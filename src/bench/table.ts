/** A block table, a dirty bitmap and an encoder's state, as the core wants them. */
import { PAGE_BYTES } from '../guest/guest.ts';
import type { RamArea, Side, Workbench } from './case.ts';

const NAME = 'ram';

/** Blocks of RAM that stand one behind the other. */
export interface BlockTable {
  readonly address: number;
  readonly blocks: readonly TableBlock[];
}

interface TableBlock {
  readonly entry: number;
  readonly first: number;
  readonly pages: number;
  readonly bitmap: number;
}

/** What a name takes on the wire: its length, and a byte a character. */
export const NAME_BYTES = 1 + NAME.length + 1;

/** A table of `count` blocks, as even as may be, of the first `bytes` of an area. */
export function makeTable(
  { lab }: Workbench,
  { core, layout }: Side,
  { host, bytes }: Pick<RamArea, 'host' | 'bytes'>,
  count = 1,
): BlockTable {
  const address = lab.alloc(count * layout.BLOCK_SIZE);
  const pages = bytes / PAGE_BYTES;
  const blocks = Array.from({ length: count }, (_, index): TableBlock => {
    const first = Math.floor((index * pages) / count);
    const beyond = Math.floor(((index + 1) * pages) / count);
    return {
      entry: address + index * layout.BLOCK_SIZE,
      first,
      pages: beyond - first,
      bitmap: lab.alloc(core.bitmapSize(beyond - first)),
    };
  });
  for (const [index, { entry, first, pages, bitmap }] of blocks.entries()) {
    const idstr = lab.alloc(NAME_BYTES);
    const name = `${NAME}${index}`;
    lab.bytes(idstr, NAME_BYTES).set([name.length, ...Array.from(name, (char) => char.charCodeAt(0))]);
    core.setU32(entry + layout.BLOCK_HOST, host + first * PAGE_BYTES);
    core.setU32(entry + layout.BLOCK_PAGES, pages);
    core.setU32(entry + layout.BLOCK_BITMAP, bitmap);
    core.setU32(entry + layout.BLOCK_IDSTR, idstr);
  }
  return { address, blocks };
}

/** Marks every page as dirty. */
export function markAll({ core }: Side, { blocks }: BlockTable): void {
  for (const { bitmap, pages } of blocks) core.bitmapSet(bitmap, 0, pages);
}
