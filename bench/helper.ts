/**
 * How fast is the helper behind the pipe, with O_DIRECT to a disk, beside libvirt's own? The same `cat` of a file
 * in memory writes into a FIFO that each of them reads; timed from its start to the data synced (fdatasync): our
 * helper says so, libvirt's ends then. Starting the helpers is not timed.
 */
import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { inMemoryFolder, writeImage } from './ram-images.ts';
import { type Contender, interleaved, linesOf } from './rounds.ts';

const ROUNDS = 5;
/** A stream ends anywhere, not where a disk's block does. */
const TAIL_BYTES = 100;
/** Ample for libvirt's helper to reach its first read, of which it says nothing. */
const START_MS = 100;
const OUR_HELPER = fileURLToPath(new URL('../dist/node/helper/helper-main.js', import.meta.url));
const LIBVIRT_FOLDER = process.env.PAGEPIPE_LIBVIRT_DIR ?? join(homedir(), '.cache', 'pagepipe', 'libvirt');

interface Pipe {
  readonly read_fd: number;
  readonly write_fd: number;
}

function makePipe(folder: string): Pipe {
  const path = join(folder, 'fifo');
  spawnSync('mkfifo', [path]);
  const first_reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const pipe = { write_fd: openSync(path, constants.O_WRONLY), read_fd: openSync(path, constants.O_RDONLY) };
  closeSync(first_reader);
  rmSync(path);
  return pipe;
}

/** Runs the writer into a pipe whose reader waits already. @returns seconds until `isSynced` */
async function timed(source: string, pipe: Pipe, synced: Promise<unknown>): Promise<number> {
  const began_ms = performance.now();
  spawn('cat', [source], { stdio: ['ignore', pipe.write_fd, 'inherit'] });
  closeSync(pipe.write_fd);
  await synced;
  return (performance.now() - began_ms) / 1e3;
}

/** Resolves with the first message of a type. */
function message(child: ChildProcess, type: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on('message', (text: { type?: string; reason?: string }) => {
      if (text.type === type) resolve();
      if (text.type === 'failed') reject(new Error(text.reason));
    });
    child.on('exit', () => reject(new Error('the helper ended')));
  });
}

async function ours(source: string, target: string, folder: string): Promise<number> {
  closeSync(openSync(target, 'w'));
  const pipe = makePipe(folder);
  const child = fork(OUR_HELPER, [], { stdio: [pipe.read_fd, 'ignore', 'inherit', 'ipc'], execArgv: [] });
  closeSync(pipe.read_fd);
  const exited = once(child, 'exit');
  const opened = message(child, 'opened');
  child.send({ type: 'start', target: { path: target }, direct: true, is_part: false });
  await opened;
  const synced = message(child, 'synced');
  const stream_bytes = statSync(source).size;
  const drained = message(child, 'drained').then(() => child.send({ type: 'finish', stream_bytes }));
  const took_s = await timed(source, pipe, Promise.all([drained, synced]));
  await exited;
  return took_s;
}

async function libvirts(source: string, target: string, folder: string): Promise<number> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_DIRECT;
  const output_fd = openSync(target, flags, 0o600);
  const pipe = makePipe(folder);
  const libraries = join(LIBVIRT_FOLDER, 'usr/lib/x86_64-linux-gnu');
  // the descriptor's number in the helper is its place in stdio
  const child = spawn(join(LIBVIRT_FOLDER, 'usr/lib/libvirt/libvirt_iohelper'), [target, '3'], {
    stdio: [pipe.read_fd, 'ignore', 'inherit', output_fd],
    env: { ...process.env, LD_LIBRARY_PATH: libraries },
  });
  closeSync(pipe.read_fd);
  closeSync(output_fd);
  const exited = once(child, 'exit');
  await sleep(START_MS);
  const took_s = await timed(source, pipe, exited);
  if (child.exitCode !== 0) throw new Error(`libvirt_iohelper ended with status ${child.exitCode}`);
  return took_s;
}

async function benchOn(folder: string, source: string): Promise<string[]> {
  const target = join(folder, 'out');
  const withHelper = (run: typeof ours) => async (): Promise<number> => {
    rmSync(target, { force: true });
    return run(source, target, folder);
  };
  const contenders: Contender[] = [
    { name: 'our helper', run: withHelper(ours) },
    { name: 'libvirt_iohelper', run: withHelper(libvirts) },
  ];
  for (const { name, run } of contenders) {
    await run();
    if (spawnSync('cmp', [source, target]).status !== 0) throw new Error(`${name} wrote something else`);
  }
  return linesOf(await interleaved(contenders, ROUNDS), statSync(source).size);
}

/** @param disk_folder where the output goes: of a disk, for tmpfs takes O_DIRECT and proves nothing */
export async function benchHelper(disk_folder = process.cwd()): Promise<void> {
  if (!existsSync(join(LIBVIRT_FOLDER, 'usr/lib/libvirt/libvirt_iohelper'))) {
    process.stdout.write('no libvirt_iohelper; on Debian: sh bench/fetch-iohelper.sh\n\n');
    return;
  }
  const folder = mkdtempSync(join(disk_folder, '.pagepipe-bench-'));
  try {
    const lines = await inMemoryFolder(async (memory) => {
      const source = join(memory, 'source');
      writeImage(source, 'normal');
      appendFileSync(source, Buffer.alloc(TAIL_BYTES, 1));
      return benchOn(folder, source);
    });
    const what = 'How fast is the helper with O_DIRECT to this disk? 1 GiB, GB/s, median (range)';
    process.stdout.write(`${what}\n${lines.join('\n')}\n\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await benchHelper();
