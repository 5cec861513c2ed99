/** A build of pagepipe as the cases use it: this one, another one's library, or only another core. */

import { Arena } from '../core/arena.ts';
import { Core, LAYOUT } from '../core/core.ts';
import { constantsOf, instantiateBuild } from '../core/instantiate.ts';
import { fail } from '../errors.ts';
import { Guest } from '../guest/guest.ts';
import { inspectStream } from '../load/inspect.ts';
import { loadStream } from '../load/load.ts';
import { unlimited } from '../policy/unlimited.ts';
import { saveToMemory } from '../save/save-to-memory.ts';

const CONSTANTS = [
  'BLOCK_BEYOND',
  'BLOCK_BITMAP',
  'BLOCK_FIRST',
  'BLOCK_HOST',
  'BLOCK_IDSTR',
  'BLOCK_PAGES',
  'BLOCK_SIZE',
  'DECODE_STATE_SIZE',
  'ENCODE_LAST_BLOCK',
  'ENCODE_STATE_SIZE',
  'PAGE_SIZE',
] as const;

/** The constants of the core's layout that the cases use, as a build has them. */
export type BenchLayout = Readonly<Record<(typeof CONSTANTS)[number], number>>;

/** What the cases of whole saves use of a library. */
export interface BenchLibrary {
  readonly Core: typeof Core;
  readonly LAYOUT: BenchLayout;
  readonly Guest: typeof Guest;
  readonly saveToMemory: typeof saveToMemory;
  readonly loadStream: typeof loadStream;
  readonly inspectStream: typeof inspectStream;
  readonly unlimited: typeof unlimited;
}

/** The core of a build on the memory of an arena. */
export interface BenchCore {
  readonly core: Core;
  readonly layout: BenchLayout;
}

/** A build, and what errors call it. */
export interface Build {
  readonly name: string;
  /** Absent where only the core is there: the cases of whole saves are left out then. */
  readonly library?: BenchLibrary;
  coreOn(arena: Arena): Promise<BenchCore>;
}

const FUNCTIONS = ['Core', 'Guest', 'saveToMemory', 'loadStream', 'inspectStream'] as const;

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

const isLayout = (value: unknown): value is BenchLayout =>
  isFields(value) && CONSTANTS.every((name) => typeof value[name] === 'number');

const isLibrary = (module: unknown): module is BenchLibrary =>
  isFields(module) &&
  FUNCTIONS.every((name) => typeof module[name] === 'function') &&
  // a function since 0.2.0, an object before: each library takes its own
  (isFields(module.unlimited) || typeof module.unlimited === 'function') &&
  isLayout(module.LAYOUT);

function buildOf(name: string, library: BenchLibrary): Build {
  const coreOn = async ({ memory }: Arena): Promise<BenchCore> => ({
    core: new library.Core(memory),
    layout: library.LAYOUT,
  });
  return { name, library, coreOn };
}

/** The build that this file belongs to. */
export const THIS_BUILD: Build = buildOf('this build', {
  Core,
  LAYOUT,
  Guest,
  saveToMemory,
  loadStream,
  inspectStream,
  unlimited,
});

/**
 * Another build by its module, as `import` gives it.
 *
 * @param place what errors call it
 * @throws `usage-bench-build` where the module is no pagepipe, or one from before what the cases use
 * @example buildOfModule(await import('file:///other/dist/index.js'), 'other')
 */
export function buildOfModule(module: unknown, place: string): Build {
  if (!isLibrary(module)) throw fail('usage-bench-build', { place, reason: 'is no pagepipe' });
  return buildOf('the other build', module);
}

/**
 * Another build by its core alone.
 *
 * @param wasm the bytes of a `core.wasm`
 * @throws `usage-bench-build` where it is none
 */
export async function buildOfWasm(wasm: BufferSource, place: string): Promise<Build> {
  const coreOn = async ({ memory }: Arena): Promise<BenchCore> => {
    const exports = await instantiateBuild(wasm, memory);
    const layout = constantsOf(exports);
    if (!isLayout(layout)) throw new Error('it lacks constants of its layout');
    return { core: new Core(memory, exports), layout };
  };
  try {
    await coreOn(new Arena());
  } catch (cause) {
    throw fail('usage-bench-build', { place, reason: 'is no core of pagepipe' }, cause);
  }
  return { name: 'the other core', coreOn };
}
