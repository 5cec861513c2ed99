/** What a command may leave behind: processes, FIFOs, files. Nothing of it, says the contract. */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import * as assert from 'uvu/assert';

export interface FoundProcess {
  readonly pid: number;
  readonly command: string;
  /** As in /proc/PID/stat: R, S, D, T ... */
  readonly state: string;
}

/** SIGKILL in the masks of proc(5). */
const SIGKILL_BIT = 1n << 8n;
/** In the flags of /proc/PID/stat: it ends (PF_EXITING, linux/sched.h). */
const EXITING = 0x4;

/** Whether a process was killed and has not ended only because it has had no CPU since. */
function isKilled(pid: number, fields: readonly string[]): boolean {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const pending = Array.from(status.matchAll(/^(?:SigPnd|ShdPnd):\s*([0-9a-f]+)$/gm), ([, mask]) =>
    BigInt(`0x${mask}`),
  );
  return pending.some((mask) => (mask & SIGKILL_BIT) !== 0n) || (Number(fields[6]) & EXITING) !== 0;
}

/** The process, unless it is gone, a zombie, killed, or works elsewhere. */
function processIn(folder: string, pid: number): FoundProcess | undefined {
  try {
    const cwd = readlinkSync(`/proc/${pid}/cwd`);
    if (cwd !== folder && !cwd.startsWith(folder + sep)) return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state = ''] = fields;
    return state === 'Z' || isKilled(pid, fields) ? undefined : { pid, command, state };
  } catch {
    return undefined;
  }
}

/**
 * The processes that work in a folder. Children inherit it, so that a helper is found although nothing in
 * its arguments says whose it is; and no test sees the processes of another.
 */
export function processesIn(folder: string): FoundProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processIn(folder, Number(name)) ?? []);
}

/** The folder holds these names and no others, hidden ones too. */
export function assertNames(folder: string, names: readonly string[]): void {
  assert.equal(readdirSync(folder).sort(), [...names].sort(), `files in ${folder}`);
}

/** No file of the folder is a FIFO or has a name that pagepipe gives to what is not whole. */
export function assertNoHalves(folder: string): void {
  for (const name of readdirSync(folder)) {
    assert.not.match(name, /\.part$/);
    assert.not.ok(statSync(join(folder, name)).isFIFO(), `${name} is a FIFO`);
  }
}

export function assertNoProcesses(folder: string): void {
  assert.equal(processesIn(folder), [], `processes in ${folder}`);
}
