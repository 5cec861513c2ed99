/** Runs the built command line as a user does: a process of its own, in a fresh folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { assertNames, assertNoHalves, assertNoProcesses, processesIn } from './leftovers.ts';
import { eventually, LAST_RESORT_MS } from './patience.ts';

const BIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
/** Writes a file when the program hears Ctrl-C itself; before that Node ends it. */
const TELLS_INTERRUPTIBLE = `--import data:text/javascript,${encodeURIComponent(`
  import { writeFileSync } from 'node:fs';
  process.on('newListener', (name) => name === 'SIGINT' && writeFileSync(process.env.TEST_INTERRUPTIBLE, ''));
`)}`;
const PROGRAM = `pagepipe() { '${process.execPath}' '${BIN}' "$@"; }`;

/** The widest line that people are given. */
export const COLUMNS_MAX = 100;

/** How a command ended. */
export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** A command that runs. */
export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

export interface RunOptions {
  /** A descriptor to read; the default is /dev/null. */
  readonly stdin?: number | 'socket' | undefined;
  /** More of the environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** A fresh folder to work in, and a temporary folder that nobody else uses. */
export class Place {
  readonly folder: string;
  readonly temporary: string;
  readonly #root: string;

  constructor() {
    this.#root = realpathSync(mkdtempSync(join(tmpdir(), 'test-cli-')));
    this.folder = join(this.#root, 'work');
    this.temporary = join(this.#root, 'tmp');
    mkdirSync(this.folder);
    mkdirSync(this.temporary);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  read(name: string): Buffer {
    return readFileSync(this.path(name));
  }

  write(name: string, content: string | Uint8Array): void {
    writeFileSync(this.path(name), content);
  }

  start(args: readonly string[], { stdin, env }: RunOptions = {}): Started {
    const input = stdin === 'socket' ? 'pipe' : (stdin ?? 'ignore');
    return this.#spawn(process.execPath, [BIN, ...args], input, env);
  }

  /** Starts a command, and waits until Ctrl-C is no more Node's to handle but its own. */
  async startInterruptible(args: readonly string[], options: RunOptions = {}): Promise<Started> {
    const sign = join(this.#root, 'interruptible');
    const env = { NODE_OPTIONS: TELLS_INTERRUPTIBLE, TEST_INTERRUPTIBLE: sign };
    const started = this.start(args, { ...options, env });
    await eventually('its handler of Ctrl-C', () => existsSync(sign));
    return started;
  }

  /**
   * Runs a line of shell, in which `pagepipe` is the program. For pipes: what Node gives a child as one is
   * a socket, and no shell does that.
   */
  shell(script: string): Promise<Ended> {
    return this.#spawn('sh', ['-c', `${PROGRAM}\n${script}`], 'ignore').ended;
  }

  #spawn(
    program: string,
    args: readonly string[],
    stdin: 'pipe' | 'ignore' | number,
    env: RunOptions['env'] = {},
  ): Started {
    const child = spawn(program, args, {
      cwd: this.folder,
      env: { ...process.env, NO_COLOR: '1', TMPDIR: this.temporary, ...env },
      stdio: [stdin, 'pipe', 'pipe'],
    });
    // a command that refuses its input early closes it; what it says of it is what counts
    child.stdin?.on('error', () => undefined);
    return { child, ended: this.#endOf(child) };
  }

  #endOf(child: ChildProcess): Promise<Ended> {
    const stdout = piecesOf(child.stdout);
    const stderr = piecesOf(child.stderr);
    // a command that hangs is a failure, not a test run that never ends
    const timer = setTimeout(() => this.killAll(), LAST_RESORT_MS);
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status, signal) => {
        clearTimeout(timer);
        resolve({ status, signal, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() });
      });
    });
  }

  run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return this.start(args, options).ended;
  }

  /** Runs what has to succeed; gives its standard output. */
  async done(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const { status, stdout, stderr } = await this.run(args, options);
    assert.is(status, 0, `pagepipe ${args.join(' ')}: ${stderr}`);
    return stdout.toString();
  }

  /** Runs what has to fail: one line on standard error, of this form, and these files afterwards. */
  async refused(args: readonly string[], wanted: Refusal, options: RunOptions = {}): Promise<void> {
    assertRefused(await this.run(args, options), wanted);
    if (wanted.names !== undefined) assertNames(this.folder, wanted.names);
  }

  assertNothingLeft(): void {
    assertNoProcesses(this.folder);
    assertNoHalves(this.folder);
    assertNames(this.temporary, []);
  }

  /** Ends whatever runs here: a helper that is left would keep the standard streams open, too. */
  killAll(): void {
    for (const { pid } of processesIn(this.folder)) process.kill(pid, 'SIGKILL');
  }

  remove(): void {
    this.killAll();
    rmSync(this.#root, { recursive: true, force: true });
  }
}

/** How a command is to fail. */
export interface Refusal {
  readonly status: number;
  readonly says: RegExp;
  /** The files that are there afterwards. */
  readonly names?: readonly string[];
}

function piecesOf(stream: Readable | null): Buffer[] {
  const pieces: Buffer[] = [];
  stream?.on('data', (piece: Buffer) => pieces.push(piece));
  return pieces;
}

/** Uses a place, checks that nothing was left behind in it, and removes it. */
export async function inPlace(use: (place: Place) => Promise<void>): Promise<void> {
  const place = new Place();
  try {
    await use(place);
    place.assertNothingLeft();
  } finally {
    place.remove();
  }
}

/** One line on standard error, and nothing on standard output. */
export function assertRefused(
  { status, signal, stdout, stderr }: Ended,
  { status: wanted, says }: Refusal,
): void {
  assert.match(stderr, /^pagepipe: [^\n]+\n$/, 'one line');
  assertWidth(stderr);
  assert.match(stderr, says);
  assert.is(stdout.toString(), '');
  assert.is(signal, null);
  assert.is(status, wanted);
}

/** Every line fits a terminal of 100 columns; wide characters do not occur. */
export function assertWidth(text: string): void {
  for (const line of text.split('\n')) {
    assert.ok(Array.from(line).length <= COLUMNS_MAX, `${line.length} columns: ${line}`);
  }
}
