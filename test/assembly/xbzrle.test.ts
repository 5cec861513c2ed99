import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { lengthBytes, WHOLE } from '../ref/xbzrle.ts';
import { BUILDS, instantiateBuild } from '../support/core-builds.ts';
import { sameBytes } from '../support/guarded.ts';
import {
  anyEdits,
  anyOldPage,
  editedPage,
  NOISE,
  OVERFLOW,
  PAGE_BYTES,
  PAYLOAD_BYTES_MAX,
  XbzrlePages,
} from './xbzrle-pages.ts';

const ZERO = new Uint8Array(PAGE_BYTES);

/** The pages of QEMU's encode_decode_range and encode_decode_zero (tests/unit/test-xbzrle.c). */
function rangePages(diff_size: number): { old_page: Uint8Array; new_page: Uint8Array } {
  const old_page = ZERO.slice();
  const new_page = ZERO.slice();
  for (let i = 1; i <= diff_size; i++) {
    old_page[1000 + i] = i + 4;
    new_page[1000 + i] = i;
  }
  const beside = { old_page: [107, 109], new_page: [103, 105] };
  [3, 5].forEach((far, index) => {
    old_page[1000 + diff_size + far] = beside.old_page[index] ?? 0;
    new_page[1000 + diff_size + far] = beside.new_page[index] ?? 0;
  });
  return { old_page, new_page };
}

