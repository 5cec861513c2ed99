/** QEMU's monitor protocol over a UNIX socket: one command at a time, events passed over. */
import { connect, type Socket } from 'node:net';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { LAST_RESORT_MS } from './patience.ts';

const CONNECT_PAUSE_MS = 25;

/** What a QMP line may hold; its values are looked at where they are used. */
export type QmpObject = { readonly [key: string]: unknown };

function parseLine(line: string): QmpObject {
  const value: unknown = JSON.parse(line);
  if (typeof value !== 'object' || value === null) throw new Error(`QMP: no object in ${line}`);
  return { ...value };
}

/** A member that is an object; an empty one if it is not. */
export function objectIn(value: QmpObject, key: string): QmpObject {
  const member = value[key];
  return typeof member === 'object' && member !== null ? { ...member } : {};
}

export class Qmp {
  readonly #socket: Socket;
  readonly #lines: AsyncIterator<string>;

  private constructor(socket: Socket, lines: Interface) {
    this.#socket = socket;
    this.#lines = lines[Symbol.asyncIterator]();
  }

  /** Connects as soon as QEMU listens, and leaves the negotiation mode. */
  static async connect(path: string, isAlive: () => boolean): Promise<Qmp> {
    const deadline_ms = performance.now() + LAST_RESORT_MS;
    for (;;) {
      try {
        const socket = await open(path);
        const qmp = new Qmp(socket, createInterface({ input: socket }));
        await qmp.#next();
        await qmp.execute('qmp_capabilities');
        return qmp;
      } catch (cause) {
        if (performance.now() > deadline_ms || !isAlive())
          throw new Error('QEMU does not answer on its monitor', { cause });
        await sleep(CONNECT_PAUSE_MS);
      }
    }
  }

  /** Runs a command; returns what it returns. @throws what QEMU says is wrong */
  async execute(command: string, args: QmpObject = {}): Promise<QmpObject> {
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    for (;;) {
      const reply = await this.#next();
      if ('error' in reply) throw new Error(`${command}: ${String(objectIn(reply, 'error').desc)}`);
      if ('return' in reply) return objectIn(reply, 'return');
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  async #next(): Promise<QmpObject> {
    const { done, value } = await this.#lines.next();
    if (done === true) throw new Error('QEMU closed its monitor');
    return parseLine(value);
  }
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => resolve(socket));
    socket.once('error', reject);
  });
}
