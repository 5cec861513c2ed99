/** How fast is a page known to be zero? */
import { PAGE_BYTES } from '../../guest/guest.ts';
import { Prng } from '../../guest/synthetic/prng.ts';
import { type BenchCase, checkOf, sizeName } from '../case.ts';

/** Pages that get one byte for the check: a test that does not look everywhere misses it. */
const MARKED_PAGES = 64;

/** The zero test of every page of zero pages, by one call. */
export function zeroCase(bytes: number): BenchCase {
  const name = `zero/${sizeName(bytes)}`;
  return {
    name,
    bytes,
    isFor: ({ core }) => typeof core.countZeroPages === 'function',
    prepare: (bench, side) => {
      const check = checkOf(name, side);
      const countZero = (ram: number, pages: number): number => side.core.countZeroPages(ram, pages);
      const { host } = bench.ram('zero');
      const pages = bytes / PAGE_BYTES;
      check('zero pages', countZero(host, pages), pages);
      const ram = bench.lab.bytes(host, bytes);
      const random = new Prng(1);
      for (let i = 0; i < MARKED_PAGES; i++) {
        const at = random.below(bytes);
        ram[at] = 1;
        const page = host + at - (at % PAGE_BYTES);
        check(`zero with byte ${at % PAGE_BYTES} set`, countZero(page, 1), 0);
        ram[at] = 0;
      }
      return { run: () => void countZero(host, pages) };
    },
  };
}
