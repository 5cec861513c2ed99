/** Images of 1 GiB of RAM in memory (/dev/shm), every page written, and guests with the same content. */
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Guest, PAGE_BYTES, Prng } from '../src/index.ts';

export const RAM_BYTES = 2 ** 30;
const PIECE_BYTES = 2 ** 20;
const SEED = 1;
/** A file system in memory: what is measured is no disk. */
const MEMORY_FOLDER = '/dev/shm';

/** Which pages are not zero: none; every second run of 64; all. */
export const KINDS = {
  zero: () => false,
  half: (page: number) => (page & 64) !== 0,
  normal: () => true,
} as const;

export type Kind = keyof typeof KINDS;
export const KIND_NAMES: readonly Kind[] = ['zero', 'half', 'normal'];

/** A folder in memory that is gone again when `use` is done. */
export async function inMemoryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(MEMORY_FOLDER, 'pagepipe-bench-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  // ended by Ctrl-C, it would leave gigabytes of memory behind
  const onSignal = (): void => {
    remove();
    process.exit(1);
  };
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    return await use(folder);
  } finally {
    remove();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** Writes an image whole; in place where it exists, so that its memory stays what it is. */
export function writeImage(path: string, kind: Kind): void {
  const fill = filler(kind);
  const piece = new Uint32Array(PIECE_BYTES / 4);
  eachPiece(path, 'w', (fd, at) => {
    fill(piece, at);
    writeSync(fd, piece, 0, PIECE_BYTES, at);
  });
}

/** Writes the same content into a guest. */
export function fillWritten(guest: Guest, kind: Kind): void {
  const fill = filler(kind);
  const ram = guest.ram(guest.largestBlock());
  for (let at = 0; at < RAM_BYTES; at += PIECE_BYTES) {
    fill(new Uint32Array(ram.buffer, ram.byteOffset + at, PIECE_BYTES / 4), at);
  }
}

/** What writes one piece after the other: random pages from one seed, and zero pages. */
function filler(kind: Kind): (piece: Uint32Array, at: number) => void {
  const random = new Prng(SEED);
  const has_content = KINDS[kind];
  return (piece, at) => {
    for (let byte = 0; byte < PIECE_BYTES; byte += PAGE_BYTES) {
      const page = piece.subarray(byte / 4, (byte + PAGE_BYTES) / 4);
      if (!has_content((at + byte) / PAGE_BYTES)) page.fill(0);
      else for (let i = 0; i < page.length; i++) page[i] = random.nextU32();
    }
  };
}

/** Fills every page of a file of RAM with ones, in place. */
export function fillImage(path: string): void {
  const ones = new Uint8Array(PIECE_BYTES).fill(1);
  eachPiece(path, 'r+', (fd, at) => {
    writeSync(fd, ones, 0, PIECE_BYTES, at);
  });
}

/** A guest whose every page was written, with ones. */
export function writtenGuest(block_name: string): Guest {
  const guest = new Guest([{ name: block_name, bytes: RAM_BYTES }]);
  guest.ram(guest.largestBlock()).fill(1);
  return guest;
}

/** Reads an image into a guest whose every page was written: never-written memory is one shared zero page. */
export function guestOf(path: string, block_name: string): Guest {
  const guest = writtenGuest(block_name);
  const ram = guest.ram(guest.largestBlock());
  eachPiece(path, 'r', (fd, at) => {
    readSync(fd, ram, at, PIECE_BYTES, at);
  });
  return guest;
}

/** Whether a guest's RAM is what an image holds. */
export function isSame(guest: Guest, path: string): boolean {
  const ram = guest.ram(guest.largestBlock());
  const piece = Buffer.alloc(PIECE_BYTES);
  let is_same = true;
  eachPiece(path, 'r', (fd, at) => {
    readSync(fd, piece, 0, PIECE_BYTES, at);
    is_same &&= piece.equals(ram.subarray(at, at + PIECE_BYTES));
  });
  return is_same;
}

/** Whether two images hold the same. */
export function isSameFile(path: string, other_path: string): boolean {
  return readFileSync(path).equals(readFileSync(other_path));
}

function eachPiece(path: string, flags: string, use: (fd: number, at: number) => void): void {
  const fd = openSync(path, flags, 0o600);
  try {
    for (let at = 0; at < RAM_BYTES; at += PIECE_BYTES) use(fd, at);
  } finally {
    closeSync(fd);
  }
}
