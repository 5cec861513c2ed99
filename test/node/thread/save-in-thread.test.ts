/** The migration thread: the bytes are those of the main loop, no page of a guest that writes meanwhile is lost. */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ErrorCode, Guest, SavedTo, SaveProgress, ThreadOptions } from '../../../src/node.ts';
import { nextTurn } from '../../../src/save/event-loop.ts';
import { builtPackage } from '../../support/built.ts';
import { assertBytes, assertFile, inFolder, noise } from '../../support/folder.ts';
import { eventually, inTime } from '../../support/patience.ts';
import { GuestWriter } from '../guest-writer.ts';

const built = await builtPackage();
const MIB = 2 ** 20;
const WAYS = { via: 'file', direct: false, force: true, policy: { name: 'unlimited' } } as const;
/** A minute for the half of a guest that is not zero. */
const SLOW = { policy: { name: 'window', limit_bytes_per_s: 64 * 1024 } } as const;

/** The upper half zero. */
function halfFull(bytes = 8 * MIB, shared = true): Guest {
  const guest = new built.Guest([{ name: 'ram', bytes }], { shared });
  guest.ram(guest.largestBlock()).set(noise(bytes / 2));
  return guest;
}

function save(guest: Guest, output: string, options: Partial<ThreadOptions> = {}): Promise<SavedTo> {
  return built.saveInThread(guest, output, { ...WAYS, ...options });
}

const ramOf = (guest: Guest): Uint8Array => guest.ram(guest.largestBlock());

async function assertHolds(path: string, guest: Guest): Promise<void> {
  const read = await built.readGuest(path);
  assertBytes(ramOf(read.guest), ramOf(guest), path);
}

/** The error of what must fail, by its code; its class is that of the built package. */
async function failure(code: ErrorCode, saving: Promise<unknown>): Promise<Error> {
  const error: unknown = await saving.then(
    () => new Error('it succeeded'),
    (cause: unknown) => cause,
  );
  if (!(error instanceof built.PagepipeError)) throw error;
  assert.is(error.code, code, error.message);
  return error;
}

const FORMS = [
  { via: 'file' },
  { via: 'file', direct: true },
  { form: 'mapped-ram' },
  { form: 'mapped-ram', direct: true },
  { via: 'file', xbzrle_cache_bytes: MIB },
  { via: 'file', staging_bytes: 64 * 1024, complete: 'blocking', machine: 'pc-i440fx-7.2' },
] as const;

for (const form of FORMS) {
  test(
    `of a guest that stands still the bytes are those of the main loop, ${JSON.stringify(form)}`,
    inFolder(async (folder) => {
      const paths = ['thread', 'main'].map((name) => join(folder, name)) as [string, string];
      const by_thread = await save(halfFull(), paths[0], form);
      const options = { ...WAYS, ...form, policy: built.unlimited };
      const by_main = await built.saveTo(halfFull(8 * MIB, false), paths[1], options);
      assertFile(paths[0], readFileSync(paths[1]));
      for (const name of ['stream_bytes', 'guest_bytes', 'converged', 'eagain'] as const) {
        assert.is(by_thread[name], by_main[name], name);
      }
      assert.equal(by_thread.counters.stats(0, 0), by_main.counters.stats(0, 0));
      assert.is(by_thread.sink.is_direct, by_main.sink.is_direct);
      assert.equal(
        by_thread.spans.list.map(({ phase }) => phase),
        by_main.spans.list.map(({ phase }) => phase),
      );
    }),
  );
}

test(
  'through a pipe and into a command the RAM arrives',
  inFolder(async (folder) => {
    const guest = halfFull();
    await save(guest, join(folder, 'pipe'), { via: 'pipe' });
    await save(guest, join(folder, 'direct'), { via: 'pipe', direct: true });
    await save(guest, `exec:cat > '${join(folder, 'command')}'`);
    for (const name of ['pipe', 'direct', 'command']) await assertHolds(join(folder, name), guest);
  }),
);

