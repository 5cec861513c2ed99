import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Guest, PAGE_BYTES } from '../../../src/guest/guest.ts';
import { readGuest } from '../../../src/node/input/input.ts';
import { blockFileName, type ImageOptions, writeImage, writeImages } from '../../../src/node/output/image.ts';
import { assertBytes, assertFile, failure, inFolder, noise } from '../../support/folder.ts';

const MIB = 2 ** 20;
const KEEP = { force: false };
/** What stat(2) counts blocks in. */
const STAT_BLOCK_BYTES = 512;

/** 4 MiB of zeros but for pages 0, 3 and 4, a run of 300 pages from 100 on, and the last. */
function sparseGuest(): Guest {
  const guest = new Guest([{ name: 'ram', bytes: 4 * MIB }]);
  const ram = guest.ram(guest.largestBlock());
  for (const [first, pages] of [
    [0, 1],
    [3, 2],
    [100, 300],
    [1023, 1],
  ] as const) {
    ram.set(noise(pages * PAGE_BYTES, first), first * PAGE_BYTES);
  }
  return guest;
}

function twoBlocks(): Guest {
  const guest = new Guest([
    { name: 'pc.ram', bytes: MIB },
    { name: '/rom@etc/acpi', bytes: 64 * 1024 },
  ]);
  for (const block of guest.blocks) guest.ram(block).set(noise(block.bytes, block.index + 1));
  return guest;
}

function ramOf(guest: Guest): Uint8Array {
  return guest.ram(guest.largestBlock());
}

function writeRam(guest: Guest, path: string, options: ImageOptions = KEEP): Promise<void> {
  return writeImage(guest, guest.largestBlock(), path, options);
}

test(
  'a file is the RAM to the byte, with holes where it is zero, and can be read again',
  inFolder(async (folder) => {
    const path = join(folder, 'ram');
    const guest = sparseGuest();
    await writeRam(guest, path);
    assertFile(path, ramOf(guest));
    const held_bytes = statSync(path).blocks * STAT_BLOCK_BYTES;
    assert.ok(held_bytes < 3 * MIB, `${held_bytes} bytes on the disk`);
    assertBytes(ramOf((await readGuest(path)).guest), ramOf(guest));
    assert.is(statSync(path).mode & 0o777, 0o600);
    assert.equal(readdirSync(folder), ['ram']);
  }),
);

test(
  'a guest that is all zero still has its size',
  inFolder(async (folder) => {
    const path = join(folder, 'ram');
    await writeRam(new Guest([{ name: 'ram', bytes: MIB }]), path);
    assertFile(path, new Uint8Array(MIB));
  }),
);

test(
  'what is no file is written in place, zeros too: a FIFO, a descriptor, a device',
  inFolder(async (folder) => {
    const guest = sparseGuest();
    const fifo = join(folder, 'fifo');
    const copy = join(folder, 'copy');
    spawnSync('mkfifo', [fifo]);
    const reader = spawn('/bin/sh', ['-c', 'exec cat "$1" > "$2"', 'sh', fifo, copy], { stdio: 'ignore' });
    await writeRam(guest, fifo);
    await once(reader, 'exit');
    assertFile(copy, ramOf(guest));
    const fd = openSync(join(folder, 'descriptor'), 'w');
    await writeRam(guest, `/dev/fd/${fd}`);
    assertFile(join(folder, 'descriptor'), ramOf(guest));
    await writeRam(guest, '/dev/null');
  }),
);

test(
  'what is refused: a file that exists, a command, a folder, a missing folder',
  inFolder(async (folder) => {
    const guest = sparseGuest();
    const path = join(folder, 'ram');
    writeFileSync(path, 'old');
    await failure('output-exists', () => writeRam(guest, path));
    await failure('output-refused', () => writeRam(guest, 'exec:cat'));
    await failure('output-refused', () => writeRam(guest, folder, { force: true }));
    await failure('output-folder-missing', () => writeRam(guest, join(folder, 'no', 'ram')));
    assert.is(readFileSync(path, 'utf8'), 'old');
    assert.equal(readdirSync(folder), ['ram']);
    await writeRam(guest, path, { force: true });
    assertFile(path, ramOf(guest));
  }),
);

test(
  'an abort and a full disk leave nothing',
  inFolder(async (folder) => {
    const guest = sparseGuest();
    const path = join(folder, 'ram');
    await failure('interrupted', () => writeRam(guest, path, { ...KEEP, signal: AbortSignal.abort() }));
    const abort = new AbortController();
    const onProgress = () => abort.abort();
    await failure('interrupted', () => writeRam(guest, path, { ...KEEP, signal: abort.signal, onProgress }));
    assert.equal(readdirSync(folder), []);
    const error = await failure('disk-full', () => writeRam(guest, '/dev/full'));
    assert.equal([error.detail.path, error.detail.offset], ['/dev/full', 0]);
  }),
);

