import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Guest, PAGE_BYTES } from '../../../src/guest/guest.ts';
import { inspectFile, type ReadOptions, readGuest, readStreamFile } from '../../../src/node/input/input.ts';
import { unlimited } from '../../../src/policy/unlimited.ts';
import { saveToMemory } from '../../../src/save/save-to-memory.ts';
import { patternPage, StreamBuilder } from '../../ref/stream.ts';
import { onlyOpen, openDescriptors } from '../../support/children.ts';
import { assertBytes, failure, inFolder, noise } from '../../support/folder.ts';

const MIB = 2 ** 20;

/** A guest of two blocks, the larger one half noise and half zero. */
function smallGuest(): Guest {
  const guest = new Guest([
    { name: 'pc.ram', bytes: 2 * MIB },
    { name: 'pc.bios', bytes: 64 * 1024 },
  ]);
  guest.ram(guest.blockNamed('pc.ram')).set(noise(MIB, 3));
  guest.ram(guest.blockNamed('pc.bios')).set(noise(64 * 1024, 4));
  return guest;
}

function streamOf(guest: Guest): Promise<Uint8Array> {
  return saveToMemory(guest, { policy: unlimited, machine: 'pc-q35-7.2' }).then(({ stream }) => stream);
}

function ramOf(guest: Guest): Uint8Array {
  return guest.ram(guest.largestBlock());
}

/** Makes a FIFO, and a process that writes a file into it, slowly where asked. */
function feedFifo(folder: string, bytes: Uint8Array, command = 'cat'): string {
  const fifo = join(folder, 'fifo');
  spawnSync('mkfifo', [fifo]);
  writeFileSync(join(folder, 'source'), bytes);
  spawn('/bin/sh', ['-c', `(${command}) < source > fifo`], { cwd: folder, stdio: 'ignore' });
  return fifo;
}

test(
  'a raw image is one block named ram',
  inFolder(async (folder) => {
    const path = join(folder, 'image');
    for (const bytes of [PAGE_BYTES, MIB, 3 * MIB + PAGE_BYTES]) {
      writeFileSync(path, noise(bytes));
      const { guest, origin } = await readGuest(path);
      assert.is(origin, undefined);
      assert.equal(
        guest.blocks.map((block) => block.name),
        ['ram'],
      );
      assertBytes(ramOf(guest), noise(bytes));
    }
  }),
);

test(
  'a raw image that is not whole pages is refused with its size, from a file and from a FIFO',
  inFolder(async (folder) => {
    for (const bytes of [1, 3, 4, 4095, 4097, MIB + 1]) {
      const path = join(folder, `${bytes}`);
      writeFileSync(path, noise(bytes));
      const error = await failure('image-size', () => readGuest(path));
      assert.equal([error.detail.bytes, error.detail.page_bytes], [bytes, PAGE_BYTES]);
    }
    const error = await failure('image-size', () => readGuest(feedFifo(folder, noise(MIB + 1))));
    assert.is(error.detail.bytes, MIB + 1);
  }),
);

test(
  'a file with a foreign head is no raw image, from a file and from a FIFO, unless it is said to be one',
  inFolder(async (folder) => {
    const path = join(folder, 'disk.qcow2');
    const image = noise(MIB);
    image.set(Buffer.from('QFI\xfb\0\0\0\x03', 'latin1'));
    writeFileSync(path, image);
    const isRefused = async (input: string): Promise<void> => {
      const error = await failure('foreign-file', () => readGuest(input));
      assert.equal([error.detail.name, error.detail.may_be_raw], ['a qcow2 disk image', true]);
    };
    await isRefused(path);
    // its writer ends only with its reader
    await isRefused(feedFifo(folder, image, 'head -c 2; sleep 0.05; cat'));
    const { guest, origin } = await readGuest(path, { raw: true });
    assertBytes(ramOf(guest), image);
    assert.is(origin, undefined);
    for (const read of [readStreamFile, inspectFile]) {
      const { detail } = await failure('foreign-file', () => read(path));
      assert.equal([detail.name, detail.may_be_raw], ['a qcow2 disk image', false]);
    }
    const stream = Buffer.alloc(MIB);
    stream.write('QEVM');
    writeFileSync(path, stream);
    assertBytes(ramOf((await readGuest(path, { raw: true })).guest), stream);
    // whole pages are asked for afterwards: the name of what it is says more
    writeFileSync(path, image.subarray(0, 100));
    await failure('foreign-file', () => readGuest(path));
    await failure('image-size', () => readGuest(path, { raw: true }));
  }),
);