test(
  'the origin goes over: machine and device sections',
  inFolder(async (folder) => {
    const origin = {
      machine: 'pc-q35-8.2',
      ram_section_id: 7,
      tail: Uint8Array.of(0x04, 0, 0, 0, 9, 1, 2, 3, 0),
    };
    const options = { policy: built.unlimited, origin };
    const { stream } = await built.saveToMemory(halfFull(), options);
    await save(halfFull(), join(folder, 'out'), { origin });
    assertFile(join(folder, 'out'), stream);
  }),
);

const RUNNING: readonly Partial<ThreadOptions>[] = [
  { via: 'file' },
  { via: 'pipe' },
  { via: 'file', xbzrle_cache_bytes: 64 * 1024 },
  { via: 'pipe', xbzrle_cache_bytes: 4 * MIB },
  { form: 'mapped-ram' },
  { via: 'pipe', policy: { name: 'unlimited', slice_ns: 200_000 }, staging_bytes: 16 * 1024 },
];
const PAGES = 512;
const SAVES = 4;
const SAVES_MAX = 40;
/** A save in which the writer was given no time has three. */
const SYNCS_MIN = 17;

for (const options of RUNNING) {
  test(
    `no page is lost that another thread writes meanwhile, ${JSON.stringify(options)}`,
    inFolder(async (folder) => {
      const guest = halfFull(PAGES * 4096);
      const writer = await GuestWriter.of(guest, PAGES);
      const path = join(folder, 'out');
      const policy = { name: 'window', limit_bytes_per_s: 96 * MIB } as const;
      let syncs = 0;
      try {
        // on a busy machine some saves are over before the writer has had its turn: then there are more of them
        for (let i = 0; i < SAVES || (syncs < SYNCS_MIN && i < SAVES_MAX); i++) {
          const few_rounds = { downtime_limit_ns: 1000, max_rounds: 8 };
          const saved = await save(guest, path, { policy, ...options, ...few_rounds, running: writer });
          syncs += saved.counters.stats(0, 0)['dirty-sync-count'];
          await assertHolds(path, guest);
        }
        assert.ok(syncs >= SYNCS_MIN, `${syncs} dirty syncs in all`);
      } finally {
        await writer.end();
      }
    }),
  );
}

for (const change of ['page', 'word']) {
  test(
    `a guest that writes on the main loop is saved as it was when it was paused, change=${change}`,
    inFolder(async (folder) => {
      const spec = built.parseWorkload(`hot,dirty=100MiB/s,set=4MiB,change=${change}`);
      const path = join(folder, 'out');
      for (const xbzrle_cache_bytes of [undefined, 2 * MIB]) {
        // the limit gives the main loop its turns; where it had none before a save was over, there is another
        let is_seen = false;
        for (let i = 0; !is_seen && i < SAVES_MAX; i++) {
          const guest = halfFull();
          const block = guest.largestBlock();
          const running = new built.Dirtier(
            () => guest.ram(block),
            spec,
            1,
            (page) => guest.logWrite(block, page),
          );
          let ram_at_pause: Uint8Array = new Uint8Array(0);
          const saved = await save(guest, path, {
            xbzrle_cache_bytes,
            running,
            downtime_limit_ns: 1000,
            max_rounds: 5,
            policy: { name: 'window', limit_bytes_per_s: 32 * MIB },
            onPaused: () => {
              ram_at_pause = ramOf(guest).slice();
            },
          });
          is_seen = running.written_pages > PAGES && saved.counters.stats(0, 0)['dirty-sync-count'] > 3;
          assertBytes(ramOf(guest), ram_at_pause, 'nothing is written after the pause');
          await assertHolds(path, guest);
        }
        assert.ok(is_seen, 'it was at work, over several rounds');
      }
    }),
  );
}

