/** Loads the core: compiled once, instantiated on any memory. */
import { instantiate, instantiateSync } from '@assemblyscript/loader';
import { fail } from '../errors.ts';
import { CORE_SHARED_WASM_BASE64, CORE_WASM_BASE64 } from './binary.ts';

/** The functions of assembly/index.ts as the engine gives them: every u32 comes back signed. */
export interface CoreExports {
  bitmap_size(pages: number): number;
  bitmap_next(bitmap: number, pages: number, from: number): number;
  bitmap_count(bitmap: number, pages: number): number;
  bitmap_set(bitmap: number, first: number, count: number): void;
  bitmap_clear(bitmap: number, first: number, count: number): void;
  bitmap_merge(dirty: number, log: number, pages: number): number;
  is_zero(page: number): number;
  count_zero_pages(ram: number, pages: number): number;
  diff_shadow(ram: number, shadow: number, pages: number, bitmap: number, updates: number): number;
  diff_fingerprint(ram: number, prints: number, pages: number, bitmap: number, updates: number): number;
  encode(
    state: number,
    blocks: number,
    block_count: number,
    out: number,
    out_size: number,
    budget: number,
  ): number;
  collect(
    state: number,
    blocks: number,
    block_count: number,
    out: number,
    out_size: number,
    budget: number,
    runs: number,
    run_count_max: number,
  ): number;
  decode(state: number, blocks: number, block_count: number, input: number, input_size: number): number;
  xbzrle_encode(old_page: number, new_page: number, out: number, out_size: number): number;
  xbzrle_decode(page: number, payload: number, size: number): number;
}

const FUNCTIONS: readonly (keyof CoreExports)[] = [
  'bitmap_size',
  'bitmap_next',
  'bitmap_count',
  'bitmap_set',
  'bitmap_clear',
  'bitmap_merge',
  'is_zero',
  'count_zero_pages',
  'diff_shadow',
  'diff_fingerprint',
  'encode',
  'collect',
  'decode',
  'xbzrle_encode',
  'xbzrle_decode',
];

let plain_module: WebAssembly.Module | undefined;
let shared_module: WebAssembly.Module | undefined;

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}

/** A page's Content-Security-Policy refuses WebAssembly by a CompileError whose text names the policy. */
function compileFailure(cause: unknown): unknown {
  const text = cause instanceof Error ? cause.message : '';
  return /content security policy|unsafe-eval/i.test(text) ? fail('wasm-forbidden', {}, cause) : cause;
}

/**
 * Compiles the core without blocking; does nothing if that was done before.
 *
 * @throws `wasm-forbidden` where a Content-Security-Policy does not allow WebAssembly
 * @example await init(); // once, before anything else, in a page
 */
export async function init(): Promise<void> {
  try {
    plain_module ??= await WebAssembly.compile(bytesOf(CORE_WASM_BASE64));
    shared_module ??= await WebAssembly.compile(bytesOf(CORE_SHARED_WASM_BASE64));
  } catch (cause) {
    throw compileFailure(cause);
  }
}

/**
 * Compiles the core at once (a few KiB: about a millisecond); does nothing if that was done before. The build for
 * shared memories is compiled where the first of them is met.
 */
export function initSync(): void {
  plain_module ??= compiled(CORE_WASM_BASE64);
}

function compiled(base64: string): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytesOf(base64));
  } catch (cause) {
    throw compileFailure(cause);
  }
}

/**
 * Whether a memory can be used by several threads. The tag of its buffer says so: a page that is not cross-origin
 * isolated can make shared memories, but has no global `SharedArrayBuffer` to compare with (HTML standard,
 * "cross-origin isolated capability").
 */
export function isShared(memory: WebAssembly.Memory): boolean {
  return Object.prototype.toString.call(memory.buffer) === '[object SharedArrayBuffer]';
}

function moduleFor(memory: WebAssembly.Memory): WebAssembly.Module {
  if (isShared(memory)) {
    shared_module ??= compiled(CORE_SHARED_WASM_BASE64);
    return shared_module;
  }
  plain_module ??= compiled(CORE_WASM_BASE64);
  return plain_module;
}

/**
 * The engine's own functions: the loader wraps each in one that takes any number of arguments, which costs
 * more than the call itself.
 */
function rawExports(instance: WebAssembly.Instance): CoreExports {
  const { exports } = instance;
  if (!isCore(exports)) throw fail('internal-core', { missing: missingIn(exports).join(', ') });
  return exports;
}

function missingIn(exports: WebAssembly.Exports): string[] {
  return FUNCTIONS.filter((name) => typeof exports[name] !== 'function');
}

function isCore(exports: WebAssembly.Exports): exports is WebAssembly.Exports & CoreExports {
  return missingIn(exports).length === 0;
}

/** The core on a memory, one of its own or anyone's; the shared build where the memory is shared. */
export function instantiateCore(memory: WebAssembly.Memory): CoreExports {
  return rawExports(instantiateSync(moduleFor(memory), { env: { memory } }).instance);
}

/** As `instantiateCore`, from the bytes of another build of the core; for tests and comparisons. */
export async function instantiateBuild(wasm: BufferSource, memory: WebAssembly.Memory): Promise<CoreExports> {
  const module = await WebAssembly.compile(wasm);
  return rawExports((await instantiate(module, { env: { memory } })).instance);
}

/** The constants of assembly/layout.ts as a build has them, which need not be those of this one. */
export function constantsOf(exports: object): Readonly<Record<string, number>> {
  const constants = Object.entries(exports).flatMap(([name, value]): [string, number][] => {
    const number: unknown = value instanceof WebAssembly.Global ? value.value : undefined;
    return typeof number === 'number' ? [[name, number >>> 0]] : [];
  });
  return Object.fromEntries(constants);
}
