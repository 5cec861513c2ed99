/** Files, pipes and processes. */
import { type Nothing, placeOf, say } from './words.ts';

export const fileErrors = {
  'output-exists': (d: { path: string }) =>
    say(`${d.path} exists`, 'add --force to replace it, or choose another name'),
  'output-folder-missing': (d: { path: string; folder: string }) =>
    say(`${d.path} cannot be written: the folder ${d.folder} does not exist`, 'make it first', '; '),
  'output-refused': (d: { path: string; reason: string }) =>
    say(`${d.path} cannot be written (${d.reason})`, 'choose another place'),
  'mapped-needs-file': (_: Nothing) =>
    say('a mapped-ram file is written in places', 'give the name of a regular file with -o'),
  'channel-ended': (d: { path: string; channel: number }) =>
    say(
      `channel ${d.channel} of the save to ${d.path} ended by itself`,
      'nothing was left behind, run it again',
    ),
  'disk-full': (d: { path: string; offset: number }) =>
    say(`no space left for ${d.path} at byte ${d.offset}`, 'free some, or choose another disk'),
  'write-failed': (d: { path: string; offset: number; reason: string }) =>
    say(`writing ${d.path} failed at byte ${d.offset} (${d.reason})`, 'check the disk and run it again'),
  'input-refused': (d: { path: string; reason: string }) =>
    say(`${d.path} cannot be read (${d.reason})`, 'check its name and permissions'),
  'helper-ended': (d: { how: string; bytes: number }) =>
    say(`the helper ${d.how} after ${d.bytes} bytes`, 'nothing was left behind, run it again'),
  'thread-ended': (d: { how: string }) =>
    say(`the migration thread ${d.how}`, 'run it again, or without --thread'),
  'helper-short': (d: { written_bytes: number; stream_bytes: number }) =>
    say(
      `the helper process wrote ${d.written_bytes} of ${d.stream_bytes} bytes`,
      'nothing was left behind, run it again',
    ),
  'command-failed': (d: { command: string; how: string }) =>
    say(`"${d.command}" ${d.how}`, 'see what it printed, and run it again'),
  'command-closed': (d: { command: string; bytes: number }) =>
    say(`"${d.command}" stopped reading after ${d.bytes} bytes`, 'it must read the whole stream'),
  'reader-closed': (d: { path: string; offset: number }) =>
    say(
      `the reader of ${placeOf(d.path)} went away after ${d.offset} bytes`,
      'use one that reads to the end',
    ),
  'extra-failed': (d: { what: string; output: string }) =>
    say(`${d.what}; the stream ${placeOf(d.output)} is whole`, 'keep it or rerun'),
  'calibration-peer': (d: { how: string }) =>
    say(`the second process of the measurement ${d.how}`, 'run it again'),
  'no-fifo': (d: { reason: string }) =>
    say(`no FIFO could be made (${d.reason})`, 'save with --via file, which needs none'),
  'foreign-file': (d: { name: string; next: string; may_be_raw: boolean }) =>
    say(`the input is ${d.name}`, `${d.next}${d.may_be_raw ? ', or add --raw' : ''}`),
} as const;
