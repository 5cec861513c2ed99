/** Which block is main memory: blocks as machines of QEMU 7.2 have them (info ramblock), with sizes that vary. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addressShift } from '../../src/guest/address-hole.ts';
import { mainMemory } from '../../src/guest/main-memory.ts';
import { assertRefusal } from '../support/reading.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

interface Named {
  readonly name: string;
  readonly bytes: number;
}

/** `name MiB`, separated by commas. */
function blocksOf(text: string): Named[] {
  return text.split(', ').map((item) => {
    const [name = '', mib = '0'] = item.split(' ');
    return { name, bytes: Number(mib) * MIB };
  });
}

/** Of each machine the block that `-m` sizes, and then all others. */
const MACHINES: Readonly<Record<string, string>> = {
  pc: 'pc.ram 128, /rom@etc/acpi/tables 0.125, pc.bios 0.25, pc.rom 0.125, 0000:00:02.0/vga.vram 256',
  'pc with OVMF': 'pc.ram 128, system.flash0 512, system.flash1 0.5, pc.rom 0.125',
  'pc with ivshmem and virtio-mem': 'pc.ram 128, 0000:00:03.0/iv 512, 0000:00:04.0/vm0 1024, pc.bios 0.25',
  microvm: 'microvm.ram 128, /rom@etc/acpi/tables 0.125, pc.bios 0.0625',
  'virt of ARM': 'mach-virt.ram 32, virt.flash0 64, virt.flash1 64, /rom@etc/acpi/tables 0.125',
  'virt of ARM, secure': 'mach-virt.ram 16, virt.flash0 64, virt.flash1 64, virt.secure-ram 16',
  'sbsa-ref':
    'sbsa-ref.ram 32, sbsa-ref.secure-ram 512, sbsa.flash0 256, sbsa.flash1 256, 0000:00:01.0/vga.vram 16',
  'virt of RISC-V': 'riscv_virt_board.ram 16, riscv_virt_board.mrom 0.0625, virt.flash0 32, virt.flash1 32',
  malta: 'mips_malta.ram 2, mips_malta.bios 4, 0000:00:12.0/vga.vram 16',
  mac99: 'ppc_core99.ram 128, ppc_core99.bios 1, 0000:00:0e.0/vga.vram 16',
  pseries: 'ppc_spapr.ram 128, 0000:00:00.0/vga.vram 16',
  powernv: 'pnv.ram 128',
  'SS-5': 'sun4m.ram 128, /sun4m.prom 1, /tcx.prom 0.0625, /tcx.vram 13',
  q800: 'm68k_mac.ram 4, macfb.vram 4, m68k_mac.rom 1',
  s390: 's390.ram 128',
  'vexpress-a9':
    'vexpress.highmem 32, vexpress.flash0 64, vexpress.flash1 64, vexpress.sram 32, vexpress.vram 8',
  'realview-eb': 'realview.highmem 128, realview.hack 0.00390625',
  zynq: 'zynq.ext_ram 32, zynq.pflash 64, zynq.ocm_ram 0.25',
  versal: 'ddr 128, xram[0] 1, xram[1] 1, xram[2] 1, xram[3] 1, ocm 0.25, fpd-dma.ram 0.5',
  zcu102: 'ddr-ram 128, zynqmp.ocm_ram_bank_0 0.0625',
  n800: 'omap2.dram 128, omap2.sram 0.625, onenand.ram 0.09375',
  collie: 'strongarm.sdram 32, collie.fl1 32, collie.fl2 32',
  spitz: 'pxa270.sdram 64, spitz.rom 8, pxa270.internal 0.25',
  smdkc210: 'exynos4210.dram0 1024, exynos4210.iram 0.125, exynos4210.irom 0.0625',
  'mps2-an385': 'mps.ram 16, mps.ssram1 4, mps.ssram23 4, mps.blockram 0.25',
  'mps3-an524': 'DDR 2048, QSPI 8, sram 2, sram2 4',
  ast2600: 'ram 1024, aspeed.sram.0 0.75',
  'xtensa virt': 'xtensa.sysram0 896, xtensa.sysrom0 64, xtensa.instram0 0.125',
  'petalogix-ml605': 'petalogix_ml605.ram 128, petalogix_ml605.flash 32, petalogix_ml605.lmb_bram 0.125',
  'a backend instead of the RAM of -m': 'mine 8, pc.bios 0.25, pc.rom 0.125, 0000:00:02.0/vga.vram 16',
  'a backend of a machine type up to 3.1': '/objects/mine 8, pc.bios 0.25, pc.rom 0.125',
  'one NUMA node of libvirt': 'ram-node0 8, pc.bios 0.25, pc.rom 0.125',
  'nothing but one block': 'virt.flash0 64',
  'one of a raw image': 'ram 1',
};

