/** Saves by several writers: threads, descriptors and files; the built package, for its threads. */
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Guest } from '../../../src/node.ts';
import { readMapped } from '../../ref/mapped-ram.ts';
import { PAGE_BYTES, patternPage } from '../../ref/stream.ts';
import { builtPackage } from '../../support/built.ts';
import { inFolder } from '../../support/folder.ts';
import { assertNames } from '../../support/leftovers.ts';

const PLAIN = { direct: false, force: true } as const;

type Built = Awaited<ReturnType<typeof builtPackage>>;

/** A guest whose pages have a pattern where the number is not 0. */
function guestOf({ Guest }: Built, blocks: readonly (readonly number[])[]): Guest {
  const guest = new Guest(
    blocks.map((seeds, at) => ({ name: `block ${at}`, bytes: seeds.length * PAGE_BYTES })),
    { shared: true },
  );
  for (const block of guest.blocks) {
    blocks[block.index]?.forEach((seed, page) => {
      if (seed !== 0) guest.ram(block).set(patternPage(seed), page * PAGE_BYTES);
    });
  }
  return guest;
}

/** The code and the words of what must fail. */
async function refusal(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
  } catch (error) {
    assert.ok(error instanceof Error && 'code' in error, `${error}`);
    assert.not.match(error.message, /\n|undefined|\[object/);
    return `${error.code}: ${error.message}`;
  }
  throw new Error('it succeeded');
}

/** Descriptors of this process that are of files in a folder. */
function openIn(folder: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(folder) ? [path] : [];
    } catch {
      return [];
    }
  });
}

