/** Another thread with a guest that a test shares: what it is told to do. */
import { parentPort, workerData } from 'node:worker_threads';
import { Guest, type SharedGuest } from '../../src/guest/guest.ts';

export interface SharedJob {
  readonly guest: SharedGuest;
  /** Where the threads count themselves, and how many there are: none begins before all are there. */
  readonly gate: number;
  readonly threads: number;
  /** So many ranges are allocated, each filled with the byte. */
  readonly allocs: number;
  readonly alloc_bytes: number;
  readonly byte: number;
  /** These pages of the first block are filled with the byte, and logged. */
  readonly pages: readonly number[];
}

const job: SharedJob = workerData;
const guest = Guest.attach(job.guest);
const [block] = guest.blocks;
if (block === undefined) throw new Error('the guest has a block');

const gate = new Int32Array(guest.arena.memory.buffer, job.gate, 1);
Atomics.add(gate, 0, 1);
// asleep, they would be woken one after the other
while (Atomics.load(gate, 0) < job.threads);

const addresses = Array.from({ length: job.allocs }, () => {
  const address = guest.arena.alloc(job.alloc_bytes);
  guest.arena.bytes(address, job.alloc_bytes).fill(job.byte);
  return address;
});
for (const page of job.pages) {
  guest.pages(block, page, 1).fill(job.byte);
  guest.logWrite(block, page);
}
parentPort?.postMessage(addresses);
