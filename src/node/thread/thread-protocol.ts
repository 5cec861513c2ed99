/** What the main thread and the migration thread tell each other. */
import type { PlainError } from '../../errors.ts';
import type { SharedGuest } from '../../guest/guest.ts';
import type { PolicySpec } from '../../policy/table.ts';
import type { SaveSettings } from '../../save/run-save.ts';
import type { Stuck } from '../../stats/convergence.ts';
import type { RamCounts } from '../../stats/counters.ts';
import type { SpanColumns } from '../../stats/spans.ts';
import type { OutputOptions, SavedTo } from '../output/save-to.ts';

/**
 *     main ── setup ───▶ thread          the guest, the output, how: its workerData
 *     main ◀─ begun ──── thread          Begin, and when that was
 *     main ◀─ progress ─ thread          now and then
 *     main ◀─ stuck ──── thread          once, where the save does not converge
 *     main ◀─ pause ──── thread          the guest is to stand still; the thread sleeps on PAUSED until it does
 *     main ── abort ───▶ thread          also as ABORTED, which a turn looks at
 *     main ◀─ saved ──── thread          the output is final
 *     main ◀─ failed ─── thread          instead of any of these; nothing is left of the output
 */
export interface ThreadSetup {
  readonly guest: SharedGuest;
  readonly output: string;
  readonly options: OutputOptions & SaveSettings;
  readonly policy: PolicySpec;
  readonly is_running: boolean;
  /** Whether the main thread has to hear of the pause: the guest runs, or somebody wants to know. */
  readonly is_pause_told: boolean;
  /** `CONTROL_WORDS` words, indexed by the names below. */
  readonly control: Int32Array<SharedArrayBuffer>;
}

export const CONTROL_WORDS = 2;
/** Not 0 once the guest stands still. */
export const PAUSED = 0;
/** Not 0 once the save is called off. */
export const ABORTED = 1;

/** The one message to the thread. */
export type ToThread = 'abort';

export type FromThread =
  | {
      readonly type: 'begun';
      /** On the thread's own clock, */
      readonly began_ns: number;
      /** and how long ago that was by the clock of process.hrtime, which all threads have. */
      readonly began_hrtime_ns: bigint;
    }
  | { readonly type: 'progress'; readonly remaining_bytes: number; readonly stream_bytes: number }
  | { readonly type: 'stuck'; readonly stuck: Stuck }
  | { readonly type: 'pause' }
  | {
      readonly type: 'saved';
      readonly figures: ThreadFigures;
      readonly spans: SpanColumns;
      readonly counts: RamCounts;
    }
  | { readonly type: 'failed'; readonly error: PlainError };

/** What is measured in the thread, without what is kept in classes. */
export type ThreadFigures = Omit<SavedTo, 'spans' | 'counters' | 'blackout'>;
