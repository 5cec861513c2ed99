/** The form of a save's output, and its staging buffer. */
import type { StreamOrigin } from '../../format/origin.ts';
import type { Guest } from '../../guest/guest.ts';
import { MappedOutput } from './mapped-output.ts';
import { type OutputFormat, StagingBuffer } from './output-format.ts';
import { StreamOutput } from './stream-output.ts';

/**
 * As much as a pipe holds, so that one write of normal pages fills an empty one and is taken whole: measured with
 * `cat >/dev/null` and no zero page, 4.5 GB/s; 3.5 with the 32 KiB of QEMU (migration/qemu-file.c, IO_BUF_SIZE),
 * and 2.9 with 256 KiB, where nearly every write is cut short.
 */
export const STAGING_BYTES = 64 * 1024;
/** A mapped-ram file is written in places: few, large writes. */
const MAPPED_STAGING_BYTES = 2 ** 20;

/** A QEMU stream, or a mapped-ram file, which needs a file that is written in places. */
export type OutputForm = 'stream' | 'mapped-ram';

export interface FormOptions {
  readonly form?: OutputForm | undefined;
  /** The machine type named in the stream; the origin's own, else `none`. */
  readonly machine?: string | undefined;
  /** The stream that the guest was read from, whose device state goes over unchanged. */
  readonly origin?: StreamOrigin | undefined;
  readonly staging_bytes?: number | undefined;
  readonly xbzrle_cache_bytes?: number | undefined;
}

/** The machine type that a stream names: as asked for, else the origin's own. */
export function machineOf({ machine, origin }: Pick<FormOptions, 'machine' | 'origin'>): string {
  return machine ?? origin?.machine ?? 'none';
}

/** @throws `usage-xbzrle-guest`, `usage-xbzrle-cache`; `memory-full` */
export function openOutput(guest: Guest, options: FormOptions = {}): OutputFormat {
  const is_mapped = options.form === 'mapped-ram';
  const staging_bytes = options.staging_bytes ?? (is_mapped ? MAPPED_STAGING_BYTES : STAGING_BYTES);
  const staging = new StagingBuffer(guest.arena, staging_bytes);
  const Format = is_mapped ? MappedOutput : StreamOutput;
  return new Format(guest, staging, { ...options, machine: machineOf(options) });
}