test(
  'progress of a file only goes up, and never over the whole',
  inFolder(async (folder) => {
    const seen: number[] = [];
    await writeRam(sparseGuest(), join(folder, 'ram'), { ...KEEP, onProgress: (bytes) => seen.push(bytes) });
    assert.equal(
      seen,
      [...seen].sort((a, b) => a - b),
    );
    assert.is(seen.at(-1), 4 * MIB);
  }),
);

test('progress in place ends at the whole', async () => {
  const seen: number[] = [];
  await writeRam(sparseGuest(), '/dev/null', { ...KEEP, onProgress: (bytes) => seen.push(bytes) });
  assert.is(seen.at(-1), 4 * MIB);
});

test(
  'every block goes into a folder, a file each, named so that it stays there',
  inFolder(async (folder) => {
    const guest = twoBlocks();
    const images = join(folder, 'images');
    for (const options of [KEEP, { force: true }]) {
      await writeImages(guest, images, options);
      assert.equal(readdirSync(images).sort(), ['%2From%40etc%2Facpi', 'pc.ram']);
      for (const block of guest.blocks) assertFile(join(images, blockFileName(block.name)), guest.ram(block));
    }
    assert.is(statSync(images).mode & 0o777, 0o700);
  }),
);

test(
  'either all files appear or none',
  inFolder(async (folder) => {
    const images = join(folder, 'images');
    mkdirSync(images);
    writeFileSync(join(images, '%2From%40etc%2Facpi'), 'old');
    await failure('output-exists', () => writeImages(twoBlocks(), images, KEEP));
    assert.equal(readdirSync(images), ['%2From%40etc%2Facpi']);
    assert.is(readFileSync(join(images, '%2From%40etc%2Facpi'), 'utf8'), 'old');
  }),
);

/** Writes two images; the second name becomes a folder when the second file is being written. */
async function failsAtTheSecond(images: string, options: ImageOptions): Promise<void> {
  let pieces = 0;
  const onProgress = () => {
    if (++pieces === 2) mkdirSync(join(images, '%2From%40etc%2Facpi'));
  };
  await failure('output-refused', () => writeImages(twoBlocks(), images, { ...options, onProgress }));
}

test(
  'when the second file gets no name the first goes too, unless it has replaced one',
  inFolder(async (folder) => {
    const images = join(folder, 'images');
    mkdirSync(images);
    for (const options of [KEEP, { force: true }]) {
      await failsAtTheSecond(images, options);
      assert.equal(readdirSync(images), ['%2From%40etc%2Facpi']);
      rmdirSync(join(images, '%2From%40etc%2Facpi'));
    }
    writeFileSync(join(images, 'pc.ram'), 'old');
    await failsAtTheSecond(images, { force: true });
    assert.is(statSync(join(images, 'pc.ram')).size, MIB);
  }),
);

test(
  'a folder that was made for images that could not be written goes too, if it is empty',
  inFolder(async (folder) => {
    const images = join(folder, 'images');
    const signal = AbortSignal.abort();
    await failure('interrupted', () => writeImages(twoBlocks(), images, { ...KEEP, signal }));
    assert.equal(readdirSync(folder), []);
    await failsAtTheSecond(images, KEEP);
    assert.equal(readdirSync(images), ['%2From%40etc%2Facpi']);
  }),
);

test(
  'a folder of images: no blocks, and a folder that cannot be made',
  inFolder(async (folder) => {
    await failure('no-blocks', () => writeImages(new Guest([]), join(folder, 'images'), KEEP));
    await failure('output-folder-missing', () =>
      writeImages(twoBlocks(), join(folder, 'no', 'images'), KEEP),
    );
    // the folder is there, and takes none all the same
    await failure('output-refused', () => writeImages(twoBlocks(), '/proc/images', KEEP));
    assert.equal(readdirSync(folder), []);
  }),
);

test('no name of a block leads out of the folder, hides, or meets another', () => {
  const names = [
    '',
    '.',
    '..',
    '../x',
    '/x',
    'a/b',
    '%2F',
    '/',
    ' ',
    'pc.ram',
    '.x',
    '%',
    '%25',
    '\0',
    '\x80',
  ];
  const files = names.map(blockFileName);
  for (const file of files) assert.match(file, /^[A-Za-z0-9_%-][A-Za-z0-9._%-]*$/);
  // the empty name is the one that a name of one character could meet
  assert.is(new Set(files).size, names.length);
  assert.is(blockFileName('pc.ram'), 'pc.ram');
});

test.run();
