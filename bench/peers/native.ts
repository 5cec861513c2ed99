/** The native peer: an addon, built where there is a C compiler and Node's headers; see native/peer.c. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Run, say } from '../harness.ts';

const SOURCES = fileURLToPath(new URL('./native/', import.meta.url));
const BUILD = fileURLToPath(new URL('../../build/', import.meta.url));
const ADDON = join(BUILD, 'native-peer.node');
const COMPILERS = ['cc', 'gcc', 'clang'];

type RunNative = (
  name: string,
  buffer: ArrayBuffer,
  times: number,
  numbers: readonly number[],
) => readonly [ns: number, answer: number];

/** Where the headers of this Node are, beside its program as it is packed. */
function headers(): string | undefined {
  const folder = join(dirname(realpathSync(process.execPath)), '..', 'include', 'node');
  return existsSync(join(folder, 'node_api.h')) ? folder : undefined;
}

/** The compiler's name and version; undefined where there is none, or none for this machine. */
function build(include: string): string | undefined {
  const sources = readdirSync(SOURCES).filter((name) => name.endsWith('.c'));
  mkdirSync(BUILD, { recursive: true });
  for (const compiler of COMPILERS) {
    const options = ['-O3', '-march=native', '-shared', '-fPIC', `-I${include}`, '-o', ADDON];
    const args = [...options, ...sources.map((name) => SOURCES + name)];
    if (spawnSync(compiler, args, { stdio: 'ignore' }).status !== 0) continue;
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
  readonly #run: RunNative;
  readonly #flags = cpuFlags();

  /** What was built. */
  constructor() {
    const { run }: { run: RunNative } = createRequire(import.meta.url)(ADDON);
    this.#run = run;
  }

  /** Builds it, and says with what; false, and a line that says why, where it cannot be had. */
  static build(): boolean {
    const include = headers();
    const compiler = include === undefined ? undefined : build(include);
    if (compiler === undefined || !cpuFlags().has('avx2')) {
      say("No C compiler, no headers of Node's, or a CPU without AVX2: the native peers are left out.", '');
      return false;
    }
    say(`Native peers: ${compiler}`, '');
    return true;
  }

  /** Whether this CPU can do it, by Linux's name. */
  has(flag: string): boolean {
    return this.#flags.has(flag);
  }

  /**
   * A kernel of peer.c, as often as asked for.
   *
   * @param memory what the core works in
   * @param numbers addresses in it, and sizes
   */
  runs(
    name: string,
    memory: WebAssembly.Memory,
    numbers: readonly number[],
    conclude: (answer: number) => number = (answer) => answer,
  ): Run {
    const { buffer } = memory;
    if (!(buffer instanceof ArrayBuffer))
      throw new Error('the native peer wants a memory that is not shared');
    return (times) => {
      const [ns, answer] = this.#run(name, buffer, times, numbers);
      return { ns, answer: conclude(answer) };
    };
  }
}
