import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BUILDS } from '../support/core-builds.ts';
import {
  DecodeGuest,
  EOS,
  fillRecord,
  NOTHING,
  pageRecord,
  record,
  STATUS,
  xbzrleRecord,
} from './decode-guest.ts';

/** Names of which one starts as another; the last two differ in their last byte alone. */
const LONG = 'L'.repeat(254);
const NAMES = ['pc', 'p', 'pc.ram', `${LONG}a`, `${LONG}b`];
const PAGES = [3, 1, 2, 2, 2];
/** The block of which pages are counted only. */
const NOWHERE = 2;

const PLANS = NAMES.map((name, index) => {
  return {
    name: Buffer.from(name),
    pages: PAGES[index] ?? 0,
    with_ram: index !== NOWHERE,
    with_present: index !== 3,
    with_seen: index !== 1,
  };
});

/** All kinds of records in two rounds, and the word that ends a section. */
const SMALL_RECORDS = [
  fillRecord(0, 0, 'pc'),
  pageRecord(1, 1),
  fillRecord(2, 0x7f),
  pageRecord(0, 2, 'p'),
  pageRecord(0, 3, 'pc.ram'),
  fillRecord(1, 0),
  fillRecord(1, 0xff, NAMES[4]),
  pageRecord(1, 4, NAMES[3]),
  fillRecord(1, 9),
  fillRecord(0, 0, 'pc'),
  xbzrleRecord(1, Uint8Array.of(3, 2, 7, 8, 0x90, 30, 1, 9)),
  xbzrleRecord(0, NOTHING, 'p'),
  xbzrleRecord(1, Uint8Array.of(0, 1, 0x33), 'pc.ram'),
];
const SMALL_STREAM = new Uint8Array(Buffer.concat([...SMALL_RECORDS, EOS]));

/** A fault, behind records that are good. */
interface Fault {
  what: string;
  bytes: Uint8Array;
  status: number;
}

const FAULTS: readonly Fault[] = [
  { what: 'end of section', bytes: EOS, status: STATUS.word },
  { what: 'block list', bytes: record(65_536n, 0x04, undefined, NOTHING), status: STATUS.word },
  { what: 'both kinds at once', bytes: record(0n, 0x0a, 'pc', NOTHING), status: STATUS.word },
  { what: 'unknown name', bytes: fillRecord(0, 0, 'vga'), status: STATUS.unknown_block },
  { what: 'start of a name', bytes: fillRecord(0, 0, 'pc.ra'), status: STATUS.unknown_block },
  { what: 'a name and more', bytes: fillRecord(0, 0, 'pc.ram0'), status: STATUS.unknown_block },
  { what: 'empty name', bytes: fillRecord(0, 0, ''), status: STATUS.unknown_block },
  { what: 'last byte of 255 differs', bytes: fillRecord(0, 0, `${LONG}c`), status: STATUS.unknown_block },
  { what: 'beyond the block count', bytes: fillRecord(0, 0, 'hidden'), status: STATUS.unknown_block },
  { what: 'first page beyond', bytes: fillRecord(1, 0, 'p'), status: STATUS.beyond_block },
  {
    what: 'offset 2^44',
    bytes: record(2n ** 44n, 0x02, 'pc', Uint8Array.of(0)),
    status: STATUS.beyond_block,
  },
  { what: 'last offset', bytes: record(-4096n, 0x08, 'pc', NOTHING), status: STATUS.beyond_block },
];

const anyName = fc.constantFrom(undefined, ...NAMES);
const anyRecord = fc.oneof(
  fc.tuple(fc.nat(2), fc.nat(255), anyName).map(([page, byte, name]) => fillRecord(page, byte, name)),
  fc.tuple(fc.nat(2), fc.nat(255), anyName).map(([page, salt, name]) => pageRecord(page, salt, name)),
  fc
    .tuple(fc.nat(2), fc.nat(127), fc.uint8Array({ maxLength: 60 }), anyName)
    .map(([page, at, bytes, name]) => {
      const changes = bytes.length === 0 ? bytes : Uint8Array.of(at, bytes.length, ...bytes);
      return xbzrleRecord(page, changes, name);
    }),
);
const anyStream = fc
  .array(anyRecord, { maxLength: 5 })
  .map((records) => Buffer.concat([fillRecord(0, 1, 'pc'), ...records]));

