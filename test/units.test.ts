import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PagepipeError } from '../src/errors.ts';
import {
  formatBytes,
  formatCount,
  formatGbPerS,
  formatMs,
  formatNs,
  formatRate,
  parseDuration,
  parseRate,
  parseShare,
  parseSize,
} from '../src/units.ts';

const codeOf = (error: unknown): string => (error instanceof PagepipeError ? error.code : String(error));
const code = (wanted: string) => (error: unknown) => codeOf(error) === wanted;

const SIZE_BYTES: readonly (readonly [string, number])[] = [
  ['0', 0],
  ['4096', 4096],
  ['007', 7],
  ['1B', 1],
  ['64KiB', 65_536],
  ['1MiB', 1_048_576],
  ['1.5GiB', 1_610_612_736],
  ['2TiB', 2_199_023_255_552],
  ['3kB', 3000],
  ['10MB', 10_000_000],
  ['2GB', 2_000_000_000],
  ['1TB', 1_000_000_000_000],
  // 1.1 * 2^30 = 1181116006.4; in floats 1.1GiB + 0.3GiB and the like go astray
  ['1.1GiB', 1_181_116_006],
  ['0.0001KiB', 0],
  ['1.9999999999999999999999KiB', 2047],
  ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ['8191.9999TiB', 9_007_199_144_789_829],
];

for (const [text, bytes] of SIZE_BYTES) {
  test(`parseSize ${text}`, () => assert.is(parseSize(text), bytes));
}

const NO_SIZES = [
  '',
  ' ',
  '-1',
  '-64KiB',
  '+1',
  '1.5',
  '1.5B',
  '1.0',
  '.5KiB',
  '1.KiB',
  '1..5KiB',
  '1.5.5KiB',
  '1e3',
  '0x10',
  '1 KiB',
  '1KiB ',
  '1KiB\n',
  'KiB',
  '1K',
  '1kib',
  '1KB',
  '1mb',
  '1,000',
  '1_000',
  '1MiB/s',
  '1toString',
  '1constructor',
  '\u0661KiB',
  'NaN',
  'Infinity',
];

