/**
 * Which block of a guest is its main memory. A stream names its blocks and says nothing of their use; the largest one
 * may be flash (64 MiB twice, beside any RAM, on ARM's virt), secure RAM, an NVDIMM or a device's memory.
 */
import { fail } from '../errors.ts';
import type { BlockSpec } from './bank.ts';

/**
 * What QEMU calls the RAM that it makes for `-m`, where the name does not end as `MACHINE_RAM` says: `default-ram-id`
 * of all machine types of 7.2 (query-machines, all its targets), and those of machines that have none
 * (realview, xtensa).
 */
const RAM_NAMES: ReadonlySet<string> = new Set([
  ...['ram', 'ddr', 'DDR', 'ddr-ram', 'ext-sdram', 'boston.ddr', 'loongson3.highram', 'zynq.ext_ram'],
  // omap2's stands beside a chip's onenand.ram
  ...['vexpress.highmem', 'realview.highmem', 'xtensa.sysram0', 'omap2.dram'],
]);
/** Such as pc.ram, mach-virt.ram, riscv_virt_board.ram, exynos4210.dram0, pxa270.sdram. */
const MACHINE_RAM = /\.(ram|s?dram\d?)$/;
/**
 * A machine's own blocks that are no main memory: ROM, flash, video, SRAM, and what only the secure world sees.
 * (info ramblock of each machine type of 7.2.)
 */
const NO_MAIN_MEMORY = /rom|bios|flash|\.fl\d|vram|xram|video|sram|secure|qspi|xip|lmb|tcm|\.local$/i;
/** Memory backends are of this size and up; smaller blocks of machines are buffers and the like. */
const BACKEND_BYTES_MIN = 2 ** 20;

/** Named by a device's path, as `0000:00:02.0/vga.vram` or `/rom@etc/acpi/tables`; not so a backend's `/objects/ID`. */
function isOfDevice(name: string): boolean {
  return name.includes('/') && !name.startsWith('/objects/');
}

function mayBeMain({ name }: BlockSpec): boolean {
  return RAM_NAMES.has(name) || !(isOfDevice(name) || NO_MAIN_MEMORY.test(name));
}

/**
 * The block that is main memory. A memory backend is named by its user (`-object memory-backend-ram,id=…`), and so is
 * a DIMM; where there is more than one such block, or one beside the machine's own RAM, memory is in several blocks.
 *
 * @throws `no-blocks`; `main-memory` where it is in several blocks, or none is known for it
 * @example const image = guest.ram(mainMemory(guest.blocks));
 */
export function mainMemory<B extends BlockSpec>(blocks: readonly B[]): B {
  const [first, ...others] = blocks;
  if (first === undefined) throw fail('no-blocks', {});
  if (others.length === 0) return first;
  const candidates = blocks.filter(mayBeMain);
  const named = candidates.filter(({ name }) => RAM_NAMES.has(name));
  const machine_ram = named.length > 0 ? named : candidates.filter(({ name }) => MACHINE_RAM.test(name));
  const backends = candidates.filter(
    ({ name, bytes }) => bytes >= BACKEND_BYTES_MIN && !RAM_NAMES.has(name) && !MACHINE_RAM.test(name),
  );
  const found = machine_ram.length > 0 ? [...machine_ram, ...backends] : candidates;
  const [main, ...more] = found;
  if (main !== undefined && more.length === 0) return main;
  const listed = (found.length > 0 ? found : blocks).map(({ name, bytes }) => ({ name, bytes }));
  throw fail('main-memory', { blocks: listed });
}
