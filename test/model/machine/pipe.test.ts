import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PIPE_SLOTS, Pipe, SLOT_BYTES } from '../../../src/model/machine/pipe.ts';
import { Random } from '../../../src/model/scenario/random.ts';
import { makeFifo } from '../../../src/node/output/fifo.ts';
import { ReferencePipe } from '../../ref/pipe.ts';
import { failure } from '../../support/folder.ts';

/** A page record of the stream: 8 bytes of header and a page. */
const RECORD_BYTES = 4104;
const PIPE_BYTES = PIPE_SLOTS * SLOT_BYTES;

/** Writes until nothing is taken any more; says how much was. */
function fill(pipe: Pipe, bytes: number): number {
  for (let total = 0; ; ) {
    const taken = pipe.write(bytes);
    if (taken === 0) return total;
    total += taken;
  }
}

test('a pipe is 16 pages: one write fills it at 65,536 bytes', () => {
  const pipe = new Pipe();
  assert.is(pipe.write(1_000_000), PIPE_BYTES);
  assert.is(pipe.held_bytes, 65_536);
  assert.is(pipe.is_full, true);
  assert.is(pipe.write(1), 0);
});

test('records of 4104 bytes, written one by one, fill it at 45,136 bytes', () => {
  const pipe = new Pipe();
  // two records take three slots, 4096 + 16 + 4096 bytes: the odd 8 bytes of the second go behind those of the
  // first, and those of a third find a full slot. Five pairs, then 4096 bytes of the eleventh in the last slot
  assert.is(5 * 2 * RECORD_BYTES + SLOT_BYTES, 45_136);
  assert.is(fill(pipe, RECORD_BYTES), 45_136);
  assert.is(pipe.held_bytes, 45_136);
});

test('a full pipe of which 100 bytes are read still refuses a page', () => {
  const pipe = new Pipe();
  fill(pipe, SLOT_BYTES);
  assert.is(pipe.read(100), 100);
  assert.is(pipe.is_full, true);
  assert.is(pipe.write(SLOT_BYTES), 0);
  assert.is(pipe.read(SLOT_BYTES - 100), SLOT_BYTES - 100);
  assert.is(pipe.is_full, false);
  assert.is(pipe.write(SLOT_BYTES), SLOT_BYTES);
});

test('an odd rest goes into the last slot if it fits whole, even when no slot is free', () => {
  const pipe = new Pipe(2);
  assert.is(pipe.write(SLOT_BYTES + 4000), SLOT_BYTES + 4000);
  assert.is(pipe.is_full, true);
  assert.is(pipe.write(97), 0, 'one too many');
  assert.is(pipe.write(96), 96);
  assert.is(pipe.write(1), 0);
});

test('what was read off the head of a slot is not written over', () => {
  const pipe = new Pipe(1);
  pipe.write(100);
  assert.is(pipe.read(99), 99);
  assert.is(pipe.write(SLOT_BYTES - 100), SLOT_BYTES - 100);
  assert.is(pipe.write(1), 0);
  assert.is(pipe.held_bytes, SLOT_BYTES - 99);
  assert.is(pipe.read(SLOT_BYTES), SLOT_BYTES - 99);
  assert.is(pipe.is_empty, true);
});

test('a pipe of no slots, or of half a slot, is refused', async () => {
  for (const slots of [0, -1, 1.5, Number.NaN]) await failure('internal-model', () => new Pipe(slots));
});

/** Sizes at the edges of pages and records, and any. */
const sizes = fc.oneof(
  fc.integer({ min: 1, max: 70_000 }),
  fc.integer({ min: 1, max: 300 }),
  fc.constantFrom(1, 8, 4088, 4095, 4096, 4097, RECORD_BYTES, 8191, 8192, 8208, 32_768, 65_535, 65_536),
);
const operations = fc.array(fc.tuple(fc.constantFrom('write' as const, 'read' as const), sizes), {
  maxLength: 80,
});