for (const text of NO_SIZES) {
  test(`parseSize refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseSize(text), code('usage-size'));
  });
}

test('what is beyond 2^53 - 1 is refused as too large, not as junk', () => {
  for (const text of ['9007199254740992', '8192TiB', '99999999999999999999', '9007199254740.992kB']) {
    assert.throws(() => parseSize(text), code('usage-too-large'), text);
  }
  assert.throws(() => parseRate('8192TiB/s'), code('usage-too-large'));
  assert.throws(() => parseDuration('9007199.254740992s'), code('usage-too-large'));
  assert.is(parseDuration('9007199.254740991s'), Number.MAX_SAFE_INTEGER);
});

test('parseSize takes any decimal exactly and cuts the rest of a byte off', () => {
  const units = { KiB: 10, MiB: 20, GiB: 30 };
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.entries(units)),
      fc.nat(100_000),
      fc.nat(999_999),
      ([unit, bits], whole, millionths) => {
        const text = `${whole}.${String(millionths).padStart(6, '0')}${unit}`;
        // long division by hand of the parts: no product here reaches 2^53
        const unit_bytes = 2 ** bits;
        const high = millionths * 2 ** (bits - 10);
        const rest = Math.floor((high % 1_000_000) * 1024);
        const bytes = whole * unit_bytes + Math.floor(high / 1_000_000) * 1024 + Math.floor(rest / 1_000_000);
        assert.is(parseSize(text), bytes, text);
      },
    ),
  );
});

test('no parser gives anything but a whole number from 0 up, or a usage error', () => {
  const texts = fc.oneof(
    fc.string(),
    fc.stringMatching(/^-?\d{0,20}(\.\d{0,20})?([KMG]i?B|ns|us|ms|s|min|%)?(\/s)?$/),
  );
  fc.assert(
    fc.property(texts, fc.constantFrom(parseSize, parseRate, parseDuration), (text, parse) => {
      let value = 0;
      try {
        value = parse(text);
      } catch (error) {
        assert.match(codeOf(error), /^usage-/);
      }
      assert.ok(Number.isSafeInteger(value) && value >= 0, `${text} gave ${value}`);
    }),
  );
});

test('parseRate needs a unit and /s', () => {
  assert.is(parseRate('32MiB/s'), 33_554_432);
  assert.is(parseRate('1.5GB/s'), 1_500_000_000);
  assert.is(parseRate('9B/s'), 9);
  for (const text of [
    '32',
    '32MiB',
    '32/s',
    '32MiB/S',
    '32MiB/min',
    '32MiB /s',
    '/s',
    '-1MiB/s',
    '0MiB/s',
    '',
  ]) {
    assert.throws(() => parseRate(text), code('usage-rate'), text);
  }
});

test('parseDuration needs a unit', () => {
  assert.is(parseDuration('7ns'), 7);
  assert.is(parseDuration('250us'), 250_000);
  assert.is(parseDuration('50ms'), 50_000_000);
  assert.is(parseDuration('2s'), 2_000_000_000);
  assert.is(parseDuration('1.5min'), 90_000_000_000);
  assert.is(parseDuration('0ms'), 0);
  assert.is(parseDuration('0.0000019ms'), 1);
  for (const text of ['50', '', 'ms', '1.5ns', '1h', '1S', '-1ms', '50 ms', '1e3ms', '50ms/s']) {
    assert.throws(() => parseDuration(text), code('usage-duration'), text);
  }
});

test('a bare number where a unit is needed says which units are taken', () => {
  for (const unit of ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'kB', 'MB', 'GB', 'TB']) {
    assert.throws(() => parseRate('32'), new RegExp(`\\b${unit}\\b.*with /s`));
  }
  for (const unit of ['ns', 'us', 'ms', 's', 'min']) {
    assert.throws(() => parseDuration('50'), new RegExp(`\\b${unit}\\b`));
  }
  assert.throws(() => parseShare('60'), /%/);
});

test('parseShare takes 0% to 100%', () => {
  assert.is(parseShare('60%'), 0.6);
  assert.is(parseShare('0%'), 0);
  assert.is(parseShare('100%'), 1);
  // 33.3 / 100 is 0.33299999999999996
  assert.is(parseShare('33.3%'), 0.333);
  for (const text of ['0.6', '60', '%', '-1%', '100.1%', '101%', '1e1%', '60 %', '.5%', '5.%', '']) {
    assert.throws(() => parseShare(text), code('usage-share'), text);
  }
});

test('formatBytes', () => {
  assert.is(formatBytes(0), '0 B');
  assert.is(formatBytes(1023), '1023 B');
  assert.is(formatBytes(1024), '1.00 KiB');
  assert.is(formatBytes(1536), '1.50 KiB');
  assert.is(formatBytes(45_136), '44.1 KiB');
  assert.is(formatBytes(2 ** 30), '1.00 GiB');
  assert.is(formatBytes(2_347_761_664), '2.19 GiB');
  assert.is(formatBytes(5 * 2 ** 50), '5120 TiB');
});

test('a number that is rounded up to the next unit is printed in it', () => {
  assert.is(formatBytes(1_048_575), '1.00 MiB');
  assert.is(formatBytes(2 ** 40 - 1), '1.00 TiB');
  assert.is(formatBytes(1023 * 1024), '1023 KiB');
  assert.is(formatMs(999.4), '999 ms');
  assert.is(formatMs(999.6), '1.00 s');
  assert.is(formatNs(999_600), '1.00 ms');
  assert.is(formatNs(9_996), '10.0 us');
  assert.is(formatNs(99_960), '100 us');
});

test('formatRate and formatGbPerS', () => {
  assert.is(formatRate(134_217_728), '128 MiB/s');
  assert.is(formatRate(33_554_432), '32.0 MiB/s');
  assert.is(formatRate(9), '9 B/s');
  assert.is(formatGbPerS(1.234e9), '1.23 GB/s');
  assert.is(formatGbPerS(12.34e9), '12.3 GB/s');
  assert.is(formatGbPerS(0), '0.00 GB/s');
});

test('formatMs and formatNs', () => {
  assert.is(formatMs(4926), '4.93 s');
  assert.is(formatMs(15), '15.0 ms');
  assert.is(formatMs(0.312), '312 us');
  assert.is(formatMs(75_000), '75.0 s');
  assert.is(formatMs(3_600_000), '3600 s');
  assert.is(formatNs(312), '312 ns');
  assert.is(formatNs(0), '0 ns');
  assert.is(formatNs(4_926_000_000), '4.93 s');
});

test('what is printed is what was meant, to three digits', () => {
  const units: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };
  fc.assert(
    fc.property(fc.maxSafeNat(), (ns) => {
      const [digits = '', unit = ''] = formatNs(ns).split(' ');
      const printed_ns = Number(digits) * (units[unit] ?? Number.NaN);
      assert.ok(Math.abs(printed_ns - ns) <= ns * 0.0051, `${ns} printed as ${digits} ${unit}`);
    }),
  );
});

test('formatCount', () => {
  assert.is(formatCount(0), '0');
  assert.is(formatCount(999), '999');
  assert.is(formatCount(573_184), '573,184');
  assert.is(formatCount(1_234_567), '1,234,567');
});

test.run();
