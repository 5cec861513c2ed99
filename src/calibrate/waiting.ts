/** What does the main loop take to wait for room in a pipe, to be told of it, and for a turn? */

import { closeSync, writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { FdChannel } from '../node/output/fd-channel.ts';
import { nextTurn } from '../save/event-loop.ts';
import { medianOrNaN, now_ns } from './numbers.ts';
import type { Peer } from './peer.ts';
import { DRAIN_LATE, END_BYTE } from './peer-protocol.ts';

const STAGING_BYTES = 32 * 1024;
const TURNS = 64;
const FAR_MS = 1e6;
const NS_PER_MS = 1e6;

export interface WaitCosts {
  readonly wait_call_ns: number;
  readonly notify_call_ns: number;
  readonly turn_ns: number;
}

export class WaitQuestion {
  readonly #peer: Peer;
  readonly #times: number;
  readonly #channel: FdChannel;

  constructor(peer: Peer, times: number) {
    this.#peer = peer;
    this.#times = times;
    // the model's wait is one that sleeps
    const options = { path: 'the pipe', try_ms: 0 };
    this.#channel = new FdChannel(peer.data_fd, new Uint8Array(STAGING_BYTES).fill(1), options);
  }

  /** @param piece_write_ns what the write takes that the socket makes once there is room */
  async round(piece_write_ns: number): Promise<WaitCosts> {
    const calls_ns: number[] = [];
    const rests_ns: number[] = [];
    this.#peer.order(DRAIN_LATE, 0, 1);
    for (let i = 0; i < this.#times; i++) {
      const { call_ns, rest_ns } = await this.#cycle();
      calls_ns.push(call_ns);
      rests_ns.push(rest_ns);
    }
    writeSync(this.#peer.data_fd, Uint8Array.of(END_BYTE));
    this.#peer.answer();
    return {
      wait_call_ns: medianOrNaN(calls_ns),
      notify_call_ns: Math.max(0, medianOrNaN(rests_ns) - piece_write_ns),
      turn_ns: await turn_ns(),
    };
  }

  /** As the driver of a save does it; the time that libuv spends in poll is no work, and taken off. */
  async #cycle(): Promise<{ call_ns: number; rest_ns: number }> {
    while (this.#channel.is_ready) this.#channel.offer(0, STAGING_BYTES);
    await nextTurn();
    const idle_before_ms = performance.nodeTiming.idleTime;
    const before_ns = now_ns();
    const ready = this.#channel.whenReady();
    const called_ns = now_ns();
    await ready;
    const elapsed_ns = now_ns() - called_ns;
    const idle_ns = (performance.nodeTiming.idleTime - idle_before_ms) * NS_PER_MS;
    return { call_ns: called_ns - before_ns, rest_ns: elapsed_ns - idle_ns };
  }

  /** The socket that waited for room owns the descriptor. */
  release(): void {
    const { socket } = this.#channel;
    if (socket !== undefined) socket.destroy();
    else closeSync(this.#peer.data_fd);
  }
}

/** With a timer that is far away, as the monitor of a save has one. */
async function turn_ns(): Promise<number> {
  const timer = setTimeout(() => undefined, FAR_MS);
  try {
    const samples_ns: number[] = [];
    for (let i = 0; i < TURNS; i++) {
      const before_ns = now_ns();
      await nextTurn();
      samples_ns.push(now_ns() - before_ns);
    }
    return medianOrNaN(samples_ns);
  } finally {
    clearTimeout(timer);
  }
}
