/**
 * pagepipe: saves a machine's RAM the way a hypervisor does, page by page, and shows where the time goes.
 * This entry is safe in a browser; `pagepipe/node` adds files, pipes and helper processes.
 */
export { Arena, type ArenaOptions, GUEST_BYTES_MAX, MEMORY_BYTES_MAX } from './core/arena.ts';
export { Core, type DecodeStatus, type EncodeStop, LAYOUT } from './core/core.ts';
export {
  type CoreExports,
  constantsOf,
  init,
  initSync,
  instantiateBuild,
  instantiateCore,
} from './core/load.ts';
export { type ErrorCode, type ErrorDetails, PagepipeError } from './errors.ts';
export { type AddressShift, addressShift } from './guest/address-hole.ts';
export { fillBlock, fillContent } from './guest/content.ts';
export { Dirtier } from './guest/dirtier.ts';
export {
  type Block,
  type BlockSpec,
  Guest,
  type GuestOptions,
  PAGE_BYTES,
  type PageKinds,
  type Part,
  type SharedGuest,
} from './guest/guest.ts';
export { mainMemory } from './guest/main-memory.ts';
export { Prng } from './guest/prng.ts';
export { type Run, runsOf } from './guest/runs.ts';
export { describeWorkloads, parseWorkload, type WorkloadName, type WorkloadSpec } from './guest/workload.ts';
export { type AsyncChannel, drive } from './migrate/drive.ts';
export { nextTurn, systemClock } from './migrate/event-loop.ts';
export { inspectStream, StreamInspector } from './migrate/inspect.ts';
export type { Channel, Clock, Element, Source, Wait } from './migrate/interfaces.ts';
export { GuestLoader, type Loaded, type LoadOptions, loadStream } from './migrate/load.ts';
export { MemoryChannel } from './migrate/memory-channel.ts';
export {
  type MissingPages,
  type MissingRule,
  missingPages,
  pagesOfBlocks,
  refuseMissing,
} from './migrate/missing-pages.ts';
export { type Placement, Placements } from './migrate/output-format.ts';
export {
  type OutputForm,
  RamSource,
  type Running,
  STAGING_BYTES,
  type StreamOrigin,
} from './migrate/ram-source.ts';
export type { StreamFacts, StreamSection } from './migrate/read-stream.ts';
export {
  DOWNTIME_LIMIT_NS,
  runSave,
  type SaveFigures,
  type SaveOptions,
  type SaveProgress,
} from './migrate/run-save.ts';
export { type LoopOptions, type LoopParts, Save } from './migrate/save.ts';
export { type MemorySaveOptions, type Saved, saveToMemory } from './migrate/save-to-memory.ts';
export { XBZRLE_CACHE_BYTES } from './migrate/xbzrle-cache.ts';
export { adaptive, BLACKOUT_TARGET_NS } from './policy/adaptive.ts';
export { type PolicyName, type PolicySpec, withNamedPolicy } from './policy/named.ts';
export { type Policy, type RunningPolicy, startPolicy } from './policy/policy.ts';
export { QEMU_SLICE_NS, slice } from './policy/slice.ts';
export { tokenBucket } from './policy/token-bucket.ts';
export { unlimited } from './policy/unlimited.ts';
export { WINDOW_NS, window } from './policy/window.ts';
export {
  BENCH_SCHEMA,
  type BenchAgainst,
  type BenchCaseResult,
  type BenchDocument,
  type BenchRatio,
  type BenchVerdict,
  type BuildFacts,
  type MeasuredCase,
  type UnmeasuredCase,
} from './stats/bench.ts';
export { Blackout, type BlackoutSummary } from './stats/blackout.ts';
export {
  COMPARE_SCHEMA,
  type CompareDocument,
  type ComparedCase,
  type ComparedFigure,
  compareSamples,
  type Draws,
  hasFallen,
  hasInterval,
  type MedianRatio,
  median,
  ratioOfMedians,
  type SureRatio,
  throughputOf,
} from './stats/compare.ts';
export type { Stuck } from './stats/convergence.ts';
export { RamCounters, type RamStats } from './stats/counters.ts';
export { type Bucket, Log2Histogram } from './stats/histogram.ts';
export type { InspectDocument, PageCounts } from './stats/inspect.ts';
export type { LateTurnsResult } from './stats/late-turns.ts';
export {
  buildResult,
  type DiskResult,
  type Measured,
  type Plain,
  RESULT_SCHEMA,
  type ResultDocument,
  type TraceDocument,
} from './stats/result.ts';
export { type Case, type FigureName, parseSamples, type Sample } from './stats/samples.ts';
export { type Phase, type Span, Spans } from './stats/spans.ts';
export {
  type AllSummary,
  type PhaseSummary,
  type Phases,
  roundMs,
  summarisePhases,
} from './stats/summary.ts';
export { formatProfile } from './stats/systemtap.ts';
export { parseTraceLog, type TraceLog } from './stats/trace-log.ts';
export {
  formatBytes,
  formatCount,
  formatGbPerS,
  formatMs,
  formatRate,
  parseDuration,
  parseRate,
  parseShare,
  parseSize,
} from './units.ts';
