/** A save by writers as the main loop sees it: rounds, syncs and ends; the writers are in this thread. */
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Guest, type Running, type SaveProgress } from '../../../src/index.ts';
import { MappedFile } from '../../../src/save/output/mapped-file.ts';
import {
  type PageWriters,
  type RoundReport,
  saveByRounds,
} from '../../../src/save/parallel/mapped-rounds.ts';
import { allocAreas, placeParts, RangeWalk, rangeCount } from '../../../src/save/parallel/page-ranges.ts';
import { readMapped } from '../../ref/mapped-ram.ts';
import { PAGE_BYTES, patternPage } from '../../ref/stream.ts';
import { failure } from '../../support/folder.ts';

const PAGES = 3000;
/** A range takes as long, less what a timer of whole milliseconds may come early. */
const RANGE_MS = 5;
const RANGE_NS_MIN = (RANGE_MS - 1) * 1e6;

/** Writers that send a range now and then, into memory. */
class SlowWriters implements PageWriters {
  sent_pages = 0;
  sent_bytes = 0;
  rounds = 0;
  /** What happens while a range is sent. */
  onRange: () => void = () => undefined;
  readonly #guest: Guest;
  readonly #content: Buffer;
  readonly #file: MappedFile;
  #is_stopped = false;

  constructor(guest: Guest, file: MappedFile, content: Buffer) {
    this.#guest = guest;
    this.#file = file;
    this.#content = content;
  }

  async round(): Promise<RoundReport> {
    this.rounds++;
    const { arena } = this.#guest;
    const parts = placeParts(this.#guest, this.#file);
    const walk = new RangeWalk(parts, allocAreas(this.#guest), [arena.core], (_bank, address, bytes, at) => {
      this.#content.set(arena.bytes(address, bytes), at);
      this.sent_bytes += bytes;
    });
    let [normal, zero] = [0, 0];
    for (let range = 0; range < rangeCount(parts) && !this.#is_stopped; range++) {
      await delay(RANGE_MS);
      this.onRange();
      const sent = walk.send(range);
      normal += sent.normal;
      zero += sent.zero;
      this.sent_pages += sent.normal + sent.zero;
    }
    return { normal, zero, short_writes: 1, longest_write_ns: 7e9 };
  }

  stop(): void {
    this.#is_stopped = true;
  }
}

/** Writes a page at every turn, for so many turns. */
class Writer implements Running {
  turns = 0;
  is_stopped = false;
  readonly #guest: Guest;
  readonly #writes: number;

  constructor(guest: Guest, writes: number) {
    this.#guest = guest;
    this.#writes = writes;
  }

  start(): void {}

