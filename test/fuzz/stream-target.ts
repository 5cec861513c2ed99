/** Whole inputs through loader and inspector, in one piece and in several; all have to say the same. */
import { createHash } from 'node:crypto';
import * as assert from 'uvu/assert';
import { PagepipeError } from '../../src/errors.ts';
import {
  GuestLoader,
  type InspectDocument,
  inspectStream,
  type Loaded,
  loadStream,
  StreamInspector,
} from '../../src/index.ts';
import { type Marked, placeAt } from './mutate.ts';
import { checkError, log2, OF_RAM, type Outcome, shapeOf } from './oracle.ts';
import { hashOf, Random } from './random.ts';

/** Where pages had no record, loader and inspector have to agree on their number. */
const WITH_GAPS = { missing: 'zero' } as const;

type Result<T> = { readonly value: T } | { readonly error: PagepipeError };

/** RAM is compared up to this: a guest of many GiB is but address space, until it is read. */
const COMPARED_BYTES_MAX = 2 ** 20;

function attempt<T>(read: () => T): Result<T> {
  try {
    return { value: read() };
  } catch (error) {
    if (error instanceof PagepipeError) return { error };
    throw error;
  }
}

/** Formats that go to places of the file: an offset may lie where a header said, beyond the input. */
function seeks(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return text.includes('mapped-ram') || text.subarray(0, 7).toString() === 'Libvirt';
}

function randomEnds(bytes: Uint8Array, random: Random): number[] {
  if (random.chance(0.05) && bytes.length < 1500) return Array.from(bytes, (_, at) => at);
  const count = random.between(1, 6);
  return Array.from({ length: count }, () => random.below(bytes.length + 1)).sort((a, b) => a - b);
}

function readPieces(
  reader: { readFrom(piece: Uint8Array): void },
  bytes: Uint8Array,
  ends: readonly number[],
): void {
  let at = 0;
  for (const end of [...ends, bytes.length]) {
    reader.readFrom(bytes.subarray(at, end));
    at = end;
  }
}

/** All that was read of a guest, short. */
function digest({ guest, facts }: Loaded): string {
  const hash = createHash('sha1').update(JSON.stringify(facts.sections));
  hash.update(facts.tail).update(`${facts.machine} ${facts.stream_bytes} ${facts.rounds}`);
  for (const block of guest.blocks) {
    hash.update(`${block.name} ${block.bytes} ${JSON.stringify(guest.kinds(block))}`);
    if (block.bytes <= COMPARED_BYTES_MAX) hash.update(guest.ram(block));
  }
  return hash.digest('hex');
}

function describe<T>(result: Result<T>, digestOf: (value: T) => string): string {
  if ('value' in result) return digestOf(result.value);
  return `${result.error.code} ${JSON.stringify(result.error.detail, (_, value) => (typeof value === 'bigint' ? String(value) : value))}`;
}

/** Loader and inspector agree, but for what is of RAM alone. */
function checkAgreement(loaded: Result<Loaded>, inspected: Result<InspectDocument>, bytes: Uint8Array): void {
  if ('error' in loaded && OF_RAM.has(loaded.error.code)) return;
  if ('error' in inspected && inspected.error.code === 'guest-too-large') return;
  if ('value' in loaded && 'value' in inspected) {
    const { blocks, sections, stream_bytes } = inspected.value;
    assert.equal(sections, loaded.value.facts.sections, 'sections of loader and inspector');
    assert.is(stream_bytes, loaded.value.facts.stream_bytes, 'bytes of loader and inspector');
    assert.equal(
      blocks.map(({ missing_pages }) => missing_pages),
      loaded.value.facts.missing_pages,
      'missing pages of loader and inspector',
    );
    loaded.value.guest.blocks.forEach((block, index) => {
      if (loaded.value.facts.mapped_counts !== undefined) return;
      assert.equal(blocks[index]?.pages, loaded.value.guest.kinds(block), `pages of block ${index}`);
    });
    return;
  }
  // of a mapped-ram file, pages that are not there are missed only where they are read
  if ('error' in loaded && loaded.error.code === 'stream-cut' && seeks(bytes)) return;
  const [one, other] = [describe(loaded, () => 'ok'), describe(inspected, () => 'ok')];
  assert.is(one, other, 'loader and inspector differ');
}

