/** How much smaller gzip would make a stream, from samples of it. */
import { constants, deflateRawSync } from 'node:zlib';

/** Each sample is compressed by itself: deflate's window is 32 KiB, so little more would be found. */
const SAMPLE_BYTES = 64 * 1024;
/** Some 3 ms of compressing for each. */
const SAMPLES_MAX = 256;

/** Looks at pieces of a stream in order; samples lie evenly over it, however long it turns out to be. */
export class GzipEstimate {
  #stride_bytes = SAMPLE_BYTES;
  #next_offset = 0;
  #samples: { readonly offset: number; readonly share: number }[] = [];

  /** Looks at the bytes that stand at `offset`. */
  look(piece: Uint8Array, offset: number): void {
    while (this.#next_offset < offset + piece.length) {
      const at = Math.max(0, this.#next_offset - offset);
      const sample = piece.subarray(at, at + SAMPLE_BYTES);
      const packed = deflateRawSync(sample, { level: constants.Z_BEST_SPEED });
      this.#samples.push({ offset: this.#next_offset, share: Math.min(1, packed.length / sample.length) });
      this.#next_offset = Math.max(this.#next_offset, offset) + this.#stride_bytes;
      if (this.#samples.length === SAMPLES_MAX) this.#thinOut();
    }
  }

  /** Compressed size by size, 0 to 1; undefined where nothing was looked at. */
  get share(): number | undefined {
    if (this.#samples.length === 0) return undefined;
    return this.#samples.reduce((sum, sample) => sum + sample.share, 0) / this.#samples.length;
  }

  /** Every other sample goes, and from now on half as many are taken. */
  #thinOut(): void {
    this.#samples = this.#samples.filter((_sample, index) => index % 2 === 0);
    this.#stride_bytes *= 2;
  }
}