test(
  'pages of a stream that had no record are refused, or taken as zero and named',
  inFolder(async (folder) => {
    const path = join(folder, 'in.mig');
    const built = new StreamBuilder().header().configuration('pc').start();
    built
      .blockList([{ name: 'pc.ram', bytes: 3 * PAGE_BYTES }])
      .close()
      .part();
    writeFileSync(path, built.page('pc.ram', 1, patternPage(1)).close().end().close().eof().build());
    await failure('missing-pages', () => readGuest(path));
    await failure('missing-pages', () => readStreamFile(path));
    const { guest, missing } = await readGuest(path, { missing: 'zero' });
    assert.equal(missing, [{ block: 'pc.ram', missing: 2, pages: 3, is_virtio_mem: false }]);
    assertBytes(ramOf(guest), built.ram.get('pc.ram') ?? new Uint8Array(0));
    assert.is((await inspectFile(path)).blocks[0]?.missing_pages, 2);
  }),
);

test(
  'a sparse image is read with its holes as zeros',
  inFolder(async (folder) => {
    const path = join(folder, 'sparse');
    writeFileSync(path, noise(PAGE_BYTES));
    truncateSync(path, 32 * MIB);
    const { guest } = await readGuest(path);
    const expected = new Uint8Array(32 * MIB);
    expected.set(noise(PAGE_BYTES));
    assertBytes(ramOf(guest), expected);
    assert.is(guest.isZero(guest.largestBlock(), 0), false);
    assert.is(guest.isZero(guest.largestBlock(), 1), true);
  }),
);

test(
  'a FIFO: an image of unknown size, in pieces of any size, with pauses',
  inFolder(async (folder) => {
    const image = noise(2 * MIB + PAGE_BYTES);
    const fifo = feedFifo(folder, image, 'head -c 1; sleep 0.05; head -c 1048579; sleep 0.05; cat');
    const seen: (number | undefined)[] = [];
    const { guest } = await readGuest(fifo, { onProgress: (_bytes, total) => seen.push(total) });
    assertBytes(ramOf(guest), image);
    assert.equal([...new Set(seen)], [undefined], 'a FIFO has no size');
  }),
);

test(
  'a stream, from a file and from a FIFO: the blocks by their names, and the machine',
  inFolder(async (folder) => {
    const guest = smallGuest();
    const stream = await streamOf(guest);
    const path = join(folder, 'stream');
    writeFileSync(path, stream);
    // the first piece cuts the magic in two
    const fifo = feedFifo(folder, stream, 'head -c 2; sleep 0.05; cat');
    for (const input of [path, fifo]) {
      const read = await readGuest(input);
      assert.is(read.origin?.machine, 'pc-q35-7.2');
      for (const block of guest.blocks) {
        assertBytes(read.guest.ram(read.guest.blockNamed(block.name)), guest.ram(block), block.name);
      }
    }
    const { guest: again, facts } = await readStreamFile(path);
    assert.is(facts.machine, 'pc-q35-7.2');
    assertBytes(ramOf(again), ramOf(guest));
    assert.ok((await inspectFile(path)) !== undefined);
  }),
);

test(
  'progress ends at the size of the file',
  inFolder(async (folder) => {
    const path = join(folder, 'image');
    writeFileSync(path, noise(3 * MIB));
    const seen: [number, number | undefined][] = [];
    await readGuest(path, { onProgress: (bytes, total) => seen.push([bytes, total]) });
    assert.equal(seen.at(-1), [3 * MIB, 3 * MIB]);
    const bytes = seen.map(([read]) => read);
    assert.equal(
      bytes,
      [...bytes].sort((a, b) => a - b),
    );
  }),
);

