/** What the save and its helper process tell each other over Node's IPC channel. */
import type { DiskTarget, DiskTimes } from '../output/disk-writer.ts';

/**
 *     save ── start ──▶ helper          where to write; the stream comes on standard input
 *     save ◀─ opened ── helper          whether O_DIRECT is used
 *     save ◀─ drained ─ helper          the stream ended; so much was written, and so long it took
 *     save ── finish ─▶ helper          so long the stream was
 *     save ◀─ synced ── helper          it is on the disk
 *     save ◀─ failed ── helper          instead of any of these
 */
export type ToHelper =
  | {
      readonly type: 'start';
      readonly target: DiskTarget;
      readonly direct: boolean;
      readonly is_part: boolean;
    }
  | { readonly type: 'finish'; readonly stream_bytes: number };

export type FromHelper =
  | { readonly type: 'opened'; readonly is_direct: boolean; readonly direct_refusal: string | undefined }
  | { readonly type: 'drained'; readonly written_bytes: number; readonly times: DiskTimes }
  | { readonly type: 'synced'; readonly sync_ms: number }
  | {
      readonly type: 'failed';
      readonly offset: number;
      readonly code: string | undefined;
      readonly reason: string;
    };

/** The descriptor at which a helper finds an output that is open already. */
export const HELPER_OUTPUT_FD = 4;
/**
 * The same for a FIFO, which was opened non-blocking and is to block in the helper: libuv makes a child's
 * descriptors up to 2 blocking (uv__process_child_init).
 */
export const HELPER_FIFO_FD = 1;
