/**
 * Runs the tests in groups, a few at a time. Each group is one process of uvu, so that no process collects the memory
 * of all tests. What a group says is shown when it ends, so that two do not mix.
 *
 *     node scripts/unit.mjs [PATTERN]      only files whose path, from test/ on, matches
 *
 * Each group is followed by its time, its largest process and its slowest files. A group fails, too, if a process of
 * it, or one that its tests start, has more than 2 GiB of memory.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PeakMemory, treeOf } from './process-tree.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const MIB = 2 ** 20;
const PROCESS_BYTES_MAX = 2048 * MIB;
/** One more than there are CPUs, for many tests wait; each may take its 2 GiB. */
const LANES = Math.min(4, availableParallelism() + 1);
/** The folders that take longest begin first. */
const FIRST = ['cli', 'qemu', 'node', 'calibrate', 'browser'];
/** Files with guests of many GiB, each in a process of its own. */
const ALONE = ['guest/memories.test.ts'];
/** Rooms with fewer files share a process: to start one takes a second or two. */
const FILES_MIN = 5;
/** A group that is silent for so long hangs: ten times what the slowest test takes on a slow host that is busy. */
const SILENT_MS_MAX = 20 * 60_000;
const SLOW_FILES = 3;
const SLOW_FILE_MS = 5000;

/** All test files, as paths from test/ on. */
function testFiles(folder = '') {
  return readdirSync(join(root, 'test', folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return testFiles(path);
    return entry.name.endsWith('.test.ts') ? [path] : [];
  });
}

/** The folder below test/ that a file is in, at whatever depth; `top` for one in test/ itself. */
function roomOf(file) {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : 'top';
}

/** Files by the process that they run in, the longest first. */
function groupsOf(files) {
  const groups = new Map();
  const add = (name, file) => groups.set(name, [...(groups.get(name) ?? []), file]);
  for (const file of files) {
    const room = roomOf(file);
    const count = files.filter((other) => roomOf(other) === room).length;
    if (ALONE.includes(file)) add(file, file);
    else add(count >= FILES_MIN || FIRST.includes(room) ? room : 'small rooms', file);
  }
  const rank = (name) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  return [...groups].sort(([a], [b]) => rank(a) - rank(b));
}

function escaped(path) {
  return path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** When the tests of each file began, by the line that uvu writes before them. */
class FileTimes {
  #began = [];

  see(text) {
    const at_ms = performance.now();
    for (const [, file] of text.matchAll(/^(\S+\.test\.ts)\n/gm)) this.#began.push({ file, at_ms });
  }

  /** The slowest files, as text. */
  slowest() {
    const end_ms = performance.now();
    return this.#began
      .map(({ file, at_ms }, i) => ({ file, took_ms: (this.#began[i + 1]?.at_ms ?? end_ms) - at_ms }))
      .filter(({ took_ms }) => took_ms >= SLOW_FILE_MS)
      .sort((a, b) => b.took_ms - a.took_ms)
      .slice(0, SLOW_FILES)
      .map(({ file, took_ms }) => `${file} ${Math.round(took_ms / 1000)} s`);
  }
}

function endProcess(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended by itself
  }
}

/** Runs uvu on these files; resolves with whether all is well. */
function run(name, files) {
  return new Promise((resolve, reject) => {
    const before_ms = performance.now();
    const pattern = `^(${files.map(escaped).join('|')})$`;
    const args = ['--import', 'tsx', 'node_modules/uvu/bin.js', '--no-color', 'test', pattern];
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { FORCE_COLOR: '0', ...process.env },
    });
    const memory = new PeakMemory(child.pid);
    const times = new FileTimes();
    let said = '';
    const endHanging = () => {
      said += `\nnothing was said for ${SILENT_MS_MAX / 60_000} minutes: ended\n`;
      for (const pid of treeOf(child.pid)) endProcess(pid);
    };
    const silence = setTimeout(endHanging, SILENT_MS_MAX);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        said += text;
        times.see(text);
        silence.refresh();
      });
    }
    const stop = () => child.kill('SIGTERM');
    process.on('SIGINT', stop).on('SIGTERM', stop);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(silence);
      process.off('SIGINT', stop).off('SIGTERM', stop);
      const { bytes, command } = memory.end();
      const is_small = bytes <= PROCESS_BYTES_MAX;
      const is_well = code === 0 && is_small;
      const seconds = Math.round((performance.now() - before_ms) / 1000);
      const peak = `at most ${Math.round(bytes / MIB)} MiB (${command})${is_small ? '' : ': more than 2 GiB'}`;
      const facts = [`${is_well ? 'passed' : 'FAILED'} in ${seconds} s`, peak, ...times.slowest()];
      process.stdout.write(`${said}\n== ${name}: ${facts.join('; ')}\n`);
      resolve(is_well);
    });
  });
}

const wanted = new RegExp(process.argv[2] ?? '');
const groups = groupsOf(testFiles().filter((path) => wanted.test(path)));
if (groups.length === 0) {
  process.stderr.write(`no test file matches ${wanted}\n`);
  process.exit(1);
}

let is_well = true;
let is_stopped = false;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    is_stopped = true;
  });
}

/** Takes one group after another, until none is left. */
async function lane() {
  for (let group = groups.shift(); group !== undefined && !is_stopped; group = groups.shift()) {
    if (!(await run(...group))) is_well = false;
  }
}

await Promise.all(Array.from({ length: LANES }, lane));
process.exit(is_well && !is_stopped ? 0 : 1);
