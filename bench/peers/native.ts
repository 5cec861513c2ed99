/** The native peer: built where there is a C compiler, started, and asked by lines; see native/peer.c. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Measured, type Run, say } from '../harness.ts';

const SOURCES = fileURLToPath(new URL('./native/', import.meta.url));
const BUILD = fileURLToPath(new URL('../../build/', import.meta.url));
const PROGRAM = `${BUILD}native-peer`;
const COMPILERS = ['cc', 'gcc', 'clang'];

/** The compiler's name and version; undefined where there is none, or none for this machine. */
function build(): string | undefined {
  const sources = readdirSync(SOURCES).filter((name) => name.endsWith('.c'));
  mkdirSync(BUILD, { recursive: true });
  for (const compiler of COMPILERS) {
    const options = ['-O3', '-march=native', '-o', PROGRAM, ...sources.map((name) => SOURCES + name)];
    if (spawnSync(compiler, options, { stdio: 'ignore' }).status !== 0) continue;
    const { stdout } = spawnSync(compiler, ['--version'], { encoding: 'utf8' });
    return `${stdout.split('\n')[0]}, -O3 -march=native`;
  }
  return undefined;
}

/** Features of this CPU as Linux names them; none where it does not say. */
function cpuFlags(): Set<string> {
  try {
    const [, flags = ''] = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8')) ?? [];
    return new Set(flags.trim().split(' '));
  } catch {
    return new Set();
  }
}

export class NativePeer {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: Interface;
  readonly #waiting: ((line: string | undefined) => void)[] = [];
  readonly #flags = cpuFlags();

  private constructor() {
    this.#child = spawn(PROGRAM, { stdio: 'pipe' });
    this.#lines = createInterface({ input: this.#child.stdout });
    this.#lines.on('line', (line) => this.#waiting.shift()?.(line));
    this.#lines.on('close', () => {
      for (const answer of this.#waiting.splice(0)) answer(undefined);
    });
  }

  /** The peer; undefined, and a line that says why, where it cannot be had. */
  static start(): NativePeer | undefined {
    const compiler = build();
    if (compiler === undefined || !cpuFlags().has('avx2')) {
      say('No C compiler, or a CPU without AVX2: the native peers are left out.', '');
      return undefined;
    }
    say(`Native peers: ${compiler}`, '');
    return new NativePeer();
  }

  /** Whether this CPU can do it, by Linux's name. */
  has(flag: string): boolean {
    return this.#flags.has(flag);
  }

  /** Sends a command of peer.c and waits for its answer. */
  async ask(command: string): Promise<Measured> {
    const answer = new Promise<string | undefined>((resolve) => this.#waiting.push(resolve));
    this.#child.stdin.write(`${command}\n`);
    const line = await answer;
    if (line === undefined) throw new Error(`the native peer ended at '${command}'`);
    const [ns = Number.NaN, value = Number.NaN] = line.split(' ').map(Number);
    return { ns, answer: value };
  }

  /** A command that is done as often as asked for. */
  runs(command: string): Run {
    return (times) => this.ask(`${command} ${times}`);
  }

  async end(): Promise<void> {
    this.#child.stdin.end();
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
  }
}
