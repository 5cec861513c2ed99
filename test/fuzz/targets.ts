/** What is done with an input of each family, and what has to hold: whatever breaks it is thrown, and a finding. */
import * as assert from 'uvu/assert';
import { PagepipeError } from '../../src/errors.ts';
import { splitTail } from '../../src/format/tail.ts';
import { DecodeGuest, STATUS } from '../assembly/decode-guest.ts';
import { WHOLE, decode as xbzrleDecode } from '../ref/xbzrle.ts';
import { BUILDS } from '../support/core-builds.ts';
import { Guarded, sameBytes } from '../support/guarded.ts';
import { type Marked, placeAt } from './mutate.ts';
import { checkError, log2, type Outcome, shapeOf } from './oracle.ts';
import { hashOf, Random } from './random.ts';
import type { Family } from './seeds.ts';
import { runStream } from './stream-target.ts';

const PLANS = [
  { name: Buffer.from('ram'), pages: 5, with_ram: true },
  { name: Buffer.from('rom'), pages: 2, with_ram: true, first: 1, beyond: 3 },
  { name: Buffer.from('x'), pages: 6, with_ram: false, with_present: false, with_seen: false },
];
const RECORDS_BYTES_MAX = 30_000;
const PAYLOAD_BYTES_MAX = 6000;

interface XbzrleGuest {
  readonly guarded: Guarded;
  readonly page: ReturnType<Guarded['place']>;
  readonly payload: ReturnType<Guarded['place']>;
}

/** Made anew after a finding: what the core did to its memory would be found again and again. */
let record_guests: DecodeGuest[] = [];
let xbzrle_guests: XbzrleGuest[] = [];

function makeGuests(): void {
  record_guests = BUILDS.map((build) => new DecodeGuest(build, PLANS));
  xbzrle_guests = BUILDS.map((build) => {
    const guarded = new Guarded(build, 20_000);
    return { guarded, page: guarded.place(4096, 1), payload: guarded.place(PAYLOAD_BYTES_MAX, 1) };
  });
}

/** The core, its oracle and its guarded memory: all builds agree with the oracle, and so with each other. */
function runRecords(input: Marked): Outcome {
  const bytes = input.bytes.subarray(0, RECORDS_BYTES_MAX);
  const random = new Random(hashOf(bytes));
  const ends = random.chance(0.5)
    ? []
    : Array.from({ length: 3 }, () => random.below(bytes.length + 1)).sort((a, b) => a - b);
  const outcomes = record_guests.map((guest) => {
    guest.restart();
    let consumed = 0;
    let status = 0;
    let calls = 0;
    for (const end of [...ends, bytes.length]) {
      const done = guest.decode(bytes.subarray(consumed, end));
      consumed += done.consumed;
      status = done.status;
      if (done.consumed > 0) calls++;
      if (status !== STATUS.more) break;
    }
    return { consumed, status, calls };
  });
  for (const outcome of outcomes) assert.equal(outcome, outcomes[0], 'the builds differ');
  const { consumed, status, calls } = outcomes[0] ?? { consumed: 0, status: 0, calls: 0 };
  const code = Object.entries(STATUS).find(([, value]) => value === status)?.[0] ?? 'none';
  return {
    code: `core:${code}`,
    signature: [code, placeAt(input, consumed), log2(consumed), calls].join(' '),
  };
}

function runXbzrle(input: Marked): Outcome {
  const bytes = input.bytes.subarray(0, PAYLOAD_BYTES_MAX);
  const seed = hashOf(bytes);
  const wanted_page = new Uint8Array(4096).map((_, at) => (at * 13 + seed) & 0xff);
  const before = wanted_page.slice();
  const wanted = xbzrleDecode(wanted_page, bytes);
  for (const { guarded, page, payload } of xbzrle_guests) {
    guarded.seal(payload, bytes);
    guarded.resize(page, 4096);
    guarded.view(page).set(before);
    assert.is(guarded.core.xbzrle_decode(0, payload.address, bytes.length) >>> 0, wanted, 'checked only');
    sameBytes(guarded.view(page), before, 'checked only: the page');
    assert.is(guarded.core.xbzrle_decode(page.address, payload.address, bytes.length) >>> 0, wanted, 'fault');
    sameBytes(guarded.view(page), wanted_page, 'the page');
    guarded.check('xbzrle_decode');
  }
  const changed = before.reduce((count, byte, at) => count + (byte === wanted_page[at] ? 0 : 1), 0);
  if (wanted === WHOLE)
    return { code: 'core:whole', signature: `whole ${log2(changed)} ${log2(bytes.length)}` };
  const left = Math.min(4, bytes.length - wanted);
  return {
    code: 'core:fault',
    signature: `fault ${placeAt(input, wanted)} ${log2(changed)} ${log2(wanted)} ${left}`,
  };
}

const BEGUN: ReadonlyMap<number, string> = new Map([
  [2, 'ram'],
  [5, 'slirp'],
]);
const TAIL_OFFSET = 1000;

function runTail(input: Marked): Outcome {
  const { bytes } = input;
  try {
    const sections = splitTail(bytes, TAIL_OFFSET, 4096, BEGUN);
    let end = TAIL_OFFSET;
    for (const section of sections) {
      assert.ok(section.offset >= end && section.bytes > 0, `section at ${section.offset} overlaps`);
      end = section.offset + section.bytes;
    }
    assert.ok(end < TAIL_OFFSET + bytes.length, 'a section leads over the end');
    return { code: 'ok', signature: shapeOf(sections) };
  } catch (error) {
    if (!(error instanceof PagepipeError)) throw error;
    checkError(error, TAIL_OFFSET + bytes.length);
    const { offset, wanted = '' } = error.detail;
    const place = typeof offset === 'number' ? placeAt(input, offset - TAIL_OFFSET) : '';
    return { code: error.code, signature: `${error.code} ${place} ${String(wanted)}` };
  }
}

/** Runs an input. @throws whatever is a finding */
export function run(family: Family, input: Marked): Outcome {
  if (record_guests.length === 0) makeGuests();
  try {
    switch (family) {
      case 'records':
        return runRecords(input);
      case 'xbzrle':
        return runXbzrle(input);
      case 'tail':
        return runTail(input);
      default:
        return runStream(input);
    }
  } catch (fault) {
    record_guests = [];
    throw fault;
  }
}
