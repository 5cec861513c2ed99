/** pagepipe in Node: all of the browser-safe entry, and files, pipes and helper processes. */
export * from './index.ts';
export { blockFileName, type ImageOptions, writeImage, writeImages } from './pipe/image.ts';
export {
  type GuestFile,
  type GuestReadOptions,
  inspectFile,
  type ReadOptions,
  readGuest,
  readStreamFile,
} from './pipe/input.ts';
export { reasonOf } from './pipe/os-error.ts';
export { checkOutput } from './pipe/output-file.ts';
export { isSameOutput, isStandardOutput } from './pipe/same-output.ts';
export { CHANNELS_MAX, type ChannelsOptions, saveByChannels } from './pipe/save-by-channels.ts';
export { saveInThread, type ThreadOptions } from './pipe/save-in-thread.ts';
export { type OutputOptions, type SavedTo, saveTo } from './pipe/save-to.ts';
export type { SinkReport } from './pipe/sink.ts';
export { readText, writeText } from './pipe/text-file.ts';
export { LateTurnWatch } from './pipe/turn-watch.ts';