function checkPieces<T>(whole: Result<T>, pieces: Result<T>, digestOf: (value: T) => string): void {
  if ('error' in pieces && pieces.error.code === 'input-not-seekable') return;
  assert.is(describe(pieces, digestOf), describe(whole, digestOf), 'in pieces and whole');
}

function checkSound(document: InspectDocument, bytes: Uint8Array): void {
  const is_seeking = seeks(bytes);
  if (!is_seeking) assert.is(document.stream_bytes, bytes.length, 'a stream that is read is read whole');
  let end = 0;
  for (const section of document.sections) {
    assert.ok(section.offset >= end && section.bytes > 0, `section at ${section.offset} overlaps`);
    end = section.offset + section.bytes;
  }
  assert.ok(is_seeking || end <= bytes.length, 'a section leads over the end');
  for (const value of Object.values({ ...document.pages, ...document.advice })) {
    assert.ok(value === null || (Number.isSafeInteger(value) && value >= 0), `a figure of ${value}`);
  }
}

function outcomeOf(result: Result<InspectDocument>, input: Marked): Outcome {
  if ('value' in result) {
    const { format, sections, pages, capabilities, blocks } = result.value;
    const counts = [pages.normal, pages.zero, pages.fill, pages.xbzrle, blocks.length].map(log2);
    return { code: 'ok', signature: [format, capabilities, shapeOf(sections), ...counts].join(' ') };
  }
  const { code, detail } = result.error;
  const { offset } = detail;
  const place = typeof offset === 'number' ? placeAt(input, offset) : '';
  const kind = [detail.wanted, detail.field, detail.expected].map((value) =>
    String(value ?? '').replace(/\d+/g, ''),
  );
  return { code, signature: [code, place, ...kind].join(' ') };
}

export function runStream(input: Marked): Outcome {
  const { bytes } = input;
  const random = new Random(hashOf(bytes));
  const inspected = attempt(() => inspectStream(bytes));
  const loaded = attempt(() => loadStream(bytes, WITH_GAPS));
  const offset_max = seeks(bytes) ? Number.MAX_SAFE_INTEGER : bytes.length;
  for (const result of [inspected, loaded]) {
    if (!('error' in result)) continue;
    checkError(result.error, offset_max);
    if (result.error.code === 'stream-cut' && !seeks(bytes))
      assert.is(result.error.detail.offset, bytes.length, 'a stream is cut at its end');
  }
  if ('value' in inspected) checkSound(inspected.value, bytes);
  checkAgreement(loaded, inspected, bytes);

  const ends = randomEnds(bytes, random);
  let pieces: Result<unknown>;
  if (random.chance(0.5)) {
    const found = attempt(() => {
      const inspector = new StreamInspector();
      readPieces(inspector.reader, bytes, ends);
      return inspector.end();
    });
    checkPieces(inspected, found, JSON.stringify);
    pieces = found;
  } else {
    const found = attempt(() => {
      const loader = new GuestLoader(WITH_GAPS);
      readPieces(loader.reader, bytes, ends);
      return loader.end();
    });
    checkPieces(loaded, found, digest);
    pieces = found;
  }
  const outcome = outcomeOf(inspected, input);
  const loaded_code = 'error' in loaded ? loaded.error.code : 'ok';
  const pieces_code = 'error' in pieces ? pieces.error.code : 'ok';
  const codes = [...new Set([outcome.code, loaded_code, pieces_code])];
  return { code: codes.join('+'), signature: `${outcome.signature} ${codes.join('+')}` };
}
