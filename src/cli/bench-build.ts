/** Finds another build of pagepipe in a folder, for `bench --against`. */
import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Build, buildOfModule, buildOfWasm } from '../bench/build.ts';
import type { BenchOther } from '../bench/run.ts';
import { fail } from '../errors.ts';
import { reasonOf } from '../node/os-error.ts';
import { buildFacts } from './build-facts.ts';

const MODULE = 'dist/index.js';
/** Where a core stands: in a build's folder, or in that of a checkout whose library was not built. */
const CORES = ['core.wasm', 'build/core.wasm'];

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** The module of another build; it is another one than this program's, for its URL is another. */
async function importModule(path: string, place: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (cause) {
    const [line = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
    throw fail('usage-bench-import', { place, reason: line.replace(/ imported from .*/, '') }, cause);
  }
}

async function coreAt(path: string, place: string): Promise<Build> {
  try {
    return await buildOfWasm(new Uint8Array(await readFile(path)), place);
  } catch (cause) {
    if (cause instanceof Error && 'syscall' in cause) {
      throw fail('input-refused', { path, reason: reasonOf(cause) }, cause);
    }
    throw cause;
  }
}

/**
 * The build of a checkout or an installed package, by its own module; or only its core, by a core.wasm or the
 * folder that it is in.
 *
 * @throws `usage-bench-build` where there is none; `usage-bench-import` where it does not load; `input-refused`
 */
export async function findBuild(dir: string): Promise<BenchOther> {
  const place = `--against ${dir}`;
  if (await isFile(dir))
    return { ...(await buildFacts(dirname(resolve(dir)))), build: await coreAt(dir, place) };
  const facts = await buildFacts(dir);
  const module = resolve(dir, MODULE);
  if (await isFile(module))
    return { ...facts, build: buildOfModule(await importModule(module, place), place) };
  for (const name of CORES) {
    const core = join(dir, name);
    if (await isFile(core)) return { ...facts, build: await coreAt(core, place) };
  }
  throw fail('usage-bench-build', { place, reason: 'holds no build' });
}
