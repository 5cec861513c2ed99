/** What version 0.1.0's command line gave, as far as programs rely on it: bytes, keys, exit codes and flags. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One call, in a folder that all calls share, in order. */
export interface ContractCase {
  readonly args: readonly string[];
  /** Standard output is JSON whose keys are held. */
  readonly has_keys?: true;
  /** Standard output is the same to the byte. */
  readonly is_exact?: true;
  /** A file that it writes, the same to the byte. */
  readonly writes?: string;
}

/** What a call gave. */
export interface Contract {
  readonly args: readonly string[];
  readonly status: number | null;
  readonly keys?: readonly string[];
  readonly stdout_sha256?: string;
  readonly file_sha256?: string;
}

const SAVE = ['save', '--size', '4MiB', '--via', 'file', '--slice', 'off', '--json', '--seed', '7'] as const;

export const CASES: readonly ContractCase[] = [
  { args: [...SAVE, '--workload', 'idle', '-o', 'idle.mig'], has_keys: true, writes: 'idle.mig' },
  { args: [...SAVE, '--workload', 'idle,zero=0%', '-o', 'full.mig'], has_keys: true, writes: 'full.mig' },
  { args: [...SAVE, '--workload', 'idle,zero=100%', '-o', 'zero.mig'], writes: 'zero.mig' },
  {
    args: [...SAVE, '--workload', 'idle', '-o', 'idle.map', '--format', 'mapped-ram'],
    has_keys: true,
    writes: 'idle.map',
  },
  {
    args: [...SAVE, '--workload', 'idle', '-o', 'two.map', '--format', 'mapped-ram', '--channels', '2'],
    has_keys: true,
    writes: 'two.map',
  },
  {
    args: [...SAVE, '--workload', 'idle', '-o', 'thread.mig', '--thread'],
    has_keys: true,
    writes: 'thread.mig',
  },
  {
    args: [...SAVE, '--workload', 'idle', '-o', 'x.mig', '--xbzrle', '--machine', 'pc-q35-7.2'],
    has_keys: true,
    writes: 'x.mig',
  },
  {
    args: ['save', '--ram', 'x.mig', '--via', 'file', '--slice', 'off', '-o', 'again.mig'],
    writes: 'again.mig',
  },
  { args: ['load', 'idle.mig', '-o', 'idle.ram', '--json'], has_keys: true, writes: 'idle.ram' },
  { args: ['load', 'idle.map', '-o', 'map.ram'], writes: 'map.ram' },
  { args: ['inspect', 'idle.mig', '--json'], has_keys: true },
  { args: ['inspect', 'idle.map', '--json'], has_keys: true },
  { args: ['simulate', 'thread-2011', '--json', '--seed', '3'], has_keys: true },
  { args: ['simulate', 'nvme', '--json', '--seed', '3', '--set', 'guest.size=64MiB'], has_keys: true },
  { args: ['simulate', 'thread-2011', '--trace', '-', '--seed', '3', '--set', 'guest.size=64MiB'] },
  { args: ['simulate', 'thread-2011', '--show'], is_exact: true },
  {
    args: [
      'sweep',
      'thread-2011',
      '--vary',
      'seed=1..3',
      '--set',
      'guest.size=64MiB',
      '--json',
      '-o',
      'c.ndjson',
    ],
    has_keys: true,
  },
  { args: ['load', 'missing.mig', '-o', 'out.ram'] },
  { args: ['load', 'idle.mig', '-o', 'idle.ram'] },
  { args: ['save', '--workload', 'idle', '-o', 'out.mig'] },
  { args: ['save', '--workload', 'idle', '--size', '5', '-o', 'out.mig'] },
  { args: ['nonsense'] },
];

/** Runs all cases with a built command line. */
export function runContract(main: string): Contract[] {
  const folder = mkdtempSync(join(tmpdir(), 'pagepipe-contract-'));
  try {
    return CASES.map((one) => runCase(main, folder, one));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runCase(main: string, cwd: string, { args, has_keys, is_exact, writes }: ContractCase): Contract {
  const env = { ...process.env, NO_COLOR: '1' };
  const { status, stdout } = spawnSync(process.execPath, [main, ...args], { cwd, env, encoding: 'utf8' });
  const file = writes === undefined ? undefined : join(cwd, writes);
  return {
    args,
    status,
    ...(has_keys === undefined ? {} : { keys: keysOf(JSON.parse(stdout)) }),
    ...(is_exact === undefined ? {} : { stdout_sha256: sha256(stdout) }),
    ...(file === undefined || !existsSync(file) ? {} : { file_sha256: sha256(readFileSync(file)) }),
  };
}

function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** All paths of keys in a document; `[]` stands for the elements of a list, `*` for keys that are data. */
export function keysOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return unique(value.flatMap((one) => keysOf(one, `${path}[]`)));
  if (typeof value !== 'object' || value === null) return [];
  return unique(
    Object.entries(value).flatMap(([key, inner]) => [`${path}.${key}`, ...keysOf(inner, `${path}.${key}`)]),
  );
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

/** The long options of a command, from its help. */
export function optionsOf(main: string, command: string): string[] {
  const { stdout } = spawnSync(process.execPath, [main, command, '--help'], { encoding: 'utf8' });
  return unique(Array.from(stdout.matchAll(/(?<=^ {2,10}(?:-\w, )?)--[a-z-]+/gm), ([option]) => option));
}

export const COMMANDS = [
  'save',
  'load',
  'inspect',
  'simulate',
  'sweep',
  'calibrate',
  'trace',
  'compare',
  'bench',
  'demo',
] as const;
