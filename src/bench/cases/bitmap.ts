/** How fast are dirty pages found? */
import { PAGE_BYTES } from '../../guest/guest.ts';
import { Prng } from '../../guest/synthetic/prng.ts';
import { type BenchCase, checkOf, type Ready, type Side, sizeName, type Workbench } from '../case.ts';

const DENSITIES = { full: 1, empty: 0, '1-in-10': 0.1, '1-in-1000': 0.001 } as const;

/** The walk over the bitmap of a guest, a call for each dirty page; its RAM is never touched. */
export function bitmapCases(bytes: number): BenchCase[] {
  return Object.entries(DENSITIES).map(([label, density]) => {
    const name = `bitmap-walk/${label}/${sizeName(bytes)}`;
    return { name, bytes, prepare: (bench, side) => prepareWalk(name, bytes, density, bench, side) };
  });
}

function prepareWalk(name: string, bytes: number, density: number, { lab }: Workbench, side: Side): Ready {
  const { core } = side;
  const pages = bytes / PAGE_BYTES;
  const bitmap = lab.alloc(core.bitmapSize(pages));
  const view = lab.bytes(bitmap, core.bitmapSize(pages));
  const random = new Prng(1);
  let [dirty_pages, sum_of_pages] = [0, 0];
  for (let page = 0; page < pages; page++) {
    if (random.uniform() >= density) continue;
    view[page >> 3] = (view[page >> 3] ?? 0) | (1 << (page & 7));
    dirty_pages++;
    sum_of_pages += page;
  }
  const walk = (): readonly [count: number, sum: number] => {
    let [count, sum] = [0, 0];
    for (let page = core.bitmapNext(bitmap, pages, 0); page < pages; ) {
      count++;
      sum += page;
      page = core.bitmapNext(bitmap, pages, page + 1);
    }
    return [count, sum];
  };
  const check = checkOf(name, side);
  const [count, sum] = walk();
  check('dirty pages', count, dirty_pages);
  check('sum of their numbers', sum, sum_of_pages);
  return { run: () => void walk() };
}
