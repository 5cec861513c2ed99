/** `pagepipe demo`: the thread's experiment on this machine. */

import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { measureZeroRate } from '../calibrate/zero-rate.ts';
import { fail } from '../errors.ts';
import { type Guest, PAGE_BYTES } from '../guest/guest.ts';
import { runsOf } from '../guest/synthetic/runs.ts';
import { parseWorkload } from '../guest/synthetic/workload.ts';
import { reasonOf } from '../node/os-error.ts';
import { type SavedTo, saveTo } from '../node/output/save-to.ts';
import { type PolicySpec, policyNameOf } from '../policy/table.ts';
import { type DemoRow, reportDemo } from '../report/demo.ts';
import { formatBytes } from '../units.ts';
import { syntheticGuest } from './guest.ts';
import { parseGuestSize, wholeNumber } from './options.ts';
import { resultOf } from './result.ts';
import { interruptible, print, printJson, printProgress } from './terminal.ts';

const WORKLOAD = 'idle,zero=60%';
const SIZE_DEFAULT_BYTES = 2 ** 30;
/** f_type of tmpfs (statfs(2)). */
const TMPFS_MAGIC = 0x01021994;

const MIB = 2 ** 20;
const NS_PER_MS = 1e6;

interface Arrangement extends PolicySpec {
  readonly label: string;
  readonly via: 'file' | 'pipe';
  readonly direct: boolean;
}

const file = { via: 'file', direct: false } as const;
const pipe = { via: 'pipe', direct: true } as const;

const ARRANGEMENTS = {
  file: { ...file, label: 'plain file, unlimited' },
  file_slice: { ...file, slice_ns: 50 * NS_PER_MS, label: 'plain file, 50 ms slice' },
  pipe: { ...pipe, label: 'pipe + O_DIRECT helper' },
  pipe_slice: { ...pipe, slice_ns: 5 * NS_PER_MS, label: 'the same, 5 ms slice' },
  window: { ...file, limit_bytes_per_s: 128 * MIB, label: 'plain file, 128 MiB/s' },
} satisfies Record<string, Arrangement>;

interface DemoFlags {
  readonly size: number;
  readonly dir?: string;
  readonly json?: boolean;
  readonly seed: number;
}

export function defineDemo(command: Command): void {
  command
    .addOption(
      new Option('-s, --size <SIZE>', 'RAM of the guest')
        .argParser(parseGuestSize)
        .default(SIZE_DEFAULT_BYTES, '1GiB'),
    )
    .option('--dir <DIR>', "where the files go, and are removed (default: the system's temporary folder)")
    .option('--json', 'an array of result documents instead of text')
    .option('--seed <N>', 'seed of the guest', wholeNumber('--seed', 0), 1)
    .action((flags: DemoFlags) => interruptible((signal) => demo(flags, signal)));
}

async function demo(flags: DemoFlags, signal: AbortSignal): Promise<void> {
  const folder = await makeFolder(flags.dir ?? tmpdir());
  try {
    await new Demo(flags, folder, signal).run();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function makeFolder(parent: string): Promise<string> {
  try {
    return await mkdtemp(join(parent, 'pagepipe-demo-'));
  } catch (cause) {
    throw fail('output-refused', { path: parent, reason: reasonOf(cause) }, cause);
  }
}

/** One run of the experiment: one guest, saved once in each arrangement. */
class Demo {
  readonly #flags: DemoFlags;
  readonly #folder: string;
  readonly #signal: AbortSignal;
  #direct_refusal: string | undefined;
  #done = 0;

  constructor(flags: DemoFlags, folder: string, signal: AbortSignal) {
    this.#flags = flags;
    this.#folder = folder;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    const { size, seed } = this.#flags;
    const spec = parseWorkload(WORKLOAD);
    printProgress(`making a guest of ${formatBytes(size)} (${WORKLOAD}, seed ${seed})`);
    const { guest, load_ms } = await syntheticGuest(spec, size, seed, this.#signal);
    const zero_rate_bytes_per_s = measureZeroRate();
    const save = (arrangement: Arrangement): Promise<DemoRow> => this.#save(guest, arrangement, load_ms);
    // the first save pays for the page cache's memory, four times over what the next one takes: not counted
    printProgress('saving it once, uncounted, so that the page cache is as warm for all');
    await this.#write(guest, ARRANGEMENTS.file);
    const rows = {
      file: await save(ARRANGEMENTS.file),
      file_slice: await save(ARRANGEMENTS.file_slice),
      pipe: await save(ARRANGEMENTS.pipe),
      pipe_slice: await save(ARRANGEMENTS.pipe_slice),
      window: await save(ARRANGEMENTS.window),
    };
    if (this.#flags.json === true) {
      printJson(Object.values(rows).map(({ result }) => result));
      return;
    }
    const zero_runs = runsOf(size / PAGE_BYTES, spec.zero_share, seed).filter((run) => run.is_zero);
    const zero_run_pages = zero_runs.reduce((longest, run) => Math.max(longest, run.count), 0);
    const disk_remark = await this.#diskRemark();
    const zero_run_bytes = zero_run_pages * PAGE_BYTES;
    printProgress('');
    print(reportDemo({ rows, zero_run_bytes, zero_rate_bytes_per_s, disk_remark }));
  }

  async #save(guest: Guest, arrangement: Arrangement, load_ms: number): Promise<DemoRow> {
    const { label, via, direct, limit_bytes_per_s, slice_ns } = arrangement;
    this.#done++;
    printProgress(`saving it, ${this.#done} of ${Object.keys(ARRANGEMENTS).length}: ${label}`);
    const saved = await this.#write(guest, arrangement);
    this.#direct_refusal ??= saved.sink.direct_refusal;
    const options = {
      arrangement: label,
      workload: WORKLOAD,
      seed: this.#flags.seed,
      via,
      direct,
      policy: policyNameOf(arrangement),
      limit_bytes_per_s: limit_bytes_per_s ?? null,
      slice_ms: slice_ns === undefined ? null : slice_ns / NS_PER_MS,
    };
    return { label, result: resultOf(saved, { command: 'demo', load_ms, options }) };
  }

  /** One save, whose file goes again at once. */
  async #write(guest: Guest, arrangement: Arrangement): Promise<SavedTo> {
    const { via, direct } = arrangement;
    const path = join(this.#folder, 'guest.mig');
    const policy: PolicySpec = arrangement;
    const saved = await saveTo(guest, path, { via, direct, force: false, policy, signal: this.#signal });
    await rm(path);
    return saved;
  }

  /** What has to be known of the disk to read the table rightly. */
  async #diskRemark(): Promise<string | undefined> {
    if ((await statfs(this.#folder)).type === TMPFS_MAGIC) {
      return 'The files went to memory (tmpfs), not to a disk: give --dir a folder on a disk to see one.';
    }
    if (this.#direct_refusal === undefined) return undefined;
    return `O_DIRECT was not possible (${this.#direct_refusal}): the helper wrote by the page cache.`;
  }
}
