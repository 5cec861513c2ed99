/** Blocks larger than one memory: an entry of the table has a window of the block's pages. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BUILDS } from '../support/core-builds.ts';
import {
  DecodeGuest,
  fillRecord,
  NOTHING,
  pageRecord,
  record,
  STATUS,
  xbzrleRecord,
} from './decode-guest.ts';

/** A window in the middle, at both ends, of no pages (the block stands elsewhere), and of pages not kept. */
const PLANS = [
  { name: Buffer.from('middle'), first: 5, pages: 3, beyond: 4, with_ram: true },
  { name: Buffer.from('head'), first: 0, pages: 2, beyond: 6, with_ram: true },
  { name: Buffer.from('end'), first: 6, pages: 2, beyond: 0, with_ram: true },
  { name: Buffer.from('away'), first: 0, pages: 0, beyond: 8, with_ram: true },
  { name: Buffer.from('nowhere'), first: 2, pages: 3, beyond: 3, with_ram: false },
  // pages of 8 TiB: the numbers add up to no more than 32 bits hold
  // what came last as other than zero is taken down by page of the window; here by more than a word's
  { name: Buffer.from('many'), first: 70, pages: 66, beyond: 1, with_ram: false },
  { name: Buffer.from('far'), first: 0x7fff_fff0, pages: 2, beyond: 14, with_ram: true },
];

const CHANGES = Uint8Array.of(7, 1, 0x42);

function nameOf(index: number): string {
  return Buffer.from(PLANS[index]?.name ?? NOTHING).toString();
}

/** What a record for this page is to end in. */
function statusOf(index: number, page: number): number {
  const { first = 0, pages = 0, beyond = 0 } = PLANS[index] ?? {};
  if (page >= first + pages + beyond) return STATUS.beyond_block;
  return page >= first && page < first + pages ? STATUS.more : STATUS.elsewhere;
}

/** Pages around all edges of a block's window. */
function pagesAround(index: number): number[] {
  const { first = 0, pages = 0, beyond = 0 } = PLANS[index] ?? {};
  const edges = [0, first, first + pages, first + pages + beyond];
  const near = edges.flatMap((edge) => [edge - 2, edge - 1, edge, edge + 1]);
  return [...new Set(near.filter((page) => page >= 0))];
}

const anyRecord = fc.nat(PLANS.length - 1).chain((index) =>
  fc
    .record({
      page: fc.constantFrom(...pagesAround(index).filter((page) => statusOf(index, page) !== 4)),
      kind: fc.nat(2),
      salt: fc.nat(255),
      is_named: fc.boolean(),
    })
    .map(({ page, kind, salt, is_named }) => {
      const name = is_named ? nameOf(index) : undefined;
      if (kind === 0) return fillRecord(page, salt < 128 ? 0 : salt, name);
      return kind === 1 ? pageRecord(page, salt, name) : xbzrleRecord(page, CHANGES, name);
    }),
);

for (const build of BUILDS) {
  const guest = new DecodeGuest(build, PLANS);

  test(`${build.name}: each page of a block is stored, elsewhere or beyond, as the window says`, () => {
    PLANS.forEach((_, index) => {
      const name = nameOf(index);
      for (const page of pagesAround(index)) {
        const status = statusOf(index, page);
        const kinds = [fillRecord(page, 0xee, name), pageRecord(page, 3, name), fillRecord(page, 0, name)];
        for (const bytes of [...kinds, xbzrleRecord(page, CHANGES, name)]) {
          guest.restart();
          const consumed = status === STATUS.more ? bytes.length : 0;
          assert.equal(guest.decode(bytes), { consumed, status }, `${name}, page ${page}`);
        }
      }
    });
  });

  test(`${build.name}: elsewhere shows before the payload is there, and its fault does not`, () => {
    const wrong = xbzrleRecord(4, Uint8Array.of(1, 0), 'middle');
    for (let size = 8 + 1 + 6; size <= wrong.length; size++) {
      guest.restart();
      const outcome = guest.decode(wrong.subarray(0, size));
      assert.equal(outcome, { consumed: 0, status: STATUS.elsewhere }, `${size} bytes`);
    }
  });

  test(`${build.name}: a page elsewhere, skipped by the caller, changes nothing of what comes next`, () => {
    guest.restart();
    guest.decode(fillRecord(7, 1, 'middle'));
    const away = pageRecord(4, 1);
    assert.equal(guest.decode(away), { consumed: 0, status: STATUS.elsewhere });
    assert.is(guest.decode(fillRecord(6, 2)).status, STATUS.more);
    assert.is(guest.decode(fillRecord(7, 3)).status, STATUS.more);
  });

  test(`${build.name}: an offset of 2^44 and more is no page of a window`, () => {
    for (const page of [2n ** 32n, 2n ** 32n + 5n, 2n ** 52n - 1n]) {
      guest.restart();
      for (const name of ['middle', 'head', 'away', 'far']) {
        const bytes = record(page * 4096n, 0x02, name, Uint8Array.of(1));
        assert.equal(guest.decode(bytes), { consumed: 0, status: STATUS.beyond_block }, `${name}, ${page}`);
      }
    }
  });

  test(`${build.name}: any records for any windows: as the oracle reads`, () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { maxLength: 10 }), (records) => {
        guest.restart();
        // one by one, so that a record elsewhere does not end it all
        for (const bytes of records) guest.decode(bytes);
        guest.restart();
        guest.decode(new Uint8Array(Buffer.concat(records)).subarray(0, 30_000));
      }),
      { numRuns: 60 },
    );
  });
}

test.run();
