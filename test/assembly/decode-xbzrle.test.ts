import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encode as xbzrleEncode } from '../ref/xbzrle.ts';
import { BUILDS } from '../support/core-builds.ts';
import { DecodeGuest, fillRecord, NOTHING, pageRecord, STATUS, xbzrleRecord } from './decode-guest.ts';
import { anyEdits, editedPage, NOISE } from './xbzrle-pages.ts';

const NAME = 'pc.ram';
/** The block of which pages are counted only. */
const NOWHERE = 'none';

const PLANS = [
  { name: Buffer.from(NAME), pages: 3, with_ram: true },
  { name: Buffer.from(NOWHERE), pages: 2, with_ram: false },
];

const ONE_BYTE = Uint8Array.of(0, 1, 0x77);
/** The longest payload that a record has, 4096 bytes: lengths of one and two, and all but three of the page. */
const LONGEST =
  xbzrleEncode(NOISE, editedPage(NOISE, [{ at: 3, length: 4093, step: 1, xor: 1 }]), 4096) ?? NOTHING;

/** Records of both rounds of a small guest: pages, changes of them, no changes, changes that go nowhere. */
const RECORDS = [
  pageRecord(0, 1, NAME),
  pageRecord(1, 2),
  xbzrleRecord(1, Uint8Array.of(5, 2, 1, 2, 0x80, 2, 1, 3)),
  xbzrleRecord(2, ONE_BYTE),
  xbzrleRecord(0, ONE_BYTE, NOWHERE),
  xbzrleRecord(1, NOTHING),
  xbzrleRecord(0, NOTHING, NAME),
  xbzrleRecord(0, LONGEST),
];
const STREAM = new Uint8Array(Buffer.concat(RECORDS));

/** A fault in a record, where in the payload with its head of three bytes it stands, and what stands before. */
interface Fault {
  what: string;
  status: number;
  /** Counted from the end of the name. */
  at: number;
  make(name: string | undefined): Uint8Array;
}

function withHead(head: number, bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  // the head stands three bytes and three bytes of changes before the end
  changed[changed.length - 6] = head;
  return changed;
}

const FAULTS: readonly Fault[] = [
  ...[0, 2, 0x81, 0xff].map((head) => ({
    what: `encoding ${head}`,
    status: STATUS.xbzrle_head,
    at: 0,
    make: (name: string | undefined) => withHead(head, xbzrleRecord(1, ONE_BYTE, name)),
  })),
  ...[4097, 0x8000, 0xffff].map((size) => ({
    what: `a size of ${size}`,
    status: STATUS.xbzrle_size,
    at: 1,
    make: (name: string | undefined) => xbzrleRecord(1, new Uint8Array(5000), name, size),
  })),
  ...[
    { what: 'a run beyond the page', at: 3, changes: [0xff, 31, 2, 1, 2] },
    { what: 'a run of no bytes', at: 3, changes: [1, 0] },
    { what: 'a run beyond the payload', at: 3, changes: [1, 2, 9] },
    { what: 'a good run and one that does not end', at: 6, changes: [3, 1, 9, 0x80, 0x80, 1, 9] },
    { what: 'a good run and half of one', at: 6, changes: [3, 1, 9, 1] },
    { what: 'two good runs and one of no bytes before it', at: 9, changes: [3, 1, 9, 1, 1, 9, 0, 1, 9] },
  ].map(({ what, at, changes }) => ({
    what,
    status: STATUS.xbzrle_run,
    at,
    make: (name: string | undefined) => xbzrleRecord(1, Uint8Array.from(changes), name),
  })),
];

const anyXbzrle = fc
  .record({
    page: fc.nat(2),
    edits: anyEdits,
    name: fc.constantFrom(undefined, undefined, NAME, NOWHERE),
    damage: fc.option(fc.record({ at: fc.nat(4200), byte: fc.nat(255) }), { freq: 6 }),
  })
  .map(({ page, edits, name, damage }) => {
    const changes = xbzrleEncode(NOISE, editedPage(NOISE, edits), 4096) ?? NOTHING;
    const bytes = xbzrleRecord(page, changes, name);
    if (damage !== null) bytes[damage.at % bytes.length] = damage.byte;
    return bytes;
  });