test('any writes and reads give the counts of the oracle; nothing is lost, and never more than fits', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), operations, (slots, program) => {
      const [pipe, oracle] = [new Pipe(slots), new ReferencePipe(slots)];
      let expected_byte = 0;
      for (const [kind, bytes] of program) {
        if (kind === 'write') {
          assert.is(pipe.write(bytes), oracle.write(bytes));
        } else {
          const taken = oracle.read(bytes);
          assert.is(pipe.read(bytes), taken.length);
          // the oracle itself keeps the order
          for (const byte of taken) assert.is(byte, expected_byte++);
        }
        assert.is(pipe.held_bytes, oracle.held);
        assert.is(pipe.held_bytes, pipe.written_bytes - pipe.read_bytes);
        assert.is(pipe.is_empty, oracle.held === 0);
        assert.is(pipe.is_full, oracle.pages.length === slots);
        assert.ok(pipe.held_bytes <= slots * SLOT_BYTES);
      }
      const held = pipe.held_bytes;
      assert.is(pipe.read(Number.MAX_SAFE_INTEGER), held);
      assert.is(pipe.is_empty, true);
    }),
    { numRuns: 150 },
  );
});

/** Both ends of a real FIFO that never block; 0 for "try again". */
class RealPipe {
  readonly #write_fd: number;
  readonly #read_fd: number;
  readonly #bytes = new Uint8Array(2 * PIPE_BYTES);

  constructor() {
    const { write_fd, read_fd } = makeFifo();
    this.#write_fd = write_fd;
    // the same FIFO opened once more: O_NONBLOCK is of an opening, not of a descriptor
    this.#read_fd = openSync(`/proc/self/fd/${read_fd}`, constants.O_RDONLY | constants.O_NONBLOCK);
    closeSync(read_fd);
  }

  write(bytes: number): number {
    return countOrAgain(() => writeSync(this.#write_fd, this.#bytes, 0, bytes));
  }

  read(bytes: number): number {
    return countOrAgain(() => readSync(this.#read_fd, this.#bytes, 0, bytes, null));
  }

  close(): void {
    closeSync(this.#write_fd);
    closeSync(this.#read_fd);
  }
}

function countOrAgain(call: () => number): number {
  try {
    return call();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return 0;
    throw error;
  }
}

const EDGES = [1, 8, 4088, 4095, SLOT_BYTES, 4097, RECORD_BYTES, 8192, 8208, 12_288, 32_768, 61_440, 65_536];
const SEEDS = [1, 2, 3, 4, 5, 6];
const OPERATIONS = 5_000;

/** As often at an edge as near one or anywhere up to 70,000. */
function drawBytes(random: Random): number {
  const edge = EDGES[random.below(EDGES.length)] ?? 1;
  const kind = random.below(4);
  if (kind === 0) return 1 + random.below(70_000);
  if (kind === 1) return 1 + random.below(600);
  return kind === 2 ? edge : Math.max(1, edge - 5 + random.below(11));
}

for (const seed of SEEDS) {
  test(`${OPERATIONS} writes and reads of a real FIFO give the same counts, seed ${seed}`, () => {
    const random = new Random(seed, 'pipe-operations');
    const [pipe, real] = [new Pipe(), new RealPipe()];
    const seen: string[] = [];
    let refused = 0;
    let short = 0;
    try {
      for (let i = 0; i < OPERATIONS; i++) {
        // runs of one kind, or the pipe would be half full all the time
        const writes = random.chance(Math.floor(i / 40) % 2 === 0 ? 0.7 : 0.4);
        const bytes = drawBytes(random);
        const modelled = writes ? pipe.write(bytes) : pipe.read(bytes);
        const happened = writes ? real.write(bytes) : real.read(bytes);
        seen.push(`${writes ? 'write' : 'read'}(${bytes}) = ${happened}`);
        assert.is(modelled, happened, `seed ${seed}, operation ${i}, after ${seen.slice(-40).join(', ')}`);
        if (writes && happened === 0) refused++;
        else if (writes && happened < bytes) short++;
      }
      assert.is(real.read(2 * PIPE_BYTES), pipe.held_bytes, 'what is left');
    } finally {
      real.close();
    }
    assert.ok(refused > 200 && short > 200, `${refused} refused and ${short} short writes prove little`);
  });
}

test.run();
