import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as ref from '../ref/zero.ts';
import { BUILDS } from '../support/core-builds.ts';
import { Guarded } from '../support/guarded.ts';

const PAGE_BYTES = 4096;
const COUNTED_PAGES = 9;

/** Where one byte makes a page not zero: in the words at the ends of what is looked at in one go, and any other. */
const anyPlace = fc.oneof(fc.constantFrom(0, 7, 8, 255, 256, PAGE_BYTES - 1), fc.nat(PAGE_BYTES - 1));

for (const build of BUILDS) {
  const guarded = new Guarded(build, 65_536);
  const page = guarded.place(PAGE_BYTES);
  const odd_page = guarded.place(PAGE_BYTES, 1);
  const ram = guarded.place(COUNTED_PAGES * PAGE_BYTES, 1);
  const { core } = guarded;

  test(`${build.name}: a page of zero is zero`, () => {
    guarded.view(page).fill(0);
    assert.is(core.is_zero(page.address), 1);
    guarded.check('zero page');
  });

  test(`${build.name}: one bit anywhere makes the page not zero`, () => {
    const view = guarded.view(page).fill(0);
    for (let at = 0; at < PAGE_BYTES; at++) {
      for (const bit of [0x01, 0x80]) {
        view[at] = bit;
        assert.is(core.is_zero(page.address), 0, `0x${bit.toString(16)} at ${at}`);
      }
      view[at] = 0;
    }
    assert.is(core.is_zero(page.address), 1);
    guarded.check('one bit');
  });

  test(`${build.name}: of pages of one byte only that of 0 is zero`, () => {
    for (let byte = 0; byte < 256; byte++) {
      guarded.view(page).fill(byte);
      assert.is(core.is_zero(page.address), byte === 0 ? 1 : 0, `${byte}`);
    }
    guarded.check('repeated byte');
  });

  test(`${build.name}: pages of few changes at any address are as the oracle has them`, () => {
    const change = fc.record({ at: fc.nat(PAGE_BYTES - 1), byte: fc.nat(255) });
    fc.assert(
      fc.property(fc.nat(255), fc.array(change, { maxLength: 3 }), fc.boolean(), (fill, changes, odd) => {
        const range = odd ? odd_page : page;
        const view = guarded.view(range).fill(fill);
        for (const { at, byte } of changes) view[at] = byte;
        assert.is(core.is_zero(range.address), ref.isZero(view) ? 1 : 0);
        guarded.check('random page');
      }),
      { numRuns: 500 },
    );
  });

  test(`${build.name}: zero pages are counted from the first to the last that was asked for`, () => {
    for (const others of [[], [0], [4], [8], [0, 1, 2, 3, 4, 5, 6, 7, 8], [1, 3, 5, 7]]) {
      const view = guarded.view(ram).fill(0);
      for (const other of others) view[(other + 1) * PAGE_BYTES - 1] = 1;
      for (let first = 0; first <= COUNTED_PAGES; first++) {
        for (let pages = 0; first + pages <= COUNTED_PAGES; pages++) {
          // the pages beside those asked for are mostly zero: one too many would be counted
          const wanted = pages - others.filter((page) => page >= first && page < first + pages).length;
          const at = ram.address + first * PAGE_BYTES;
          assert.is(core.count_zero_pages(at, pages), wanted, `${pages} from ${first}, but ${others}`);
        }
      }
    }
    guarded.check('counted');
  });

  test(`${build.name}: of pages with a byte here and there as many are zero as the oracle has`, () => {
    const change = fc.record({ page: fc.nat(COUNTED_PAGES - 1), at: anyPlace, byte: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), fc.nat(COUNTED_PAGES), (changes, pages) => {
        const view = guarded.view(ram).fill(0);
        for (const { page, at, byte } of changes) view[page * PAGE_BYTES + at] = byte;
        let wanted = 0;
        for (let page = 0; page < pages; page++) {
          if (ref.isZero(view.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES))) wanted++;
        }
        assert.is(core.count_zero_pages(ram.address, pages), wanted);
        guarded.check('random pages');
      }),
      { numRuns: 200 },
    );
  });
}

test.run();