for (const [machine, text] of Object.entries(MACHINES)) {
  test(`main memory of ${machine}`, () => {
    const blocks = blocksOf(text);
    const wanted = blocks[0]?.name;
    assert.is(mainMemory(blocks).name, wanted);
    assert.is(mainMemory([...blocks].reverse()).name, wanted, 'in another order');
  });
}

/** What is in several blocks, and which of them are named. */
const SEVERAL: Readonly<Record<string, readonly [text: string, listed: readonly string[]]>> = {
  'NUMA nodes': ['ram-node0 64, ram-node1 64, pc.bios 0.25, pc.rom 0.125', ['ram-node0', 'ram-node1']],
  'backends of any name': ['a 64, b 64, 0000:00:02.0/vga.vram 16', ['a', 'b']],
  'a DIMM': ['d0 128, pc.ram 64, pc.bios 0.25', ['pc.ram', 'd0']],
  'an NVDIMM of libvirt': ['memnvdimm0 1024, pc.ram 64, pc.bios 0.25', ['pc.ram', 'memnvdimm0']],
  'a DIMM of an old machine type': ['/objects/d0 128, pc.ram 64', ['pc.ram', '/objects/d0']],
  'two banks of a machine': [
    'exynos4210.dram0 1024, exynos4210.dram1 512',
    ['exynos4210.dram0', 'exynos4210.dram1'],
  ],
  'no block that could be': ['virt.flash0 64, virt.flash1 64', ['virt.flash0', 'virt.flash1']],
};

for (const [what, [text, listed]] of Object.entries(SEVERAL)) {
  test(`no single main memory: ${what}`, () => {
    const blocks = blocksOf(text);
    const error = assertRefusal(() => mainMemory(blocks), 'main-memory', {
      blocks: listed.map((name) => blocks.find((block) => block.name === name)),
    });
    for (const name of listed) assert.match(error.message, `"${name}"`);
    assert.match(error.message, /: give load --block NAME or --all$/);
  });
}

test('of many blocks eight are named', () => {
  const nodes = Array.from({ length: 20 }, (_, node) => ({ name: `ram-node${node}`, bytes: MIB }));
  const { message } = assertRefusal(() => mainMemory(nodes), 'main-memory', {});
  assert.match(message, /"ram-node7", and 12 more\)/);
  assert.not.match(message, 'ram-node8');
});

test('no block at all', () => {
  assertRefusal(() => mainMemory([]), 'no-blocks', {});
});

test('RAM of x86 goes on above the hole below 4 GiB: from where, and by how much', () => {
  const shifts: readonly (readonly [machine: string, gib: number, offset: number, shift: number])[] = [
    ['pc-i440fx-7.2', 3.5, 3, 1],
    ['pc-i440fx-7.2', 5, 3, 1],
    ['pc-i440fx-rhel7.6.0', 16, 3, 1],
    ['pc', 4, 3, 1],
    ['isapc', 4, 3, 1],
    ['pc-q35-10.0', 2.75, 2, 2],
    ['pc-q35-rhel9.2.0', 64, 2, 2],
    ['q35', 3, 2, 2],
    ['microvm', 4, 3, 1],
  ];
  for (const [machine, gib, offset, shift] of shifts) {
    const wanted = { offset: offset * GIB, shift_bytes: shift * GIB };
    assert.equal(addressShift(machine, gib * GIB), wanted, `${machine} of ${gib} GiB`);
  }
  const flat: readonly (readonly [machine: string, bytes: number])[] = [
    ['pc-i440fx-7.2', 3.5 * GIB - 4096],
    ['pc-q35-7.2', 2.75 * GIB - 4096],
    ['microvm', 3 * GIB],
    ['virt-7.2', 64 * GIB],
    ['none', 64 * GIB],
    ['pcx', 64 * GIB],
    ['', 64 * GIB],
  ];
  for (const [machine, bytes] of flat) assert.is(addressShift(machine, bytes), undefined, machine);
});

test.run();
