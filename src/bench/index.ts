/**
 * pagepipe/bench: how fast the core and whole saves are here, in Node or in a page; what `pagepipe bench` runs.
 *
 * @example
 * import { init } from 'pagepipe';
 * import { runBench } from 'pagepipe/bench';
 * await init();
 * console.log((await runBench({ size_bytes: 16 * 2 ** 20 })).cases);
 */
export { type BenchLibrary, type Build, buildOfModule, buildOfWasm } from './build.ts';
export {
  BENCH_BUDGET_NS,
  BENCH_SIZE_BYTES,
  type BenchOptions,
  type BenchOther,
  benchCaseNames,
  runBench,
} from './run.ts';
