/** Options of the command line as values; every parser throws a usage error that says what is taken. */
import { fail } from '../errors.ts';
import { PAGE_BYTES } from '../guest/guest.ts';
import { QEMU_SLICE_NS } from '../policy/slice.ts';
import { POLICIES, POLICY_NAMES, type PolicyName, type PolicySpec, policyNameOf } from '../policy/table.ts';
import { parseDuration, parseRate, parseSize } from '../units.ts';

/** A whole number from `min` up, or up to `max`. */
export function wholeNumber(option: string, min: number, max?: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < min || value > (max ?? value)) {
      throw fail('usage-number', { option, text, min, ...(max === undefined ? {} : { max }) });
    }
    return value;
  };
}

/** A share in per cent, without the sign. */
export function parsePercent(option: string): (text: string) => number {
  return (text) => {
    const percent = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (!(percent > 0 && percent < 100)) throw fail('usage-percent', { option, text });
    return percent;
  };
}

/** One of a few words. */
export function oneOf<Word extends string>(option: string, words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const word = words.find((candidate) => candidate === text);
    if (word === undefined) throw fail('usage-word', { option, text, words });
    return word;
  };
}

/** The size of a synthetic guest: whole pages, and one at least. */
export function parseGuestSize(text: string): number {
  const bytes = parseSize(text);
  if (bytes === 0 || bytes % PAGE_BYTES !== 0) {
    throw fail('usage-guest-size', { bytes, page_bytes: PAGE_BYTES });
  }
  return bytes;
}

/** `unlimited`, or a rate in bytes a second. */
export function parseLimit(text: string): number | 'unlimited' {
  return text === 'unlimited' ? text : parseRate(text);
}

/** `off`, or a duration in nanoseconds. */
export function parseSlice(text: string): number | 'off' {
  return text === 'off' ? text : parseDuration(text);
}

/** The number of an option that may also be a word for none. (Commander takes no undefined from a parser.) */
export function numberOrNone(value: number | string | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

export const SLICE_DEFAULT_NS = QEMU_SLICE_NS;

export { parseDuration, parseSize };

export const parsePolicyName = oneOf('--policy', POLICY_NAMES);

/**
 * The policy that the options name, in plain values. What it lacks or has too much is told by the options' names.
 *
 * @throws `usage-needs`, `usage-contradiction`
 */
export function policySpecOf(spec: PolicySpec): PolicySpec & { readonly name: PolicyName } {
  const name = policyNameOf(spec);
  const { limit, has_target } = POLICIES[name];
  const has_limit = spec.limit_bytes_per_s !== undefined;
  if (spec.target_ns !== undefined && !has_target) {
    throw fail('usage-needs', { option: '--target', needs: '--policy adaptive' });
  }
  if (limit === 'none' && has_limit) throw contradiction(`--policy ${name}`, '--limit with a rate');
  if (limit === 'needed' && !has_limit) {
    throw fail('usage-needs', { option: `--policy ${name}`, needs: '--limit with a rate, such as 32MiB/s' });
  }
  return { ...spec, name };
}

/** The error of two options that contradict each other. */
export function contradiction(one: string, other: string): Error {
  return fail('usage-contradiction', { one, other });
}
