/** What do channels bring to a mapped-ram file: two threads that scan and write, beside one loop that does both? */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  fillBlock,
  Guest,
  formatMs,
  formatGbPerS,
  median,
  nextTurn,
  parseWorkload,
  QEMU_SLICE_NS,
  readStreamFile,
  type SavedTo,
  saveByChannels,
  saveTo,
  slice,
  unlimited,
} from '../src/node.ts';

const RAM_BYTES = 2 ** 30;
const ZERO_SHARES = ['95%', '60%', '0%'];
const CHANNELS = [1, 2, 3];
const RUNS = 7;

async function writtenGuest(zero_share: string): Promise<Guest> {
  const guest = new Guest([{ name: 'ram', bytes: RAM_BYTES }], { shared: true });
  await fillBlock(guest, guest.largestBlock(), parseWorkload(`idle,zero=${zero_share}`), 1, nextTurn);
  return guest;
}

function saveBy(guest: Guest, channels: number, path: string): Promise<SavedTo> {
  const options = { via: 'file', direct: false, force: true } as const;
  return channels === 1
    ? saveTo(guest, path, { ...options, form: 'mapped-ram', policy: slice(unlimited, QEMU_SLICE_NS) })
    : saveByChannels(guest, path, { ...options, channels });
}

/** A contender that loses a page would be fast at nothing. */
async function check(guest: Guest, path: string, what: string): Promise<void> {
  const loaded = (await readStreamFile(path)).guest;
  const block = guest.largestBlock();
  const found = Buffer.from(loaded.ram(loaded.largestBlock()).buffer, loaded.largestBlock().host, block.bytes);
  if (found.compare(guest.ram(block)) !== 0) throw new Error(`${what}: the file does not hold the RAM`);
}

interface Run {
  readonly wall_ms: number;
  readonly start_ms: number;
  readonly blackout_ms: number;
}

async function timed(guest: Guest, channels: number, path: string): Promise<Run> {
  const before_ms = performance.now();
  const saved = await saveBy(guest, channels, path);
  return {
    wall_ms: saved.wall_ns / 1e6,
    start_ms: saved.began_ns / 1e6 - before_ms,
    blackout_ms: saved.blackout.summary_ms().max,
  };
}

function line(channels: number, runs: readonly Run[], alone_ms: number): string {
  const walls = runs.map(({ wall_ms }) => wall_ms).sort((a, b) => a - b);
  const wall_ms = median(walls);
  const rate = (ms: number | undefined) => formatGbPerS((RAM_BYTES * 1e3) / (ms ?? Number.NaN));
  return (
    `  --channels ${channels}  ${rate(wall_ms).padStart(10)} (${rate(walls.at(-1))} to ${rate(walls[0])})` +
    `  ${(alone_ms / wall_ms).toFixed(2)}x  blackout ${formatMs(median(runs.map((r) => r.blackout_ms)))}` +
    `  before Begin ${formatMs(median(runs.map((r) => r.start_ms)))}`
  );
}

async function benchShare(zero_share: string, folder: string): Promise<void> {
  const guest = await writtenGuest(zero_share);
  const path = join(folder, 'guest.map');
  for (const channels of CHANNELS) {
    await saveBy(guest, channels, path);
    await check(guest, path, `${zero_share} zero, ${channels} channels`);
  }
  const runs = CHANNELS.map((channels) => ({ channels, runs: [] as Run[] }));
  for (let round = 0; round < RUNS; round++) {
    for (const contender of runs) contender.runs.push(await timed(guest, contender.channels, path));
  }
  const alone_ms = median(runs[0]?.runs.map(({ wall_ms }) => wall_ms) ?? []);
  const lines = runs.map((contender) => line(contender.channels, contender.runs, alone_ms));
  process.stdout.write(`${zero_share} zero pages\n${lines.join('\n')}\n`);
}
void readFileSync; 
export async function benchChannels(): Promise<void> {
  const folder = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), 'pagepipe-bench-'));
  try {
    for (const zero_share of ZERO_SHARES) await benchShare(zero_share, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
