import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type DecodeState, decode as refDecode, type TargetBlock } from '../ref/decode.ts';
import { BUILDS, type CoreBuild } from '../support/core-builds.ts';
import { Guarded, GuardedBlocks, sameBytes } from '../support/guarded.ts';

/** Statuses of the core, assembly/layout.ts. */
const MORE = 0;
const WORD = 1;
const CONTINUE_FIRST = 2;
const UNKNOWN_BLOCK = 3;
const BEYOND_BLOCK = 4;

const INPUT_BYTES_MAX = 24_000;

/** Names of which one starts as another; the last two differ in their last byte alone. */
const LONG = 'L'.repeat(254);
const NAMES = ['pc', 'p', 'pc.ram', `${LONG}a`, `${LONG}b`];
const PAGES = [3, 1, 2, 2, 2];
/** The block of which pages are counted only. */
const NOWHERE = 2;

/** One record's bytes; `flags` decides what its parts are. */
function record(offset: bigint, flags: number, name: string | undefined, payload: Uint8Array): Uint8Array {
  const word = Buffer.alloc(8);
  word.writeBigUInt64BE(BigInt.asUintN(64, offset | BigInt(flags)));
  const idstr = name === undefined ? [] : [Uint8Array.of(name.length), Buffer.from(name)];
  return new Uint8Array(Buffer.concat([word, ...idstr, payload]));
}

function fillRecord(page: number, byte: number, name?: string): Uint8Array {
  return record(BigInt(page) * 4096n, name === undefined ? 0x22 : 0x02, name, Uint8Array.of(byte));
}

function pageRecord(page: number, salt: number, name?: string): Uint8Array {
  const content = Uint8Array.from({ length: 4096 }, (_, at) => (at * 7 + salt * 13 + 1) & 0xff);
  return record(BigInt(page) * 4096n, name === undefined ? 0x28 : 0x08, name, content);
}

const EOS = record(0n, 0x10, undefined, new Uint8Array());

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
];
const SMALL_STREAM = new Uint8Array(Buffer.concat([...SMALL_RECORDS, EOS]));

interface Outcome {
  consumed: number;
  status: number;
}

function freshState(): DecodeState {
  return { last_block: 0, last_page: 0, status: 0, wraps: 0 };
}

/** The core's guest beside the oracle's; the table holds one block more than decode is told of. */
class DecodeGuest {
  readonly #guarded;
  readonly #blocks;
  readonly #state;
  readonly #input;
  #model: TargetBlock[] = [];
  #model_state = freshState();

  constructor(build: CoreBuild) {
    this.#guarded = new Guarded(build, 100_000);
    const plans = [...NAMES, 'hidden'].map((name, index) => {
      return { name: Buffer.from(name), pages: PAGES[index] ?? 1, with_ram: index !== NOWHERE };
    });
    this.#blocks = new GuardedBlocks(this.#guarded, plans);
    this.#state = this.#guarded.place(16, 4);
    // an odd address for the input
    this.#guarded.place(1);
    this.#input = this.#guarded.place(INPUT_BYTES_MAX, 1);
    this.restart();
  }

