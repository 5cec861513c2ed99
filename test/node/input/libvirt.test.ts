/** libvirt's save images as files and through pipes, compressed by real programs; damaged ones. */
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Guest, type Loaded, PagepipeError, saveToMemory, unlimited } from '../../../src/index.ts';
import { inspectFile, readGuest, readStreamFile } from '../../../src/node/input/input.ts';
import { imageHead, imageOf } from '../../ref/libvirt.ts';
import { buildMapped } from '../../ref/mapped-ram.ts';
import { patternPage, sample } from '../../ref/stream.ts';
import { onlyOpen, openDescriptors } from '../../support/children.ts';
import { assertBytes, failure, inFolder, noise } from '../../support/folder.ts';
import { inTime } from '../../support/patience.ts';
import { assertRam } from '../../support/reading.ts';

const MIB = 2 ** 20;
const small = sample().build();

/** A guest of which half does not compress, so that its stream is larger than the window in any form. */
const guest = new Guest([{ name: 'pc.ram', bytes: 6 * MIB }]);
guest.ram(guest.largestBlock()).set(noise(3 * MIB, 8));
const { stream } = await saveToMemory(guest, { policy: unlimited, machine: 'pc' });

/** Gives a file's bytes through a FIFO, the first few by themselves. */
function throughFifo(folder: string, path: string, name: string): string {
  const fifo = join(folder, name);
  spawnSync('mkfifo', [fifo]);
  const command = '{ head -c 13; sleep 0.02; cat; } < "$0" > "$1"';
  spawn('/bin/sh', ['-c', command, path, fifo], { stdio: 'ignore' });
  return fifo;
}

function ramOf(loaded: Pick<Loaded, 'guest'>): Uint8Array {
  return loaded.guest.ram(loaded.guest.largestBlock());
}

function zstd(bytes: Uint8Array): Uint8Array | undefined {
  const compress: unknown = Reflect.get(zlib, 'zstdCompressSync');
  const made: unknown = typeof compress === 'function' ? Reflect.apply(compress, zlib, [bytes]) : undefined;
  return made instanceof Uint8Array ? made : undefined;
}

const IMAGES: Readonly<Record<string, Buffer | undefined>> = {
  raw: imageOf(stream, { format: 'raw' }),
  gzip: imageOf(zlib.gzipSync(stream, { level: 1 }), { format: 'gzip' }),
  'gzip with XML larger than the window': imageOf(zlib.gzipSync(stream, { level: 1 }), {
    format: 'gzip',
    order: 'big',
    spare_bytes: 3 * MIB,
  }),
  'gzip in several members': imageOf(
    Buffer.concat([zlib.gzipSync(stream.subarray(0, 100)), zlib.gzipSync(stream.subarray(100))]),
    { format: 'gzip' },
  ),
};

for (const [name, image] of Object.entries(IMAGES)) {
  test(
    `${name}: a file, and a pipe; load, save and inspect`,
    inFolder(async (folder) => {
      const path = join(folder, 'image');
      writeFileSync(path, image ?? '');
      for (const way of ['file', 'pipe']) {
        const input = (use: string) => (way === 'file' ? path : throughFifo(folder, path, use));
        const loaded = await inTime('load', readStreamFile(input('load')));
        assertBytes(ramOf(loaded), ramOf({ guest }), way);
        assert.is(loaded.facts.libvirt?.domain, 'guest');
        const { origin, ...read } = await inTime('save', readGuest(input('save')));
        assertBytes(ramOf(read), ramOf({ guest }), way);
        assert.is(origin?.machine, 'pc');
        const found = await inTime('inspect', inspectFile(input('inspect')));
        assert.equal([found.format, found.pages.normal, found.pages.zero], ['libvirt-save', 768, 768]);
        assert.is(found.advice.gzip_bytes, null);
      }
    }),
  );
}

test(
  'zstd, where Node has it; else the program is named',
  inFolder(async (folder) => {
    const path = join(folder, 'image');
    const packed = zstd(stream);
    writeFileSync(path, imageOf(packed ?? stream, { format: 'zstd' }));
    if (packed !== undefined) assertBytes(ramOf(await readStreamFile(path)), ramOf({ guest }));
    else await failure('libvirt-compressed', () => readStreamFile(path));
  }),
);

test(
  'sparse: read in places, with its offsets in the file; not from a pipe',
  inFolder(async (folder) => {
    const path = join(folder, 'image');
    const head = imageHead({ format: 'sparse', spare_bytes: 2 * MIB });
    const pages = Array.from({ length: 400 }, (_, page) => (page % 3 === 0 ? undefined : patternPage(page)));
    const blocks = [
      { name: 'pc.ram', pages },
      { name: 'pc.bios', pages: [patternPage(9)] },
    ];
    const built = buildMapped(blocks, [0], head.length);
    writeFileSync(path, Buffer.concat([head, built.bytes]));
    assertRam(await readStreamFile(path), built.ram, 'sparse');
    assert.is((await readGuest(path)).origin?.machine, 'pc');
    const found = await inspectFile(path);
    assert.equal([found.pages.normal, found.pages.zero], [267, 134]);
    const fifo = throughFifo(folder, path, 'fifo');
    await failure('input-not-seekable', () => inTime('load', readStreamFile(fifo)));
  }),
);

