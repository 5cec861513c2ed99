/** What gave a wrong result once, and is refused now: exit 1 and one line; and what says that it is meant. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { chooseBlock } from '../../src/cli/load-block.ts';
import { Guest, loadStream } from '../../src/index.ts';
import { bigEndian, PAGE_BYTES, patternPage, StreamBuilder } from '../ref/stream.ts';
import { assertRefused, COLUMNS_MAX, inPlace, type Place } from '../support/cli.ts';

/** A file of whole pages with this head. */
function fileOf(head: string, bytes = 2 * PAGE_BYTES): Buffer {
  const file = Buffer.alloc(bytes);
  file.write(head, 0, 'latin1');
  return file;
}

interface Blocks {
  readonly [name: string]: number;
}

/** A stream of these blocks, in pages: all of them sent, but for those in `missing`. */
function streamOf(blocks: Blocks, missing: readonly string[] = [], device?: string): StreamBuilder {
  const stream = new StreamBuilder().header().configuration('pc-i440fx-7.2').start();
  stream.blockList(Object.entries(blocks).map(([name, pages]) => ({ name, bytes: pages * PAGE_BYTES })));
  stream.close().part();
  for (const [name, pages] of Object.entries(blocks)) {
    for (let page = 0; page < pages; page++)
      if (!missing.includes(name) || page === 0) stream.page(name, page, patternPage(page));
  }
  stream.close().end().close();
  if (device !== undefined) stream.device({ id: 9, name: device, version: 1, body: Uint8Array.of(1) });
  return stream.eof();
}

/** What is printed of a command that is done, by lines. */
async function linesOf(place: Place, args: readonly string[]): Promise<{ out: string[]; err: string[] }> {
  const { status, stdout, stderr } = await place.run(args);
  assert.is(status, 0, stderr);
  const split = (text: string): string[] => text.split('\n').filter((line) => line !== '');
  return { out: split(stdout.toString()), err: split(stderr) };
}

const FOREIGN = {
  'a qcow2 disk image': 'QFI\xfb\0\0\0\x03',
  'an ELF file': '\x7fELF\x02\x01\x01',
  'compressed by gzip': '\x1f\x8b\x08',
  'compressed by zstd': '\x28\xb5\x2f\xfd',
};

for (const [name, head] of Object.entries(FOREIGN)) {
  test(`${name} is refused by its name, from a file and from standard input; --raw takes it`, () =>
    inPlace(async (place) => {
      const file = fileOf(head);
      place.write('in', file);
      const says = new RegExp(`the input is ${name}: `);
      const save = ['save', '--ram', 'in', '-o', 'out.mig'];
      const may_be_raw = new RegExp(`${says.source}.*, or add --raw\\n$`);
      await place.refused(save, { status: 1, says: may_be_raw, names: ['in'] });
      await place.refused(['load', 'in', '-o', 'ram'], { status: 1, says, names: ['in'] });
      await place.refused(['inspect', 'in'], { status: 1, says, names: ['in'] });
      await place.refused(['inspect', 'in', '--json'], { status: 1, says, names: ['in'] });
      const piped = 'head -c 1 in > head; (cat head; sleep 0.05; tail -c +2 in) | pagepipe';
      for (const command of ['save --ram - -o out.mig', 'load - -o ram', 'inspect -'])
        assertRefused(await place.shell(`${piped} ${command}`), { status: 1, says });

      await place.done([...save, '--raw']);
      await place.done(['load', 'out.mig', '-o', 'ram']);
      assert.ok(place.read('ram').equals(file), 'as it was');
    }));
}

test('--raw takes a stream as it is too, and has to have whole pages', () =>
  inPlace(async (place) => {
    const stream = Buffer.alloc(3 * PAGE_BYTES);
    stream.set(streamOf({ ram: 1 }).build());
    place.write('in', stream);
    await place.done(['save', '--ram', 'in', '--raw', '-o', 'out.mig']);
    await place.done(['load', 'out.mig', '-o', 'ram']);
    assert.ok(place.read('ram').equals(stream));
    place.write('in', fileOf('QFI\xfb', PAGE_BYTES + 1));
    await place.refused(['save', '--ram', 'in', '--raw', '-o', 'out.mig', '-f'], {
      ...{ status: 1, says: /4097 bytes is not whole pages/ },
    });
  }));

test('pages of another size are refused by load, inspect and save', () =>
  inPlace(async (place) => {
    const bits = new StreamBuilder().header().configuration('virt-7.2');
    bits.subsection('configuration/target-page-bits', 1, bigEndian(16, 4)).start();
    bits
      .blockList([{ name: 'ram', bytes: PAGE_BYTES }])
      .close()
      .part()
      .zero('ram', 0)
      .close()
      .end()
      .close()
      .eof();
    const json = '{"page_size":8192,"devices":[]}';
    for (const [stream, size] of [
      [bits.build(), '65536'],
      [streamOf({ ram: 2 }).description(json).build(), '8192'],
    ] as const) {
      place.write('in.mig', stream);
      const says = new RegExp(
        `the guest's pages have ${size} bytes at offset \\d+ .*: take one whose pages have 4096`,
      );
      for (const args of [
        ['load', 'in.mig', '-o', 'ram'],
        ['inspect', 'in.mig'],
        ['save', '--ram', 'in.mig', '-o', 'out.mig'],
      ])
        await place.refused(args, { status: 1, says, names: ['in.mig'] });
    }
  }));

