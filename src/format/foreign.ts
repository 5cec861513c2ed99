/**
 * Files that are neither a migration stream nor the bare bytes of RAM, known by what stands at their head. Without
 * this, such a file would be taken for a raw image of RAM.
 */

/** What a file was found to be. */
export interface ForeignFile {
  /** With its article, such as "a qcow2 disk image". */
  readonly name: string;
  /** What to do next, in one phrase. */
  readonly next: string;
}

interface KnownHead extends ForeignFile {
  /** All of these have to be there: offset, and the bytes as Latin-1. */
  readonly magic: readonly (readonly [at: number, bytes: string])[];
}

const at0 = (bytes: string): KnownHead['magic'] => [[0, bytes]];

const RECORD = 'record the guest with migrate';
const LOADVM = 'run it with -loadvm, and record that';
const unpack = (command: string): string => `pipe it through ${command}`;
/** Compressed files: the format, its magic, and what decompresses it. */
const compressed = (name: string, magic: KnownHead['magic'], command: string): KnownHead => ({
  name: `compressed by ${name}`,
  next: unpack(command),
  magic,
});

const HEADS: readonly KnownHead[] = [
  // disk images: QEMU's block drivers name their magics (block/qcow2.h, qcow.c, qed.h, vmdk.c, vdi.c, vhdx.h, vpc.c,
  // parallels.c), and crypto/block-luks.c that of LUKS; docs/interop has qcow2 and QED
  { name: 'a qcow2 disk image', next: LOADVM, magic: at0('QFI\xfb\0\0\0\x03') },
  { name: 'a qcow2 disk image', next: LOADVM, magic: at0('QFI\xfb\0\0\0\x02') },
  { name: 'a qcow disk image', next: RECORD, magic: at0('QFI\xfb') },
  { name: 'a QED disk image', next: RECORD, magic: at0('QED\0') },
  { name: 'a VMDK disk image', next: RECORD, magic: at0('KDMV') },
  { name: 'a VMDK disk image', next: RECORD, magic: at0('COWD') },
  { name: 'a VMDK descriptor', next: RECORD, magic: at0('# Disk DescriptorFile') },
  { name: 'a VDI disk image', next: RECORD, magic: [[64, '\x7f\x10\xda\xbe']] },
  { name: 'a VHDX disk image', next: RECORD, magic: at0('vhdxfile') },
  { name: 'a VHD disk image', next: RECORD, magic: at0('conectix') },
  { name: 'a Parallels disk image', next: RECORD, magic: at0('WithoutFreeSpace') },
  { name: 'a Parallels disk image', next: RECORD, magic: at0('WithouFreSpacExt') },
  { name: 'a LUKS container', next: RECORD, magic: at0('LUKS\xba\xbe') },

  // dumps: elf(5); makedumpfile's diskdump_mod.h (DUMP_SIGNATURE) and makedumpfile.h (MAKEDUMPFILE_SIGNATURE); LiME's
  // lime.h (LIME_MAGIC) and AVML's image.rs (0x4c4d5641), both little-endian; QEMU's include/qemu/win_dump_defs.h
  { name: 'an ELF file', next: RECORD, magic: at0('\x7fELF') },
  { name: 'a kdump-compressed dump', next: RECORD, magic: at0('KDUMP   ') },
  { name: 'a diskdump', next: RECORD, magic: at0('DISKDUMP') },
  { name: 'a flattened dump of makedumpfile', next: RECORD, magic: at0('makedumpfile\0') },
  { name: 'a LiME dump', next: 'dump it again with format=raw', magic: at0('EMiL') },
  { name: 'a compressed AVML dump', next: 'make it raw with avml-convert', magic: at0('AVML') },
  { name: 'a Windows crash dump', next: RECORD, magic: at0('PAGEDUMP') },
  { name: 'a Windows crash dump', next: RECORD, magic: at0('PAGEDU64') },

  // guests saved by others: Xen's tools/xl/xl.h (SAVEFILEHEADER_MAGIC), docs/specs/libxl-migration-stream and
  // libxc-migration-stream, the older xend's "LinuxGuestRecord"; libvirt's src/libxl/libxl_conf.h (LIBXL_SAVE_MAGIC);
  // VirtualBox's SSM.cpp (SSMFILEHDR_MAGIC_BASE); the four magics of VMware's .vmss and .vmsn as Volatility's vmware
  // layer has them; Firecracker's snapshot (SNAPSHOT_MAGIC_ID of x86_64 and aarch64, little-endian)
  ...[
    'Xen saved domain, xl format\n',
    'LinuxGuestRecord',
    'LibxlFmt',
    'libvirt-xml\n',
    '\xff\xff\xff\xff\xff\xff\xff\xffXENF',
  ].map((bytes) => ({ name: 'a saved Xen domain', next: 'give a stream of QEMU', magic: at0(bytes) })),
  {
    name: 'a saved state of VirtualBox',
    next: 'give a stream of QEMU',
    magic: at0('\x7fVirtualBox SavedState '),
  },
  ...['\xd0\xbe\xd2\xbe', '\xd1\xba\xd1\xba', '\xd2\xbe\xd2\xbe', '\xd3\xbe\xd3\xbe'].map((bytes) => ({
    name: 'a saved state of VMware',
    next: 'give the .vmem file beside it',
    magic: at0(bytes),
  })),
  ...['\0\0\x64\x86\x84\x19\x10\x07', '\0\0\xaa\xaa\x84\x19\x10\x07'].map((bytes) => ({
    name: 'a Firecracker state file',
    next: "give the snapshot's memory file",
    magic: at0(bytes),
  })),

  // migration/multifd.h: MULTIFD_MAGIC and MULTIFD_VERSION, big-endian
  {
    name: 'a data channel of a multifd migration',
    next: 'record without multifd',
    magic: at0('\x11\x22\x33\x44\0\0\0\x01'),
  },

  // compressed files: RFC 1952; RFC 8878; xz's doc/xz-file-format.txt; bzip2's block header (pi) behind "BZh" and the
  // level; lzop's lzop.c; lz4's doc/lz4_Frame_format.md, the legacy frame too; snappy's framing_format.txt
  compressed('gzip', at0('\x1f\x8b'), 'gzip -dc'),
  compressed('zstd', at0('\x28\xb5\x2f\xfd'), 'zstd -dc'),
  compressed('xz', at0('\xfd7zXZ\0'), 'xz -dc'),
  compressed(
    'bzip2',
    [
      [0, 'BZh'],
      [4, '1AY&SY'],
    ],
    'bzip2 -dc',
  ),
  compressed('lzop', at0('\x89LZO\0\r\n\x1a\n'), 'lzop -dc'),
  compressed('lz4', at0('\x04\x22\x4d\x18'), 'lz4 -dc'),
  compressed('lz4', at0('\x02\x21\x4c\x18'), 'lz4 -dc'),
  compressed('snappy', at0('\xff\x06\0\0sNaPpY'), 'snzip -dc'),

  // archives: PKWARE's APPNOTE.TXT; 7-Zip's 7zFormat.txt; POSIX, pax (ustar)
  { name: 'a zip archive', next: unpack('unzip -p'), magic: at0('PK\x03\x04') },
  { name: 'a 7z archive', next: unpack('7z x -so'), magic: at0('7z\xbc\xaf\x27\x1c') },
  { name: 'a tar archive', next: unpack('tar -xOf'), magic: [[257, 'ustar']] },
];

/** So many bytes of a file's head are enough to know it. */
export const FOREIGN_HEAD_BYTES = 512;

/**
 * What a file is by its head, if it is one of those that are known and not read.
 *
 * @param head its first bytes, `FOREIGN_HEAD_BYTES` or as many as it has
 */
export function foreignFile(head: Uint8Array): ForeignFile | undefined {
  const known = HEADS.find(({ magic }) => magic.every(([at, bytes]) => stands(head, at, bytes)));
  return known && { name: known.name, next: known.next };
}

function stands(head: Uint8Array, at: number, bytes: string): boolean {
  for (let i = 0; i < bytes.length; i++) if (head[at + i] !== bytes.charCodeAt(i)) return false;
  return true;
}
