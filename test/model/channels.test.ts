import { closeSync, readSync } from 'node:fs';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BacklogChannel } from '../../src/model/backlog-channel.ts';
import { PipeChannel } from '../../src/model/channels.ts';
import { FileChannel } from '../../src/model/file-channel.ts';
import { Disk, type DiskOptions } from '../../src/model/machine/disk.ts';
import { PageCache } from '../../src/model/machine/page-cache.ts';
import { PIPE_SLOTS, Pipe, SLOT_BYTES } from '../../src/model/machine/pipe.ts';
import { PacedReader } from '../../src/model/reader.ts';
import { Random } from '../../src/model/scenario/random.ts';
import { FdChannel } from '../../src/node/output/fd-channel.ts';
import { makeFifo } from '../../src/node/output/fifo.ts';
import type { CostName } from '../../src/results/costs.ts';
import { costsOf, MS, US } from '../support/model-world.ts';
import { PipeWorld } from '../support/pipe-world.ts';

const MIB = 2 ** 20;
const PIPE_BYTES = PIPE_SLOTS * SLOT_BYTES;
/** A page record of the stream. */
const RECORD_BYTES = 4104;

interface RigOptions {
  readonly costs?: Partial<Record<CostName, number>>;
  readonly piece_bytes?: number;
  readonly is_blocking?: boolean;
  readonly rewrites?: boolean;
  readonly slots?: number;
}

/** A channel on a modelled pipe, read by whoever holds it. */
function pipeRig(options: RigOptions = {}) {
  const { costs = {}, piece_bytes = 0, is_blocking = false, rewrites = false, slots } = options;
  const drawn = costsOf(costs);
  const world = new PipeWorld({ costs: drawn, ...(slots === undefined ? {} : { slots }) });
  const thread = world.thread('main');
  const { inode, kernel } = world;
  const channel = new PipeChannel({ inode, thread, costs: drawn, piece_bytes, is_blocking, rewrites });
  /** Reads as a read(2) does, in no time: what is there, at most so much. */
  const read = (bytes_max: number): number => {
    inode.mutex.take(() => undefined);
    const bytes = Math.min(bytes_max, inode.pipe.held_bytes);
    inode.drained(bytes);
    return bytes;
  };
  return { world, kernel, inode, thread, costs: drawn, channel, read };
}

/** Sizes at the edges of pages and records, small ones, and any. */
function drawBytes(random: Random): number {
  const edges = [1, 8, 4095, SLOT_BYTES, 4097, RECORD_BYTES, 8192, 32_768, 61_440, PIPE_BYTES];
  const kind = random.below(4);
  if (kind === 0) return 1 + random.below(90_000);
  if (kind === 1) return 1 + random.below(600);
  return (edges[random.below(edges.length)] ?? 1) + (kind === 2 ? 0 : random.below(9));
}

/** The same channel on a real FIFO and on the modelled one, told the same; every answer is compared. */
class Pair {
  readonly #model = pipeRig({ piece_bytes: SLOT_BYTES, rewrites: true });
  readonly #fifo = makeFifo();
  readonly #real: FdChannel;
  readonly #bytes = new Uint8Array(4 * PIPE_BYTES);
  /** Offered and not taken: it goes first. */
  left_bytes = 0;
  waits = 0;
  readonly #seen: string[] = [];

  constructor() {
    this.#real = new FdChannel(this.#fifo.write_fd, this.#bytes, { path: 'the pipe' });
  }

  get is_ready(): boolean {
    return this.#model.channel.is_ready;
  }

  get figures(): { eagain: number; short_writes: number } {
    const { eagain, short_writes } = this.#real;
    return { eagain, short_writes };
  }

  get held_bytes(): number {
    return this.#model.inode.pipe.held_bytes;
  }

