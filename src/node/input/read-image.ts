/** Raw images of RAM: one block named `ram`. */
import { fail } from '../../errors.ts';
import { Guest, type GuestOptions, PAGE_BYTES } from '../../guest/guest.ts';

const PIECE_BYTES = 2 ** 20;
/** The name that QEMU gives the RAM of a machine without a type of its own. */
const BLOCK_NAME = 'ram';

/** What is read from: see Input. */
export interface ImageInput {
  readonly total_bytes: number | undefined;
  fill(space: Uint8Array, position: number): Promise<number>;
}

/** Reads an image; its size has to be whole pages. @throws `image-size` */
export async function readImage(input: ImageInput, options: GuestOptions): Promise<Guest> {
  const { total_bytes } = input;
  if (total_bytes === undefined) return imageOfUnknownSize(input, options);
  checkWholePages(total_bytes);
  const guest = guestOf(total_bytes, options);
  const piece = Buffer.alloc(PIECE_BYTES);
  let at = 0;
  while (at < total_bytes) {
    const bytes = await input.fill(piece, at);
    // a file that was cut while it was read
    if (bytes < Math.min(piece.length, total_bytes - at)) throw wrongSize(at + bytes);
    put(guest, piece.subarray(0, bytes), at);
    at += bytes;
  }
  return guest;
}

function guestOf(bytes: number, options: GuestOptions): Guest {
  return new Guest([{ name: BLOCK_NAME, bytes }], options);
}

async function imageOfUnknownSize(input: ImageInput, options: GuestOptions): Promise<Guest> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for (;;) {
    const piece = Buffer.alloc(PIECE_BYTES);
    const piece_bytes = await input.fill(piece, bytes);
    pieces.push(piece.subarray(0, piece_bytes));
    bytes += piece_bytes;
    if (piece_bytes < piece.length) break;
  }
  checkWholePages(bytes);
  const guest = guestOf(bytes, options);
  let at = 0;
  for (const piece of pieces) {
    put(guest, piece, at);
    at += piece.length;
  }
  return guest;
}

const ZEROS = Buffer.alloc(PIECE_BYTES);

/**
 * Writes whole pages to RAM that is zero so far. Zero pages are not written: a page that nobody wrote takes
 * no memory, and its first write costs the kernel more than all the rest (measured on a sparse image of
 * 5 GiB: 30 s where every page was written, 2 s so).
 */
function put(guest: Guest, piece: Buffer, offset: number): void {
  if (piece.equals(ZEROS.subarray(0, piece.length))) return;
  const block = guest.largestBlock();
  for (let at = 0; at < piece.length; at += PAGE_BYTES) {
    const page = piece.subarray(at, at + PAGE_BYTES);
    if (!page.equals(ZERO_PAGE)) guest.pages(block, (offset + at) / PAGE_BYTES, 1).set(page);
  }
}

const ZERO_PAGE = ZEROS.subarray(0, PAGE_BYTES);

function checkWholePages(bytes: number): void {
  if (bytes % PAGE_BYTES !== 0 || bytes === 0) throw wrongSize(bytes);
}

function wrongSize(bytes: number): Error {
  return fail('image-size', { bytes, page_bytes: PAGE_BYTES });
}
