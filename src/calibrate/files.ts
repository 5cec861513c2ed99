/** What do writes to a file take, through the page cache and past it? */
import { closeSync, constants, openSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { alignedBuffer, DISK_BLOCK_BYTES, DiskWriter } from '../node/output/disk-writer.ts';
import { FdChannel } from '../node/output/fd-channel.ts';
import { now_ns, Sizes, time_ns } from './numbers.ts';

const SIZES = [1, 4, 8, 16].map((pages) => pages * 4096);
/** A slow disk is not to be waited for, beyond the first few writes. */
const DIRECT_PATIENCE_NS = 100e6;
const DIRECT_WRITES_MIN = 3;
const NS_PER_US = 1000;

export interface FileCosts {
  readonly file_call_ns: number;
  readonly file_byte_ns: number;
  /** NaN where the file system knows no O_DIRECT. */
  readonly direct_call_ns: number;
}

export class FileQuestion {
  readonly #folder: string;
  readonly #times: number;
  readonly #staging = new Uint8Array(Math.max(...SIZES)).fill(1);
  readonly #block = alignedBuffer(DISK_BLOCK_BYTES).fill(1);

  /** @param times writes of each size a round */
  constructor(folder: string, times: number) {
    this.#folder = folder;
    this.#times = times;
  }

  round(): FileCosts {
    const { base, slope } = this.#appends();
    return { file_call_ns: base, file_byte_ns: slope, direct_call_ns: this.#direct_ns() };
  }

  /** To the end of a new file: pages of the cache have to be found for it, as for a save's. */
  #appends(): { base: number; slope: number } {
    const path = this.#newFile();
    const fd = openSync(path, constants.O_WRONLY);
    unlinkSync(path);
    const samples = new Sizes(SIZES);
    try {
      const channel = new FdChannel(fd, this.#staging, { path });
      for (let i = 0; i < this.#times; i++) {
        for (const bytes of SIZES) {
          samples.add(
            bytes,
            time_ns(() => channel.offer(0, bytes)),
          );
        }
      }
    } finally {
      closeSync(fd);
    }
    return samples.line();
  }

  /** CPU time, for the disk's own is the disk's. */
  #direct_ns(): number {
    const path = this.#newFile();
    const writer = new DiskWriter({ path }, { direct: true });
    try {
      writer.writeBlock(this.#block, this.#block.length);
      if (!writer.is_direct) return Number.NaN;
      const until_ns = now_ns() + DIRECT_PATIENCE_NS;
      const before = process.cpuUsage();
      let writes = 0;
      while (writes < this.#times && (writes < DIRECT_WRITES_MIN || now_ns() < until_ns)) {
        writer.writeBlock(this.#block, this.#block.length);
        writes++;
      }
      const { user, system } = process.cpuUsage(before);
      return ((user + system) * NS_PER_US) / writes;
    } finally {
      closeSync(writer.fd);
      unlinkSync(path);
    }
  }

  #newFile(): string {
    const path = join(this.#folder, 'written');
    closeSync(openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600));
    return path;
  }
}