const anyOther = fc.nat(2).map((page) => (page === 2 ? fillRecord(page, 0) : pageRecord(page, page)));
const anyStream = fc
  .array(fc.oneof({ weight: 4, arbitrary: anyXbzrle }, anyOther), { maxLength: 6 })
  .map((records) => Buffer.concat([fillRecord(0, 0, NAME), ...records]));

for (const build of BUILDS) {
  const guest = new DecodeGuest(build, PLANS);

  test(`${build.name}: changes of pages, of none, and of pages that stand nowhere`, () => {
    guest.restart();
    assert.is(LONGEST.length, 4096);
    assert.equal(guest.decode(STREAM), { consumed: STREAM.length, status: STATUS.more });
  });

  test(`${build.name}: a stream of changes cut at any byte, the rest offered again, ends as the whole`, () => {
    const edges = RECORDS.map((_, at) => Buffer.concat(RECORDS.slice(0, at)).length);
    guest.restart();
    guest.expectInput(STREAM);
    for (let cut = 0; cut <= STREAM.length; cut++) {
      guest.restartCore();
      const first = guest.offer(STREAM.subarray(0, cut));
      const consumed = Math.max(...[...edges, STREAM.length].filter((edge) => edge <= cut));
      assert.equal(first, { consumed, status: STATUS.more }, `cut at ${cut}`);
      guest.offer(STREAM.subarray(first.consumed));
      guest.compare(`cut at ${cut}`);
    }
  });

  for (const { what, status, at, make } of FAULTS) {
    test(`${build.name}: ${what} is refused, with where it stands, behind any good record`, () => {
      for (let good = 0; good <= RECORDS.length; good++) {
        const names = good === 0 ? [NAME, NOWHERE] : [undefined, NAME, NOWHERE];
        for (const name of names) {
          guest.restart();
          const before = Buffer.concat(RECORDS.slice(0, good));
          const bytes = make(name);
          const outcome = guest.decode(Buffer.concat([before, bytes, pageRecord(0, 9, NAME)]));
          assert.equal(outcome, { consumed: before.length, status }, `${name} behind ${good} records`);
          assert.is(guest.faultAt, 8 + (name === undefined ? 0 : 1 + name.length) + at, `${name}: where`);
          assert.equal(guest.decode(bytes), { consumed: 0, status }, `${name} again`);
        }
      }
    });
  }

  test(`${build.name}: a wrong head or size shows with the head's third byte, a wrong run with the last`, () => {
    for (const { what, status, make } of FAULTS) {
      const bytes = make(NAME);
      const head_size = 8 + 1 + NAME.length + 3;
      const needed = status === STATUS.xbzrle_run ? bytes.length : head_size;
      for (let size = 0; size <= Math.min(bytes.length, head_size + 20); size++) {
        guest.restart();
        const expected = size < needed ? STATUS.more : status;
        assert.equal(guest.decode(bytes.subarray(0, size)), { consumed: 0, status: expected }, what);
      }
    }
  });

  test(`${build.name}: a fault that is over leaves its place in the state and nothing else`, () => {
    guest.restart();
    guest.decode(xbzrleRecord(0, Uint8Array.of(1, 0), NAME));
    const fault_at = guest.faultAt;
    assert.equal(guest.decode(STREAM), { consumed: STREAM.length, status: STATUS.more });
    assert.is(guest.faultAt, fault_at);
  });

  test(`${build.name}: a zero record, for a page that is zero and for one that has one byte`, () => {
    for (const at of [0, 1, 15, 2048, 4095]) {
      guest.restart();
      guest.decode(fillRecord(1, 0, NAME));
      guest.decode(xbzrleRecord(1, Uint8Array.of(0x80 | (at % 128), at >> 7, 1, 0x80)));
      guest.decode(fillRecord(1, 0));
      guest.decode(fillRecord(1, 0));
    }
  });

  test(`${build.name}: any changes, damaged now and then, in any pieces: as the oracle reads`, () => {
    const pieces = fc.array(fc.oneof(fc.nat(12), fc.nat(5000)), { maxLength: 6 });
    fc.assert(
      fc.property(anyStream, pieces, (stream, sizes) => {
        guest.restart();
        guest.decodePieces(stream, sizes);
      }),
      { numRuns: 150 },
    );
  });
}

test.run();
