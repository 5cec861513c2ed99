/**
 * Constants of QEMU's migration stream outside the page records; those of the records stand in
 * assembly/layout.ts. All integers of the stream are big-endian.
 */

/** "QEVM", QEMU_VM_FILE_MAGIC (migration/savevm.h). */
export const FILE_MAGIC = 0x5145564d;
/** QEMU_VM_FILE_VERSION; 2 is QEMU_VM_FILE_VERSION_COMPAT, obsolete and refused by QEMU too. */
export const FILE_VERSION = 3;

/** Element types, QEMU_VM_* (migration/savevm.h). */
export const ELEMENT_EOF = 0x00;
export const ELEMENT_SECTION_START = 0x01;
export const ELEMENT_SECTION_PART = 0x02;
export const ELEMENT_SECTION_END = 0x03;
export const ELEMENT_SECTION_FULL = 0x04;
export const ELEMENT_SUBSECTION = 0x05;
export const ELEMENT_VMDESCRIPTION = 0x06;
export const ELEMENT_CONFIGURATION = 0x07;
export const ELEMENT_COMMAND = 0x08;
export const ELEMENT_SECTION_FOOTER = 0x7e;

/** Subsections of the configuration (migration/savevm.c, vmstate_configuration). */
export const SUBSECTION_CAPABILITIES = 'configuration/capabilities';
export const SUBSECTION_UUID = 'configuration/uuid';
export const SUBSECTION_TARGET_PAGE_BITS = 'configuration/target-page-bits';

/** MIG_CMD_PACKAGED (migration/savevm.c): a whole stream inside a command, postcopy only. */
export const COMMAND_PACKAGED = 7;
/** The highest that there is: MIG_CMD_SWITCHOVER_START, since QEMU 10.0. */
export const COMMAND_MAX = 11;

/** The RAM section: its name and the one version that QEMU reads (migration/ram.c, ram_load). */
export const RAM_IDSTR = 'ram';
export const RAM_VERSION = 4;
export const RAM_INSTANCE = 0;

/** Words of a RAM section that are no page records (migration/ram.h): RAM_SAVE_FLAG_MEM_SIZE and _EOS. */
export const WORD_MEM_SIZE = 0x004;
export const WORD_EOS = 0x010;
/** RAM_SAVE_FLAG_MULTIFD_FLUSH (migration/ram.h, since QEMU 8.1): other channels have the pages. */
export const WORD_MULTIFD_FLUSH = 0x200;

/** The section id that we give RAM where no input stream gave one; any is taken (migration/savevm.c). */
export const RAM_SECTION_ID = 2;

/** QEMU frames names by one length byte (migration/qemu-file.c, qemu_put_counted_string). */
export const IDSTR_BYTES_MAX = 255;
/** Longest machine name taken; QEMU's own are under 40 bytes, the field would allow 4 GiB. */
export const MACHINE_BYTES_MAX = 255;
/** Most RAM blocks taken; a PC with 256 memory slots has fewer than 300. */
export const BLOCKS_MAX = 4096;
/** Most bytes of device state behind RAM that are kept. */
export const TAIL_BYTES_MAX = 256 * 2 ** 20;