  offer(more_bytes: number): void {
    const end = Math.min(this.left_bytes + more_bytes, this.#bytes.length);
    const taken = this.#real.offer(0, end);
    this.#same('offer', end, this.#model.channel.offer(0, end), taken);
    this.left_bytes = end - taken;
  }

  read(bytes_max: number): void {
    // a blocking read of an empty pipe would not come back
    if (this.held_bytes === 0) return;
    const buffer = new Uint8Array(bytes_max);
    const read = readSync(this.#fifo.read_fd, buffer, 0, bytes_max, null);
    assert.is(this.#model.read(bytes_max), read);
    this.#seen.push(`read ${read}`);
  }

  /** Waits for room, reads until there is some, and has what waits write its piece. */
  async wait(random: Random): Promise<void> {
    const { channel } = this.#model;
    const ready = this.#real.whenReady();
    channel.beginWait();
    while (!channel.is_wait_over) this.read(drawBytes(random));
    await ready;
    channel.notified();
    this.#same('wait', 0, 0, 0);
    this.waits++;
  }

  /** All that is left in the two pipes. */
  readRest(): void {
    while (this.held_bytes > 0) this.read(PIPE_BYTES);
  }

  #same(what: string, asked: number, model: number, real: number): void {
    const { channel } = this.#model;
    const facts = ({ is_ready, eagain, short_writes }: PipeChannel | FdChannel, bytes: number): string =>
      `${what} ${asked}: ${bytes}, ready ${is_ready}, ${eagain} EAGAIN, ${short_writes} short`;
    const happened = facts(this.#real, real);
    this.#seen.push(happened);
    assert.is(facts(channel, model), happened, `after\n${this.#seen.slice(-12).join('\n')}`);
  }

  close(): void {
    closeSync(this.#fifo.read_fd);
    if (this.#real.socket === undefined) closeSync(this.#fifo.write_fd);
    else this.#real.socket.destroy();
  }
}

for (const seed of [1, 2, 3, 4]) {
  test(`offers to a real FIFO that is read now and then: the same answers, seed ${seed}`, async () => {
    const random = new Random(seed, 'offers');
    const pair = new Pair();
    try {
      for (let i = 0; i < 1_500; i++) {
        if (random.chance(0.4)) pair.read(drawBytes(random));
        else if (pair.is_ready) pair.offer(drawBytes(random));
        else await pair.wait(random);
      }
      pair.readRest();
      const { eagain, short_writes } = pair.figures;
      assert.ok(
        eagain > 100 && short_writes > 50 && pair.waits > 100,
        `${eagain} EAGAINs, ${short_writes} short writes and ${pair.waits} waits prove little`,
      );
    } finally {
      pair.close();
    }
  });
}

test('nobody reads: the same writes fill the real and the modelled pipe alike', () => {
  for (const bytes of [1, 100, SLOT_BYTES, RECORD_BYTES, 32_755, PIPE_BYTES, PIPE_BYTES + 1]) {
    const pair = new Pair();
    try {
      // one byte at a time only for the last page
      if (bytes === 1) pair.offer(PIPE_BYTES - SLOT_BYTES);
      while (pair.is_ready) pair.offer(bytes);
      assert.is(pair.figures.eagain, 1);
    } finally {
      pair.close();
    }
  }
});

test('an offer that the pipe takes whole leaves the channel ready; of one more byte it takes none', () => {
  const { channel } = pipeRig();
  assert.is(channel.offer(0, PIPE_BYTES), PIPE_BYTES);
  assert.equal([channel.is_ready, channel.eagain, channel.short_writes], [true, 0, 0]);
  assert.is(channel.offer(0, 1), 0);
  assert.equal([channel.is_ready, channel.eagain, channel.short_writes], [false, 1, 0]);
});

test('what the waiting piece wrote is taken when the same bytes are offered again, once', () => {
  const { channel, read, inode } = pipeRig({ piece_bytes: 1_000 });
  assert.is(channel.offer(0, PIPE_BYTES + 5_000), PIPE_BYTES);
  channel.beginWait();
  read(SLOT_BYTES);
  assert.is(channel.is_wait_over, true);
  channel.notified();
  assert.is(inode.pipe.written_bytes, PIPE_BYTES + 1_000);
  read(PIPE_BYTES);
  assert.is(channel.offer(PIPE_BYTES, PIPE_BYTES + 5_000), 5_000);
  assert.is(inode.pipe.written_bytes, PIPE_BYTES + 5_000);
  assert.is(channel.offer(0, 700), 700);
  assert.is(inode.pipe.written_bytes, PIPE_BYTES + 5_700);
});

test('without a piece the wait writes nothing', () => {
  const { channel, read, inode } = pipeRig();
  channel.offer(0, 2 * PIPE_BYTES);
  channel.beginWait();
  assert.is(channel.is_wait_over, false);
  read(SLOT_BYTES - 1);
  assert.is(channel.is_wait_over, false, 'a slot is free when all of it is read');
  read(1);
  assert.is(channel.is_wait_over, true);
  channel.notified();
  assert.is(inode.pipe.written_bytes, PIPE_BYTES);
});

const CALL_COSTS = {
  write_call_ns: 1_000,
  write_byte_ns: 0.5,
  eagain_call_ns: 100_000,
  wait_call_ns: 10_000_000,
  notify_call_ns: 1_000_000_000,
};

test('a write costs its call and each byte that it takes, an EAGAIN what a whole call of its kind costs', () => {
  const { channel, kernel } = pipeRig({ costs: CALL_COSTS });
  channel.offer(0, 10_000);
  assert.is(kernel.now(), 1_000 + 5_000);
  // three slots are used, and the odd rest of 90,000 does not fit into the last
  const taken = channel.offer(0, 90_000);
  assert.is(taken, 13 * SLOT_BYTES);
  assert.is(kernel.now(), 6_000 + 1_000 + taken / 2 + 100_000);
});

test('in Node a write of which less was taken is made again, in the same call, until nothing is taken', () => {
  const costs = { ...CALL_COSTS, rewrite_call_ns: 300 };
  const alone = pipeRig({ costs, rewrites: true });
  assert.is(alone.channel.offer(0, 2 * PIPE_BYTES), PIPE_BYTES);
  const full_ns = 1_000 + PIPE_BYTES / 2 + 300;
  assert.is(alone.kernel.now(), full_ns + 100_000);
  assert.equal([alone.channel.short_writes, alone.channel.eagain], [1, 1]);

  // a reader that waits for the lock meanwhile empties the pipe before the write is made again
  const read = pipeRig({ costs, rewrites: true });
  const { kernel, inode, channel } = read;
  kernel.at(2_000, () => inode.mutex.take(() => inode.drained(inode.pipe.held_bytes)));
  assert.is(channel.offer(0, 2 * PIPE_BYTES), 2 * PIPE_BYTES);
  assert.is(kernel.now(), full_ns + PIPE_BYTES / 2);
  assert.equal([channel.short_writes, channel.eagain], [0, 0]);

  // one that is not called again comes back short
  const once = pipeRig({ costs });
  once.kernel.at(2_000, () => once.inode.mutex.take(() => once.inode.drained(PIPE_BYTES)));
  assert.is(once.channel.offer(0, 2 * PIPE_BYTES), 2 * PIPE_BYTES);
  assert.equal([once.channel.short_writes, once.kernel.now()], [1, 2 * 1_000 + PIPE_BYTES]);
});

test('a wait costs what it takes to begin it, once, and the call when there is room', () => {
  for (const piece_bytes of [0, 1_000]) {
    const { channel, kernel, read } = pipeRig({ costs: CALL_COSTS, piece_bytes });
    channel.beginWait();
    assert.is(kernel.now(), 0, 'there is nothing to wait for');
    channel.offer(0, 2 * PIPE_BYTES);
    const offered_ns = kernel.now();
    channel.beginWait();
    channel.beginWait();
    assert.is(kernel.now() - offered_ns, 10_000_000);
    read(SLOT_BYTES);
    channel.notified();
    const piece_ns = piece_bytes === 0 ? 0 : 1_000 + piece_bytes / 2;
    assert.is(kernel.now() - offered_ns, 10_000_000 + 1_000_000_000 + piece_ns);
  }
});

test('block lets the world run until a slot is free, and makes the channel ready', () => {
  const { channel, kernel, read } = pipeRig({ costs: { wake_ns: 7 * US, wake_idle_ns: 7 * US } });
  channel.offer(0, 2 * PIPE_BYTES);
  for (const at_ns of [MS, 2 * MS]) kernel.at(at_ns, () => read(SLOT_BYTES / 2));
  channel.block();
  assert.equal([channel.is_ready, kernel.now()], [true, 2 * MS + 7 * US]);
  assert.is(channel.offer(0, PIPE_BYTES), SLOT_BYTES);
});

test('a blocking channel takes all of every offer, whatever its reader does, and never says EAGAIN', () => {
  const offers = fc.array(fc.oneof(fc.integer({ min: 1, max: 300_000 }), fc.constantFrom(1, RECORD_BYTES)), {
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(
    fc.property(offers, fc.integer({ min: 1e6, max: 1e9 }), fc.nat(40_000), (list, rate, wake_ns) => {
      const costs = { wake_ns, wake_idle_ns: 2 * wake_ns, idle_after_ns: MS, write_call_ns: 500 };
      const { channel, world, inode, thread, kernel } = pipeRig({ costs, is_blocking: true });
      const reader = new PacedReader(world.parts, MIB, rate);
      reader.start();
      let total = 0;
      for (const bytes of list) {
        assert.is(channel.offer(0, bytes), bytes);
        total += bytes;
        assert.equal([channel.is_ready, channel.is_wait_over], [true, true]);
        assert.is(inode.pipe.written_bytes, total);
      }
      assert.equal([channel.eagain, channel.short_writes], [0, 0]);
      inode.close();
      thread.end();
      while (kernel.step());
      assert.is(inode.pipe.read_bytes, total);
    }),
    { numRuns: 60 },
  );
});

function backlogRig(costs: Partial<Record<CostName, number>> = {}, slots?: number) {
  const rig = pipeRig({ costs, ...(slots === undefined ? {} : { slots }) });
  return { ...rig, backlog: new BacklogChannel(rig.channel, rig.thread, rig.costs) };
}

/** What QEMU's buffered_file.c does with every byte, in short: the sizes of its writes, and what it moves. */
class BufferedFile {
  readonly pipe: Pipe;
  readonly writes: number[] = [];
  held_bytes = 0;
  most_bytes = 0;
  moved_bytes = 0;
  is_frozen = false;

  constructor(slots: number) {
    this.pipe = new Pipe(slots);
  }

  /** Writes until all is taken or EAGAIN; returns what is left. */
  #write(bytes: number): number {
    let left = bytes;
    while (left > 0) {
      this.writes.push(left);
      const taken = this.pipe.write(left);
      if (taken === 0) {
        this.is_frozen = true;
        return left;
      }
      left -= taken;
    }
    return 0;
  }

  flush(): void {
    this.is_frozen = false;
    const left = this.#write(this.held_bytes);
    if (left < this.held_bytes) this.moved_bytes += left;
    this.held_bytes = left;
  }

  put(bytes: number): void {
    this.flush();
    const left = this.is_frozen ? bytes : this.#write(bytes);
    this.moved_bytes += left;
    this.held_bytes += left;
    this.most_bytes = Math.max(this.most_bytes, this.held_bytes);
  }
}

const backlog_steps = fc.array(
  fc.tuple(
    fc.constantFrom('offer' as const, 'offer' as const, 'read' as const, 'notified' as const),
    fc.oneof(fc.integer({ min: 1, max: 50_000 }), fc.constantFrom(1, SLOT_BYTES, RECORD_BYTES, 32_755)),
  ),
  { minLength: 5, maxLength: 60, size: 'max' },
);

test('a backlog takes everything; no byte is lost, none overtakes another, and each move is paid for', () => {
  fc.assert(
    fc.property(backlog_steps, fc.constantFrom(2, 16), (steps, slots) => {
      const { backlog, inode, read, kernel } = backlogRig({ memmove_byte_ns: 1 }, slots);
      const oracle = new BufferedFile(slots);
      let offered = 0;
      for (const [kind, bytes] of steps) {
        if (kind === 'offer') {
          // in complete the loop does not ask whether the channel is ready
          if (!backlog.is_ready) backlog.block();
          assert.is(backlog.is_ready, true);
          assert.is(backlog.offer(0, bytes), bytes);
          oracle.put(bytes);
          offered += bytes;
        } else if (kind === 'read') {
          assert.is(read(bytes), oracle.pipe.read(bytes));
        } else {
          backlog.notified();
          oracle.flush();
        }
        assert.is(inode.pipe.written_bytes + oracle.held_bytes, offered);
        assert.is(inode.pipe.written_bytes, oracle.pipe.written_bytes);
        assert.is(backlog.is_ready, !oracle.is_frozen);
        assert.is(backlog.most_bytes, oracle.most_bytes);
        assert.is(kernel.now(), oracle.moved_bytes);
      }
      // what is written first is asked for first: the backlog, and only then what is new
      assert.equal(
        inode.copies.filter(({ who }) => who === 'writer').map((copy) => copy.bytes),
        oracle.writes,
      );
    }),
    { numRuns: 150 },
  );
});

test('drain returns when all is in the pipe, and moves what is left at every flush', () => {
  const { backlog, inode, kernel, thread, read } = backlogRig({ memmove_byte_ns: 1 });
  const bytes = 1_000_000;
  const rest = bytes - PIPE_BYTES;
  for (let i = 1; i <= 15; i++) kernel.at(i * MS, () => read(PIPE_BYTES));
  backlog.offer(0, bytes);
  assert.is(kernel.now(), rest, 'copied to the heap');
  backlog.drain();
  assert.is(inode.pipe.written_bytes, bytes);
  assert.is(backlog.most_bytes, rest);
  // the pipe takes 64 KiB after each read, and has taken the last of the rest after the fifteenth
  assert.is(kernel.now(), 15 * MS);
  let moved = 0;
  for (let left = rest - PIPE_BYTES; left > 0; left -= PIPE_BYTES) moved += left;
  assert.is(thread.used_ns, rest + moved);
});

test('to drain nothing takes no time', () => {
  const { backlog, kernel } = backlogRig({ memmove_byte_ns: 1, write_call_ns: 5 });
  backlog.drain();
  assert.is(kernel.now(), 0);
});

test('when there is room the backlog is flushed, and the channel ready again only if nothing is left', () => {
  const { backlog, read, inode } = backlogRig();
  backlog.offer(0, PIPE_BYTES + 3 * SLOT_BYTES);
  assert.equal([backlog.is_ready, backlog.is_wait_over], [false, false]);
  backlog.beginWait();
  read(SLOT_BYTES);
  assert.equal([backlog.is_ready, backlog.is_wait_over], [false, true]);
  backlog.notified();
  assert.is(inode.pipe.written_bytes, PIPE_BYTES + SLOT_BYTES);
  assert.equal([backlog.is_ready, backlog.is_wait_over], [false, false]);
  backlog.beginWait();
  read(2 * SLOT_BYTES);
  backlog.notified();
  assert.is(inode.pipe.written_bytes, PIPE_BYTES + 3 * SLOT_BYTES);
  assert.equal([backlog.is_ready, backlog.is_wait_over], [true, true]);
  assert.is(backlog.eagain, 2);
  assert.is(backlog.short_writes, 2);
});

const PLAIN_DISK: DiskOptions = {
  ...{ rate_bytes_per_s: 1e9, jitter: 0, latency_ns: 0 },
  ...{ seek_share: 0, seek_low_ns: 0, seek_high_ns: 0 },
  ...{ stall_share: 0, stall_low_ns: 0, stall_high_ns: 0 },
};

function fileRig(limit_bytes: number, costs: Partial<Record<CostName, number>> = {}) {
  const { kernel, thread, costs: drawn } = pipeRig({ costs });
  const cache = new PageCache(new Disk(kernel, PLAIN_DISK, 1), limit_bytes);
  return { kernel, thread, cache, channel: new FileChannel(cache, thread, drawn) };
}

test('a file takes all, and its writer waits while more is in the page cache than may be, and only then', () => {
  const offers = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 * MIB }), fc.nat(3 * MS)), {
    minLength: 5,
    maxLength: 30,
    size: 'max',
  });
  let waits = 0;
  let passes = 0;
  fc.assert(
    fc.property(offers, fc.integer({ min: 1, max: 8 * MIB }), (list, limit_bytes) => {
      const { kernel, thread, cache, channel } = fileRig(limit_bytes);
      for (const [bytes, pause_ns] of list) {
        const before_ns = kernel.now();
        const is_over = cache.dirty_bytes + bytes > limit_bytes;
        assert.is(channel.offer(0, bytes), bytes);
        assert.is(kernel.now() > before_ns, is_over);
        assert.is(cache.is_full, false);
        // it went on with the first write-back that was enough, of a megabyte at most
        if (is_over) assert.ok(cache.dirty_bytes > limit_bytes - MIB);
        if (is_over) waits++;
        else passes++;
        assert.equal([channel.is_ready, channel.is_wait_over], [true, true]);
        const until_ns = kernel.now() + pause_ns;
        kernel.at(until_ns, () => undefined);
        thread.wait(() => kernel.now() >= until_ns);
      }
      assert.equal([channel.eagain, channel.short_writes], [0, 0]);
    }),
    { numRuns: 60 },
  );
  assert.ok(waits > 200 && passes > 200, `${waits} waits and ${passes} passes prove little`);
});

test('a write to a file costs its call and its bytes', () => {
  const { kernel, channel } = fileRig(100 * MIB, { file_call_ns: 700, file_byte_ns: 0.25 });
  channel.offer(1_000, 41_000);
  assert.is(kernel.now(), 700 + 10_000);
});

test.run();
