/** One configuration for real: a FIFO, a reader process, the save. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keptOn, type OwnCpu } from '../../src/calibrate/affinity.ts';
import type { Guest } from '../../src/index.ts';
import { parseSize, summarisePhases } from '../../src/index.ts';
import { saveTo } from '../../src/node.ts';
import { BLOCK, type Configuration, readerRate, realPolicy, stagingBytes } from './configurations.ts';

/** What is compared. */
export interface Figures {
  readonly bytes_per_s: number;
  readonly iterate_p50_ms: number;
  readonly iterates: number;
  readonly blackout_p99_ms: number;
}

const READER = fileURLToPath(new URL('paced-reader.mjs', import.meta.url));

async function startReader(fifo: string, configuration: Configuration, cpu: OwnCpu): Promise<ChildProcess> {
  const rate = String(readerRate(configuration.reader));
  const [command, args] = keptOn(cpu.others, process.execPath, [
    READER,
    fifo,
    rate,
    String(parseSize(BLOCK)),
  ]);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

/** Saves the guest once. @param cpu the reader is kept on the others */
export async function runReal(guest: Guest, configuration: Configuration, cpu: OwnCpu): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'pagepipe-validate-'));
  const fifo = join(folder, 'fifo');
  try {
    spawnSync('mkfifo', [fifo]);
    const reader = await startReader(fifo, configuration, cpu);
    const exited = once(reader, 'exit');
    const saved = await saveTo(guest, fifo, {
      ...{ via: 'file', direct: false, force: false, policy: realPolicy(configuration.policy) },
      staging_bytes: stagingBytes(configuration),
    });
    await exited;
    const { iterate } = summarisePhases(saved.spans.list);
    return {
      bytes_per_s: (saved.guest_bytes * 1e9) / saved.wall_ns,
      iterate_p50_ms: iterate.p50_ms,
      iterates: iterate.count,
      blackout_p99_ms: saved.blackout.summary_ms().p99,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
