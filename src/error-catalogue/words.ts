/** What the entries of the catalogue are made of: the two parts of a wording, and how values are written in it. */

/** What one error says. */
export interface Wording {
  /** What is wrong, and where. */
  readonly what: string;
  /** What to do next; undefined where nothing can be done. */
  readonly hint: string | undefined;
  /** The whole line: what is wrong, and what to do next. */
  readonly message: string;
}

/**
 * A wording of its parts.
 *
 * @param joint what stands between them: a semicolon where `what` has a colon of its own
 */
export function say(what: string, hint?: string, joint: ': ' | '; ' = ': '): Wording {
  return { what, hint, message: hint === undefined ? what : `${what}${joint}${hint}` };
}

export const hex = (value: number | bigint): string => `0x${value.toString(16)}`;
export const at = (offset: number): string => `at offset ${offset} (${hex(offset)})`;

/** What JSON.stringify lets pass, and a terminal may act on: DEL, the C1 controls, other ends of lines. */
const STEERING = /[\u007f-\u009f\u2028\u2029]/g;
/** A name from a file, safe to print: control characters and quotes escaped. */
export const quote = (name: string): string =>
  JSON.stringify(name).replace(STEERING, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Words from a document, safe to print in a line. */
export const inLine = (text: string): string =>
  text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** `-` in words. */
export const placeOf = (output: string): string => (output === '-' ? 'standard output' : output);

/** A block of RAM, or none. */
export type NamedBytes = { readonly name: string; readonly bytes: number };
export const blockOr = (block: NamedBytes | undefined): string =>
  block === undefined ? 'none' : `${quote(block.name)} of ${block.bytes} bytes`;

/** The details of an error that has none. */
export type Nothing = Readonly<Record<never, never>>;

/** So many blocks are named in a line. */
const NAMED_MAX = 8;
export const namesOf = (blocks: readonly NamedBytes[]): string => {
  const more = blocks.length - NAMED_MAX;
  const names = blocks.slice(0, NAMED_MAX).map(({ name }) => quote(name));
  return names.join(', ') + (more > 0 ? `, and ${more} more` : '');
};
