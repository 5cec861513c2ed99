/** The guest that a command is about: from a file, or synthetic. */

import { MEMORY_BYTES_MAX } from '../core/arena.ts';
import { fail } from '../errors.ts';
import type { StreamOrigin } from '../format/origin.ts';
import { Guest, type GuestOptions, PAGE_BYTES } from '../guest/guest.ts';
import { fillBlock } from '../guest/synthetic/content.ts';
import { Dirtier } from '../guest/synthetic/dirtier.ts';
import { parseWorkload, type WorkloadSpec } from '../guest/synthetic/workload.ts';
import type { MissingRule } from '../load/missing-pages.ts';
import { type GuestReadOptions, readGuest } from '../node/input/input.ts';
import { nextTurn } from '../save/event-loop.ts';
import type { Running } from '../save/guest-source.ts';
import { contradiction } from './options.ts';
import { readingBar } from './reading.ts';
import { warnOfMissing } from './warnings.ts';

/** A guest, ready to be saved. */
export interface ChosenGuest {
  readonly guest: Guest;
  readonly origin?: StreamOrigin | undefined;
  /** What it does while it is saved. */
  readonly running?: Running | undefined;
  /** How long it took to read or make. */
  readonly load_ms: number;
}

/** Reads a guest from an image or a stream, with a progress bar. */
export async function guestFromFile(
  path: string,
  signal: AbortSignal,
  options: Pick<GuestReadOptions, 'shared' | 'raw' | 'missing'> = {},
): Promise<ChosenGuest> {
  const before_ms = performance.now();
  const file = await readingBar('reading', (onProgress) =>
    readGuest(path, { ...options, signal, onProgress }),
  );
  warnOfMissing(file.missing);
  return { ...file, load_ms: performance.now() - before_ms };
}

/**
 * Makes a synthetic guest: one block, named as that of QEMU's machine `none`.
 *
 * @throws `usage-guest-size`; `usage-running-size` for one that runs and is larger than one memory
 */
export async function syntheticGuest(
  spec: WorkloadSpec,
  size_bytes: number,
  seed: number,
  signal: AbortSignal,
  options: GuestOptions = {},
): Promise<ChosenGuest> {
  if (size_bytes === 0 || size_bytes % PAGE_BYTES !== 0) {
    throw fail('usage-guest-size', { bytes: size_bytes, page_bytes: PAGE_BYTES });
  }
  const is_running = spec.dirty_bytes_per_s > 0;
  if (is_running && size_bytes > MEMORY_BYTES_MAX) {
    throw fail('usage-running-size', { bytes: size_bytes, bytes_max: MEMORY_BYTES_MAX });
  }
  const before_ms = performance.now();
  const guest = new Guest([{ name: 'ram', bytes: size_bytes }], options);
  const block = guest.largestBlock();
  await fillBlock(guest, block, spec, seed, async () => {
    await nextTurn();
    if (signal.aborted) throw fail('interrupted', {});
  });
  const mark = (page: number) => guest.logWrite(block, page);
  const running = is_running ? new Dirtier(() => guest.ram(block), spec, seed, mark) : undefined;
  return { guest, running, load_ms: performance.now() - before_ms };
}

/** What says which guest it is has to say it once. @throws `usage-contradiction`, `usage-needs` */
export function checkGuestFlags(flags: {
  readonly ram?: string;
  readonly raw?: boolean;
  readonly missing?: MissingRule;
  readonly workload?: string;
  readonly size?: number;
}): void {
  const { ram, raw, missing, workload, size } = flags;
  if (ram !== undefined && workload !== undefined) throw contradiction('--ram', '--workload');
  if (ram !== undefined && size !== undefined) throw contradiction('--ram', '--size');
  if (ram !== undefined) return;
  if (raw === true) throw fail('usage-needs', { option: '--raw', needs: '--ram' });
  if (missing !== undefined) throw fail('usage-needs', { option: '--missing', needs: '--ram' });
}

/** The guest that `--ram` or `--workload` and `--size` name. */
export async function chooseGuest(
  options: {
    readonly ram?: string | undefined;
    readonly raw?: boolean | undefined;
    readonly missing?: MissingRule | undefined;
    readonly workload?: string | undefined;
    readonly size?: number | undefined;
    readonly seed: number;
    /** The guest is saved by the migration thread. */
    readonly thread?: boolean | undefined;
    /** Or by several channels at once. */
    readonly channels?: number | undefined;
  },
  signal: AbortSignal,
): Promise<ChosenGuest> {
  const shared = options.thread === true || (options.channels ?? 1) > 1;
  const { raw, missing } = options;
  if (options.ram !== undefined) return guestFromFile(options.ram, signal, { shared, raw, missing });
  if (options.workload === undefined)
    throw fail('usage-needs', { option: 'save', needs: '--ram or --workload' });
  if (options.size === undefined)
    throw fail('usage-needs', { option: '--workload', needs: '--size, such as 1GiB' });
  return syntheticGuest(parseWorkload(options.workload), options.size, options.seed, signal, { shared });
}
