/** Readers in tests: what refuses a stream, and streams that come in pieces. */
import * as assert from 'uvu/assert';
import { GuestLoader, type Loaded, type LoadOptions, PagepipeError } from '../../src/index.ts';
import type { Section } from '../ref/stream.ts';

/** The error of one line that refuses an input; any other exception fails the test. */
export function refusal(read: () => unknown, how = ''): PagepipeError {
  try {
    read();
  } catch (error) {
    if (!(error instanceof PagepipeError)) throw error;
    assert.not.match(error.message, /\n|undefined|\[object|NaN/);
    return error;
  }
  throw new Error(`accepted: ${how}`);
}

/** It is refused with a code and these details; `wanted` may leave wording out. Returns the error. */
export function assertRefusal(
  read: () => unknown,
  code: string,
  wanted: Readonly<Record<string, unknown>>,
  how = code,
): PagepipeError {
  const error = refusal(read, how);
  const found = Object.fromEntries(Object.keys(wanted).map((key) => [key, error.detail[key]]));
  assert.equal({ code: error.code, ...found }, { code, ...wanted }, `${how}: ${error.message}`);
  return error;
}

/** Loads a stream that comes in pieces, which end at `ends` and at its end. */
export function loadPieces(stream: Uint8Array, ends: readonly number[], options: LoadOptions = {}): Loaded {
  const loader = new GuestLoader(options);
  let at = 0;
  for (const end of [...ends, stream.length]) {
    loader.reader.readFrom(stream.subarray(at, end));
    at = end;
  }
  return loader.end();
}

/** The guest has just these blocks, with these bytes. */
export function assertRam({ guest }: Loaded, ram: ReadonlyMap<string, Uint8Array>, how: string): void {
  assert.equal(
    guest.blocks.map((block) => block.name),
    [...ram.keys()],
    `blocks, ${how}`,
  );
  for (const block of guest.blocks) {
    const wanted = ram.get(block.name) ?? new Uint8Array(0);
    assert.is(Buffer.compare(guest.ram(block), wanted), 0, `RAM of ${block.name}, ${how}`);
  }
}

/** The sections as they are listed where the end of those of some ids has to be searched for. */
export function withSearch(sections: readonly Section[], ids: readonly number[]): object[] {
  return sections.map((section) => (ids.includes(section.id) ? { ...section, by_search: true } : section));
}
