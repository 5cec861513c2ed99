/**
 * Who may run on which CPU. A writer and a reader that a scheduler puts on one CPU, as some do with two that wake
 * each other, take turns instead of working at the same time, and figures go to and fro.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { codeOf } from '../node/os-error.ts';

/** "0-2,5" as 0, 1, 2, 5. */
export function parseCpuList(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [first = Number.NaN, last = first] = part.split('-').map(Number);
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
  });
}

/** The CPUs that this process may use; none where that is not known. */
function allowedCpus(): readonly number[] {
  try {
    const [, list = ''] =
      /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return list === '' ? [] : parseCpuList(list);
  } catch (cause) {
    if (codeOf(cause) === undefined) throw cause;
    return [];
  }
}

function taskset(args: readonly string[]): boolean {
  return spawnSync('taskset', args, { stdio: 'ignore' }).status === 0;
}

/** While it lasts, this thread has a CPU of its own, as far as who asks here what to run on can tell. */
export class OwnCpu {
  readonly #all: readonly number[];
  readonly #is_kept: boolean;

  /** Keeps the main thread on the first CPU that it may use; without two of them, or taskset(1), nothing happens. */
  constructor() {
    this.#all = allowedCpus();
    this.#is_kept = this.#all.length > 1 && taskset(['-c', '-p', String(this.#all[0]), String(process.pid)]);
  }

  /** For others, in the form of `taskset -c`; undefined where nothing is kept anywhere. */
  get others(): string | undefined {
    return this.#is_kept ? this.#all.slice(1).join(',') : undefined;
  }

  /** One of those; undefined where a process cannot be kept on it. */
  get other(): string | undefined {
    return this.#is_kept ? String(this.#all.at(-1)) : undefined;
  }

  /** Every thread of this process may run anywhere again, also those that were begun meanwhile. */
  release(): void {
    if (this.#is_kept) taskset(['-a', '-c', '-p', this.#all.join(','), String(process.pid)]);
  }
}

/** A command, kept on some CPUs. */
export function keptOn(
  cpus: string | undefined,
  command: string,
  args: readonly string[],
): readonly [string, readonly string[]] {
  return cpus === undefined ? [command, args] : ['taskset', ['-c', cpus, command, ...args]];
}
