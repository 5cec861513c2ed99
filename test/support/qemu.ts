/** A real QEMU that ends with the test, whatever the test does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LAST_RESORT_MS } from './patience.ts';
import type { Peer } from './peers.ts';
import { Qmp, type QmpObject } from './qmp.ts';

const POLL_MS = 10;
/** More than any disk does: QEMU's own default would pace the test. */
const UNLIMITED_BYTES_PER_S = 2 ** 40;
/** QEMU's default. */
const DOWNTIME_LIMIT_MS = 300;
/** Little enough that a guest writes more meanwhile than may be left for its pause: four pages. */
const SLOW_BYTES_PER_S = 16 * 2 ** 20;
const SHORT_DOWNTIME_MS = 1;

/** A stream by a pipe, or a file that is written in places. */
export type Form = 'stream' | 'mapped-ram';

export class Qemu {
  /** A folder of its own; gone at the end. */
  readonly folder: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #is_alive = true;
  #stderr = '';
  #qmp: Qmp | undefined;

  private constructor(peer: Peer, args: readonly string[]) {
    this.folder = mkdtempSync(join(tmpdir(), 'pagepipe-qemu-'));
    const monitor = ['-qmp', `unix:${this.#socketPath()},server=on,wait=off`];
    const [program = '', ...rest] = peer.command;
    const common = ['-accel', 'tcg', '-nodefaults', '-display', 'none'];
    this.#child = spawn(program, [...rest, ...common, ...monitor, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.#exited = new Promise((resolve) => {
      const onEnd = () => {
        this.#is_alive = false;
        resolve();
      };
      this.#child.on('close', onEnd).on('error', onEnd);
    });
  }

  /** Starts QEMU with these arguments, and ends it when `use` is done. */
  static async with<T>(peer: Peer, args: readonly string[], use: (qemu: Qemu) => Promise<T>): Promise<T> {
    const qemu = new Qemu(peer, args);
    try {
      return await use(qemu);
    } finally {
      qemu.#qmp?.close();
      qemu.#child.kill('SIGKILL');
      await qemu.#exited;
      rmSync(qemu.folder, { recursive: true, force: true });
    }
  }

  /** What it has written to standard error: warnings and errors. */
  get stderr(): string {
    return this.#stderr;
  }

  async execute(command: string, args: QmpObject = {}): Promise<QmpObject> {
    try {
      this.#qmp ??= await Qmp.connect(this.#socketPath(), () => this.#is_alive);
      return await this.#qmp.execute(command, args);
    } catch (cause) {
      throw new Error(`${command}: ${this.#stderr || String(cause)}`, { cause });
    }
  }

  /** Migrates into a file, and waits for the end. @returns the last query-migrate */
  async migrateTo(path: string, form: Form = 'stream'): Promise<QmpObject> {
    if (form === 'mapped-ram') await this.setCapability('mapped-ram');
    await this.#letGo();
    await this.execute('migrate', { uri: form === 'stream' ? `exec:cat > ${path}` : `file:${path}` });
    return this.migrationEnd();
  }

  /** Migrates a guest that runs, slowly for so many dirty syncs and then to the end. */
  async migrateOverRounds(path: string, dirty_syncs: number): Promise<QmpObject> {
    const slow = { 'max-bandwidth': SLOW_BYTES_PER_S, 'downtime-limit': SHORT_DOWNTIME_MS };
    await this.execute('migrate-set-parameters', slow);
    await this.execute('migrate', { uri: `exec:cat > ${path}` });
    for (;;) {
      const { status, ram } = await this.execute('query-migrate');
      if (status !== 'active' && status !== 'setup') break;
      const has_count = typeof ram === 'object' && ram !== null && 'dirty-sync-count' in ram;
      if (has_count && Number(ram['dirty-sync-count']) >= dirty_syncs) break;
      await sleep(POLL_MS);
    }
    await this.#letGo();
    return this.migrationEnd();
  }

  /** As fast as it goes. */
  async #letGo(): Promise<void> {
    const fast = { 'max-bandwidth': UNLIMITED_BYTES_PER_S, 'downtime-limit': DOWNTIME_LIMIT_MS };
    await this.execute('migrate-set-parameters', fast);
  }

  /** Begins to load from a file; the process was started with `-incoming defer`. */
  async migrateFrom(path: string, form: Form = 'stream'): Promise<void> {
    if (form === 'mapped-ram') await this.setCapability('mapped-ram');
    const uri = form === 'stream' ? `exec:cat ${path}` : `file:${path}`;
    await this.execute('migrate-incoming', { uri });
  }

  async setCapability(capability: string): Promise<void> {
    await this.execute('migrate-set-capabilities', { capabilities: [{ capability, state: true }] });
  }

  /** Waits until a migration, in or out, is over. QEMU exits when an incoming one fails. */
  async migrationEnd(): Promise<QmpObject> {
    const until_ms = performance.now() + LAST_RESORT_MS;
    while (performance.now() < until_ms) {
      const state = await this.execute('query-migrate');
      if (state.status === 'completed' || state.status === 'failed') return state;
      await sleep(POLL_MS);
    }
    throw new Error(`the migration did not end in ${LAST_RESORT_MS} ms`);
  }

  /** Physical memory from an address on, as QEMU itself sees it. */
  async physicalMemory(bytes: number, address = 0): Promise<Buffer> {
    const path = join(this.folder, 'ram');
    await this.execute('pmemsave', { val: address, size: bytes, filename: path });
    return readFileSync(path);
  }

  #socketPath(): string {
    return join(this.folder, 'qmp');
  }
}

/** Loads a stream, or a mapped-ram file, into a machine `none` of so much RAM: what it says, and the RAM. */
export function loadIntoNone(
  peer: Peer,
  stream_path: string,
  ram_bytes: number,
  form: Form = 'stream',
): Promise<{ status: string; ram: Buffer | undefined; stderr: string }> {
  const size = `size=${ram_bytes / 1024}k`;
  return Qemu.with(peer, ['-M', 'none', '-m', size, '-S', '-incoming', 'defer'], async (qemu) => {
    try {
      await qemu.migrateFrom(stream_path, form);
      const { status } = await qemu.migrationEnd();
      const ram = status === 'completed' ? await qemu.physicalMemory(ram_bytes) : undefined;
      return { status: String(status), ram, stderr: qemu.stderr };
    } catch {
      // a load that fails ends QEMU, and its monitor with it
      return { status: 'failed', ram: undefined, stderr: qemu.stderr };
    }
  });
}
