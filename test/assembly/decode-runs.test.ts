/** Zero pages beside each other are cleared together; what comes between them, or to them again, is to see no difference. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BUILDS } from '../support/core-builds.ts';
import { DecodeGuest, fillRecord, pageRecord, STATUS, xbzrleRecord } from './decode-guest.ts';

/** More than two times what is cleared at once. */
const PAGES = 36;
const PLANS = [
  { name: Buffer.from('ram'), pages: PAGES, with_ram: true },
  { name: Buffer.from('next'), pages: 2, with_ram: true },
];
const GUEST_BYTES = 240_000;

/** So that a page that is not cleared shows. */
const WRITTEN = Buffer.concat([
  fillRecord(0, 0x55, 'next'),
  fillRecord(1, 0x55),
  fillRecord(0, 0x55, 'ram'),
  ...Array.from({ length: PAGES - 1 }, (_, i) => fillRecord(i + 1, 0x55)),
]);

const zeros = (first: number, count: number): Uint8Array =>
  Buffer.concat(Array.from({ length: count }, (_, i) => fillRecord(first + i, 0)));

const page = fc.nat(PAGES - 1);
const anyPart = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(page, fc.nat(PAGES)).map(([at, n]) => zeros(at, Math.min(n, PAGES - at))),
  },
  { weight: 2, arbitrary: page.map((at) => fillRecord(at, 0)) },
  fc.tuple(page, fc.nat(255)).map(([at, salt]) => pageRecord(at, salt)),
  fc.tuple(page, fc.nat(255)).map(([at, byte]) => fillRecord(at, byte)),
  page.map((at) => xbzrleRecord(at, Uint8Array.of(3, 2, 7, 8))),
  fc.constant(Buffer.concat([fillRecord(0, 0, 'next'), fillRecord(1, 0), fillRecord(0, 0, 'ram')])),
);

for (const build of BUILDS) {
  const guest = new DecodeGuest(build, PLANS, GUEST_BYTES);

  /** Written pages on both sides. */
  function restart(): void {
    guest.restart();
    guest.decode(new Uint8Array(WRITTEN));
  }

  test(`${build.name}: a long run of zero pages, cut at any byte`, () => {
    const stream = new Uint8Array(zeros(0, PAGES));
    for (let cut = 0; cut <= stream.length; cut++) {
      restart();
      guest.decodePieces(stream, [cut]);
    }
  });

  test(`${build.name}: a page of the run comes again before the run is over, whatever it is then`, () => {
    for (const again of [
      pageRecord(5, 9),
      fillRecord(5, 0x77),
      fillRecord(5, 0),
      xbzrleRecord(5, Uint8Array.of(3, 2, 7, 8)),
    ]) {
      restart();
      const stream = Buffer.concat([zeros(2, 10), again, zeros(12, 20)]);
      assert.equal(guest.decode(new Uint8Array(stream)), { consumed: stream.length, status: STATUS.more });
    }
  });

  test(`${build.name}: a run ends where a fault does`, () => {
    restart();
    const stream = Buffer.concat([zeros(0, 20), fillRecord(PAGES, 0)]);
    const consumed = 20 * 9;
    assert.equal(guest.decode(new Uint8Array(stream)), { consumed, status: STATUS.beyond_block });
  });

  test(`${build.name}: any runs, any pages between them, in any pieces`, () => {
    const pieces = fc.array(fc.oneof(fc.nat(12), fc.nat(9000)), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(anyPart, { maxLength: 6 }), pieces, (parts, sizes) => {
        restart();
        guest.decodePieces(new Uint8Array(Buffer.concat(parts)), sizes);
      }),
      { numRuns: 100 },
    );
  });
}

test.run();