test('pages without a record are refused where they are wanted, or taken as zero', () =>
  inPlace(async (place) => {
    const built = streamOf({ 'pc.ram': 3, 'pc.bios': 2 }, ['pc.bios']);
    place.write('in.mig', built.build());
    const says = /1 of 2 pages of block "pc\.bios" have no record: .*--missing zero/;
    const names = ['in.mig'];
    await place.refused(['load', 'in.mig', '--all', '-o', 'folder'], { status: 1, says, names });
    await place.refused(['load', 'in.mig', '--block', 'pc.bios', '-o', 'x'], { status: 1, says, names });
    await place.refused(['save', '--ram', 'in.mig', '-o', 'out.mig'], { status: 1, says, names });
    // main memory is whole
    assert.equal((await linesOf(place, ['load', 'in.mig', '-o', 'ram'])).err, []);
    assert.ok(place.read('ram').equals(built.ram.get('pc.ram') ?? Buffer.alloc(0)));

    const warning = 'pagepipe: warning: 1 of 2 pages of block "pc.bios" have no record and are taken as zero';
    const zero = ['--missing', 'zero'];
    for (const args of [
      ['load', 'in.mig', '--block', 'pc.bios', '-o', 'bios', ...zero],
      ['load', 'in.mig', '--all', '-o', 'folder', ...zero],
      ['save', '--ram', 'in.mig', '-o', 'out.mig', ...zero],
    ])
      assert.equal((await linesOf(place, args)).err, [warning]);
    assert.ok(place.read('bios').equals(built.ram.get('pc.bios') ?? Buffer.alloc(0)));
    await place.done(['load', 'out.mig', '--block', 'pc.bios', '-o', 'again']);
    assert.ok(place.read('again').equals(place.read('bios')), 'the saved stream has them as zero pages');
  }));

test('what a virtio-mem device has unplugged is zero, with a word', () =>
  inPlace(async (place) => {
    const block = '0000:00:04.0/vm0';
    const built = streamOf({ [block]: 4, 'pc.ram': 2 }, [block], '0000:00:04.0/virtio-mem');
    place.write('in.mig', built.build());
    const zeroed = `pagepipe: warning: 3 of 4 pages of block "${block}" have no record and are taken as zero (virtio-mem)`;
    const { out, err } = await linesOf(place, ['load', 'in.mig', '-o', 'ram']);
    assert.match(out[1] ?? '', /^ {2}block "pc\.ram", machine pc-i440fx-7\.2, blocks 2/);
    assert.equal(err, [
      `pagepipe: warning: the virtio-mem device's block "${block}" is not in the image: --all writes it too`,
    ]);
    assert.equal((await linesOf(place, ['load', 'in.mig', '--block', block, '-o', 'vm'])).err, [zeroed]);
    assert.equal((await linesOf(place, ['save', '--ram', 'in.mig', '-o', 'out.mig'])).err, [zeroed]);
    const { blocks }: { blocks: unknown } = JSON.parse(await place.done(['inspect', 'in.mig', '--json']));
    assert.match(JSON.stringify(blocks), /"missing_pages":3.*"missing_pages":0/);
    assert.match(await place.done(['inspect', 'in.mig']), /3 pages have no record; .*no record\n.*\b3\n/s);
  }));

test('the main channel of a multifd migration is told as such by all three', () =>
  inPlace(async (place) => {
    const built = new StreamBuilder().header().configuration('pc-i440fx-7.2').start();
    built
      .blockList([{ name: 'pc.ram', bytes: 2 * PAGE_BYTES }])
      .close()
      .part();
    place.write('in.mig', built.zero('pc.ram', 1).close().end().close().eof().build());
    const says =
      /1 of 2 pages of "pc\.ram" are missing, as in multifd's main channel: record without multifd/;
    await place.refused(['load', 'in.mig', '-o', 'ram'], { status: 1, says, names: ['in.mig'] });
    await place.refused(['save', '--ram', 'in.mig', '-o', 'out.mig'], { status: 1, says, names: ['in.mig'] });
    assert.match(
      await place.done(['inspect', 'in.mig']),
      /1 page has no record; as in multifd's main channel/,
    );
  }));

