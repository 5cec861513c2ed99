/** The processes that a process started, and how much memory each has had at most, as the kernel counts it (VmHWM). */
import { readdirSync, readFileSync } from 'node:fs';

const SAMPLE_MS = 250;
const KIB = 1024;
/** Of a command line that is told. */
const COMMAND_CHARACTERS = 70;

/** A file of /proc; empty once its process is gone. */
function readProc(path) {
  try {
    return readFileSync(`/proc/${path}`, 'latin1');
  } catch {
    return '';
  }
}

function processIds() {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    // no /proc: nothing is measured
    return [];
  }
}

/** The id of a process, and those of all that it and its children started. */
export function treeOf(root_pid) {
  const parents = new Map();
  for (const pid of processIds()) {
    // the name in parentheses may hold anything
    const parent = /^.*\) \S (\d+)/s.exec(readProc(`${pid}/stat`))?.[1];
    if (parent !== undefined) parents.set(Number(pid), Number(parent));
  }
  const tree = [root_pid];
  for (const pid of tree) {
    for (const [child, parent] of parents) if (parent === pid) tree.push(child);
  }
  return tree;
}

function commandOf(pid) {
  const words = readProc(`${pid}/cmdline`).split('\0');
  return words.join(' ').slice(0, COMMAND_CHARACTERS);
}

/**
 * Watches a process and its descendants. The kernel keeps the peak, so memory that was freed between two samples
 * counts too; a process that lives for less than a sample may be missed.
 */
export class PeakMemory {
  #root_pid;
  #timer;
  #largest = { bytes: 0, command: '' };

  constructor(root_pid) {
    this.#root_pid = root_pid;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  #sample() {
    for (const pid of treeOf(this.#root_pid)) {
      const [, kib = 0] = /^VmHWM:\s*(\d+) kB/m.exec(readProc(`${pid}/status`)) ?? [];
      const bytes = Number(kib) * KIB;
      if (bytes <= this.#largest.bytes) continue;
      this.#largest = { bytes, command: pid === this.#root_pid ? 'the tests themselves' : commandOf(pid) };
    }
  }

  /** Ends watching. @returns the largest process and what it had */
  end() {
    clearInterval(this.#timer);
    return this.#largest;
  }
}
