/** Options of the command line as values; every parser throws a usage error that says what is taken. */
import { fail } from '../errors.ts';
import { PAGE_BYTES } from '../guest/guest.ts';
import { type PolicyName, type PolicySpec, withNamedPolicy } from '../policy/named.ts';
import type { Policy } from '../policy/policy.ts';
import { QEMU_SLICE_NS } from '../policy/slice.ts';
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

export type { PolicyName };
export { parseDuration, parseSize };

const POLICY_NAMES: readonly PolicyName[] = ['unlimited', 'window', 'token-bucket', 'adaptive'];
export const parsePolicyName = oneOf('--policy', POLICY_NAMES);

/** What the three options on bandwidth come to. */
export interface BandwidthOptions {
  readonly policy?: PolicyName | undefined;
  readonly limit_bytes_per_s: number | undefined;
  readonly slice_ns: number | undefined;
  /** The blackout that `adaptive` stays under. */
  readonly target_ns?: number | undefined;
}

/** The policy that the options name. @throws `usage-needs`, `usage-contradiction` */
export function policyOf({
  policy: name,
  limit_bytes_per_s,
  slice_ns,
  target_ns,
}: BandwidthOptions): PolicySpec {
  if (target_ns !== undefined && name !== 'adaptive') {
    throw fail('usage-needs', { option: '--target', needs: '--policy adaptive' });
  }
  const chosen = name ?? (limit_bytes_per_s === undefined ? 'unlimited' : 'window');
  if (chosen === 'unlimited') {
    if (limit_bytes_per_s !== undefined) throw contradiction('--policy unlimited', '--limit with a rate');
    return { name: chosen, slice_ns };
  }
  if (chosen === 'adaptive') return { name: chosen, slice_ns, limit_bytes_per_s, target_ns };
  if (limit_bytes_per_s === undefined) {
    throw fail('usage-needs', {
      option: `--policy ${chosen}`,
      needs: '--limit with a rate, such as 32MiB/s',
    });
  }
  return { name: chosen, slice_ns, limit_bytes_per_s };
}

/** The policy that the options name, and `use`, which has it with its own type of state. */
export function withPolicy<T>(options: BandwidthOptions, use: <State>(policy: Policy<State>) => T): T {
  return withNamedPolicy(policyOf(options), use);
}

/** The error of two options that contradict each other. */
export function contradiction(one: string, other: string): Error {
  return fail('usage-contradiction', { one, other });
}
