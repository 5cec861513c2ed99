/** Real processes in tests: whether they live, how they stand, what is open, and what is sent to them. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Sink } from '../../src/node/output/sink.ts';
import type { AsyncChannel } from '../../src/save/drive.ts';
import { eventually } from './patience.ts';

/** A staging buffer as large as the save's own. */
export const STAGING_BYTES = 2 ** 20;

/** The letter of a process's state (proc(5)): R, S, T for stopped, Z for ended; undefined once it is gone. */
export function processState(pid: number): string | undefined {
  try {
    return /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1];
  } catch {
    return undefined;
  }
}

/** Whether a process still runs; one that has ended and waits to be reaped does not. */
export function isAlive(pid: number): boolean {
  const state = processState(pid);
  return state !== undefined && state !== 'Z';
}

/** The process id of something that has a process. */
export function pidOf(owner: { readonly pid?: number | undefined }): number {
  if (owner.pid === undefined) throw new Error('there is no process');
  return owner.pid;
}

/** Stops a process and waits until the kernel says that it stands. */
export async function stop(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await eventually(`process ${pid} stands`, () => processState(pid) === 'T');
}

/** The descriptors of this process, each with what it is open for. */
export function openDescriptors(): ReadonlySet<string> {
  const found = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [`${fd} ${readlinkSync(`/proc/self/fd/${fd}`)}`];
    } catch {
      // the one that the folder itself was read by
      return [];
    }
  });
  return new Set(found);
}

/** Waits until only what was open before is open: a socket closes its descriptor some turns later. */
export async function onlyOpen(before: ReadonlySet<string>): Promise<void> {
  const more = (): string[] => [...openDescriptors()].filter((one) => !before.has(one));
  await eventually(`the descriptors to be closed: ${more()}`, () => more().length === 0);
}

/** Offers all of `staging[0, bytes)` to a channel; what is not taken is offered again, first. */
export async function offerAll(channel: AsyncChannel, bytes: number): Promise<void> {
  let at = 0;
  while (at < bytes) {
    at += channel.offer(at, bytes);
    if (!channel.is_ready) await channel.whenReady();
  }
}

/** A stream on its way into a sink. */
export interface Pouring {
  readonly channel: AsyncChannel;
  readonly poured: Promise<void>;
}

/** Begins to send a stream into a sink as the save loop does, in pieces of at most `piece_bytes`. */
export function startPouring(sink: Sink, stream: Uint8Array, piece_bytes = STAGING_BYTES): Pouring {
  const staging = new Uint8Array(STAGING_BYTES);
  const channel = sink.openChannel(staging, undefined);
  const send = async (): Promise<void> => {
    for (let at = 0; at < stream.length; at += piece_bytes) {
      const piece = stream.subarray(at, at + piece_bytes);
      staging.set(piece);
      await offerAll(channel, piece.length);
    }
  };
  return { channel, poured: send() };
}

/** Sends all of it. */
export async function pour(sink: Sink, stream: Uint8Array, piece_bytes?: number): Promise<AsyncChannel> {
  const { channel, poured } = startPouring(sink, stream, piece_bytes);
  await poured;
  return channel;
}
