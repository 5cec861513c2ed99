/**
 * A guest for ARM's `virt` that needs no firmware and no kernel: a few words of machine code that count in memory,
 * write to a page a tick, and say each count on the serial port.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Peer } from './peers.ts';
import { type Form, Qemu } from './qemu.ts';

/** Less than a flash bank of this machine: 64 MiB each. */
export const ARM_RAM_BYTES = 16 * 2 ** 20;
/** Where RAM begins, and the PL011 (QEMU's hw/arm/virt.c, base_memmap). */
const RAM_ADDRESS = 0x4000_0000;
const UART_ADDRESS = 0x0900_0000;
/** Behind the device tree, for which QEMU keeps the first MiB. */
const CODE_ADDRESS = RAM_ADDRESS + 0x20_0000;
/** The counter's offset in RAM, and the 256 pages that the ticks write to. */
export const COUNTER_OFFSET = 0x30_0000;
const PAGES_OFFSET = 0x40_0000;

/** Registers: addresses of the UART, the counter and the pages; the count; a digit's shift; scratch; the delay. */
const R = { uart: 0, counter: 1, pages: 2, count: 3, shift: 4, digit: 5, page: 6, delay: 7 } as const;
const EQUAL = 0;
const LESS = 3; // unsigned

/** A64 encodings (Arm ARM, C6.2), each with the operands that are used here; registers are numbers. */
const A64 = {
  /** movz x, #imm16, lsl #16 */
  movzHigh: (rd: number, imm16: number) => 0xd2a0_0000 | (imm16 << 5) | rd,
  /** movk x, #imm16 */
  movkLow: (rd: number, imm16: number) => 0xf280_0000 | (imm16 << 5) | rd,
  ldrWord: (rt: number, rn: number) => 0xb940_0000 | (rn << 5) | rt,
  strWord: (rt: number, rn: number) => 0xb900_0000 | (rn << 5) | rt,
  strByte: (rt: number, rn: number) => 0x3900_0000 | (rn << 5) | rt,
  addWord: (rd: number, rn: number, imm12: number) => 0x1100_0000 | (imm12 << 10) | (rn << 5) | rd,
  subWord: (rd: number, rn: number, imm12: number) => 0x5100_0000 | (imm12 << 10) | (rn << 5) | rd,
  /** cmp w, #imm12 */
  compare: (rn: number, imm12: number) => 0x7100_001f | (imm12 << 10) | (rn << 5),
  /** lsr w, w, w */
  shiftRight: (rd: number, rn: number, rm: number) => 0x1ac0_2400 | (rm << 16) | (rn << 5) | rd,
  /** and w, w, #0xf */
  lowDigit: (rd: number, rn: number) => 0x1200_0c00 | (rn << 5) | rd,
  /** and w, w, #0xff */
  lowByte: (rd: number, rn: number) => 0x1200_1c00 | (rn << 5) | rd,
  /** add x, x, x, lsl #12 */
  addPages: (rd: number, rn: number, rm: number) => 0x8b00_3000 | (rm << 16) | (rn << 5) | rd,
  /** b.cond, by so many instructions */
  branchIf: (condition: number, by: number) => 0x5400_0000 | ((by & 0x7_ffff) << 5) | condition,
  branch: (by: number) => 0x1400_0000 | (by & 0x3ff_ffff),
  /** cbnz w */
  branchNotZero: (rt: number, by: number) => 0x3500_0000 | ((by & 0x7_ffff) << 5) | rt,
} as const;

/** Loads a 32-bit address. */
function address(register: number, value: number): number[] {
  return [A64.movzHigh(register, value >>> 16), A64.movkLow(register, value & 0xffff)];
}

