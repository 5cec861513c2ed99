/** Raw images of RAM: one block named `ram`. */
import { fail } from '../errors.ts';
import { Guest, PAGE_BYTES } from '../guest/guest.ts';

const PIECE_BYTES = 2 ** 20;
/** The name that QEMU gives the RAM of a machine without a type of its own. */
const BLOCK_NAME = 'ram';

/** What is read from: see Input. */
export interface ImageInput {
  readonly total_bytes: number | undefined;
  fill(space: Uint8Array, position: number): Promise<number>;
}

/** Reads an image; its size has to be whole pages. @throws `image-size` */
export function readImage(input: ImageInput): Promise<Guest> {
  return input.total_bytes === undefined
    ? imageOfUnknownSize(input)
    : imageOfSize(input, input.total_bytes);
}

async function imageOfSize(input: ImageInput, total_bytes: number): Promise<Guest> {
  checkWholePages(total_bytes);
  const guest = new Guest([{ name: BLOCK_NAME, bytes: total_bytes }]);
  let bytes = 0;
  for (const part of guest.largestBlock().parts) bytes += await input.fill(guest.partRam(part), bytes);
  // a file that was cut while it was read
  checkWholePages(bytes);
  return guest;
}

async function imageOfUnknownSize(input: ImageInput): Promise<Guest> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const piece = new Uint8Array(PIECE_BYTES);
    const piece_bytes = await input.fill(piece, bytes);
    pieces.push(piece.subarray(0, piece_bytes));
    bytes += piece_bytes;
    if (piece_bytes < piece.length) break;
  }
  checkWholePages(bytes);
  const guest = new Guest([{ name: BLOCK_NAME, bytes }]);
  const block = guest.largestBlock();
  let at = 0;
  // a piece has whole pages, all but the last are full: none goes over the edge of a memory in mid-page
  for (const piece of pieces) {
    for (let done = 0; done < piece.length; ) {
      const space = guest.pages(block, (at + done) / PAGE_BYTES, (piece.length - done) / PAGE_BYTES);
      space.set(piece.subarray(done, done + space.length));
      done += space.length;
    }
    at += piece.length;
  }
  return guest;
}

function checkWholePages(bytes: number): void {
  if (bytes % PAGE_BYTES !== 0) throw fail('image-size', { bytes, page_bytes: PAGE_BYTES });
}
