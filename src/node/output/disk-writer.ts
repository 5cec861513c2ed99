/** The disk end: whole megabytes to a file, with O_DIRECT where asked and allowed, each write timed. */
import { closeSync, constants, ftruncateSync, openSync, writeSync } from 'node:fs';
import { Log2Histogram } from '../../stats/histogram.ts';
import { codeOf } from '../os-error.ts';

/** libvirt_iohelper's unit of reading and writing (src/util/virfile.c, runIOCopy). */
export const DISK_BLOCK_BYTES = 2 ** 20;
/** What an address, a length and a position must be a multiple of under O_DIRECT (open(2)); disks ask 512 or 4096. */
const ALIGNMENT_BYTES = 4096;
const FULL_OUTPUT_SLEEP_MS = 0.5;

/** Where the bytes go: a file to be opened, or a descriptor that is open already. */
export type DiskTarget = { readonly path: string } | { readonly fd: number };

/** What the writes took. */
export interface DiskTimes {
  readonly writes: number;
  readonly sum_ms: number;
  readonly max_ms: number;
  readonly log2_us: readonly { readonly ge: number; readonly count: number }[];
}

/** A buffer for O_DIRECT: page-aligned, since a resizable buffer is mapped and not taken from a heap. */
export function alignedBuffer(bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(bytes, { maxByteLength: bytes }));
}

/**
 * Sleeps until an output that somebody made non-blocking may take more, and says that it took nothing: a
 * standard output that is a pipe is shared with whoever else has it, and Node itself makes it non-blocking.
 */
function waitABit(): 0 {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_OUTPUT_SLEEP_MS);
  return 0;
}

export class DiskWriter {
  readonly #path: string | undefined;
  #fd: number;
  #is_direct = false;
  #direct_refusal: string | undefined;
  #written_bytes = 0;
  #padding_bytes = 0;
  readonly #write_us = new Log2Histogram();
  #writes = 0;
  #sum_ms = 0;
  #max_ms = 0;

  /** Opens the target; with `direct`, by O_DIRECT, and buffered where the file system refuses that. */
  constructor(target: DiskTarget, options: { direct: boolean }) {
    if ('fd' in target) {
      this.#path = undefined;
      this.#fd = target.fd;
      if (options.direct) this.#direct_refusal = 'the output is an open descriptor';
      return;
    }
    this.#path = target.path;
    this.#fd = options.direct ? this.#openDirect(target.path) : openSync(target.path, constants.O_WRONLY);
  }

  /** The descriptor; another one after a refused first write. */
  get fd(): number {
    return this.#fd;
  }

  /** Whether the writes go by O_DIRECT. */
  get is_direct(): boolean {
    return this.#is_direct;
  }

  /** Why they do not, although it was asked for. */
  get direct_refusal(): string | undefined {
    return this.#direct_refusal;
  }

  /** Bytes of the stream that were written. */
  get written_bytes(): number {
    return this.#written_bytes;
  }

  get times(): DiskTimes {
    return {
      writes: this.#writes,
      sum_ms: this.#sum_ms,
      max_ms: this.#max_ms,
      log2_us: this.#write_us.rows(),
    };
  }

  /**
   * Writes the first `bytes` of an aligned buffer. Only the last block may be no multiple of 4096; by
   * O_DIRECT it goes padded with zeros, which `trim` cuts off.
   */
  writeBlock(buffer: Uint8Array, bytes: number): void {
    const padded_bytes = this.#is_direct ? Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES : bytes;
    buffer.fill(0, bytes, padded_bytes);
    const written_before = this.#written_bytes;
    let done = 0;
    let before_ms = performance.now();
    while (done < padded_bytes) {
      const some_bytes = this.#writeSome(buffer.subarray(done, padded_bytes));
      if (some_bytes === 0) continue;
      done += some_bytes;
      // at once, for the next write may fail; the padding is not counted
      this.#written_bytes = written_before + Math.min(done, bytes);
      this.#note(performance.now() - before_ms);
      before_ms = performance.now();
    }
    this.#padding_bytes = padded_bytes - bytes;
  }

  /** Cuts the padding off: the file is whole then, and may be synced and closed by its descriptor. */
  trim(): void {
    if (this.#padding_bytes > 0) ftruncateSync(this.#fd, this.#written_bytes);
  }

  #openDirect(path: string): number {
    try {
      const fd = openSync(path, constants.O_WRONLY | constants.O_DIRECT);
      this.#is_direct = true;
      return fd;
    } catch (cause) {
      if (codeOf(cause) !== 'EINVAL') throw cause;
      this.#direct_refusal = 'the file system does not know O_DIRECT';
      return openSync(path, constants.O_WRONLY);
    }
  }

  #writeSome(piece: Uint8Array): number {
    try {
      return writeSync(this.#fd, piece);
    } catch (cause) {
      if (codeOf(cause) === 'EAGAIN') return waitABit();
      const is_refused = this.#is_direct && codeOf(cause) === 'EINVAL' && this.#written_bytes === 0;
      if (!is_refused || this.#path === undefined) throw cause;
      // some file systems take the flag and refuse the write
      closeSync(this.#fd);
      this.#fd = openSync(this.#path, constants.O_WRONLY);
      this.#is_direct = false;
      this.#direct_refusal = 'the file system refuses O_DIRECT writes';
      return writeSync(this.#fd, piece);
    }
  }

  #note(write_ms: number): void {
    this.#writes++;
    this.#sum_ms += write_ms;
    this.#max_ms = Math.max(this.#max_ms, write_ms);
    this.#write_us.add(Math.floor(write_ms * 1000));
  }
}
