/** Real processes in tests: whether they live, how they stand, and what is sent to them. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import type { AsyncChannel } from '../../src/migrate/drive.ts';
import type { Sink } from '../../src/pipe/sink.ts';

/** A staging buffer as large as the save's own. */
export const STAGING_BYTES = 2 ** 20;
const PATIENCE_MS = 10_000;
const POLL_MS = 5;

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

/** Waits until something is so; fails, with its name, when that takes unreasonably long. */
export async function eventually(what: string, isSo: () => boolean): Promise<void> {
  const until_ms = performance.now() + PATIENCE_MS;
  while (!isSo()) {
    if (performance.now() > until_ms) assert.unreachable(`never came: ${what}`);
    await sleep(POLL_MS);
  }
}

/** Stops a process and waits until the kernel says that it stands. */
export async function stop(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await eventually(`process ${pid} stands`, () => processState(pid) === 'T');
}

/** Counts the turns that the event loop gives a timer, until it is asked for the count. */
export function countTicks(): () => number {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  return () => {
    clearInterval(timer);
    return ticks;
  };
}

/** Offers all of `staging[0, bytes)` to a channel; what is not taken is offered again, first. */
export async function offerAll(channel: AsyncChannel, bytes: number): Promise<void> {
  let at = 0;
  while (at < bytes) {
    at += channel.offer(at, bytes);
    if (!channel.is_ready) await channel.whenReady();
  }
}

/** Sends a stream into a sink as the save loop does, in pieces of at most `piece_bytes`. */
export async function pour(
  sink: Sink,
  stream: Uint8Array,
  piece_bytes = STAGING_BYTES,
): Promise<AsyncChannel> {
  const staging = new Uint8Array(STAGING_BYTES);
  const channel = sink.openChannel(staging, undefined);
  for (let at = 0; at < stream.length; at += piece_bytes) {
    const piece = stream.subarray(at, at + piece_bytes);
    staging.set(piece);
    await offerAll(channel, piece.length);
  }
  return channel;
}
