/**
 * Reads a FIFO to its end at no more than a rate, and throws away what it reads: the reader of the model.
 *
 *     node paced-reader.mjs FIFO BYTES_PER_S BLOCK_BYTES
 */
import { openSync, readSync } from 'node:fs';

const [fifo, rate_text, block_text] = process.argv.slice(2);
const rate_bytes_per_ms = Number(rate_text) / 1000;
const block_bytes = Number(block_text);
const buffer = new Uint8Array(new ArrayBuffer(block_bytes, { maxByteLength: block_bytes }));
const sleeper = new Int32Array(new SharedArrayBuffer(4));

process.stdout.write('ready\n');
const fd = openSync(fifo, 'r');
let began_ms;
let read_bytes = 0;
let fill = 0;
for (;;) {
  const bytes = readSync(fd, buffer, fill, block_bytes - fill, null);
  if (bytes === 0) break;
  fill = (fill + bytes) % block_bytes;
  read_bytes += bytes;
  began_ms ??= performance.now();
  const wait_ms = began_ms + read_bytes / rate_bytes_per_ms - performance.now();
  if (wait_ms > 0) Atomics.wait(sleeper, 0, 0, wait_ms);
}
