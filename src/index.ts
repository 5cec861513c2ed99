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
export type { StreamOrigin } from './format/origin.ts';
export type { StreamSection } from './format/stream-section.ts';
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
export { GuestSource, type Running } from './migrate/guest-source.ts';
export { inspectStream, StreamInspector } from './migrate/inspect.ts';
export type { Channel, Clock, Element, Output, Source, Wait } from './migrate/interfaces.ts';
export { GuestLoader, type Loaded, type LoadOptions, loadStream } from './migrate/load.ts';
export { MemoryChannel } from './migrate/memory-channel.ts';
export {
  type MissingPages,
  type MissingRule,
  missingPages,
  pagesOfBlocks,
  refuseMissing,
} from './migrate/missing-pages.ts';
export { type OutputForm, openOutput, STAGING_BYTES } from './migrate/open-output.ts';
export { type Placement, Placements } from './migrate/output-format.ts';
export type { StreamFacts } from './migrate/read-stream.ts';
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
export type { Policy, RunningPolicy } from './policy/policy.ts';
export { QEMU_SLICE_NS, slice } from './policy/slice.ts';
export { type PolicyName, type PolicySpec, policyOf } from './policy/table.ts';
export { tokenBucket } from './policy/token-bucket.ts';
export { unlimited } from './policy/unlimited.ts';
export { WINDOW_NS, window } from './policy/window.ts';
export type {
  BenchAgainst,
  BenchCaseResult,
  BenchDocument,
  BenchRatio,
  BenchVerdict,
  BuildFacts,
  MeasuredCase,
  UnmeasuredCase,
} from './stats/bench.ts';
export { Blackout, type BlackoutSummary } from './stats/blackout.ts';
export {
  type CompareDocument,
  type ComparedCase,
  type ComparedFigure,
  compareSamples,
  type Draws,
  hasFallen,
  hasInterval,
  type MedianRatio,
  ratioOfMedians,
  type SureRatio,
  throughputOf,
} from './stats/compare.ts';
export type { Stuck } from './stats/convergence.ts';
export { RamCounters, type RamStats } from './stats/counters.ts';
export { type Bucket, Log2Histogram } from './stats/histogram.ts';
export type { InspectDocument, PageCounts } from './stats/inspect.ts';
export type { LateTurnsResult } from './stats/late-turns.ts';
export { median } from './stats/quantiles.ts';
export {
  buildResult,
  type DiskResult,
  type Measured,
  type Plain,
  type ResultDocument,
  type TraceDocument,
} from './stats/result.ts';
export { type Case, type FigureName, parseSamples, type Sample } from './stats/samples.ts';
export { BENCH_SCHEMA, COMPARE_SCHEMA, RESULT_SCHEMA } from './stats/schemas.ts';
export { type Phase, type Span, Spans } from './stats/spans.ts';
export { type AllSummary, type PhaseSummary, type Phases, summarisePhases } from './stats/summary.ts';
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
  roundMs,
} from './units.ts';
