import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as ref from '../ref/zero.ts';
import { BUILDS } from '../support/core-builds.ts';
import { Guarded } from '../support/guarded.ts';

const PAGE_BYTES = 4096;
const NOT_REPEATED = -1;

for (const build of BUILDS) {
  const guarded = new Guarded(build, 65_536);
  const page = guarded.place(PAGE_BYTES);
  const odd_page = guarded.place(PAGE_BYTES, 1);
  const { core } = guarded;

  test(`${build.name}: a page of zero is zero, and its repeated byte is 0`, () => {
    guarded.view(page).fill(0);
    assert.is(core.is_zero(page.address), 1);
    assert.is(core.repeated_byte(page.address), 0);
    guarded.check('zero page');
  });

  test(`${build.name}: one bit anywhere makes the page not zero`, () => {
    const view = guarded.view(page).fill(0);
    for (let at = 0; at < PAGE_BYTES; at++) {
      for (const bit of [0x01, 0x80]) {
        view[at] = bit;
        assert.is(core.is_zero(page.address), 0, `0x${bit.toString(16)} at ${at}`);
        assert.is(core.repeated_byte(page.address), NOT_REPEATED, `0x${bit.toString(16)} at ${at}`);
      }
      view[at] = 0;
    }
    assert.is(core.is_zero(page.address), 1);
    guarded.check('one bit');
  });

  test(`${build.name}: every byte repeated is that byte, and only 0 is zero`, () => {
    for (let byte = 0; byte < 256; byte++) {
      guarded.view(page).fill(byte);
      assert.is(core.repeated_byte(page.address), byte);
      assert.is(core.is_zero(page.address), byte === 0 ? 1 : 0, `${byte}`);
    }
    guarded.check('repeated byte');
  });

  test(`${build.name}: one bit anywhere makes a repeated byte not repeated`, () => {
    for (const byte of [0x01, 0x7f, 0x80, 0xff]) {
      const view = guarded.view(page).fill(byte);
      for (let at = 0; at < PAGE_BYTES; at++) {
        for (const bit of [0x01, 0x80]) {
          view[at] = byte ^ bit;
          assert.is(core.repeated_byte(page.address), NOT_REPEATED, `${byte} ^ ${bit} at ${at}`);
        }
        view[at] = byte;
      }
      assert.is(core.repeated_byte(page.address), byte);
    }
    guarded.check('other bit');
  });

  test(`${build.name}: pages of few changes at any address are as the oracle has them`, () => {
    const change = fc.record({ at: fc.nat(PAGE_BYTES - 1), byte: fc.nat(255) });
    fc.assert(
      fc.property(fc.nat(255), fc.array(change, { maxLength: 3 }), fc.boolean(), (fill, changes, odd) => {
        const range = odd ? odd_page : page;
        const view = guarded.view(range).fill(fill);
        for (const { at, byte } of changes) view[at] = byte;
        assert.is(core.repeated_byte(range.address), ref.repeatedByte(view));
        assert.is(core.is_zero(range.address), ref.isZero(view) ? 1 : 0);
        guarded.check('random page');
      }),
      { numRuns: 500 },
    );
  });
}

test.run();