for (const build of BUILDS) {
  const pages = new XbzrlePages(build);
  // the debug build is some ten times slower and holds the same source
  const stride = build.name === 'debug' ? 7 : 1;

  test(`${build.name}: QEMU's cases, zero and unchanged: no bytes, and none are needed`, () => {
    for (let diff_size = 0; diff_size < PAGE_BYTES - 1006; diff_size += stride) {
      const { new_page } = rangePages(diff_size);
      pages.load(new_page, new_page);
      assert.is(pages.encode(PAGE_BYTES).size, 0);
    }
    for (const page of [ZERO, NOISE]) {
      pages.load(page, page);
      for (const out_size of [0, 1, 2, 3]) assert.is(pages.encode(out_size).size, 0);
      assert.equal(pages.decode(page, new Uint8Array()), { fault: WHOLE, page });
    }
  });

  test(`${build.name}: QEMU's case, the last byte alone`, () => {
    const new_page = ZERO.slice();
    new_page[PAGE_BYTES - 1] = 1;
    pages.load(ZERO, new_page);
    const { size, payload } = pages.encode(PAGE_BYTES);
    assert.is(size, 4);
    assert.equal([...payload], [0xff, 0x1f, 1, 1]);
    assert.equal(pages.decode(ZERO, payload), { fault: WHOLE, page: new_page });
  });

  test(`${build.name}: QEMU's case, every other byte: overflow of a page, and of no more than 6141`, () => {
    const new_page = ZERO.map((_, at) => (at % 2 === 0 && at < PAGE_BYTES - 2 ? 1 : 0));
    pages.load(ZERO, new_page);
    assert.is(pages.encode(PAGE_BYTES).size, OVERFLOW);
    // 2047 changes of three bytes, and the two free bytes that a last run of equal bytes wants
    assert.is(pages.encode(6142).size, OVERFLOW);
    assert.is(pages.encode(6143).size, 6141);
  });

  test(`${build.name}: QEMU's case, ranges of every size there and back`, () => {
    for (let diff_size = 0; diff_size < PAGE_BYTES - 1006; diff_size += stride) {
      const { old_page, new_page } = rangePages(diff_size);
      pages.load(old_page, new_page);
      pages.compareEncode(old_page, new_page, PAGE_BYTES, `${diff_size} bytes`);
      const { payload } = pages.encode(PAGE_BYTES);
      const { fault, page } = pages.decode(old_page, payload);
      assert.is(fault, WHOLE, `${diff_size} bytes`);
      sameBytes(page, new_page, `${diff_size} bytes`);
    }
  });

  test(`${build.name}: a payload QEMU 7.2 sent: skip 16, one byte; skip 1132, one byte`, () => {
    const [at_16, at_1132] = [ZERO.slice(), ZERO.slice()];
    at_16[16] = 0x4b;
    at_1132[1132] = 0xab;
    for (const [new_page, sent] of [
      [at_16, [0x10, 0x01, 0x4b]],
      [at_1132, [0xec, 0x08, 0x01, 0xab]],
    ] as const) {
      pages.load(ZERO, new_page);
      assert.equal([...pages.encode(PAGE_BYTES).payload], sent);
      assert.equal(pages.decode(ZERO, Uint8Array.from(sent)), { fault: WHOLE, page: new_page });
    }
  });

  test(`${build.name}: one changed byte, at every place: its length, and room of any size`, () => {
    for (let at = 0; at < PAGE_BYTES; at++) {
      const new_page = NOISE.slice();
      new_page[at] = (NOISE[at] ?? 0) ^ 0x10;
      pages.load(NOISE, new_page);
      assert.equal([...pages.encode(PAGE_BYTES).payload], [...lengthBytes(at), 1, new_page[at]], `at ${at}`);
      if (at % 61 !== 0 && at > 130 && at < PAGE_BYTES - 3) continue;
      for (let out_size = 0; out_size <= 7; out_size++) {
        pages.compareEncode(NOISE, new_page, out_size, `at ${at}`);
      }
    }
  });

  test(`${build.name}: one changed run, of every length at the head and at the end`, () => {
    for (let length = 1; length <= PAGE_BYTES; length += length < 300 ? 1 : stride * 3) {
      for (const at of [0, PAGE_BYTES - length]) {
        const new_page = editedPage(NOISE, [{ at, length, step: 1, xor: 0x81 }]);
        pages.load(NOISE, new_page);
        const sizes = [0, 1, 2].map((more) => length + lengthBytes(length).length + more);
        // the few are where its two lengths end, and where the first byte of the second does
        for (const out_size of [0, 1, 2, 3, 4, 5, ...sizes, PAGE_BYTES, PAYLOAD_BYTES_MAX]) {
          pages.compareEncode(NOISE, new_page, out_size, `${length} from ${at}`);
        }
      }
    }
  });

  test(`${build.name}: a page that changes all over overflows a page, and so does one of long runs`, () => {
    const new_page = NOISE.map((byte) => byte ^ 0xff);
    pages.load(NOISE, new_page);
    assert.is(pages.encode(PAGE_BYTES).size, OVERFLOW);
    assert.is(pages.encode(PAGE_BYTES + 2).size, OVERFLOW);
    assert.is(pages.encode(PAGE_BYTES + 3).size, PAGE_BYTES + 3);
    // the payload is a whole page long and fits: QEMU writes up to 4096 bytes
    const fits = editedPage(NOISE, [{ at: 4, length: PAGE_BYTES - 4, step: 1, xor: 1 }]);
    fits[3000] = NOISE[3000] ?? 0;
    pages.load(NOISE, fits);
    pages.compareEncode(NOISE, fits, PAGE_BYTES, 'one equal byte within');
  });

  test(`${build.name}: nothing is read behind a page that ends with the memory`, () => {
    const { core, memory } = instantiateBuild(build, 65_536);
    const end = memory.buffer.byteLength;
    const last = new Uint8Array(memory.buffer, end - PAGE_BYTES, PAGE_BYTES);
    for (let length = 1; length <= 130; length++) {
      // a run up to the end of the page is copied in another way than one that leaves a byte
      for (const left of [0, 1]) {
        last.fill(0).fill(7, PAGE_BYTES - length - left, PAGE_BYTES - left);
        const size = core.xbzrle_encode(8192, end - PAGE_BYTES, 16_384, PAGE_BYTES);
        // two bytes for the equal ones, and what the changed ones take
        assert.is(size, 2 + lengthBytes(length).length + length);
        assert.is(core.xbzrle_encode(end - PAGE_BYTES, 8192, 16_384, PAGE_BYTES), size);
        assert.is(core.xbzrle_decode(end - PAGE_BYTES, 16_384, size) >>> 0, WHOLE);
      }
    }
  });

  test(`${build.name}: nothing is read or written behind a payload that ends with the memory`, () => {
    const { core, memory } = instantiateBuild(build, 65_536);
    const end = memory.buffer.byteLength;
    const page = new Uint8Array(memory.buffer, 4096, PAGE_BYTES);
    for (let length = 1; length <= 130; length++) {
      page.fill(0).fill(7, 9, 9 + length);
      // two bytes for a last run of equal bytes stay free, and no more
      const out_size = 1 + lengthBytes(length).length + length + 2;
      assert.is(core.xbzrle_encode(8192, 4096, end - out_size, out_size), out_size - 2);
      new Uint8Array(memory.buffer).copyWithin(end - out_size + 2, end - out_size, end - 2);
      assert.is(core.xbzrle_decode(12_288, end - out_size + 2, out_size - 2) >>> 0, WHOLE);
      assert.is(core.xbzrle_decode(0, end - 1, 1) >>> 0, 0);
    }
  });

  test(`${build.name}: any edits, room of every size near the payload's: as the oracle writes`, () => {
    fc.assert(
      fc.property(anyOldPage, anyEdits, fc.nat(PAYLOAD_BYTES_MAX), (old_page, edits, any_size) => {
        const new_page = editedPage(old_page, edits);
        pages.load(old_page, new_page);
        const size = pages.compareEncode(old_page, new_page, PAYLOAD_BYTES_MAX + 3, 'all room');
        const near_sizes = [-3, -2, -1, 0, 1, 2, 3].map((more) => Math.max(0, size + more));
        for (const out_size of [PAGE_BYTES, any_size, ...near_sizes]) {
          pages.compareEncode(old_page, new_page, out_size, 'some room');
        }
        const { payload } = pages.encode(PAYLOAD_BYTES_MAX + 3);
        const { fault, page } = pages.decode(old_page, payload);
        assert.is(fault, WHOLE);
        sameBytes(page, new_page, 'there and back');
      }),
      { numRuns: build.name === 'debug' ? 100 : 400 },
    );
  });

  test(`${build.name}: any edits, room of every size from none to more than the payload's`, () => {
    fc.assert(
      fc.property(anyOldPage, anyEdits, (old_page, edits) => {
        const new_page = editedPage(old_page, edits);
        pages.load(old_page, new_page);
        const { size } = pages.encode(PAYLOAD_BYTES_MAX + 3);
        // long payloads by steps that are prime to all lengths of runs
        const step = 1 + Math.floor(size / 300) * 2;
        for (let out_size = 0; out_size <= size + 3; out_size += step) {
          pages.compareEncode(old_page, new_page, out_size, 'room');
        }
      }),
      { numRuns: build.name === 'debug' ? 4 : 15 },
    );
  });
}

test.run();
