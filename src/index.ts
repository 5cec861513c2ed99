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
} from './core/instantiate.ts';
export { type ErrorCode, type ErrorDetails, PagepipeError } from './errors.ts';
export type { StreamOrigin } from './format/origin.ts';
export type { StreamSection } from './format/stream-section.ts';
export { type AddressShift, addressShift } from './guest/address-hole.ts';
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
export { fillBlock, fillContent } from './guest/synthetic/content.ts';
export { Dirtier } from './guest/synthetic/dirtier.ts';
export { Prng } from './guest/synthetic/prng.ts';
export { type Run, runsOf } from './guest/synthetic/runs.ts';
export {
  describeWorkloads,
  parseWorkload,
  type WorkloadName,
  type WorkloadSpec,
} from './guest/synthetic/workload.ts';
export { inspectStream, StreamInspector } from './load/inspect.ts';
export { GuestLoader, type Loaded, type LoadOptions, loadStream } from './load/load.ts';
export {
  type MissingPages,
  type MissingRule,
  missingPages,
  pagesOfBlocks,
  refuseMissing,
} from './load/missing-pages.ts';
export type { StreamFacts } from './load/read-stream.ts';
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
} from './results/bench.ts';
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
} from './results/compare.ts';
export type { InspectDocument, PageCounts } from './results/inspect.ts';
export {
  buildResult,
  type DiskResult,
  type Measured,
  type Plain,
  type ResultDocument,
  type TraceDocument,
} from './results/result.ts';
export { type Case, type FigureName, parseSamples, type Sample } from './results/samples.ts';
export { BENCH_SCHEMA, COMPARE_SCHEMA, RESULT_SCHEMA } from './results/schemas.ts';
export { type AllSummary, type PhaseSummary, type Phases, summarisePhases } from './results/summary.ts';
export { formatProfile } from './results/systemtap.ts';
export { parseTraceLog, type TraceLog } from './results/trace-log.ts';
export { type AsyncChannel, drive } from './save/drive.ts';
export { nextTurn, systemClock } from './save/event-loop.ts';
export { GuestSource, type Running } from './save/guest-source.ts';
export type { Channel, Clock, Element, Output, Source, Wait } from './save/interfaces.ts';
export { MemoryChannel } from './save/memory-channel.ts';
export { type OutputForm, openOutput, STAGING_BYTES } from './save/output/open-output.ts';
export { type Placement, Placements } from './save/output/output-format.ts';
export { XBZRLE_CACHE_BYTES } from './save/output/xbzrle-cache.ts';
export {
  DOWNTIME_LIMIT_NS,
  runSave,
  type SaveFigures,
  type SaveOptions,
  type SaveProgress,
} from './save/run-save.ts';
export { type LoopOptions, type LoopParts, Save } from './save/save.ts';
export { type MemorySaveOptions, type Saved, saveToMemory } from './save/save-to-memory.ts';
export { Blackout, type BlackoutSummary } from './stats/blackout.ts';
export type { Stuck } from './stats/convergence.ts';
export { RamCounters, type RamStats } from './stats/counters.ts';
export { type Bucket, Log2Histogram } from './stats/histogram.ts';
export type { LateTurnsResult } from './stats/late-turns.ts';
export { median } from './stats/quantiles.ts';
export { type Phase, type Span, Spans } from './stats/spans.ts';
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