test(
  'any guest, by any number of writers: the bytes, the counters and the sizes of the one loop',
  inFolder(async (folder) => {
    const built = await builtPackage();
    const seeds = fc
      .tuple(
        fc.constantFrom(1, 63, 64, 65, 1023, 1025, 5000),
        fc.array(fc.constantFrom(0, 0, 1, 2), { minLength: 1 }),
      )
      .map(([pages, some]) => Array.from({ length: pages }, (_, page) => some[page % some.length] ?? 0));
    const [one, many] = [join(folder, 'one'), join(folder, 'many')];
    await fc.assert(
      fc.asyncProperty(
        fc.array(seeds, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        async (blocks, writers, direct) => {
          const guest = guestOf(built, blocks);
          const loop = { form: 'mapped-ram', via: 'file', policy: built.unlimited } as const;
          const alone = await built.saveTo(guest, one, { ...PLAIN, ...loop });
          const together = await built.saveByWriters(guest, many, { ...PLAIN, direct, writers });
          assert.ok(readFileSync(one).equals(readFileSync(many)), 'the same bytes');
          assert.equal(together.counters.stats(0, 1), alone.counters.stats(0, 1));
          assert.is(together.stream_bytes, alone.stream_bytes);
          assert.is(statSync(many).mode & 0o777, 0o600);
        },
      ),
      { seed: 11, numRuns: 12 },
    );
    assertNames(folder, ['many', 'one']);
    assert.equal(openIn(folder), []);
  }),
);

for (const change of ['page', 'word']) {
  test(
    `a guest that writes ${change}s all the time: what is loaded is its RAM at the pause`,
    inFolder(async (folder) => {
      const built = await builtPackage();
      for (const seed of [1, 2, 3, 4]) {
        const guest = guestOf(built, [new Array<number>(8192).fill(0)]);
        const block = guest.largestBlock();
        const spec = built.parseWorkload(`steady,set=8MiB,dirty=400MiB/s,change=${change}`);
        built.fillContent(guest.ram(block), spec, seed);
        const log = (page: number) => guest.logWrite(block, page);
        const running = new built.Dirtier(() => guest.ram(block), spec, seed, log);
        const path = join(folder, 'out');
        let paused: Buffer | undefined;
        const saved = await built.saveByWriters(guest, path, {
          ...{ ...PLAIN, writers: 3, running, downtime_limit_ns: 1, max_rounds: 12 },
          onPaused: () => {
            paused = Buffer.from(guest.ram(block));
          },
        });
        assert.ok(saved.spans.list.length > 4, 'several rounds');
        assert.ok(running.written_pages > 100, `${running.written_pages} pages were written meanwhile`);
        const [found] = readMapped(readFileSync(path)).blocks;
        if (found === undefined || paused === undefined) throw new Error('a block, and a pause');
        assert.ok(found.ram.equals(paused), `seed ${seed}: the RAM at the pause`);
        const { guest: ours } = await built.readGuest(path);
        assert.ok(paused.equals(ours.ram(ours.largestBlock())), 'as we load it');
        const present = Array.from({ length: block.pages }, (_, page) => page);
        assert.equal(
          found.present,
          present.filter((page) => !guest.isZero(block, page)),
          'pages that became zero are not in the file',
        );
      }
    }),
  );
}

test(
  'device state and the machine go over',
  inFolder(async (folder) => {
    const built = await builtPackage();
    const guest = guestOf(built, [[1, 0, 2]]);
    const path = join(folder, 'out');
    const origin = { machine: 'pc', ram_section_id: 77, tail: Uint8Array.of(0, 1, 2, 3) };
    await built.saveByWriters(guest, path, { ...PLAIN, writers: 2, origin });
    const file = readMapped(readFileSync(path));
    assert.equal([file.machine, file.section_id, [...file.tail]], ['pc', 77, [0, 1, 2, 3]]);
  }),
);

test(
  'what cannot be: a guest of one thread, an output that is no file, one that exists',
  inFolder(async (folder) => {
    const built = await builtPackage();
    const guest = guestOf(built, [[1]]);
    const lone = new built.Guest([{ name: 'ram', bytes: PAGE_BYTES }]);
    const two = { ...PLAIN, writers: 2 };
    assert.match(
      await refusal(() => built.saveByWriters(lone, join(folder, 'out'), two)),
      /^guest-not-shared:/,
    );
    for (const output of ['-', '/dev/null', 'exec:cat']) {
      assert.match(await refusal(() => built.saveByWriters(guest, output, two)), /^mapped-needs-file:/);
    }
    assertNames(folder, []);
    await built.saveByWriters(guest, join(folder, 'out'), two);
    const again = { ...two, force: false };
    assert.match(
      await refusal(() => built.saveByWriters(guest, join(folder, 'out'), again)),
      /^output-exists:/,
    );
    assertNames(folder, ['out']);
    assert.equal(openIn(folder), []);
  }),
);

test(
  'an abort before and in the middle leaves no file, no descriptor and no thread',
  inFolder(async (folder) => {
    const built = await builtPackage();
    const guest = guestOf(built, [new Array<number>(8192).fill(1)]);
    const path = join(folder, 'out');
    // how often the guest, which never ends to write, has had its turn by then
    for (const after_turns of [undefined, 0, 1, 2, 40]) {
      const controller = new AbortController();
      let turns = 0;
      const endless = {
        start: () => undefined,
        advance: () => {
          guest.logWrite(guest.largestBlock(), 0);
          if (++turns === after_turns) controller.abort();
        },
        stop: () => undefined,
      };
      const options = {
        ...PLAIN,
        writers: 2,
        signal: controller.signal,
        running: endless,
        downtime_limit_ns: 0,
      };
      if (after_turns === undefined) controller.abort();
      const onBegin = () => after_turns === 0 && controller.abort();
      const text = await refusal(() => built.saveByWriters(guest, path, { ...options, onBegin }));
      assert.match(text, /^interrupted:/);
      assertNames(folder, []);
      assert.equal(openIn(folder), []);
    }
  }),
);

test(
  'a channel that cannot open the file: its reason, and nothing is left',
  inFolder(async (folder) => {
    const built = await builtPackage();
    const guest = guestOf(built, [[1]]);
    const path = join(folder, 'out');
    const { MappedWriters }: typeof import('../../../src/node/parallel/mapped-writers.ts') = await import(
      new URL('../../../dist/node/parallel/mapped-writers.js', import.meta.url).href
    );
    const { MappedFile }: typeof import('../../../src/save/output/mapped-file.ts') = await import(
      new URL('../../../dist/save/output/mapped-file.js', import.meta.url).href
    );
    const file = new MappedFile(guest, { machine: 'none' });
    const target = { part_path: join(folder, 'gone', 'part'), path, direct: false };
    const text = await refusal(() => MappedWriters.start(guest, file, target, 3));
    assert.match(text, /^output-refused: .*out cannot be written \(no such file or directory\)/);
    assert.not.ok(existsSync(path));
  }),
);

test.run();
