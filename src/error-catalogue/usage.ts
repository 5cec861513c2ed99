/** What is wrong with a call: words, numbers and options. */
import { type Nothing, quote, say } from './words.ts';

export const usageErrors = {
  // --- usage: sizes, rates, durations ----------------------------------------------------------------
  'usage-size': (d: { text: string }) =>
    say(`"${d.text}" is not a size`, 'give bytes, KiB, MiB, GiB, TiB, kB, MB, GB, TB, such as 64KiB'),
  'usage-rate': (d: { text: string }) =>
    say(`"${d.text}" is not a rate`, 'give B, KiB, MiB, GiB, TiB, kB, MB, GB, TB with /s, as 32MiB/s'),
  'usage-duration': (d: { text: string }) =>
    say(`"${d.text}" is not a duration`, 'give a number with a unit ns, us, ms, s, min, such as 50ms'),
  'usage-too-large': (d: { text: string }) =>
    say(`"${d.text}" is more than 2^53 - 1 bytes or nanoseconds`, 'give less'),
  'usage-share': (d: { text: string }) => say(`"${d.text}" is not a share`, 'give 0% to 100%, such as 60%'),
  'usage-workload': (d: { name: string; names: readonly string[] }) =>
    say(`there is no workload ${quote(d.name)}`, `give one of ${d.names.join(', ')}`),
  'usage-workload-key': (d: { text: string; keys: readonly string[] }) =>
    say(`"${d.text}" is unknown or there twice`, `give key=value with one of ${d.keys.join(', ')}`),
  'usage-workload-value': (d: { text: string; reason: string }) => say(`"${d.text}"`, d.reason),

  // --- usage: the command line -----------------------------------------------------------------------
  'usage-number': (d: { option: string; text: string; min: number; max?: number }) =>
    say(
      `${d.option} ${d.text}`,
      `give a whole number from ${d.min} ${d.max === undefined ? 'up' : `to ${d.max}`}`,
    ),
  'usage-guest-size': (d: { bytes: number; page_bytes: number }) =>
    say(`--size of ${d.bytes} bytes is not whole pages`, `give a multiple of ${d.page_bytes}, such as 1GiB`),
  'usage-running-size': (d: { bytes: number; bytes_max: number }) =>
    say(
      `a guest of ${d.bytes} bytes that runs is not made, ${d.bytes_max} is the most`,
      'take idle, or less --size',
    ),
  'usage-word': (d: { option: string; text: string; words: readonly string[] }) =>
    say(`${d.option} ${d.text} is not known`, `give one of ${d.words.join(', ')}`),
  'usage-needs': (d: { option: string; needs: string }) => say(`${d.option} needs ${d.needs}`, 'add it'),
  'usage-contradiction': (d: { one: string; other: string }) =>
    say(`${d.one} and ${d.other} contradict each other`, 'leave one out'),
  'usage-percent': (d: { option: string; text: string }) =>
    say(`${d.option} ${d.text}`, 'give a bare number of per cent, above 0 and below 100, such as 5'),
  'usage-terminal': (_: Nothing) =>
    say('the stream would go to the terminal', 'redirect standard output, or give a file with -o'),
} as const;