test('where main memory is not one block, load names the blocks; one that is named, or all, are written', () =>
  inPlace(async (place) => {
    const built = streamOf({ 'ram-node0': 2, 'ram-node1': 2, 'virt.flash0': 8 });
    place.write('in.mig', built.build());
    const says =
      /no block alone is main memory \("ram-node0", "ram-node1"\): give load --block NAME or --all/;
    await place.refused(['load', 'in.mig', '-o', 'ram'], { status: 1, says, names: ['in.mig'] });
    await place.refused(['load', 'in.mig', '-o', 'ram', '--json'], { status: 1, says, names: ['in.mig'] });
    const keep = ['save', '--ram', 'in.mig', '-o', 'out.mig', '--keep-ram', 'kept'];
    await place.refused(keep, { status: 1, says, names: ['in.mig'] });
    await place.done(['load', 'in.mig', '--block', 'ram-node1', '-o', 'ram']);
    assert.ok(place.read('ram').equals(built.ram.get('ram-node1') ?? Buffer.alloc(0)));
    const all: { block: unknown } = JSON.parse(
      await place.done(['load', 'in.mig', '--all', '-o', 'folder', '--json']),
    );
    assert.is(all.block, null);
  }));

test('flash that is larger than RAM is not taken for it, by load and by --keep-ram', () =>
  inPlace(async (place) => {
    const built = streamOf({ 'virt.flash0': 8, 'virt.flash1': 8, 'virt.secure-ram': 4, 'mach-virt.ram': 4 });
    place.write('in.mig', built.build());
    const ram = built.ram.get('mach-virt.ram') ?? Buffer.alloc(0);
    const loaded: { block: unknown } = JSON.parse(
      await place.done(['load', 'in.mig', '-o', 'ram', '--json']),
    );
    assert.is(loaded.block, 'mach-virt.ram');
    assert.ok(place.read('ram').equals(ram));
    await place.done(['save', '--ram', 'in.mig', '-o', 'out.mig', '--keep-ram', 'kept']);
    assert.ok(place.read('kept').equals(ram));
  }));

/** What is said on standard error meanwhile. */
function saidBy(run: () => void): string[] {
  const { write } = process.stderr;
  const said: string[] = [];
  process.stderr.write = (text: string | Uint8Array): boolean => said.push(String(text)) > 0;
  try {
    run();
  } finally {
    process.stderr.write = write;
  }
  return said;
}

test('an image that is not flat in physical memory: a warning, which --block silences', () => {
  // of so much RAM no page is touched: it is the choice alone
  const bytes = 3.5 * 2 ** 30;
  const guest = new Guest([
    { name: 'pc.ram', bytes },
    { name: 'pc.bios', bytes: PAGE_BYTES },
  ]);
  const { facts, origin } = loadStream(streamOf({ 'pc.ram': 1, 'pc.bios': 1 }).build());
  const of = (machine: string) => ({ guest, origin, facts: { ...facts, machine } });
  const said = (machine: string, flags: object): string[] =>
    saidBy(() => assert.is(chooseBlock(of(machine), flags)?.name, 'pc.ram'));
  const [warning = '', ...more] = said('pc-i440fx-7.2', {});
  assert.equal(more, []);
  assert.is(
    warning,
    'pagepipe: warning: from image offset 0xc0000000 on, addresses are 0x40000000 higher (see --block)\n',
  );
  assert.ok(warning.length <= COLUMNS_MAX);
  assert.match(said('pc-q35-7.2', {})[0] ?? '', /offset 0x80000000 on, addresses are 0x80000000 higher/);
  assert.equal(said('pc-i440fx-7.2', { block: 'pc.ram' }), []);
  assert.equal(said('virt-7.2', {}), []);
  assert.equal(
    saidBy(() => assert.is(chooseBlock(of('pc-i440fx-7.2'), { all: true }), undefined)),
    [],
  );
});

test('a virtio-mem device that has nothing plugged in is worth no word', () => {
  const device = '0000:00:04.0';
  const built = new StreamBuilder().header().configuration('virt-7.2').start();
  const blocks = ['mach-virt.ram', `${device}/vm0`].map((name) => ({ name, bytes: PAGE_BYTES }));
  built.blockList(blocks).close().part().page('mach-virt.ram', 0, patternPage(1)).close().end().close();
  built.device({ id: 9, name: `${device}/virtio-mem`, version: 1, body: Uint8Array.of(1) }).eof();
  const loaded = loadStream(built.build());
  assert.equal(
    saidBy(() => assert.is(chooseBlock(loaded, {})?.name, 'mach-virt.ram')),
    [],
  );
});

test('what goes with --ram alone, and words of --missing', () =>
  inPlace(async (place) => {
    const made = ['save', '--workload', 'idle', '--size', '1MiB', '-o', 'out.mig'];
    await place.refused([...made, '--raw'], { status: 2, says: /--raw needs --ram/, names: [] });
    await place.refused([...made, '--missing', 'zero'], {
      status: 2,
      says: /--missing needs --ram/,
      names: [],
    });
    await place.refused(['load', 'in', '-o', 'x', '--missing', 'one'], {
      ...{ status: 2, says: /--missing one is not known: give one of zero/ },
    });
  }));

test.run();
