/** The oracle of collect: one page at a time; a run goes on where a page follows the last one of its block. */
import type { SourceBlock } from './encode.ts';
import { isZero } from './zero.ts';

export interface CollectBlock extends SourceBlock {
  /** Pages that the file holds; bits beyond the block are nobody's. */
  present: Set<number>;
}

export interface Run {
  /** 0-based, as in the table. */
  block: number;
  /** Counted in the block, its pages that stand elsewhere included. */
  first: number;
  count: number;
}

/** The cursor, and what the last call did. Stops: 0 end of the pass, 1 full, 2 budget. */
export interface CollectState {
  block: number;
  page: number;
  stop: number;
  normal: number;
  zero: number;
}

export interface Collected {
  pages: Uint8Array[];
  runs: Run[];
}

export function freshState(): CollectState {
  return { block: 0, page: 0, stop: 0, normal: 0, zero: 0 };
}

/** One call; the state and the blocks go on with it. */
export function collect(
  state: CollectState,
  blocks: readonly CollectBlock[],
  out_size: number,
  budget: number,
  run_count_max: number,
): Collected {
  const pages: Uint8Array[] = [];
  const runs: Run[] = [];
  state.normal = 0;
  state.zero = 0;
  while (state.block < blocks.length) {
    const block = blocks[state.block];
    const content = block?.pages[state.page];
    if (block === undefined || content === undefined) {
      state.block++;
      state.page = 0;
      continue;
    }
    const { page } = state;
    if (block.dirty.has(page)) {
      if (state.normal + state.zero === budget) {
        state.stop = 2;
        return { pages, runs };
      }
      if (isZero(content)) {
        block.present.delete(page);
        block.zero++;
        state.zero++;
      } else {
        const place = { block: state.block, first: block.first + page, count: 1 };
        const last = runs.at(-1);
        const follows = last?.block === place.block && last.first + last.count === place.first;
        const is_full = (pages.length + 1) * 4096 > out_size || (!follows && runs.length === run_count_max);
        if (is_full) {
          state.stop = 1;
          return { pages, runs };
        }
        if (last !== undefined && follows) last.count++;
        else runs.push(place);
        pages.push(content);
        block.present.add(page);
        block.normal++;
        state.normal++;
      }
      block.dirty.delete(page);
    }
    state.page++;
  }
  Object.assign(state, { block: 0, page: 0, stop: 0 });
  return { pages, runs };
}