for (const build of BUILDS) {
  const guest = new DecodeGuest(build, PLANS);

  test(`${build.name}: a small stream, whole: pages, counters, wraps, and the word behind it`, () => {
    guest.restart();
    const outcome = guest.decode(SMALL_STREAM);
    assert.equal(outcome, { consumed: SMALL_STREAM.length - 8, status: STATUS.word });
    assert.equal(guest.decode(EOS), { consumed: 0, status: STATUS.word });
  });

  test(`${build.name}: a stream cut at any byte, the rest offered again, ends as the whole one`, () => {
    const edges = SMALL_RECORDS.map((_, at) => Buffer.concat(SMALL_RECORDS.slice(0, at)).length);
    const end = SMALL_STREAM.length - EOS.length;
    guest.restart();
    guest.expectInput(SMALL_STREAM);
    for (let cut = 0; cut <= SMALL_STREAM.length; cut++) {
      guest.restartCore();
      const first = guest.offer(SMALL_STREAM.subarray(0, cut));
      assert.is(first.consumed, Math.max(...[...edges, end].filter((edge) => edge <= cut)), `cut at ${cut}`);
      assert.is(first.status, cut < SMALL_STREAM.length ? STATUS.more : STATUS.word, `cut at ${cut}`);
      guest.offer(SMALL_STREAM.subarray(first.consumed));
      guest.compare(`cut at ${cut}`);
    }
  });

  test(`${build.name}: any stream in any pieces`, () => {
    const pieces = fc.array(fc.oneof(fc.nat(12), fc.nat(5000)), { maxLength: 12 });
    fc.assert(
      fc.property(anyStream, pieces, (stream, sizes) => {
        guest.restart();
        guest.decodePieces(stream, sizes);
      }),
      { numRuns: 150 },
    );
  });

  for (const { what, bytes, status } of FAULTS) {
    test(`${build.name}: ${what} is refused with its word not consumed, behind any good record`, () => {
      for (let good = 0; good <= SMALL_RECORDS.length; good++) {
        guest.restart();
        const before = Buffer.concat(SMALL_RECORDS.slice(0, good));
        const outcome = guest.decode(Buffer.concat([before, bytes, fillRecord(0, 0, 'pc')]));
        assert.equal(outcome, { consumed: before.length, status }, `behind ${good} records`);
        assert.equal(guest.decode(bytes), { consumed: 0, status }, `again, behind ${good} records`);
      }
    });
  }

  test(`${build.name}: CONTINUE before any name is refused, also where a fault came before`, () => {
    for (const bytes of [fillRecord(0, 0), pageRecord(0, 0)]) {
      guest.restart();
      assert.equal(guest.decode(bytes), { consumed: 0, status: STATUS.continue_first });
      assert.is(guest.decode(fillRecord(0, 0, 'vga')).status, STATUS.unknown_block);
      assert.equal(guest.decode(bytes), { consumed: 0, status: STATUS.continue_first });
      guest.decode(fillRecord(0, 0, 'pc'));
      assert.equal(guest.decode(bytes), { consumed: bytes.length, status: STATUS.more });
    }
  });

  test(`${build.name}: of all 4096 flags, only zero, page and xbzrle are records, with CONTINUE or without`, () => {
    for (let flags = 0; flags < 4096; flags++) {
      guest.restart();
      guest.expectInput(fillRecord(0, 0, 'pc'));
      guest.offer(fillRecord(0, 0, 'pc'));
      const is_record = [0x02, 0x08, 0x40, 0x22, 0x28, 0x60].includes(flags);
      const { consumed, status } = guest.decode(record(0n, flags, undefined, NOTHING));
      assert.equal([consumed, status], [0, is_record ? STATUS.more : STATUS.word], `flags ${flags}`);
    }
  });

  test(`${build.name}: a fault shows as soon as its bytes are there, and no sooner`, () => {
    for (const { what, bytes } of FAULTS) {
      for (let size = 0; size <= bytes.length; size++) {
        guest.restart();
        const outcome = guest.decode(bytes.subarray(0, size));
        if (size < 8) assert.equal(outcome, { consumed: 0, status: STATUS.more }, `${what}, ${size} bytes`);
      }
    }
  });

  test(`${build.name}: a fill record of any byte fills its page; zero is counted apart`, () => {
    for (let byte = 0; byte < 256; byte++) {
      guest.restart();
      assert.is(guest.decode(fillRecord(1, byte, 'pc')).status, STATUS.more);
      // its pages stand nowhere: counted all the same
      assert.is(guest.decode(fillRecord(1, byte, NAMES[NOWHERE])).status, STATUS.more);
    }
  });

  test(`${build.name}: random bytes change nothing but what the oracle changes`, () => {
    const change = fc.record({ at: fc.nat(5000), byte: fc.nat(255) });
    const noise = fc.uint8Array({ maxLength: 600 });
    const damaged = fc
      .tuple(anyStream, fc.array(change, { maxLength: 4 }), noise)
      .map(([stream, changes, tail]) => {
        const bytes = Buffer.concat([stream, tail]);
        for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
        return new Uint8Array(bytes);
      });
    fc.assert(
      fc.property(fc.oneof(noise, damaged), (input) => {
        guest.restart();
        guest.decode(input);
      }),
      { numRuns: 300 },
    );
  });
}

test.run();
