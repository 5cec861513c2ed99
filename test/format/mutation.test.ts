/** A damaged stream is read, or refused by a PagepipeError: no other exception, and no end that never comes. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ErrorCode, inspectStream, loadStream, PagepipeError } from '../../src/index.ts';
import { sample } from '../ref/stream.ts';

const built = sample();
const stream = built.build();
/** Where the one whole page stands: its bytes may be anything, so few mutations go there. */
const page_at = built.offsetOf('payload', 1);
const page_end = built.offsetOf('record', 2);

/** The code of the error that refuses the bytes; any other exception goes on, and fails the test. */
function refusalOf(bytes: Uint8Array): ErrorCode | undefined {
  try {
    loadStream(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof PagepipeError) return error.code;
    throw error;
  }
}

function loadsOrRefuses(bytes: Uint8Array): 'loads' | 'refuses' {
  return refusalOf(bytes) === undefined ? 'loads' : 'refuses';
}

function mutated(mutations: readonly (readonly [at: number, byte: number])[]): Uint8Array {
  const bytes = stream.slice();
  for (const [at, byte] of mutations) bytes[at] = byte;
  return bytes;
}

const structure = fc.oneof(
  fc.integer({ min: 0, max: page_at }),
  fc.integer({ min: page_end, max: stream.length - 1 }),
);
const offset = fc.oneof({ weight: 20, arbitrary: structure }, { weight: 1, arbitrary: fc.nat(page_end) });
const byte = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 2, 3, 4, 8, 0x10, 0x20, 0x7e, 0x7f, 0xff));
const mutation = fc.tuple(offset, byte);

test('one to three bytes of a stream changed', () => {
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 3 }), (mutations) => {
      loadsOrRefuses(mutated(mutations));
    }),
    { numRuns: 2000 },
  );
});

test('every byte outside the page changed, by one bit and wholly', () => {
  const outcomes = { loads: 0, refuses: 0 };
  for (let at = 0; at < stream.length; at = at === page_at ? page_end : at + 1) {
    for (const flip of [0x01, 0x80, 0xff]) {
      outcomes[loadsOrRefuses(mutated([[at, (stream[at] ?? 0) ^ flip]]))]++;
    }
  }
  // both happen, or the test would look at nothing
  assert.ok(outcomes.loads > 100 && outcomes.refuses > 300, JSON.stringify(outcomes));
});

test('any bytes behind a sound header', () => {
  const header = stream.subarray(0, built.offsetOf('section'));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      loadsOrRefuses(Uint8Array.of(...header, ...bytes));
    }),
    { numRuns: 500 },
  );
});

test('any bytes behind RAM, and any text as description', () => {
  const ram = stream.subarray(0, built.offsetOf('section', 4));
  const tail = fc.uint8Array({ maxLength: 64 });
  fc.assert(
    fc.property(tail, fc.oneof(fc.json(), fc.string()), (bytes, text) => {
      const json = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(json.length);
      const whole = Uint8Array.of(...ram, ...bytes, 0x00, 0x06, ...length, ...json);
      const code = refusalOf(whole);
      // it may happen to end before its description, or to have an element that goes on behind it
      if (code !== undefined) assert.ok(['bytes-behind', 'stream-cut'].includes(code), code);
      else assert.is(inspectStream(whole).stream_bytes, whole.length);
    }),
    { numRuns: 500 },
  );
});

test.run();
