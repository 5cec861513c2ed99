/** What do channels bring to a mapped-ram file: threads that scan and write, beside one loop that does both? */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Guest, SavedTo } from '../src/node.ts';

/** The built package: in TypeScript the threads of some Nodes cannot be started. */
const pagepipe: typeof import('../src/node.ts') = await import(
  new URL('../dist/node.js', import.meta.url).href
);
const { formatGbPerS, formatMs, median } = pagepipe;

const RAM_BYTES = 2 ** 30;
const CHANNELS = [1, 2, 3];
const RUNS = 7;
/** Memory that is a file system, so that the save is measured and not a disk; and a disk, by O_DIRECT. */
const PLACES: readonly Place[] = [
  {
    folder: existsSync('/dev/shm') ? '/dev/shm' : tmpdir(),
    direct: false,
    zero_shares: ['95%', '60%', '0%'],
  },
  { folder: tmpdir(), direct: true, zero_shares: ['95%', '0%'] },
];

interface Place {
  readonly folder: string;
  readonly direct: boolean;
  readonly zero_shares: readonly string[];
}

/** Where and how a save writes. */
interface Target {
  readonly path: string;
  readonly direct: boolean;
}

interface Run {
  readonly wall_ms: number;
  /** From the call to Begin: making the file, and starting the threads. */
  readonly before_ms: number;
  readonly blackout_ms: number;
}

async function writtenGuest(zero_share: string): Promise<Guest> {
  const guest = new pagepipe.Guest([{ name: 'ram', bytes: RAM_BYTES }], { shared: true });
  const workload = pagepipe.parseWorkload(`idle,zero=${zero_share}`);
  await pagepipe.fillBlock(guest, guest.largestBlock(), workload, 1, pagepipe.nextTurn);
  return guest;
}

function saveBy(guest: Guest, channels: number, { path, direct }: Target): Promise<SavedTo> {
  const options = { direct, force: false } as const;
  if (channels > 1) return pagepipe.saveByWriters(guest, path, { ...options, writers: channels });
  const policy = pagepipe.slice(pagepipe.unlimited, pagepipe.QEMU_SLICE_NS);
  return pagepipe.saveTo(guest, path, { ...options, via: 'file', form: 'mapped-ram', policy });
}

/** Saves once and checks: a contender that loses a page would be fast at nothing. */
async function check(guest: Guest, channels: number, target: Target): Promise<void> {
  await saveBy(guest, channels, target);
  const { guest: loaded } = await pagepipe.readStreamFile(target.path);
  const found = loaded.ram(loaded.largestBlock());
  if (Buffer.compare(found, guest.ram(guest.largestBlock())) !== 0)
    throw new Error(`${channels} channels: the file does not hold the guest's RAM`);
  rmSync(target.path);
}

/** Into a new file each time: the pages of one that is replaced are given back while the next is written. */
async function timed(guest: Guest, channels: number, target: Target): Promise<Run> {
  const called_ms = performance.now();
  const saved = await saveBy(guest, channels, target);
  rmSync(target.path);
  return {
    wall_ms: saved.wall_ns / 1e6,
    before_ms: saved.began_ns / 1e6 - called_ms,
    blackout_ms: saved.blackout.summary_ms().max,
  };
}

function line(channels: number, runs: readonly Run[], alone_ms: number): string {
  const walls_ms = runs.map(({ wall_ms }) => wall_ms).sort((a, b) => a - b);
  const wall_ms = median(walls_ms);
  const rate = (ms = Number.NaN): string => formatGbPerS((RAM_BYTES * 1e3) / ms);
  return (
    `  --channels ${channels}  ${rate(wall_ms).padStart(9)} (${rate(walls_ms.at(-1))} to ${rate(walls_ms[0])})  ` +
    `${(alone_ms / wall_ms).toFixed(2)}x  blackout ${formatMs(median(runs.map((run) => run.blackout_ms)))}, ` +
    `before Begin ${formatMs(median(runs.map((run) => run.before_ms)))}`
  );
}

async function benchShare(zero_share: string, target: Target): Promise<void> {
  const guest = await writtenGuest(zero_share);
  for (const channels of CHANNELS) await check(guest, channels, target);
  const contenders = CHANNELS.map((channels): { channels: number; runs: Run[] } => ({ channels, runs: [] }));
  for (let run = 0; run < RUNS; run++) {
    for (const { channels, runs } of contenders) runs.push(await timed(guest, channels, target));
  }
  const alone_ms = median(contenders[0]?.runs.map(({ wall_ms }) => wall_ms) ?? []);
  const lines = contenders.map(({ channels, runs }) => line(channels, runs, alone_ms));
  process.stdout.write(`  ${zero_share} zero pages\n${lines.join('\n')}\n`);
}

async function benchPlace({ folder: parent, direct, zero_shares }: Place): Promise<void> {
  const folder = mkdtempSync(join(parent, 'pagepipe-bench-'));
  process.stdout.write(
    `channels: 1 GiB into a mapped-ram file in ${parent}${direct ? ' by O_DIRECT' : ''}, ${RUNS} runs in turn: ` +
      `median (slowest to fastest), GB/s of guest RAM from Begin on\n`,
  );
  try {
    for (const share of zero_shares) await benchShare(share, { path: join(folder, 'guest.map'), direct });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  process.stdout.write('\n');
}

export async function benchChannels(): Promise<void> {
  for (const place of PLACES) await benchPlace(place);
}
