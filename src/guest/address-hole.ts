/**
 * Where RAM that stands in one block is in two places of the guest's address space. On x86 what does not fit below
 * 4 GiB, under the addresses of devices, goes on from 4 GiB.
 */

const GIB = 2 ** 30;
const HIGH_ADDRESS = 4 * GIB;

interface Hole {
  readonly machine: RegExp;
  /** A guest of so much RAM or more is split. */
  readonly from_bytes: number;
  /** What then is below 4 GiB. */
  readonly below_bytes: number;
}

/**
 * By machine type: QEMU's hw/i386/pc_piix.c (pc_init1), pc_q35.c (pc_q35_init) and microvm.c (microvm_memory_init).
 * Types of pc up to 1.7 split at 3.5 GiB; their streams do not name the machine. What moves the split
 * (max-ram-below-4g) is in no stream.
 */
const HOLES: readonly Hole[] = [
  { machine: /^(pc|pc-i440fx-.*|isapc)$/, from_bytes: 3.5 * GIB, below_bytes: 3 * GIB },
  { machine: /^(pc-)?q35(-.*)?$/, from_bytes: 2.75 * GIB, below_bytes: 2 * GIB },
  { machine: /^microvm$/, from_bytes: 3 * GIB + 1, below_bytes: 3 * GIB },
];

/** From which offset in the block addresses are higher than offsets, and by how much. */
export interface AddressShift {
  readonly offset: number;
  readonly shift_bytes: number;
}

/** Where addresses go on elsewhere in a machine's main memory of so many bytes; undefined where they do not. */
export function addressShift(machine: string, ram_bytes: number): AddressShift | undefined {
  const hole = HOLES.find((known) => known.machine.test(machine));
  if (hole === undefined || ram_bytes < hole.from_bytes) return undefined;
  return { offset: hole.below_bytes, shift_bytes: HIGH_ADDRESS - hole.below_bytes };
}
