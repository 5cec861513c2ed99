/** A real QEMU whose RAM is a file that is written already: the machine `none`, which never runs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Message, Monitor } from './monitor.ts';
import type { QemuPeer } from './peers.ts';

/** More than any memory does: QEMU's own default is 128 MiB/s. */
const UNLIMITED_BYTES_PER_S = 2 ** 50;
/** The name of the machine's one block of RAM in a stream. */
export const BLOCK_NAME = 'm';

export class QemuMachine {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #folder: string;
  readonly #socket_path: string;
  #monitor: Monitor | undefined;
  #is_alive = true;
  #stderr = '';

  private constructor(peer: QemuPeer, args: readonly string[]) {
    this.name = peer.name;
    this.#folder = mkdtempSync(join(tmpdir(), 'pagepipe-bench-'));
    this.#socket_path = join(this.#folder, 'qmp');
    const [program, ...before] = peer.command;
    const common = ['-accel', 'tcg', '-nodefaults', '-display', 'none', '-S'];
    const monitor = ['-qmp', `unix:${this.#socket_path},server=on,wait=off`];
    this.#child = spawn(program, [...before, ...common, ...monitor, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.#exited = new Promise((resolve) => {
      const onEnd = (): void => {
        this.#is_alive = false;
        resolve();
      };
      this.#child.on('close', onEnd).on('error', onEnd);
    });
  }

  /** Starts a machine whose RAM is the file at `ram_path`, all of it mapped and touched before `use`. */
  static async with<T>(
    peer: QemuPeer,
    ram: { readonly path: string; readonly bytes: number },
    args: readonly string[],
    use: (machine: QemuMachine) => Promise<T>,
  ): Promise<T> {
    const megabytes = `${ram.bytes / 2 ** 20}M`;
    const file = `memory-backend-file,id=${BLOCK_NAME},size=${megabytes},mem-path=${ram.path},share=on,prealloc=on`;
    const machine = new QemuMachine(peer, [
      ...['-M', `none,memory-backend=${BLOCK_NAME}`, '-object', file, '-m', megabytes],
      ...args,
    ]);
    try {
      await machine.#begin();
      return await use(machine);
    } catch (cause) {
      throw new Error(`${peer.name}: ${machine.#stderr.trim() || String(cause)}`, { cause });
    } finally {
      machine.#monitor?.close();
      machine.#child.kill('SIGKILL');
      await machine.#exited;
      rmSync(machine.#folder, { recursive: true, force: true });
    }
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async execute(command: string, args: Message = {}): Promise<Message> {
    if (this.#monitor === undefined) throw new Error('the monitor is not connected');
    return this.#monitor.execute(command, args);
  }

  /** Saves into a shell command. @returns seconds, from the command to the event `completed` */
  async saveTo(command: string): Promise<number> {
    if (this.#monitor === undefined) throw new Error('the monitor is not connected');
    // a machine that was migrated is refused a second time, unless it has run since; without a CPU nothing runs
    await this.execute('cont');
    await this.execute('stop');
    return this.#monitor.migration('migrate', { uri: `exec:${command}` });
  }

  /** Loads from a shell command; only once in the life of a QEMU. @returns seconds, as for `saveTo` */
  async loadFrom(command: string): Promise<number> {
    if (this.#monitor === undefined) throw new Error('the monitor is not connected');
    return this.#monitor.migration('migrate-incoming', { uri: `exec:${command}` });
  }

  async #begin(): Promise<void> {
    this.#monitor = await Monitor.connect(this.#socket_path, () => this.#is_alive);
    const capabilities = [{ capability: 'events', state: true }];
    await this.execute('migrate-set-capabilities', { capabilities });
    await this.execute('migrate-set-parameters', { 'max-bandwidth': UNLIMITED_BYTES_PER_S });
  }
}
