/** Where a stream ends up: what makes the channel, and what makes the output final or leaves nothing. */
import type { AsyncChannel } from '../../save/drive.ts';
import type { Placements } from '../../save/output/output-format.ts';
import type { DiskTimes } from './disk-writer.ts';

/** What became of the output. */
export interface SinkReport {
  /** How long the sync took, off the main loop. */
  readonly sync_ms: number;
  /** Whether the disk end wrote by O_DIRECT; undefined where there is no disk end of ours. */
  readonly is_direct?: boolean | undefined;
  /** Why not, although it was asked for. */
  readonly direct_refusal?: string | undefined;
  /** The disk end's own write times. */
  readonly disk?: DiskTimes | undefined;
}

export interface SinkOptions {
  /** O_DIRECT at the disk end. */
  readonly direct: boolean;
  /** Replace a file that exists. */
  readonly force: boolean;
  /** Aborting it ends the wait for somebody to read a FIFO. */
  readonly signal?: AbortSignal | undefined;
}

export interface Sink {
  /** The channel for a staging buffer; to be called once. */
  openChannel(staging: Uint8Array, placements: Placements | undefined): AsyncChannel;
  /** Ends the stream, which had `stream_bytes`, syncs it and gives it its name. */
  finish(stream_bytes: number): Promise<SinkReport>;
  /** Ends everything that `openChannel` began; leaves no half output, no FIFO, no process. Never throws. */
  abort(): Promise<void>;
}