test(
  'the pause is told once, while there is still something to send, also of a guest that stands still',
  inFolder(async (folder) => {
    const paused: number[] = [];
    let progress: SaveProgress | undefined;
    const saved = await save(halfFull(), join(folder, 'out'), {
      onBegin: (begun) => {
        progress = begun;
      },
      onPaused: () => paused.push(performance.now() * 1e6),
    });
    const [paused_ns = 0] = paused;
    assert.is(paused.length, 1);
    assert.ok(paused_ns >= saved.began_ns && paused_ns <= saved.began_ns + saved.wall_ns);
    assert.is(progress?.ram_bytes, 8 * MIB);
    assert.is(progress?.began_ns, saved.began_ns);
  }),
);

test(
  'a limit holds, and the main loop answers from Begin to the end',
  inFolder(async (folder) => {
    const before_ns = performance.now() * 1e6;
    let begun_ns = 0;
    const saved = await save(halfFull(), join(folder, 'out'), {
      policy: { name: 'token-bucket', limit_bytes_per_s: 8 * MIB },
      onBegin: () => {
        begun_ns = performance.now() * 1e6;
      },
    });
    const after_ns = performance.now() * 1e6;
    // the half that is not zero, less the burst of a tenth of a second
    assert.ok(saved.wall_ns > 0.35e9, `${saved.wall_ns} ns for 4 MiB at 8 MiB/s`);
    // one every 10 ms, from Begin until this thread heard of the end
    const { count } = saved.blackout;
    assert.ok(count >= Math.floor(saved.wall_ns / 1e7), `${count} requests`);
    assert.ok(count <= (after_ns - saved.began_ns) / 1e7, `${count} requests`);
    // spans and Begin are on this thread's clock
    const { list } = saved.spans;
    const times = [before_ns, saved.began_ns, list[0]?.start_ns ?? 0, list.at(-1)?.end_ns ?? 0, after_ns];
    assert.equal(
      times,
      [...times].sort((a, b) => a - b),
    );
    assert.ok(saved.began_ns <= begun_ns);
  }),
);

test(
  'the progress goes on',
  inFolder(async (folder) => {
    const abort = new AbortController();
    const seen = new Set<number>();
    const look = async (progress: SaveProgress): Promise<void> => {
      await eventually('progress', () => seen.add(progress.remaining_bytes()).size >= 4);
      abort.abort();
    };
    await failure(
      'interrupted',
      save(halfFull(), join(folder, 'out'), {
        ...SLOW,
        signal: abort.signal,
        onBegin: (progress) => void look(progress),
      }),
    );
    const bytes = [...seen];
    assert.equal(
      bytes,
      [...bytes].sort((a, b) => b - a),
    );
  }),
);

test(
  'what is wrong is told as from the main loop, and nothing is left',
  inFolder(async (folder) => {
    const path = join(folder, 'out');
    writeFileSync(path, 'old');
    const guest = halfFull();
    await failure('output-exists', save(guest, path, { force: false }));
    await failure('output-folder-missing', save(guest, join(folder, 'no', 'out')));
    await failure('disk-full', save(guest, '/dev/full', { via: 'pipe' }));
    await failure('disk-full', save(guest, '/dev/full'));
    await failure('usage-staging', save(guest, path, { staging_bytes: 100 }));
    await failure('usage-limit', save(guest, path, { policy: { name: 'window', limit_bytes_per_s: -1 } }));
    const failed = await failure('command-failed', save(guest, 'exec:cat > /dev/null; exit 7'));
    assert.match(failed.message, /ended with status 7/);
    await failure('guest-not-shared', save(halfFull(8 * MIB, false), path));
    assertFile(path, Buffer.from('old'));
    assert.equal(readdirSync(folder), ['out']);
  }),
);

test(
  'what fails on the main thread ends the thread and leaves nothing',
  inFolder(async (folder) => {
    const onPaused = () => {
      throw new Error('no room for a copy');
    };
    const saving = save(halfFull(), join(folder, 'out'), { onPaused });
    const error: unknown = await saving.catch((cause: unknown) => cause);
    assert.ok(error instanceof Error && error.message === 'no room for a copy');
    assert.equal(readdirSync(folder), []);
  }),
);

