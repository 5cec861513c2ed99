/** pagepipe in Node: all of the browser-safe entry, and files, pipes and helper processes. */
export * from './index.ts';
export {
  type GuestFile,
  type GuestReadOptions,
  inspectFile,
  type ReadOptions,
  readGuest,
  readStreamFile,
} from './node/input/input.ts';
export { reasonOf } from './node/os-error.ts';
export { blockFileName, type ImageOptions, writeImage, writeImages } from './node/output/image.ts';
export { checkOutput } from './node/output/output-file.ts';
export { isSameOutput, isStandardOutput } from './node/output/same-output.ts';
export { type OutputOptions, type SavedTo, saveTo } from './node/output/save-to.ts';
export type { SinkReport } from './node/output/sink.ts';
export { readText, writeText } from './node/output/text-file.ts';
export { saveByWriters, WRITERS_MAX, type WritersOptions } from './node/parallel/save-by-writers.ts';
export { saveInThread, type ThreadOptions } from './node/thread/save-in-thread.ts';
export { LateTurnWatch } from './node/thread/turn-watch.ts';
