/**
 * The oracle of the pipe: every byte that it holds is a number in a list of its page, as pipe_write and
 * pipe_read of Linux (fs/pipe.c) go about it. Slow; shares no code with src/.
 */

const PAGE = 4096;

interface Page {
  /** Bytes that are to be read, by their number in the stream. */
  unread: number[];
  /** How many were ever put here: what was read is not written over. */
  filled: number;
}

export class ReferencePipe {
  readonly pages_max: number;
  pages: Page[] = [];
  /** The number of the next byte to be written. */
  next_byte = 0;

  constructor(pages_max: number) {
    this.pages_max = pages_max;
  }

  /** Byte by byte into a page, as long as it and the write last. */
  #fill(page: Page, bytes: number): number {
    let put = 0;
    while (put < bytes && page.filled < PAGE) {
      page.unread.push(this.next_byte++);
      page.filled++;
      put++;
    }
    return put;
  }

  write(bytes: number): number {
    let left = bytes;
    const last = this.pages.at(-1);
    const odd = bytes - Math.floor(bytes / PAGE) * PAGE;
    if (last !== undefined && odd !== 0 && last.filled + odd <= PAGE) left -= this.#fill(last, odd);
    while (left > 0 && this.pages.length < this.pages_max) {
      const page: Page = { unread: [], filled: 0 };
      this.pages.push(page);
      left -= this.#fill(page, left);
    }
    return bytes - left;
  }

  /** The numbers of the bytes that are read. */
  read(bytes_max: number): number[] {
    const taken: number[] = [];
    for (let page = this.pages[0]; page !== undefined && taken.length < bytes_max; page = this.pages[0]) {
      for (const byte of page.unread.splice(0, bytes_max - taken.length)) taken.push(byte);
      if (page.unread.length === 0) this.pages.shift();
    }
    return taken;
  }

  get held(): number {
    let held = 0;
    for (const page of this.pages) held += page.unread.length;
    return held;
  }
}
