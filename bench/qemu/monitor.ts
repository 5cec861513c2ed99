/** QEMU's monitor protocol over a UNIX socket, events included: the end of a migration is timed by its event. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const CONNECT_TRIES = 400;
const CONNECT_PAUSE_MS = 25;

/** What a message holds; its values are looked at where they are used. */
export type Message = { readonly [key: string]: unknown };

type Listener = (message: Message) => void;

export function memberOf(message: Message, key: string): Message {
  const member = message[key];
  return typeof member === 'object' && member !== null ? { ...member } : {};
}

export class Monitor {
  readonly #socket: Socket;
  #line = '';
  #onMessage: Listener = () => undefined;
  #onEnd: (error: Error) => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#take(text));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#onEnd(new Error('QEMU closed its monitor')));
  }

  /** Connects as soon as QEMU listens, and leaves the negotiation mode. */
  static async connect(path: string, isAlive: () => boolean): Promise<Monitor> {
    for (let tries = 0; ; tries++) {
      try {
        const monitor = new Monitor(await open(path));
        await monitor.execute('qmp_capabilities');
        return monitor;
      } catch (cause) {
        if (tries === CONNECT_TRIES || !isAlive()) throw new Error('QEMU does not answer', { cause });
        await sleep(CONNECT_PAUSE_MS);
      }
    }
  }

  /** Runs a command. @throws what QEMU says is wrong */
  async execute(command: string, args: Message = {}): Promise<Message> {
    const reply = await this.#until({ execute: command, arguments: args }, (message) =>
      'return' in message || 'error' in message ? message : undefined,
    );
    if ('error' in reply) throw new Error(`${command}: ${String(memberOf(reply, 'error').desc)}`);
    return memberOf(reply, 'return');
  }

  /**
   * Runs a command that begins a migration, in or out, and waits for the event of its end; the capability
   * `events` has to be on.
   *
   * @returns seconds from the command to the event
   */
  async migration(command: string, args: Message): Promise<number> {
    const began_ms = performance.now();
    const end = await this.#until({ execute: command, arguments: args }, (message) => {
      if ('error' in message) return message;
      const { status } = memberOf(message, 'data');
      return message.event === 'MIGRATION' && (status === 'completed' || status === 'failed')
        ? message
        : undefined;
    });
    const took_s = (performance.now() - began_ms) / 1e3;
    if (memberOf(end, 'data').status !== 'completed') throw new Error(`${command}: ${JSON.stringify(end)}`);
    return took_s;
  }

  close(): void {
    this.#socket.destroy();
  }

  #until(request: Message, find: (message: Message) => Message | undefined): Promise<Message> {
    return new Promise((resolve, reject) => {
      this.#onEnd = reject;
      this.#onMessage = (message) => {
        const found = find(message);
        if (found !== undefined) resolve(found);
      };
      this.#socket.write(`${JSON.stringify(request)}\n`);
    });
  }

  #take(text: string): void {
    const lines = (this.#line + text).split('\n');
    this.#line = lines.pop() ?? '';
    for (const line of lines) {
      const message: unknown = JSON.parse(line);
      if (typeof message === 'object' && message !== null) this.#onMessage({ ...message });
    }
  }
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => resolve(socket));
    socket.once('error', reject);
  });
}