  /** Empty pages, counters and state on both sides. */
  restart(): void {
    this.#model = NAMES.map((name, index) => {
      const pages = PAGES[index] ?? 0;
      const ram = index === NOWHERE ? undefined : new Uint8Array(pages * 4096);
      return { name: Buffer.from(name), pages, ram, normal: 0, zero: 0, fill: 0 };
    });
    this.#model_state = freshState();
    this.restartCore();
  }

  /** Empty pages, counters and state on the core's side alone. */
  restartCore(): void {
    this.#guarded.view(this.#state).fill(0);
    this.#blocks.clearCounters();
    for (const { ram } of this.#blocks.blocks) if (ram !== undefined) this.#guarded.view(ram).fill(0);
  }

  /** Offers input to the core alone. */
  offer(input: Uint8Array): Outcome {
    this.#guarded.seal(this.#input, input);
    const { address } = this.#blocks.table;
    const { core } = this.#guarded;
    const consumed =
      core.decode(this.#state.address, address, NAMES.length, this.#input.address, input.length) >>> 0;
    assert.ok(consumed <= input.length, `consumed ${consumed} of ${input.length}`);
    this.#guarded.check(`${input.length} bytes of input`);
    return { consumed, status: this.#guarded.u32(this.#state.address + 8) };
  }

  /** Offers input to the oracle alone. */
  expectInput(input: Uint8Array): number {
    return refDecode(this.#model_state, this.#model, input);
  }

  /** Offers input to both, and compares all that they leave. */
  decode(input: Uint8Array): Outcome {
    const fixed = this.#blocks.fixedFields();
    const outcome = this.offer(input);
    assert.is(outcome.consumed, this.expectInput(input), 'consumed');
    sameBytes(this.#blocks.fixedFields(), fixed, 'block table');
    this.compare('decode');
    return outcome;
  }

  compare(what: string): void {
    const { last_block, last_page, status, wraps } = this.#model_state;
    const state = [0, 4, 8, 12].map((at) => this.#guarded.u32(this.#state.address + at));
    assert.equal(state, [last_block, last_page, status, wraps], `${what}: state`);
    this.#model.forEach(({ ram, normal, zero, fill }, index) => {
      assert.equal(this.#blocks.counters(index), { normal, zero, fill }, `${what}: counters ${index}`);
      const range = this.#blocks.blocks[index]?.ram;
      if (range !== undefined && ram !== undefined) {
        sameBytes(this.#guarded.view(range), ram, `${what}: pages of ${index}`);
      }
    });
    assert.equal(this.#blocks.counters(NAMES.length), { normal: 0, zero: 0, fill: 0 }, `${what}: hidden`);
  }
}

/** A fault, behind records that are good. */
interface Fault {
  what: string;
  bytes: Uint8Array;
  status: number;
}

const NOTHING = new Uint8Array();

const FAULTS: readonly Fault[] = [
  { what: 'end of section', bytes: EOS, status: WORD },
  { what: 'block list', bytes: record(65_536n, 0x04, undefined, NOTHING), status: WORD },
  { what: 'both kinds at once', bytes: record(0n, 0x0a, 'pc', NOTHING), status: WORD },
  { what: 'unknown name', bytes: fillRecord(0, 0, 'vga'), status: UNKNOWN_BLOCK },
  { what: 'start of a name', bytes: fillRecord(0, 0, 'pc.ra'), status: UNKNOWN_BLOCK },
  { what: 'a name and more', bytes: fillRecord(0, 0, 'pc.ram0'), status: UNKNOWN_BLOCK },
  { what: 'empty name', bytes: fillRecord(0, 0, ''), status: UNKNOWN_BLOCK },
  { what: 'last byte of 255 differs', bytes: fillRecord(0, 0, `${LONG}c`), status: UNKNOWN_BLOCK },
  { what: 'beyond the block count', bytes: fillRecord(0, 0, 'hidden'), status: UNKNOWN_BLOCK },
  { what: 'first page beyond', bytes: fillRecord(1, 0, 'p'), status: BEYOND_BLOCK },
  { what: 'offset 2^44', bytes: record(2n ** 44n, 0x02, 'pc', Uint8Array.of(0)), status: BEYOND_BLOCK },
  { what: 'last offset', bytes: record(-4096n, 0x08, 'pc', NOTHING), status: BEYOND_BLOCK },
];

const anyName = fc.constantFrom(undefined, ...NAMES);
const anyRecord = fc.oneof(
  fc.tuple(fc.nat(2), fc.nat(255), anyName).map(([page, byte, name]) => fillRecord(page, byte, name)),
  fc.tuple(fc.nat(2), fc.nat(255), anyName).map(([page, salt, name]) => pageRecord(page, salt, name)),
);
const anyStream = fc
  .array(anyRecord, { maxLength: 5 })
  .map((records) => Buffer.concat([fillRecord(0, 1, 'pc'), ...records]));

for (const build of BUILDS) {
  const guest = new DecodeGuest(build);

  test(`${build.name}: a small stream, whole: pages, counters, wraps, and the word behind it`, () => {
    guest.restart();
    const outcome = guest.decode(SMALL_STREAM);
    assert.equal(outcome, { consumed: SMALL_STREAM.length - 8, status: WORD });
    assert.equal(guest.decode(EOS), { consumed: 0, status: WORD });
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
      assert.is(first.status, cut < SMALL_STREAM.length ? MORE : WORD, `cut at ${cut}`);
      guest.offer(SMALL_STREAM.subarray(first.consumed));
      guest.compare(`cut at ${cut}`);
    }
  });

  test(`${build.name}: any stream in any pieces`, () => {
    const pieces = fc.array(fc.oneof(fc.nat(12), fc.nat(5000)), { maxLength: 12 });
    fc.assert(
      fc.property(anyStream, pieces, (stream, sizes) => {
        guest.restart();
        let consumed = 0;
        let end = 0;
        for (const size of [...sizes, stream.length]) {
          end = Math.min(stream.length, end + size);
          consumed += guest.decode(stream.subarray(consumed, end)).consumed;
        }
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
      assert.equal(guest.decode(bytes), { consumed: 0, status: CONTINUE_FIRST });
      assert.is(guest.decode(fillRecord(0, 0, 'vga')).status, UNKNOWN_BLOCK);
      assert.equal(guest.decode(bytes), { consumed: 0, status: CONTINUE_FIRST });
      guest.decode(fillRecord(0, 0, 'pc'));
      assert.equal(guest.decode(bytes), { consumed: bytes.length, status: MORE });
    }
  });

  test(`${build.name}: of all 4096 flags, only zero and page are records, with CONTINUE or without`, () => {
    for (let flags = 0; flags < 4096; flags++) {
      guest.restart();
      guest.expectInput(fillRecord(0, 0, 'pc'));
      guest.offer(fillRecord(0, 0, 'pc'));
      const is_record = [0x02, 0x08, 0x22, 0x28].includes(flags);
      const { consumed, status } = guest.decode(record(0n, flags, undefined, NOTHING));
      assert.equal([consumed, status], [0, is_record ? MORE : WORD], `flags ${flags}`);
    }
  });

  test(`${build.name}: a fault shows as soon as its bytes are there, and no sooner`, () => {
    for (const { what, bytes } of FAULTS) {
      for (let size = 0; size <= bytes.length; size++) {
        guest.restart();
        const outcome = guest.decode(bytes.subarray(0, size));
        if (size < 8) assert.equal(outcome, { consumed: 0, status: MORE }, `${what}, ${size} bytes`);
      }
    }
  });

  test(`${build.name}: a fill record of any byte fills its page; zero is counted apart`, () => {
    for (let byte = 0; byte < 256; byte++) {
      guest.restart();
      assert.is(guest.decode(fillRecord(1, byte, 'pc')).status, MORE);
      // its pages stand nowhere: counted all the same
      assert.is(guest.decode(fillRecord(1, byte, NAMES[NOWHERE])).status, MORE);
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