/** The program: eight hexadecimal digits and a line end for each tick. */
function program(): Buffer {
  const begin = [
    ...address(R.uart, UART_ADDRESS),
    ...address(R.counter, RAM_ADDRESS + COUNTER_OFFSET),
    ...address(R.pages, RAM_ADDRESS + PAGES_OFFSET),
  ];
  const digits = [
    A64.shiftRight(R.digit, R.count, R.shift),
    A64.lowDigit(R.digit, R.digit),
    A64.addWord(R.digit, R.digit, 0x30),
    A64.compare(R.digit, 0x3a),
    A64.branchIf(LESS, 2),
    A64.addWord(R.digit, R.digit, 0x27),
    A64.strByte(R.digit, R.uart),
    A64.compare(R.shift, 0),
    A64.branchIf(EQUAL, 3),
    A64.subWord(R.shift, R.shift, 4),
    A64.branch(-10),
  ];
  const tick = [
    A64.ldrWord(R.count, R.counter),
    A64.addWord(R.count, R.count, 1),
    A64.strWord(R.count, R.counter),
    A64.lowByte(R.page, R.count),
    A64.addPages(R.page, R.pages, R.page),
    A64.strWord(R.count, R.page),
    A64.movzHigh(R.shift, 0),
    A64.movkLow(R.shift, 28),
    ...digits,
    A64.movzHigh(R.digit, 0),
    A64.movkLow(R.digit, 0x0a),
    A64.strByte(R.digit, R.uart),
    ...address(R.delay, 0x2_0000),
    A64.subWord(R.delay, R.delay, 1),
    A64.branchNotZero(R.delay, -1),
  ];
  const words = [...begin, ...tick, A64.branch(-tick.length)];
  const bytes = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) bytes.writeUInt32LE(word >>> 0, index * 4);
  return bytes;
}

/** A test run has so long for what a quiet host does in a second: against a real hang. */
const LIMIT_MS = 120_000;
const POLL_MS = 20;

/** QEMU's arguments; the program and the serial port's file are made in the folder. */
function machineArgs(folder: string, serial_path: string): string[] {
  const code = join(folder, 'code');
  writeFileSync(code, program());
  writeFileSync(serial_path, '');
  return [
    ...['-M', 'virt', '-cpu', 'cortex-a57', '-m', `${ARM_RAM_BYTES / 2 ** 20}M`],
    ...['-device', `loader,file=${code},addr=${CODE_ADDRESS},force-raw=on,cpu-num=0`],
    ...['-serial', `file:${serial_path}`],
  ];
}

/** The counts that were said whole. */
function ticksIn(path: string): number[] {
  const text = existsSync(path) ? readFileSync(path, 'latin1') : '';
  return Array.from(text.matchAll(/^([0-9a-f]{8})\n/gm), ([, digits = '']) => Number.parseInt(digits, 16));
}

async function waitForTicks(qemu: Qemu, path: string, count: number): Promise<void> {
  const until_ms = performance.now() + LIMIT_MS;
  while (ticksIn(path).length < count) {
    // it answers as long as it lives
    await qemu.execute('query-status');
    if (performance.now() > until_ms) throw new Error(`the guest said ${ticksIn(path).length} ticks`);
    await sleep(POLL_MS);
  }
}

/** Runs the guest for a while and stops it; its stream goes to `stream_path`. @returns its RAM, as QEMU sees it */
export function recordArm(peer: Peer, folder: string, stream_path: string): Promise<Buffer> {
  const serial_path = join(folder, 'serial');
  return Qemu.with(peer, machineArgs(folder, serial_path), async (qemu) => {
    // more ticks than pages, so that pages were written again
    await waitForTicks(qemu, serial_path, 300);
    await qemu.execute('stop');
    const { status } = await qemu.migrateTo(stream_path);
    if (status !== 'completed') throw new Error(`QEMU could not record the guest: ${qemu.stderr}`);
    return qemu.physicalMemory(ARM_RAM_BYTES, RAM_ADDRESS);
  });
}

/** Loads a stream into a fresh QEMU and lets the guest go on. @returns the first counts that it says whole */
export function resumeArm(peer: Peer, folder: string, stream_path: string, form: Form): Promise<number[]> {
  const serial_path = join(folder, 'serial-again');
  const args = [...machineArgs(folder, serial_path), '-S', '-incoming', 'defer'];
  return Qemu.with(peer, args, async (qemu) => {
    await qemu.migrateFrom(stream_path, form);
    const { status } = await qemu.migrationEnd();
    if (status !== 'completed') throw new Error(`QEMU did not take the stream: ${qemu.stderr}`);
    await qemu.execute('cont');
    await waitForTicks(qemu, serial_path, 3);
    return ticksIn(serial_path);
  });
}
