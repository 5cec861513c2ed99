/**
 * Every error of pagepipe: one class, a code that programs may test, and the wording.
 *
 * No other file words an error; the entries stand in `error-catalogue/`. Each message is one line: what is wrong,
 * where, and what to do next.
 * Codes that start with `usage-` mean that the call itself was wrong (the command line exits with 2);
 * all others mean that it could not be done (exit 1).
 */
import { benchErrors } from './error-catalogue/benches.ts';
import { coreErrors } from './error-catalogue/core.ts';
import { fileErrors } from './error-catalogue/files.ts';
import { modelErrors } from './error-catalogue/model.ts';
import { saveErrors } from './error-catalogue/save.ts';
import { streamErrors } from './error-catalogue/stream.ts';
import { usageErrors } from './error-catalogue/usage.ts';
import type { Wording } from './error-catalogue/words.ts';

export { quote } from './error-catalogue/words.ts';

const catalogue = {
  ...usageErrors,
  ...coreErrors,
  ...streamErrors,
  ...saveErrors,
  ...modelErrors,
  ...benchErrors,
  ...fileErrors,
} as const;

/** The code of an error; stable, for programs. */
export type ErrorCode = keyof typeof catalogue;

/** What each error carries: offsets, values, names. */
export type ErrorDetails = { [C in ErrorCode]: Parameters<(typeof catalogue)[C]>[0] };

const wordings: { readonly [C in ErrorCode]: (d: ErrorDetails[C]) => Wording } = catalogue;

/**
 * The one error class of pagepipe.
 *
 * @example
 * try { await load(bytes) } catch (e) {
 *   if (e instanceof PagepipeError && e.code === 'stream-cut') console.log(e.detail.offset)
 * }
 */
export class PagepipeError extends Error {
  override readonly name = 'PagepipeError';
  readonly code: ErrorCode;
  /** What is wrong, and where, without what to do about it. */
  readonly what: string;
  /** What to do next; undefined where nothing can be done. */
  readonly hint: string | undefined;
  /** Offsets in bytes, values and names, by the keys of the code's entry in the catalogue. */
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    { what, hint, message }: Wording,
    detail: Readonly<Record<string, unknown>>,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.what = what;
    this.hint = hint;
    this.detail = detail;
  }

  /** Whether the call was wrong (true), or it could not be done (false). */
  get is_usage(): boolean {
    return this.code.startsWith('usage-');
  }
}

/**
 * Makes the error of a code.
 *
 * @example throw fail('usage-size', { text: '12 parsecs' });
 */
export function fail<C extends ErrorCode>(code: C, detail: ErrorDetails[C], cause?: unknown): PagepipeError {
  return new PagepipeError(code, wordings[code](detail), { ...detail }, cause);
}

/** An error in plain values: its class does not survive the way to another thread. */
export type PlainError =
  | { readonly name: string; readonly message: string; readonly code?: never }
  | (Wording & { readonly code: ErrorCode; readonly detail: Readonly<Record<string, unknown>> });

/** What another thread is told of an error. */
export function plainError(error: unknown): PlainError {
  if (error instanceof PagepipeError) {
    const { code, what, hint, message, detail } = error;
    return { code, what, hint, message, detail };
  }
  return error instanceof Error
    ? { name: error.name, message: error.message }
    : { name: 'Error', message: String(error) };
}

/** The error again that another thread has told of. */
export function restoredError(plain: PlainError): Error {
  if (plain.code !== undefined) return new PagepipeError(plain.code, plain, plain.detail);
  return Object.assign(new Error(plain.message), { name: plain.name });
}
