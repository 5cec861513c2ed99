/** What holds of every outcome, and what makes two outcomes differ. */
import * as assert from 'uvu/assert';
import type { ErrorCode, PagepipeError } from '../../src/errors.ts';

export interface Outcome {
  /** `ok`, an error's code, or a status of the core. */
  readonly code: string;
  /** Code, kind of place and what was read: an input with a new one is kept. */
  readonly signature: string;
}

/** Neither values that were not there, nor anything that a terminal would act on. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const BAD_MESSAGE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]|undefined|NaN|\[object/;

/**
 * The message is one line of plain text, and the offset lies in the input.
 *
 * @param end the largest offset that may be named
 */
export function checkError(error: PagepipeError, end: number): void {
  const bad = BAD_MESSAGE.exec(error.message);
  assert.is(
    bad,
    null,
    `message of ${error.code} holds ${JSON.stringify(bad?.[0])}: ${JSON.stringify(error.message)}`,
  );
  const { offset } = error.detail;
  if (offset === undefined) return;
  assert.ok(
    typeof offset === 'number' && Number.isSafeInteger(offset),
    `${error.code}: offset ${String(offset)}`,
  );
  assert.ok(offset >= 0 && offset <= end, `${error.code}: offset ${offset} is not within 0 to ${end}`);
}

/** Codes that a guest may be refused with and its inspection not: they are of its RAM, which is made. */
export const OF_RAM: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'guest-too-large',
  'ram-not-here',
  'memory-full',
]);

export function log2(value: number): number {
  return value === 0 ? -1 : Math.floor(Math.log2(value));
}

/** Kinds of sections in order, those alike taken together. */
export function shapeOf(
  sections: readonly { type: string; name: string; by_search?: true; bytes: number }[],
): string {
  const kinds = sections.map(({ type, by_search }) => `${type}${by_search ? '?' : ''}`);
  return kinds.filter((kind, at) => at < 8 && kind !== kinds[at - 1]).join(' ');
}