/** Calls a save off that would go on for minutes, once bytes of it have gone. */
async function endsWhenAborted(guest: Guest, output: string, options: Partial<ThreadOptions>): Promise<void> {
  const controller = new AbortController();
  const abortInTheMiddle = async (progress: SaveProgress): Promise<void> => {
    await eventually('the first bytes', () => progress.stream_bytes() > 0);
    controller.abort();
  };
  const saving = save(guest, output, {
    ...options,
    signal: controller.signal,
    onBegin: (progress) => void abortInTheMiddle(progress),
  });
  await inTime('a save that is called off', failure('interrupted', saving));
}

test(
  'called off in the middle it ends soon and leaves nothing, whatever it is at',
  inFolder(async (folder) => {
    const guest = halfFull();
    await endsWhenAborted(guest, join(folder, 'file'), SLOW);
    await endsWhenAborted(guest, join(folder, 'pipe'), { ...SLOW, via: 'pipe' });
    await endsWhenAborted(guest, join(folder, 'mapped'), { ...SLOW, form: 'mapped-ram' });
    await endsWhenAborted(guest, 'exec:sleep 100000', {});
    assert.equal(readdirSync(folder), []);
  }),
);

test(
  'called off before it begins it writes nothing',
  inFolder(async (folder) => {
    const path = join(folder, 'out');
    await failure('interrupted', save(halfFull(), path, { signal: AbortSignal.abort() }));
    assert.equal(readdirSync(folder), []);
  }),
);

test(
  'called off while a FIFO is full that nobody reads on from',
  inFolder(async (folder) => {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      for (const via of ['file', 'pipe'] as const) await endsWhenAborted(halfFull(), fifo, { via });
    } finally {
      closeSync(reader);
    }
    assert.equal(readdirSync(folder), ['fifo']);
  }),
);

test(
  'called off in a turn without an end: no slice, no limit',
  inFolder(async (folder) => {
    for (let bytes = 64 * MIB; ; bytes *= 2) {
      const guest = new built.Guest([{ name: 'ram', bytes }], { shared: true });
      ramOf(guest).fill(1);
      if (await isCutShort(guest, join(folder, 'out'))) break;
      // it was over before the abort came to it: then a larger one is tried
      assert.ok(bytes < 512 * MIB, 'a whole save is one turn, and it was not cut short');
    }
    assert.equal(readdirSync(folder), []);
  }),
);

/**
 * Calls a save off, which is one turn, once a part of its output is there; whether the turn ended by that, with pages
 * left. The descriptor shows how much was written to a file that is gone.
 */
async function isCutShort(guest: Guest, output: string): Promise<boolean> {
  const controller = new AbortController();
  let fd: number | undefined;
  let is_over = false;
  const abortInTheTurn = async (): Promise<void> => {
    while (!is_over && fd === undefined) {
      await nextTurn();
      fd = openPart(dirname(output));
    }
    controller.abort();
  };
  const saving = save(guest, output, { signal: controller.signal, onBegin: () => void abortInTheTurn() });
  const error = await saving.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  is_over = true;
  const written_bytes = fd === undefined ? guest.ram_bytes : fstatSync(fd).size;
  if (fd !== undefined) closeSync(fd);
  if (error === undefined) rmSync(output);
  else await failure('interrupted', Promise.reject(error));
  return written_bytes < guest.ram_bytes;
}

/** Opens the file in a folder that is being written and has got pages, not only a head, if there is one. */
function openPart(folder: string): number | undefined {
  const [name = ''] = readdirSync(folder);
  const path = join(folder, name);
  if (!name.endsWith('.part')) return undefined;
  try {
    return statSync(path).size > MIB ? openSync(path, 'r') : undefined;
  } catch {
    // it has just got its name, or is gone
    return undefined;
  }
}

test.run();
