import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encode, lengthBytes, WHOLE } from '../ref/xbzrle.ts';
import { BUILDS } from '../support/core-builds.ts';
import { anyEdits, anyOldPage, editedPage, NOISE, PAGE_BYTES, XbzrlePages } from './xbzrle-pages.ts';

/** The largest length that two bytes hold. */
const LENGTH_MAX = 0x3fff;

/** The same length in two bytes, which QEMU's decoder takes for a short one, too. */
function longLength(value: number): number[] {
  return [0x80 | (value % 128), Math.floor(value / 128)];
}

function noise(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => (at * 29 + 5) & 0xff);
}

function payloadOf(...parts: (readonly number[] | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Payloads with a fault at `fault`; what stands before it is good. */
const FAULTS: readonly { what: string; payload: Uint8Array; fault: number }[] = [
  { what: 'one byte', payload: payloadOf([0]), fault: 0 },
  { what: 'a run of equal bytes and no more', payload: payloadOf([5, 0]), fault: 0 },
  { what: 'a long run of equal bytes and no more', payload: payloadOf([0x85, 1]), fault: 0 },
  { what: 'one byte behind a pair', payload: payloadOf([5, 1, 9], [1]), fault: 3 },
  { what: 'a last run of equal bytes', payload: payloadOf([5, 1, 9], [0x85, 1]), fault: 3 },
  { what: 'a length that goes on, 80 80', payload: payloadOf([0x80, 0x80], [1, 1]), fault: 0 },
  { what: 'a length that goes on, ff ff', payload: payloadOf([0xff, 0xff], [1, 1]), fault: 0 },
  { what: 'a second length that goes on', payload: payloadOf([1, 0x81, 0x80], noise(300)), fault: 0 },
  { what: 'no changed bytes', payload: payloadOf([1, 0, 7]), fault: 0 },
  { what: 'no changed bytes, in two', payload: payloadOf([1, 0x80, 0, 7]), fault: 0 },
  { what: 'nothing at all behind a pair', payload: payloadOf([0, 1, 9], [0, 1, 9]), fault: 3 },
  { what: 'nothing, in two, behind a pair', payload: payloadOf([0, 1, 9], [0x80, 0, 1, 9]), fault: 3 },
  { what: 'equal bytes to the end, one changed', payload: payloadOf([0x80, 32], [1, 9]), fault: 0 },
  { what: 'equal bytes beyond the end', payload: payloadOf([0x81, 32], [1, 9]), fault: 0 },
  { what: 'changed bytes beyond the end', payload: payloadOf([0xff, 31], [2, 9, 9]), fault: 0 },
  { what: 'a page and one byte', payload: payloadOf([0, 0x81, 32], noise(4097)), fault: 0 },
  { what: 'beyond the end after a pair', payload: payloadOf([10, 1, 9], [0xf5, 31, 1, 9]), fault: 3 },
  { what: 'a changed byte too few', payload: payloadOf([3, 4, 1, 2, 3]), fault: 0 },
  { what: 'no changed byte there', payload: payloadOf([3, 4]), fault: 0 },
  { what: 'the third pair too short', payload: payloadOf([3, 1, 9], [1, 1, 9], [1, 2, 9]), fault: 6 },
];

/** Pairs that are mostly good, and cut or damaged now and then. */
const anyPair = fc
  .record({
    equal: fc.oneof(fc.nat(3), fc.nat(200), fc.nat(LENGTH_MAX)),
    changed: fc.oneof(fc.constantFrom(1, 4, 8), fc.nat(20), fc.nat(200)),
    is_long: fc.boolean(),
    missing: fc.constantFrom(0, 0, 0, 0, 0, 1, 2),
  })
  .map(({ equal, changed, is_long, missing }) => {
    const lengths = is_long ? longLength : lengthBytes;
    return payloadOf(lengths(equal), lengths(changed), noise(Math.max(0, changed - missing)));
  });
const anyPairs = fc.array(anyPair, { maxLength: 8 }).map((pairs) => payloadOf(...pairs));
const anyNoise = fc.uint8Array({ maxLength: 40 });
/** What an encoder writes, with a few bytes changed. */
const anyDamaged = fc
  .tuple(anyEdits, fc.array(fc.record({ at: fc.nat(5000), byte: fc.nat(255) }), { maxLength: 3 }))
  .map(([edits, changes]) => {
    const payload = encode(NOISE, editedPage(NOISE, edits), PAGE_BYTES) ?? new Uint8Array();
    for (const { at, byte } of changes) if (payload.length > 0) payload[at % payload.length] = byte;
    return payload;
  });

for (const build of BUILDS) {
  const pages = new XbzrlePages(build);
  const stride = build.name === 'debug' ? 5 : 1;

  test(`${build.name}: a run of equal bytes of every length up to 0x3fff, in as few bytes or in two`, () => {
    for (let equal = 0; equal <= LENGTH_MAX; equal += equal < 4200 ? 1 : stride) {
      for (const length of [lengthBytes(equal), longLength(equal)]) {
        const fault = pages.compareDecode(NOISE, payloadOf(length, [1, 0x5a]), `${length} for ${equal}`);
        assert.is(fault, equal < PAGE_BYTES ? WHOLE : 0, `${equal}`);
      }
    }
  });

  test(`${build.name}: a run of changed bytes of every length up to 0x3fff`, () => {
    const bytes = noise(LENGTH_MAX);
    for (let changed = 0; changed <= LENGTH_MAX; changed += changed < 300 ? 1 : stride * 7) {
      // a run that is beyond the page is refused however many bytes there are
      const payload = payloadOf([0], lengthBytes(changed), bytes.subarray(0, Math.min(changed, 5000)));
      const fault = pages.compareDecode(NOISE, payload, `${changed} bytes`);
      assert.is(fault, changed > 0 && changed <= PAGE_BYTES ? WHOLE : 0, `${changed}`);
    }
  });

  test(`${build.name}: a run of changed bytes at every place up to the end, and one byte beyond`, () => {
    for (const changed of [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33]) {
      for (let at = 0; at + changed <= PAGE_BYTES + 1; at += at > 40 && at < 4000 ? 131 : 1) {
        const payload = payloadOf(lengthBytes(at), lengthBytes(changed), noise(changed));
        const fault = pages.compareDecode(NOISE, payload, `${changed} at ${at}`);
        assert.is(fault, at + changed <= PAGE_BYTES ? WHOLE : 0, `${changed} at ${at}`);
      }
    }
  });

  for (const { what, payload, fault } of FAULTS) {
    test(`${build.name}: ${what} is refused, and what stands before it is done`, () => {
      assert.is(pages.compareDecode(NOISE, payload, what), fault);
    });
  }

  test(`${build.name}: a good payload cut anywhere is whole at the end of a pair and nowhere else`, () => {
    const pairs = [
      [0, 1, 9],
      [3, 4, 1, 2, 3, 4],
      [0x83, 1, 8, ...noise(8)],
      [1, 0x80, 2, ...noise(256)],
    ];
    const ends = pairs.map((_, at) => pairs.slice(0, at).flat().length);
    const all = payloadOf(...pairs);
    for (let size = 0; size <= all.length; size++) {
      const fault = pages.compareDecode(NOISE, all.subarray(0, size), `${size} bytes`);
      const begun = Math.max(...ends.filter((end) => end < Math.max(size, 1)));
      const is_whole = ends.includes(size) || size === all.length;
      assert.is(fault, is_whole ? WHOLE : begun, `${size} bytes`);
    }
  });

  test(`${build.name}: half a length at the end is refused, whatever byte stands behind the payload`, () => {
    for (let pairs = 0; pairs <= 100; pairs++) {
      const good = Array.from({ length: pairs }, () => [1, 1, 9]).flat();
      for (const half of [[0x81], [5, 0x81], [0x85, 1, 0x81]]) {
        const fault = pages.compareDecode(NOISE, payloadOf(good, half), `${half} behind ${pairs} pairs`);
        assert.is(fault, good.length);
      }
    }
  });

  test(`${build.name}: any payload, good, damaged or noise: as the oracle reads, and nothing outside`, () => {
    fc.assert(
      fc.property(anyOldPage, fc.oneof(anyPairs, anyDamaged, anyNoise), (old_page, payload) => {
        pages.compareDecode(old_page, payload, 'any payload');
      }),
      { numRuns: 800 },
    );
  });
}

test.run();
