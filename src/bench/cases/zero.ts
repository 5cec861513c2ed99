/** How fast is a page known to be zero? */
import { PAGE_BYTES, Prng } from '../../index.ts';
import { type BenchCase, checkOf, sizeName } from '../case.ts';

/** Pages that get one byte for the check: a test that does not look everywhere misses it. */
const MARKED_PAGES = 64;

/** The zero test of every page of zero pages, a call each. */
export function zeroCase(bytes: number): BenchCase {
  const name = `zero/${sizeName(bytes)}`;
  return {
    name,
    bytes,
    prepare: (bench, side) => {
      const check = checkOf(name, side);
      const { core } = side;
      const { host } = bench.ram('zero');
      const countZero = (): number => {
        let zero_pages = 0;
        for (let at = host; at < host + bytes; at += PAGE_BYTES) {
          if (core.repeatedByte(at) === 0) zero_pages++;
        }
        return zero_pages;
      };
      check('zero pages', countZero(), bytes / PAGE_BYTES);
      const ram = bench.lab.bytes(host, bytes);
      const random = new Prng(1);
      for (let i = 0; i < MARKED_PAGES; i++) {
        const at = random.below(bytes);
        ram[at] = 1;
        const page = host + at - (at % PAGE_BYTES);
        check(`zero with byte ${at % PAGE_BYTES} set`, Number(core.repeatedByte(page) === 0), 0);
        ram[at] = 0;
      }
      return { run: () => void countZero() };
    },
  };
}
