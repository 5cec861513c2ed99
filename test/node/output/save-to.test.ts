import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Guest } from '../../../src/guest/guest.ts';
import { readStreamFile } from '../../../src/node/input/input.ts';
import { type SavedTo, saveTo } from '../../../src/node/output/save-to.ts';
import { unlimited } from '../../../src/policy/unlimited.ts';
import { processState } from '../../support/children.ts';
import { assertBytes, failure, inFolder, noise, withVariable } from '../../support/folder.ts';
import { eventually, inTime, ticks } from '../../support/patience.ts';

const MIB = 2 ** 20;

/** 8 MiB, the upper half zero. */
function halfFull(): Guest {
  const guest = new Guest([{ name: 'ram', bytes: 8 * MIB }]);
  guest.ram(guest.largestBlock()).set(noise(4 * MIB));
  return guest;
}

interface Ways {
  readonly via?: 'file' | 'pipe';
  readonly direct?: boolean;
  readonly force?: boolean;
  readonly signal?: AbortSignal;
  readonly onBegin?: () => void;
}

function saveGuest(output: string, ways: Ways = {}): Promise<SavedTo> {
  return saveTo(halfFull(), output, { via: 'pipe', direct: false, force: false, policy: unlimited, ...ways });
}

/** The process id of this process's newest child, as the kernel lists them (proc(5)). */
function newestChild(): number {
  const listed = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'latin1');
  return Number(listed.trim().split(' ').at(-1));
}

/** Asserts that a file is a stream that holds the guest; where its sections begin is up to the turns. */
async function assertSaved(path: string, saved: SavedTo): Promise<void> {
  assert.is(statSync(path).size, saved.stream_bytes);
  const { guest } = await readStreamFile(path);
  const original = halfFull();
  assertBytes(guest.ram(guest.largestBlock()), original.ram(original.largestBlock()), path);
}

test(
  'by every way the file is the stream, and the stream holds the guest',
  inFolder(async (folder) => {
    const ways: readonly Ways[] = [
      { via: 'file' },
      { via: 'file', direct: true },
      { via: 'pipe' },
      { via: 'pipe', direct: true },
    ];
    for (const [i, way] of ways.entries()) {
      const path = join(folder, `${i}`);
      await assertSaved(path, await saveGuest(path, way));
    }
    const path = join(folder, 'command');
    await assertSaved(path, await saveGuest(`exec:cat > '${path}'`));
    assert.is(readdirSync(folder).length, ways.length + 1, 'something was left behind');
  }),
);

test(
  'what is refused is refused before the save begins',
  inFolder(async (folder) => {
    const path = join(folder, 'out');
    writeFileSync(path, 'old');
    for (const via of ['file', 'pipe'] as const) {
      await failure('output-exists', () => saveGuest(path, { via }));
      await failure('output-folder-missing', () => saveGuest(join(folder, 'no', 'out'), { via }));
      await failure('disk-full', () => saveGuest('/dev/full', { via }));
      await saveGuest(path, { via, force: true });
    }
    assert.equal(readdirSync(folder), ['out']);
  }),
);

test(
  'an abort leaves nothing: no file, no FIFO, no process',
  inFolder(async (folder) => {
    await withVariable('TMPDIR', folder, async () => {
      const outputs = [
        [join(folder, 'a'), 'pipe'],
        [join(folder, 'b'), 'file'],
        ['exec:sleep 100', 'pipe'],
      ] as const;
      for (const [output, via] of outputs) {
        await failure('interrupted', () => saveGuest(output, { via, signal: AbortSignal.abort() }));
        const abort = new AbortController();
        const onBegin = () => abort.abort();
        await failure('interrupted', () => saveGuest(output, { via, signal: abort.signal, onBegin }));
      }
    });
    // tsx keeps a folder there for itself
    assert.equal(
      readdirSync(folder).filter((name) => name !== `tsx-${process.getuid?.()}`),
      [],
    );
  }),
);

test('an abort while the command does not read', async () => {
  const abort = new AbortController();
  // once it has begun, the pipe is full after a turn or two
  const onBegin = () => void ticks().then(() => abort.abort());
  const saving = saveGuest('exec:sleep 100000', { signal: abort.signal, onBegin });
  await inTime(
    'an abort',
    failure('interrupted', () => saving),
  );
});

test(
  'a helper that stands still for a while delays the save and nothing else',
  inFolder(async (folder) => {
    const path = join(folder, 'out');
    let helper: number | undefined;
    let is_over = false;
    // nothing was sent yet, and there is more than the pipe and the helper's block hold
    const onBegin = () => {
      helper = newestChild();
      process.kill(helper, 'SIGSTOP');
    };
    const saving = saveGuest(path, { onBegin }).then((saved) => {
      is_over = true;
      return saved;
    });
    await eventually('the helper stands', () => helper !== undefined && processState(helper) === 'T');
    await ticks();
    assert.is(is_over, false);
    process.kill(helper ?? 0, 'SIGCONT');
    const saved = await saving;
    await assertSaved(path, saved);
    assert.ok(saved.sink.disk !== undefined && saved.sink.disk.writes >= 4);
  }),
);

test.run();
