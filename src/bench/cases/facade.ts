/** What does a call from JavaScript into the core cost? "A page" is a call in these. */
import { PAGE_BYTES } from '../../guest/guest.ts';
import { THIS_BUILD } from '../build.ts';
import { type BenchCase, checkOf, MIB } from '../case.ts';
import { encodeCase } from './encode.ts';

/**
 * The cheapest call: is the one page of a bitmap of one page dirty? Of this build alone: with two in one process
 * V8 asks at each call which is meant, and the one it asks for first was 8 % faster than a copy of itself.
 */
function cheapestCall(): BenchCase {
  const name = 'facade/bitmap-next';
  const calls = MIB / PAGE_BYTES;
  return {
    name,
    bytes: calls * PAGE_BYTES,
    isFor: ({ build }) => build === THIS_BUILD,
    prepare: ({ lab }, side) => {
      const { core } = side;
      const bitmap = lab.alloc(core.bitmapSize(1));
      const ask = (): number => {
        let clean = 0;
        for (let i = 0; i < calls; i++) clean += core.bitmapNext(bitmap, 1, 0);
        return clean;
      };
      checkOf(name, side)('clean pages', ask(), calls);
      return { run: () => void ask() };
    },
  };
}

/** The cheapest call; and zero pages encoded one a call, to be seen beside `encode/zero/1MiB`. */
export function facadeCases(): BenchCase[] {
  const setting = { content: 'zero', bytes: MIB, block_count: 1, call_pages_max: 1 } as const;
  return [cheapestCall(), encodeCase({ name: 'facade/encode-by-page', ...setting })];
}
