/** The save loop, and what is measured of it. */
import { type Nothing, say } from './words.ts';

export const saveErrors = {
  'usage-limit': (d: { limit_bytes_per_s: number }) =>
    say(`${d.limit_bytes_per_s} bytes a second is no limit`, 'give a whole number above 0, or "unlimited"'),
  'usage-policy': (d: { policy: string; fault: string }) =>
    say(`policy ${d.policy} ${d.fault}`, 'change one of the two'),
  'usage-target': (d: { target_ns: number }) =>
    say(`a blackout of ${d.target_ns} ns is no target`, 'give a duration above 0, such as 10ms'),
  'usage-staging': (d: { bytes: number; bytes_min: number }) =>
    say(`a staging buffer of ${d.bytes} bytes cannot hold one page record`, `give at least ${d.bytes_min}`),
  'usage-xbzrle-cache': (d: { bytes: number; page_bytes: number }) =>
    say(
      `an XBZRLE cache of ${d.bytes} bytes is not taken`,
      `give a power of two from ${d.page_bytes} up, such as 64MiB`,
    ),
  'usage-xbzrle-guest': (d: { bytes: number }) =>
    say(
      `XBZRLE is for guests of up to 4 GiB less 16 MiB, and this one has ${d.bytes} bytes`,
      'leave --xbzrle out',
    ),
  'into-too-small': (d: { bytes: number }) =>
    say(`the stream is longer than the ${d.bytes} bytes to save into`, 'give a larger array, or none'),
  'machine-name': (d: { bytes: number; bytes_max: number }) =>
    say(`a machine name of ${d.bytes} bytes is not taken, ${d.bytes_max} is the most`, 'give a shorter one'),
  'internal-placement': (d: { bytes: number }) =>
    say(`${d.bytes} staged bytes have no place in the file`, 'please report this as a bug'),
  interrupted: (_: Nothing) => say('interrupted', 'nothing was left behind, run it again to save', '; '),
  'internal-dirty-count': (d: { dirty_pages: number }) =>
    say(
      `the count of dirty pages (${d.dirty_pages}) and the dirty bitmap differ`,
      'please report this as a bug',
    ),
  'internal-staging': (d: { at: number; room_bytes: number; staging_bytes: number }) =>
    say(
      `${d.room_bytes} bytes at ${d.at} do not fit a staging buffer of ${d.staging_bytes}`,
      'please report this as a bug',
    ),
  'internal-phase': (d: { phase: string }) =>
    say(`there is no phase "${d.phase}"`, 'please report this as a bug'),
  'internal-span': (d: { phase: string; open: string }) =>
    say(`a span of ${d.phase} does not fit one of ${d.open}`, 'please report this as a bug'),
  'internal-histogram': (d: { value: number }) =>
    say(`a histogram was given ${d.value}, no whole number from 0 up`, 'please report this as a bug'),
  'trace-empty': (_: Nothing) =>
    say('the log has no whole span', "give what save --trace or the thread's SystemTap script wrote"),
} as const;
