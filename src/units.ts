/**
 * Sizes, rates and durations: strict in, readable out.
 *
 * Numbers are parsed as decimals of any length and multiplied exactly; what is no whole byte or nanosecond
 * in the end is cut off: 1.1GiB is 1,181,116,006 bytes. A fraction of the smallest unit itself (1.5B) is a
 * slip, not a size, and refused.
 */
import { fail } from './errors.ts';

const SIZE_UNITS: Readonly<Record<string, bigint>> = {
  B: 1n,
  KiB: 2n ** 10n,
  MiB: 2n ** 20n,
  GiB: 2n ** 30n,
  TiB: 2n ** 40n,
  kB: 10n ** 3n,
  MB: 10n ** 6n,
  GB: 10n ** 9n,
  TB: 10n ** 12n,
};

const DURATION_UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 10n ** 3n,
  ms: 10n ** 6n,
  s: 10n ** 9n,
  min: 60n * 10n ** 9n,
};

const NUMBER = /^(\d+)(?:\.(\d+))?([A-Za-z]*)$/;

/**
 * `text` as a whole number of the smallest unit; undefined if it is none.
 *
 * @throws `usage-too-large` over 2^53 - 1, up to where whole numbers are exact
 */
function parseWith(
  text: string,
  units: Readonly<Record<string, bigint>>,
  bare: bigint | undefined,
): number | undefined {
  const [, whole, fraction = '', unit = ''] = NUMBER.exec(text) ?? [];
  const factor = unit === '' ? bare : Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (whole === undefined || factor === undefined) return undefined;
  if (factor === 1n && fraction !== '') return undefined;
  const value = (BigInt(whole + fraction) * factor) / 10n ** BigInt(fraction.length);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw fail('usage-too-large', { text });
  return Number(value);
}

/**
 * A size in whole bytes; a bare number is bytes.
 *
 * @throws `usage-size`, `usage-too-large`
 * @example parseSize('64KiB') // 65536; also '4096', '1.5GiB', '10MB'
 */
export function parseSize(text: string): number {
  const bytes = parseWith(text, SIZE_UNITS, 1n);
  if (bytes === undefined) throw fail('usage-size', { text });
  return bytes;
}

/**
 * A rate in bytes a second; the unit and `/s` must be there.
 *
 * @throws `usage-rate`, also for 0; `usage-too-large`
 * @example parseRate('32MiB/s') // 33554432
 */
export function parseRate(text: string): number {
  const bytes_per_s = text.endsWith('/s') ? parseWith(text.slice(0, -2), SIZE_UNITS, undefined) : undefined;
  if (bytes_per_s === undefined || bytes_per_s === 0) throw fail('usage-rate', { text });
  return bytes_per_s;
}

/**
 * A duration in whole nanoseconds; the unit must be there.
 *
 * @throws `usage-duration`, `usage-too-large`
 * @example parseDuration('250us') // 250000
 */
export function parseDuration(text: string): number {
  const ns = parseWith(text, DURATION_UNITS, undefined);
  if (ns === undefined) throw fail('usage-duration', { text });
  return ns;
}

/**
 * A share from 0 to 1, written in per cent.
 *
 * @throws `usage-share`
 * @example parseShare('60%') // 0.6
 */
export function parseShare(text: string): number {
  const [, percent] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? [];
  // the decimal is moved before it is rounded: 33.3 / 100 would be 0.33299999999999996
  const share = percent === undefined ? Number.NaN : Number(`${percent}e-2`);
  if (!(share >= 0 && share <= 1)) throw fail('usage-share', { text });
  return share;
}

/** Three digits that count: 1.23, 12.3, 123. */
function threeDigits(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  return value.toFixed(value >= 9.995 ? 1 : 2);
}

/** A name, how many of the smallest it holds, and from how many of itself on the next is taken. */
type Unit = readonly [name: string, factor: number, limit: number];

/**
 * In the first unit, smallest first, in which the number *as printed* stays under the limit: 1048575 bytes
 * are 1.00 MiB, not 1024 KiB. The smallest unit has no fractions.
 */
function formatIn(value: number, units: readonly Unit[]): string {
  for (const [name, factor, limit] of units) {
    const digits = factor === 1 ? value.toFixed(0) : threeDigits(value / factor);
    if (Number(digits) < limit) return `${digits} ${name}`;
  }
  return String(value);
}

const BINARY: readonly Unit[] = [
  ['B', 1, 1024],
  ['KiB', 2 ** 10, 1024],
  ['MiB', 2 ** 20, 1024],
  ['GiB', 2 ** 30, 1024],
  ['TiB', 2 ** 40, Number.POSITIVE_INFINITY],
];

/** Bytes, from 0 up. @example formatBytes(2 ** 30) // '1.00 GiB' */
export function formatBytes(bytes: number): string {
  return formatIn(bytes, BINARY);
}

/** Bytes a second, from 0 up. @example formatRate(134217728) // '128 MiB/s' */
export function formatRate(bytes_per_s: number): string {
  return `${formatIn(bytes_per_s, BINARY)}/s`;
}

/** Gigabytes (10^9) a second. @example formatGbPerS(1.234e9) // '1.23 GB/s' */
export function formatGbPerS(bytes_per_s: number): string {
  return `${threeDigits(bytes_per_s / 1e9)} GB/s`;
}

const DURATIONS: readonly Unit[] = [
  ['ns', 1, 1000],
  ['us', 1e3, 1000],
  ['ms', 1e6, 1000],
  ['s', 1e9, Number.POSITIVE_INFINITY],
];

/** Nanoseconds, from 0 up. @example formatNs(312_400) // '312 us' */
export function formatNs(ns: number): string {
  return formatIn(ns, DURATIONS);
}

/** Milliseconds, from 0 up. @example formatMs(4926) // '4.93 s'; 15 is '15.0 ms' */
export function formatMs(ms: number): string {
  return formatNs(ms * 1e6);
}

/** Thousands apart, the same in every locale. @example formatCount(1234567) // '1,234,567' */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** Milliseconds to the microsecond. */
export function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** Nanoseconds as milliseconds to the microsecond, rounded once: 0.5005 * 1000 is 500.4999... and would lose one. */
export function msOfNs(ns: number): number {
  return Math.round(ns / 1000) / 1000;
}
