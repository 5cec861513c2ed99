/** Files that are no RAM are known by their heads; the heads here are written by hand from the formats' documents. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FOREIGN_HEAD_BYTES, foreignFile } from '../../src/format/foreign.ts';
import { inspectStream, loadStream } from '../../src/index.ts';
import { noise } from '../support/folder.ts';
import { assertRefusal } from '../support/reading.ts';

/** Hexadecimal bytes, or text in quotes. */
function bytesOf(text: string): Buffer {
  const parts = Array.from(text.matchAll(/"([^"]*)"|([0-9a-f]{2})/g), ([, quoted, hex = '']) =>
    quoted === undefined ? Buffer.from(hex, 'hex') : Buffer.from(quoted, 'latin1'),
  );
  return Buffer.concat(parts);
}

/** A head by its name: the bytes that tell, and where they stand. */
const HEADS: readonly (readonly [name: string, bytes: string, at?: number])[] = [
  ['a qcow2 disk image', '"QFI" fb 00 00 00 03'],
  ['a qcow2 disk image', '"QFI" fb 00 00 00 02'],
  ['a qcow disk image', '"QFI" fb 00 00 00 01'],
  ['a QED disk image', '"QED" 00'],
  ['a VMDK disk image', '"KDMV"'],
  ['a VMDK disk image', '"COWD"'],
  ['a VMDK descriptor', '"# Disk DescriptorFile"'],
  ['a VDI disk image', '7f 10 da be', 64],
  ['a VHDX disk image', '"vhdxfile"'],
  ['a VHD disk image', '"conectix"'],
  ['a Parallels disk image', '"WithoutFreeSpace"'],
  ['a Parallels disk image', '"WithouFreSpacExt"'],
  ['a LUKS container', '"LUKS" ba be'],
  ['an ELF file', '7f "ELF"'],
  ['a kdump-compressed dump', '"KDUMP   "'],
  ['a diskdump', '"DISKDUMP"'],
  ['a flattened dump of makedumpfile', '"makedumpfile" 00'],
  ['a LiME dump', '45 4d 69 4c'],
  ['a compressed AVML dump', '41 56 4d 4c'],
  ['a Windows crash dump', '"PAGEDUMP"'],
  ['a Windows crash dump', '"PAGEDU64"'],
  ['a saved Xen domain', '"Xen saved domain, xl format" 0a'],
  ['a saved Xen domain', '"LinuxGuestRecord"'],
  ['a saved Xen domain', '"LibxlFmt"'],
  ['a saved Xen domain', '"libvirt-xml" 0a'],
  ['a saved Xen domain', 'ff ff ff ff ff ff ff ff 58 45 4e 46'],
  ['a saved state of VirtualBox', '7f "VirtualBox SavedState "'],
  ['a saved state of VMware', 'd0 be d2 be'],
  ['a saved state of VMware', 'd1 ba d1 ba'],
  ['a saved state of VMware', 'd2 be d2 be'],
  ['a saved state of VMware', 'd3 be d3 be'],
  ['a Firecracker state file', '00 00 64 86 84 19 10 07'],
  ['a Firecracker state file', '00 00 aa aa 84 19 10 07'],
  ['a data channel of a multifd migration', '11 22 33 44 00 00 00 01'],
  ['compressed by gzip', '1f 8b'],
  ['compressed by zstd', '28 b5 2f fd'],
  ['compressed by xz', 'fd "7zXZ" 00'],
  ['compressed by bzip2', '"BZh9" 31 41 59 26 53 59'],
  ['compressed by lzop', '89 "LZO" 00 0d 0a 1a 0a'],
  ['compressed by lz4', '04 22 4d 18'],
  ['compressed by lz4', '02 21 4c 18'],
  ['compressed by snappy', 'ff 06 00 00 "sNaPpY"'],
  ['a zip archive', '"PK" 03 04'],
  ['a 7z archive', '"7z" bc af 27 1c'],
  ['a tar archive', '"ustar"', 257],
];

function headOf(bytes: string, at = 0, length = FOREIGN_HEAD_BYTES): Buffer {
  const head = Buffer.alloc(length);
  bytesOf(bytes).copy(head, at);
  return head;
}

for (const [name, bytes, at = 0] of HEADS) {
  test(`${name}: ${bytes}`, () => {
    const end = at + bytesOf(bytes).length;
    const head = headOf(bytes, at);
    assert.is(foreignFile(head)?.name, name);
    assert.is(foreignFile(head.subarray(0, end))?.name, name, 'and nothing behind it');
    for (let cut = 0; cut < end; cut++) {
      // the shorter magic of the same format may be there
      const found = foreignFile(head.subarray(0, cut))?.name;
      assert.ok(found === undefined || name.startsWith('a qcow'), `cut at ${cut}: ${found}`);
    }
    for (const read of [loadStream, inspectStream]) {
      const error = assertRefusal(() => read(head), 'foreign-file', { name, may_be_raw: false });
      assert.match(error.message, `the input is ${name}: `);
      assert.not.match(error.message, '--raw');
    }
  });
}

test('every head has one line of what to do next', () => {
  for (const [, bytes, at] of HEADS) {
    const { name = '', next = '' } = foreignFile(headOf(bytes, at)) ?? {};
    assert.match(next, /^[a-z][^\n:]{10,70}$/);
    assert.ok(`pagepipe: the input is ${name}: ${next}, or add --raw`.length <= 100, name);
  }
});

test('what guests have at the start of their RAM is none of these', () => {
  const heads = [
    new Uint8Array(FOREIGN_HEAD_BYTES),
    new Uint8Array(FOREIGN_HEAD_BYTES).fill(0xff),
    // the interrupt vectors of a PC behind SeaBIOS, a device tree, Linux for ARM, a branch of A64
    Buffer.from('53ff00f053ff00f0c3e200f053ff00f0', 'hex'),
    Buffer.from('d00dfeed00010000', 'hex'),
    Buffer.from('4d5a40fae0c74114', 'hex'),
    Buffer.from('14000010', 'hex'),
    Buffer.from('QEVM\0\0\0\x03', 'latin1'),
    Buffer.from('LibvirtQemudSave'),
    new Uint8Array(0),
  ];
  for (const head of heads) assert.is(foreignFile(head), undefined, Buffer.from(head).toString('latin1'));
  for (let seed = 1; seed < 200; seed++)
    assert.is(foreignFile(noise(FOREIGN_HEAD_BYTES, seed)), undefined, `noise of seed ${seed}`);
});

test('a stream of the same length in pieces is told by the same name', () => {
  fc.assert(
    fc.property(fc.constantFrom(...HEADS), fc.nat(400), ([name, bytes, at], more) => {
      const file = headOf(bytes, at, 257 + 5 + more);
      assertRefusal(() => inspectStream(file), 'foreign-file', { name });
    }),
    { numRuns: 50 },
  );
});

test('what is too short to tell is cut, and what is not known has no magic', () => {
  for (let bytes = 1; bytes < 4; bytes++)
    assertRefusal(() => loadStream(headOf('1f 8b 08 00').subarray(0, bytes)), 'stream-cut', {
      offset: bytes,
    });
  assertRefusal(() => loadStream(new Uint8Array(4096)), 'bad-magic', { offset: 0, found: 0 });
});

test.run();