  advance(): void {
    assert.not.ok(this.is_stopped, 'a guest that is paused has no turn');
    if (this.turns++ >= this.#writes) return;
    const block = this.#guest.largestBlock();
    const page = (this.turns * 37) % PAGES;
    const content = this.turns % 3 === 0 ? new Uint8Array(PAGE_BYTES) : patternPage(this.turns);
    this.#guest.ram(block).set(content, page * PAGE_BYTES);
    this.#guest.logWrite(block, page);
  }

  stop(): void {
    this.is_stopped = true;
  }
}

function setUp() {
  const guest = new Guest([{ name: 'ram', bytes: PAGES * PAGE_BYTES }]);
  for (let page = 0; page < PAGES; page += 10) {
    guest.ram(guest.largestBlock()).set(patternPage(page + 1), page * PAGE_BYTES);
  }
  const file = new MappedFile(guest, { machine: 'pc' });
  const content = Buffer.alloc(PAGES * PAGE_BYTES + 2 ** 21);
  const writers = new SlowWriters(guest, file, content);
  let end = 0;
  const writePiece = ({ file_offset, bytes }: { file_offset: number; bytes: Uint8Array }) => {
    content.set(bytes, file_offset);
    end = Math.max(end, file_offset + bytes.length);
  };
  const parts = { guest, file, writers, writePiece };
  return { guest, writers, parts, written: () => readMapped(content.subarray(0, end)) };
}

function assertHolds(guest: Guest, { blocks }: ReturnType<typeof readMapped>): void {
  assert.ok(blocks[0]?.ram.equals(guest.ram(guest.largestBlock())), 'the RAM');
}

async function nothing(): Promise<void> {}

test('a guest that stands still: one round, one PART, and counters as a save loop has them', async () => {
  const { guest, writers, parts, written } = setUp();
  let finished_bytes = 0;
  const saved = await saveByRounds(parts, {}, async (stream_bytes) => {
    finished_bytes = stream_bytes;
  });
  const file = written();
  assertHolds(guest, file);
  assert.equal([file.machine, file.section_types], ['pc', [0x02, 0x03]]);
  assert.is(writers.rounds, 1);
  const stats = saved.counters.stats(0, saved.wall_ns);
  assert.equal([stats.normal, stats.duplicate, stats.transferred], [300, 2700, 300 * PAGE_BYTES]);
  assert.is(stats['dirty-sync-count'], 3);
  assert.equal(
    saved.spans.list.map(({ phase }) => phase),
    ['begin', 'iterate', 'complete'],
  );
  assert.is(saved.stream_bytes, finished_bytes);
  const head_bytes = saved.stream_bytes - stats.transferred;
  assert.ok(head_bytes > 375 && head_bytes < 700, `${head_bytes} bytes that are no pages`);
  assert.equal(
    [saved.converged, saved.short_writes, saved.longest_write_ns, saved.eagain],
    [true, 1, 7e9, 0],
  );
  assert.ok(saved.downtime_ns < saved.wall_ns && saved.wall_ns > 3 * RANGE_NS_MIN);
});

test('a guest that runs: round after round until its last writes are in, each sync between two rounds', async () => {
  const { guest, writers, parts, written } = setUp();
  const running = new Writer(guest, 12);
  let paused_after = 0;
  const options = {
    running,
    downtime_limit_ns: 1,
    onPaused: () => {
      paused_after = running.turns;
    },
  };
  const saved = await saveByRounds(parts, options, nothing);
  assertHolds(guest, written());
  assert.ok(running.is_stopped && paused_after > 12 && running.turns === paused_after);
  assert.ok(writers.rounds > 1 && saved.converged, `${writers.rounds} rounds`);
  const iterates = saved.spans.list.filter(({ phase }) => phase === 'iterate').length;
  assert.is(written().section_types.length, iterates + 1, 'a PART for each round');
  assert.is(saved.counters.stats(0, 1)['dirty-sync-count'], iterates + 2);
});

test('rounds that are used up: the guest is paused, and what is left goes in complete', async () => {
  const { guest, writers, parts, written } = setUp();
  const running = new Writer(guest, Number.POSITIVE_INFINITY);
  const saved = await saveByRounds(parts, { running, downtime_limit_ns: 1, max_rounds: 3 }, nothing);
  assertHolds(guest, written());
  assert.equal([saved.converged, writers.rounds], [false, 4]);
  assert.is(written().section_types.length, 4);
  assert.ok(saved.downtime_ns > 3 * RANGE_NS_MIN, 'the last round is downtime');
});

test('progress goes from all to nothing within a round', async () => {
  const { guest, parts } = setUp();
  const seen: number[] = [];
  let progress: SaveProgress | undefined;
  const timer = setInterval(() => seen.push(progress?.remaining_bytes() ?? -1), 1);
  await saveByRounds(
    parts,
    {
      onBegin: (given) => {
        progress = given;
      },
    },
    nothing,
  );
  clearInterval(timer);
  assert.ok(new Set(seen).size >= 3, `${seen}`);
  assert.equal(
    seen,
    [...seen].sort((a, b) => b - a),
  );
  assert.equal([progress?.ram_bytes, progress?.remaining_bytes()], [guest.ram_bytes, 0]);
});

test('an abort ends the round, and the save', async () => {
  for (const is_running of [false, true]) {
    const { guest, writers, parts } = setUp();
    const controller = new AbortController();
    writers.onRange = () => controller.abort();
    const options = {
      signal: controller.signal,
      running: is_running ? new Writer(guest, Number.POSITIVE_INFINITY) : undefined,
    };
    await failure('interrupted', () => saveByRounds(parts, options, nothing));
    assert.is(writers.rounds, 1);
    assert.ok(writers.sent_pages < PAGES);
  }
});

test('a channel that fails, a write that fails, and a round that leaves pages: told as they are', async () => {
  const cause = new Error('no');
  const refuse = () => Promise.reject(cause);
  for (const is_running of [false, true]) {
    const { guest, parts, writers } = setUp();
    writers.round = refuse;
    const running = is_running ? new Writer(guest, 5) : undefined;
    const found = await saveByRounds(parts, { running }, nothing).catch((error: unknown) => error);
    assert.is(found, cause);
  }
  const { parts } = setUp();
  const writePiece = () => {
    throw cause;
  };
  assert.is(
    await saveByRounds({ ...parts, writePiece }, {}, nothing).catch((error: unknown) => error),
    cause,
  );
  const { parts: lazy, writers } = setUp();
  writers.round = async () => ({ normal: 1, zero: 0, short_writes: 0, longest_write_ns: 0 });
  await failure('internal-dirty-count', () => saveByRounds(lazy, {}, nothing));
});

test.run();
