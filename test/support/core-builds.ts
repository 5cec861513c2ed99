/** The three builds of the core as raw WebAssembly, past everything that src/core adds. */
import { readFileSync } from 'node:fs';
import type { CoreExports } from '../../src/core/instantiate.ts';

export interface CoreBuild {
  name: string;
  file: string;
  shared: boolean;
  wasm: Uint8Array<ArrayBuffer>;
  module: WebAssembly.Module;
}

export interface CoreInstance {
  core: CoreExports;
  memory: WebAssembly.Memory;
}

const FUNCTIONS = [
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

/** A shared memory must not have a lower maximum than the module asks for: 4 GiB. */
const WASM_PAGES_MAX = 65_536;

function loadBuild(name: string, file: string, shared: boolean): CoreBuild {
  const wasm = new Uint8Array(readFileSync(new URL(`../../build/${file}`, import.meta.url)));
  return { name, file, shared, wasm, module: new WebAssembly.Module(wasm) };
}

export const SHARED_BUILD = loadBuild('shared', 'core.shared.wasm', true);

export const BUILDS: readonly CoreBuild[] = [
  loadBuild('debug', 'core.debug.wasm', false),
  loadBuild('release', 'core.wasm', false),
  SHARED_BUILD,
];

function isCore(exports: WebAssembly.Exports): exports is WebAssembly.Exports & CoreExports {
  return FUNCTIONS.every((name) => typeof exports[name] === 'function');
}

/** A build on a fresh memory of at least `size_bytes`. */
export function instantiateBuild(build: CoreBuild, size_bytes: number): CoreInstance {
  const initial = Math.ceil(size_bytes / 65_536);
  const memory = new WebAssembly.Memory({ initial, maximum: WASM_PAGES_MAX, shared: build.shared });
  const { exports } = new WebAssembly.Instance(build.module, { env: { memory } });
  if (!isCore(exports)) throw new Error(`${build.file} lacks a function of the core`);
  return { core: exports, memory };
}