test(
  'what cannot be read: nothing there, a folder, an empty file, a cut stream, no stream',
  inFolder(async (folder) => {
    const path = join(folder, 'input');
    const missing = await failure('input-refused', () => readGuest(path));
    assert.match(missing.message, /no such file/);
    const a_folder = await failure('input-refused', () => readGuest(folder));
    assert.match(a_folder.message, /it is a folder/);
    writeFileSync(path, '');
    await failure('stream-empty', () => readGuest(path));
    await failure('stream-empty', () => readStreamFile(path));
    await failure('stream-empty', () => inspectFile(path));
    const stream = await streamOf(smallGuest());
    for (const cut of [4, 20, MIB]) {
      writeFileSync(path, stream.subarray(0, cut));
      await failure('stream-cut', () => readGuest(path));
    }
    writeFileSync(path, noise(PAGE_BYTES));
    await failure('bad-magic', () => readStreamFile(path));
    await failure('bad-magic', () => inspectFile(path));
  }),
);

test(
  'an abort ends the reading; no descriptor is left open by any of the ways out',
  inFolder(async (folder) => {
    const path = join(folder, 'image');
    writeFileSync(path, noise(3 * MIB));
    const open_before = openDescriptors();
    await failure('interrupted', () => readGuest(path, { signal: AbortSignal.abort() }));
    await failure('interrupted', () => readGuest(path, abortedAfter(MIB)));
    await readGuest(path);
    await onlyOpen(open_before);
  }),
);

/** Options that abort once so much was read. */
function abortedAfter(bytes: number): ReadOptions {
  const abort = new AbortController();
  return { signal: abort.signal, onProgress: (read) => read >= bytes && abort.abort() };
}

/** Reads a guest from standard input, in a process of its own, and prints a digest of its RAM. */
const READ_STDIN = `
  import { createHash } from 'node:crypto';
  const { readGuest } = await import(process.env.TEST_INPUT);
  const { guest } = await readGuest('-');
  process.stdout.write(createHash('sha256').update(guest.ram(guest.largestBlock())).digest('hex'));
`;

/** Runs READ_STDIN behind a shell's `command`, which says what its standard input is. */
async function digestOfStdin(folder: string, command: (node: string) => string): Promise<string> {
  writeFileSync(join(folder, 'read.mjs'), READ_STDIN);
  const child = spawn(
    '/bin/sh',
    ['-c', command('"$@"'), 'sh', process.execPath, ...process.execArgv, join(folder, 'read.mjs')],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        TEST_INPUT: new URL('../../../src/node/input/input.ts', import.meta.url).href,
        TEST_IMAGE: join(folder, 'image'),
      },
    },
  );
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  await once(child, 'close');
  return printed;
}

const STDIN_WAYS = {
  'a pipe': (node: string) => `(head -c 5; sleep 0.05; cat) < "$TEST_IMAGE" | ${node}`,
  'a file': (node: string) => `${node} < "$TEST_IMAGE"`,
};

for (const [name, command] of Object.entries(STDIN_WAYS)) {
  test(
    `- is standard input: ${name}`,
    inFolder(async (folder) => {
      const image = noise(2 * MIB);
      writeFileSync(join(folder, 'image'), image);
      const digest = createHash('sha256').update(image).digest('hex');
      assert.is(await digestOfStdin(folder, command), digest);
    }),
  );
}

test(
  '- goes on where a file on standard input stands',
  inFolder(async (folder) => {
    const image = noise(2 * MIB);
    writeFileSync(join(folder, 'image'), image);
    const digest = createHash('sha256').update(image.subarray(PAGE_BYTES)).digest('hex');
    const skipping = (node: string) =>
      `{ dd bs=4096 count=1 of=/dev/null 2> /dev/null; ${node}; } < "$TEST_IMAGE"`;
    assert.is(await digestOfStdin(folder, skipping), digest);
  }),
);

test.run();
