/** What is worth a word beside an output that is whole: a line on standard error each. */
import { quote } from '../errors.ts';
import { addressShift } from '../guest/address-hole.ts';
import type { Block } from '../guest/guest.ts';
import type { MissingPages } from '../load/missing-pages.ts';
import { formatCount } from '../units.ts';
import { printError } from './terminal.ts';

const hex = (value: number): string => `0x${value.toString(16)}`;

function warn(text: string): void {
  printError(`pagepipe: warning: ${text}`);
}

/** Pages that had no record, and are zero in the output. */
export function warnOfMissing(blocks: readonly MissingPages[]): void {
  for (const { block, missing, pages, is_virtio_mem } of blocks) {
    const why = is_virtio_mem ? ' (virtio-mem)' : '';
    warn(
      `${formatCount(missing)} of ${formatCount(pages)} pages of block ${quote(block)} have no record ` +
        `and are taken as zero${why}`,
    );
  }
}

/** An image of main memory whose offsets are not all physical addresses. */
export function warnOfHole(machine: string, block: Block): void {
  const shift = addressShift(machine, block.bytes);
  if (shift === undefined) return;
  warn(
    `from image offset ${hex(shift.offset)} on, addresses are ${hex(shift.shift_bytes)} higher (see --block)`,
  );
}

/** RAM that is plugged in by virtio-mem devices, and not in an image of main memory. */
export function warnOfPlugged(blocks: readonly MissingPages[]): void {
  for (const { block, missing, pages, is_virtio_mem } of blocks)
    if (is_virtio_mem && missing < pages)
      warn(`the virtio-mem device's block ${quote(block)} is not in the image: --all writes it too`);
}
