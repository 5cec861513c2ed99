/** What a sweep varies: keys of the scenario and the seed, each with its values, as `--vary` has them. */
import { fail } from '../errors.ts';

/** A key and the values that it takes, in order. */
export interface Axis {
  readonly key: string;
  readonly values: readonly string[];
}

/** The key that is no path of the scenario. */
export const SEED_KEY = 'seed';
/** A sweep's cells stand in memory with a few figures each. */
export const CELLS_MAX = 1_000_000;

const OPENING = '[{';
const CLOSING = ']}';

/** How many cells axes make: one of each combination of their values. */
export function cellsOf(axes: readonly Axis[]): number {
  return axes.reduce((cells, { values }) => cells * values.length, 1);
}

/** A text at its commas, but for those within brackets: a range of the scenario is a list. */
export function splitValues(text: string): string[] {
  const values: string[] = [];
  let depth = 0;
  let is_quoted = false;
  let value = '';
  for (const char of text) {
    if (char === '"' && depth > 0) is_quoted = !is_quoted;
    if (!is_quoted && OPENING.includes(char)) depth++;
    if (!is_quoted && CLOSING.includes(char)) depth--;
    if (char === ',' && depth <= 0) {
      values.push(value);
      value = '';
    } else {
      value += char;
    }
  }
  return [...values, value];
}

/** A seed, or all seeds from one to another. */
function seedsOf(text: string): string[] {
  const [, first = '', last = first] = /^(\d+)(?:\.\.(\d+))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === '' || !Number.isSafeInteger(to) || to < from) throw fail('usage-vary-seed', { text });
  if (to - from >= CELLS_MAX) throw fail('usage-sweep-size', { cells: to - from + 1, cells_max: CELLS_MAX });
  return Array.from({ length: to - from + 1 }, (_, i) => String(from + i));
}

/** The first of some texts that was there before. */
function repeated(texts: readonly string[]): string | undefined {
  if (new Set(texts).size === texts.length) return undefined;
  return texts.find((text, i) => texts.indexOf(text) < i);
}

/**
 * One `--vary`.
 *
 * @throws `usage-vary`, `usage-vary-seed`, `usage-vary-twice`
 * @example parseVary('policy.slice=20ms,50ms') // { key: 'policy.slice', values: ['20ms', '50ms'] }
 */
export function parseVary(text: string): Axis {
  const [, key = '', list = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  const texts = splitValues(list);
  if (key === '' || texts.includes('')) throw fail('usage-vary', { text });
  const values = key === SEED_KEY ? texts.flatMap(seedsOf) : texts;
  const twice = repeated(values);
  if (twice !== undefined) throw fail('usage-vary-twice', { what: `${key}=${twice}` });
  return { key, values };
}

/**
 * All that is varied, in order; where the seed is not, it comes last with one value.
 *
 * @throws what `parseVary` throws, and `usage-sweep-size`
 */
export function parseAxes(texts: readonly string[], seed: number): Axis[] {
  const varied = texts.map(parseVary);
  const keys = varied.map(({ key }) => key);
  const twice = repeated(keys);
  if (twice !== undefined) throw fail('usage-vary-twice', { what: twice });
  const axes = keys.includes(SEED_KEY) ? varied : [...varied, { key: SEED_KEY, values: [String(seed)] }];
  const cells = cellsOf(axes);
  if (cells > CELLS_MAX) throw fail('usage-sweep-size', { cells, cells_max: CELLS_MAX });
  return axes;
}
