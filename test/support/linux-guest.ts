/** Records a small real Linux guest with a real QEMU, and lets it go on from a stream. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './patience.ts';
import type { Peer } from './peers.ts';
import { type Form, Qemu } from './qemu.ts';

export const LINUX_RAM_BYTES = 96 * 2 ** 20;

/** What the guest does after LOADED, before it is stopped: enough for its pages to differ from the boot's. */
const SETTLE_MS = 500;

/** Stopped, into a stream or a mapped-ram file; or running, with XBZRLE, where QEMU is modern. */
export type RecordedHow = 'stopped' | 'mapped-ram' | 'running';
/** Of a guest that is recorded while it runs: XBZRLE knows a page from its third round on. */
const DIRTY_SYNCS = 5;

/** A recorded guest: its stream, and its RAM as QEMU dumped it at the same moment. */
export interface Recording {
  readonly stream_path: string;
  readonly ram_path: string;
}

function machineArgs(guest_folder: string, serial_path: string): string[] {
  return [
    ...['-M', 'q35', '-m', `${LINUX_RAM_BYTES / 2 ** 20}M`, '-serial', `file:${serial_path}`],
    ...['-kernel', join(guest_folder, 'vmlinuz'), '-initrd', join(guest_folder, 'initrd.gz')],
    ...['-append', 'console=ttyS0 quiet'],
  ];
}

/** Waits until the text of a serial port has what is looked for. */
async function waitFor(path: string, isThere: (text: string) => boolean): Promise<void> {
  const text = (): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
  try {
    await eventually('what the guest is to say', () => isThere(text()));
  } catch (cause) {
    throw new Error(`the guest did not say what was waited for; it said: ${text()}`, { cause });
  }
}

/**
 * Boots the guest, stops it once it works, and records its stream and its RAM. It is stopped first because
 * QEMU before 9.0 loses writes of a guest that runs under software emulation while it is migrated.
 */
async function record(
  peer: Peer,
  guest_folder: string,
  folder: string,
  how: RecordedHow,
): Promise<Recording> {
  const serial_path = join(folder, 'serial');
  writeFileSync(serial_path, '');
  return Qemu.with(peer, machineArgs(guest_folder, serial_path), async (qemu) => {
    await waitFor(serial_path, (text) => text.includes('LOADED'));
    await sleep(SETTLE_MS);
    if (how === 'running') await qemu.setCapability('xbzrle');
    else await qemu.execute('stop');
    const recording = { stream_path: join(folder, 'guest.mig'), ram_path: join(folder, 'guest.ram') };
    const { stream_path } = recording;
    const { status } = await (how === 'running'
      ? qemu.migrateOverRounds(stream_path, DIRTY_SYNCS)
      : qemu.migrateTo(stream_path, how === 'mapped-ram' ? how : 'stream'));
    if (status !== 'completed') throw new Error(`QEMU could not record the guest: ${qemu.stderr}`);
    await qemu.execute('pmemsave', { val: 0, size: LINUX_RAM_BYTES, filename: recording.ram_path });
    return recording;
  });
}

const recordings = new Map<string, Promise<Recording>>();

/** A peer's recording; made once a test run, and removed at its end. */
export function recordedGuest(
  peer: Peer,
  guest_folder: string,
  how: RecordedHow = 'stopped',
): Promise<Recording> {
  const key = `${peer.name} ${how}`;
  let recording = recordings.get(key);
  if (recording === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'pagepipe-guest-'));
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
    recording = record(peer, guest_folder, folder, how);
    recordings.set(key, recording);
  }
  return recording;
}

function ticksIn(text: string): number[] {
  return Array.from(text.matchAll(/^tick (\d+)$/gm), ([, tick]) => Number(tick));
}

/** Loads a stream of the guest into a fresh QEMU and lets it go on; resolves with its first two ticks. */
export async function resumeGuest(
  peer: Peer,
  guest_folder: string,
  stream_path: string,
  form: Form = 'stream',
): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'pagepipe-resume-'));
  const serial_path = join(folder, 'serial');
  writeFileSync(serial_path, '');
  try {
    const args = [...machineArgs(guest_folder, serial_path), '-S', '-incoming', 'defer'];
    return await Qemu.with(peer, args, async (qemu) => {
      await qemu.migrateFrom(stream_path, form);
      const { status } = await qemu.migrationEnd();
      if (status !== 'completed') throw new Error(`QEMU did not take the stream: ${qemu.stderr}`);
      await qemu.execute('cont');
      await waitFor(serial_path, (text) => ticksIn(text).length >= 2);
      return ticksIn(readFileSync(serial_path, 'utf8')).slice(0, 2);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
