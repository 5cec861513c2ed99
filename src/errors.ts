/**
 * Every error of pagepipe: one class, a code that programs may test, and the wording.
 *
 * No other file words an error. Each message is one line: what is wrong, where, and what to do.
 * Codes that start with `usage-` mean that the call itself was wrong (the command line exits with 2);
 * all others mean that it could not be done (exit 1).
 */

const hex = (value: number | bigint): string => `0x${value.toString(16)}`;

type Nothing = Readonly<Record<never, never>>;

const catalogue = {
  // --- usage: sizes, rates, durations -------------------------------------------------------------
  'usage-size': (d: { text: string }) =>
    `"${d.text}" is not a size: give bytes or a unit B, KiB, MiB, GiB, TiB, kB, MB, GB, TB, such as 64KiB`,
  'usage-rate': (d: { text: string }) =>
    `"${d.text}" is not a rate: give a size a second with its unit, such as 32MiB/s or 1.5GB/s`,
  'usage-duration': (d: { text: string }) =>
    `"${d.text}" is not a duration: give a number with a unit ns, us, ms, s, min, such as 50ms`,

  // --- the core and its memory --------------------------------------------------------------------
  'wasm-forbidden': (_: Nothing) =>
    "the page's Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src",
  'memory-full': (d: { wanted_bytes: number }) =>
    `no memory for ${d.wanted_bytes} bytes: close other programs, or save a smaller guest`,
} as const;

/** The code of an error; stable, for programs. */
export type ErrorCode = keyof typeof catalogue;

/** What each error carries: offsets, values, names. */
export type ErrorDetails = { [C in ErrorCode]: Parameters<(typeof catalogue)[C]>[0] };

const wordings: { readonly [C in ErrorCode]: (d: ErrorDetails[C]) => string } = catalogue;

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
  /** Offsets in bytes, values and names, by the keys of the code's entry above. */
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, detail: Readonly<Record<string, unknown>>, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
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