test(
  'what Node does not decompress is refused with the program that does',
  inFolder(async (folder) => {
    const path = join(folder, 'image');
    const programs = { bzip2: 'bzip2', xz: 'xz', lzop: 'lzop' };
    for (const [format, program] of Object.entries(programs)) {
      const image = imageOf(small, { format });
      writeFileSync(path, image);
      const offset = image.length - small.length;
      for (const read of [readGuest, readStreamFile, inspectFile]) {
        const error = await failure('libvirt-compressed', () => read(path));
        assert.equal(error.detail, { format, program, offset });
        assert.ok(error.message.includes(`tail -c +${offset + 1} IMAGE | ${program} -dc`));
      }
    }
  }),
);

test(
  'the command that is named gives the stream',
  inFolder(async (folder) => {
    // as one would do by hand, with the one program that is surely there
    const image = imageOf(zlib.gzipSync(small), { format: 'gzip' });
    const path = join(folder, 'image');
    writeFileSync(path, image);
    const offset = imageHead({ format: 'gzip' }).length;
    spawnSync('/bin/sh', ['-c', `tail -c +${offset + 1} image | gzip -dc > out`], { cwd: folder });
    assertRam(await readStreamFile(join(folder, 'out')), sample().ram, 'by hand');
  }),
);

/** The error of one line that a damaged image gives; nothing else, and in time. */
async function refusalOf(path: string): Promise<PagepipeError | undefined> {
  try {
    await inTime('load', readStreamFile(path));
    return undefined;
  } catch (error) {
    if (!(error instanceof PagepipeError)) throw error;
    assert.not.match(error.message, /\n|undefined|\[object/);
    return error;
  }
}

test(
  'a gzip that is cut anywhere is refused in one line',
  inFolder(async (folder) => {
    const path = join(folder, 'image');
    for (const [packed, step] of [
      [zlib.gzipSync(small), 1],
      [zlib.gzipSync(stream, { level: 1 }), 300_001],
    ] as const) {
      for (let cut = 0; cut < packed.length; cut += cut > 40 && cut < packed.length - 20 ? step * 7 : step) {
        writeFileSync(path, imageOf(packed.subarray(0, cut), { format: 'gzip' }));
        const error = await refusalOf(path);
        assert.match(error?.code ?? 'accepted', /^(input-refused|stream-cut)$/, `cut at ${cut}`);
      }
    }
  }),
);

test(
  'a gzip that is damaged anywhere is refused in one line, or is no other than before',
  inFolder(async (folder) => {
    const path = join(folder, 'image');
    const packed = zlib.gzipSync(small);
    let refused = 0;
    for (let at = 0; at < packed.length; at += at < 30 ? 1 : 5) {
      const damaged = Buffer.from(packed);
      damaged[at] = (damaged[at] ?? 0) ^ 0x41;
      writeFileSync(path, imageOf(damaged, { format: 'gzip' }));
      const error = await refusalOf(path);
      if (error === undefined) assertRam(await readStreamFile(path), sample().ram, `at ${at}`);
      else refused++;
    }
    // a few bits of the head say nothing: time, system
    assert.ok(refused > packed.length / 10, `${refused} refused`);
  }),
);

test(
  'a gzip of something else, and no descriptor left open by any of the ways out',
  inFolder(async (folder) => {
    const path = join(folder, 'image');
    const open_before = openDescriptors();
    writeFileSync(path, imageOf(zlib.gzipSync(noise(4 * MIB)), { format: 'gzip' }));
    await failure('bad-magic', () => inTime('load', readStreamFile(path)));
    writeFileSync(path, imageOf(noise(4 * MIB), { format: 'gzip' }));
    const error = await failure('input-refused', () => inTime('save', readGuest(path)));
    assert.equal([error.detail.path], [path]);
    const image = imageOf(zlib.gzipSync(stream, { level: 1 }), { format: 'gzip' });
    writeFileSync(path, image);
    const abort = new AbortController();
    const onProgress = (): void => abort.abort();
    await failure('interrupted', () =>
      inTime('load', readStreamFile(path, { signal: abort.signal, onProgress })),
    );
    // what was read when the error came may still be on its way
    await onlyOpen(open_before);
  }),
);

test(
  'a libvirt image is saved again by its own kind of input: cut ones are refused, raw or not',
  inFolder(async (folder) => {
    const path = join(folder, 'image');
    const image = imageOf(small);
    for (const cut of [12, 15]) {
      writeFileSync(path, image.subarray(0, cut));
      await failure('bad-magic', () => readGuest(path));
    }
    for (const cut of [16, 91, 92, image.length - small.length, image.length - 1]) {
      writeFileSync(path, image.subarray(0, cut));
      await failure('stream-cut', () => readGuest(path));
    }
    writeFileSync(path, imageOf(small, { magic: 'LibvirtQemudPart' }));
    await failure('libvirt-partial', () => readGuest(path));
  }),
);

test.run();
